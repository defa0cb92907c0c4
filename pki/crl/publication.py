"""Publishing revocation lists: numbered before they are signed, checked before they are shown."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from certs.keys import Signer
from pki.authority import failpoints, shards
from pki.authority.entries import Act, Extent, Issuer, PublishedCrl
from pki.crl.checking import check
from pki.crl.encoding import Kind, encode
from pki.crl.shelf import Shelf
from pki.errors import ClockUnreliable, SignerUnavailable
from pki.ports import Failpoint, Keys, Lists, Revocations
from pki.signing.purposes import SignCrl

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# nextUpdate is three signing intervals away, so that two may fail before a list grows stale.
_INTERVALS = 3
# A million entries take seconds. A clock that says that a list took longer has jumped (C13).
MAKING_MAX = timedelta(minutes=10)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPolicy:
    """For how long lists hold, under which address, and whether deltas are made beside them."""

    lifetime: timedelta
    public_url: str
    deltas: bool = False


class Publisher:
    """Builds a CRL when it is asked for and the standing one is old or lacks a revocation."""

    def __init__(
        self,
        *,
        revocations: Revocations,
        lists: Lists,
        keys: Keys,
        clock: Callable[[], datetime],
        policy: ListPolicy,
        failpoint: Failpoint = failpoints.carry_on,
    ) -> None:
        self._revocations = revocations
        self._lists = lists
        self._keys = keys
        self._clock = clock
        self._policy = policy
        self._failpoint = failpoint
        self._shelf = Shelf()
        self._locks: defaultdict[tuple[str, int], Lock] = defaultdict(Lock)

    def standing(self, issuer: Issuer, shard: int = 0) -> PublishedCrl | None:
        """The CRL published last, be it stale or not; nothing is built."""
        kept = self._shelf.get(issuer.key_id, shard)
        newer = self._lists.latest(issuer.key_id, shard, beyond=kept.number if kept else 0)
        if newer is not None:
            self._shelf.keep(newer)
        return newer or kept

    def current(self, issuer: Issuer, shard: int = 0, *, now: datetime) -> PublishedCrl:
        """The CRL to be shown now; Unavailable where none is in time and none can be signed."""
        standing = self.standing(issuer, shard)
        if standing is not None and self._suffices(standing, now):
            return standing
        lock = self._locks[issuer.key_id, shard]
        # While one makes the next list, the others are shown the one that stands: it is true until
        # its nextUpdate, and a list of a million entries takes seconds.
        if not lock.acquire(blocking=standing is None or now > standing.next_update):
            assert standing is not None
            return standing
        try:
            standing = self.standing(issuer, shard)
            if standing is not None and self._suffices(standing, now):
                return standing
            return self._build(issuer, shard, standing, now)
        except SignerUnavailable:
            # The standing list is true until its nextUpdate, if not the latest news.
            if standing is None or now > standing.next_update:
                raise
            return standing
        finally:
            lock.release()

    def _suffices(self, standing: PublishedCrl, now: datetime) -> bool:
        fresh = now < standing.this_update + self._policy.lifetime / _INTERVALS
        return fresh and standing.revision == self._revocations.revision(standing.issuer)

    def _build(
        self, issuer: Issuer, shard: int, standing: PublishedCrl | None, now: datetime
    ) -> PublishedCrl:
        signer = self._keys.signer(issuer.key_id, SignCrl(issuer=issuer.certificate))
        this_update = now.replace(microsecond=0)
        if standing is not None:
            this_update = max(this_update, standing.this_update)  # a clock may step back a little
        next_update = min(this_update + self._policy.lifetime, issuer.certificate.not_after)
        reserved = self._lists.reserve(
            issuer.key_id,
            shard,
            least=_number_at(now),
            this_update=this_update,
            next_update=next_update,
            act=_act("crl.numbered", issuer, now),
        )
        pen = _Pen(
            issuer=issuer,
            signer=signer,
            number=reserved.number,
            this_update=this_update,
            next_update=next_update,
            revocations=self._revocations,
        )
        # RFC 5280 3.3: an entry stays until it stood on a list issued after its certificate's end.
        expiring_from = _EVER if standing is None else standing.this_update
        extent = Extent(
            issuer=issuer.key_id,
            shard=shard,
            expiring_from=expiring_from,
            through=reserved.revision,
        )
        scope_url, freshest_url = self._urls(issuer, shard)
        der = pen.write(extent, Kind(scope_url=scope_url, freshest_url=freshest_url))
        self._failpoint(failpoints.CRL_SIGNED)
        delta = None
        if freshest_url is not None:
            base, beyond = reserved.base or (reserved.number, reserved.revision)
            delta = pen.write(replace(extent, beyond=beyond), Kind(scope_url=scope_url, base=base))
            self._failpoint(failpoints.CRL_DELTA_SIGNED)
        crl = PublishedCrl(
            issuer=issuer.key_id,
            shard=shard,
            number=reserved.number,
            this_update=this_update,
            next_update=next_update,
            revision=reserved.revision,
            der=der,
            delta=delta,
        )
        if abs(self._clock() - now) > MAKING_MAX:
            raise ClockUnreliable("the clock jumped while a list was made")
        self._lists.publish(crl, _act("crl.published", issuer, now, str(crl.number)))
        self._shelf.keep(crl)
        return crl

    def _urls(self, issuer: Issuer, shard: int) -> tuple[str | None, str | None]:
        """What a list says of its own address, and of its deltas'."""
        base = self._policy.public_url
        divided = issuer.crl_shards > 1
        return (
            shards.list_url(issuer, shard, public_url=base) if divided else None,
            shards.delta_url(issuer, shard, public_url=base) if self._policy.deltas else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pen:
    """Writes the lists of one number, and reads each back."""

    issuer: Issuer
    signer: Signer
    number: int
    this_update: datetime
    next_update: datetime
    revocations: Revocations

    def write(self, extent: Extent, kind: Kind) -> bytes:
        certificate = self.issuer.certificate
        encoded = encode(
            self.revocations.listed(extent),
            issuer=certificate,
            number=self.number,
            this_update=self.this_update,
            next_update=self.next_update,
            signer=self.signer,
            kind=kind,
        )
        check(
            encoded,
            self.revocations.serials(extent),
            issuer=certificate,
            signer=self.signer,
            number=self.number,
            kind=kind,
        )
        return encoded


def _number_at(now: datetime) -> int:
    """The least number of a list made at this moment.

    Numbers follow the time, so that a register that was restored from an older copy still numbers
    its lists above those that were published before (C03).
    """
    return (now - _EVER) // _MILLISECOND


def _act(event: str, issuer: Issuer, now: datetime, detail: str = "") -> Act:
    return Act(
        event=event,
        at=now,
        actor="authority",
        tenant=issuer.tenant,
        issuer=issuer.key_id,
        detail=detail,
    )
