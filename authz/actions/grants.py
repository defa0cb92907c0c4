"""Which contract a station was just let charge with: what its transaction then refers to."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from authz.ocpp.protocol import Station
from certs.identifiers.emaid import EMAID

GRANTS_MAX = 200_000  # of some 300 octets
GRANT_LIFE = timedelta(hours=1)  # from plug-in to the transaction's first word, pauses included


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An acceptance, and how long a transaction may refer to it."""

    decision_id: str
    valid_until: datetime
    group: str | None = None


class Grants:
    """Acceptances by station and contract, in memory: one that is lost is asked for again.

    A transaction's messages name the eMAID alone. What proves it came with the Authorize before,
    from the same station; this remembers that it did.
    """

    def __init__(self, *, grants_max: int = GRANTS_MAX) -> None:
        self._grants: OrderedDict[tuple[str, str, str], Grant] = OrderedDict()
        self._grants_max = grants_max

    def keep(
        self, station: Station, emaid: EMAID, *, decision_id: str, group: str | None, now: datetime,
        valid_until: datetime,
    ) -> None:  # fmt: skip
        """Remembers an acceptance."""
        key = (station.tenant, station.identity, emaid.canonical)
        until = min(valid_until, now + GRANT_LIFE)
        self._grants[key] = Grant(decision_id=decision_id, valid_until=until, group=group)
        self._grants.move_to_end(key)
        if len(self._grants) > self._grants_max:
            self._grants.popitem(last=False)

    def forget(self, station: Station, emaid: EMAID) -> None:
        """A refusal ends what was granted before."""
        self._grants.pop((station.tenant, station.identity, emaid.canonical), None)

    def find(self, station: Station, emaid: EMAID, *, now: datetime) -> Grant | None:
        """The acceptance that still holds; None where there is none."""
        grant = self._grants.get((station.tenant, station.identity, emaid.canonical))
        return grant if grant is not None and now <= grant.valid_until else None
