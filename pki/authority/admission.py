"""Whether what is on record lets a permitted request through: its key, its name, its pace."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from msgspec import structs

from certs.errors import Refused
from pki.authority.entries import Holder, Inquiry, Precedent
from pki.authority.limits import Limits, Pace
from pki.authority.published_keys import PUBLISHED
from pki.authority.registration import Approved
from pki.errors import RateExceeded
from pki.ports import Precedents


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What came before in the same batch."""

    holders: dict[str, Holder]
    issued: Counter[Holder]


class Admission:
    """Asks the records once, whatever the size of the batch, and judges each request by them."""

    def __init__(self, *, precedents: Precedents, limits: Limits) -> None:
        self._precedents = precedents
        self._limits = limits
        self._pace = Pace(limits.tenant_certificates_per_minute)

    def admit(self, batch: Sequence[Approved], *, now: datetime) -> list[Approved | Refused]:
        """Each request as it may be issued, or its refusal in its place.

        Raises Unavailable as the stores do.
        """
        since = now - self._limits.identity_window
        found = self._precedents.known([_inquiry(approved) for approved in batch], since=since)
        earlier = _Earlier({}, Counter())
        outcomes: list[Approved | Refused] = []
        for approved, precedent in zip(batch, found, strict=True):
            try:
                outcomes.append(self._judge(approved, precedent, earlier, now))
            except Refused as refused:
                outcomes.append(refused)
        return outcomes

    def _judge(
        self, approved: Approved, precedent: Precedent, earlier: _Earlier, now: datetime
    ) -> Approved:
        judge_key(approved, precedent)
        before = earlier.holders.get(approved.subject_key_id)
        if before is not None:
            judge_key(approved, structs.replace(precedent, holder=before))
        registration = judge_name(approved, precedent, now=now)
        holder = approved.holder
        at_most = self._limits.identity_certificates_max
        if at_most and precedent.recent + earlier.issued[holder] >= at_most:
            raise self._too_many(holder, now)
        self._pace.take(approved.tenant, now=now)
        earlier.holders[approved.subject_key_id] = holder
        earlier.issued[holder] += 1
        return (
            approved
            if registration is None
            else structs.replace(approved, registration=registration)
        )

    def _too_many(self, holder: Holder, now: datetime) -> RateExceeded:
        window, at_most = self._limits.identity_window, self._limits.identity_certificates_max
        oldest = self._precedents.oldest(holder, since=now - window) or now
        return RateExceeded(
            "registration.identity_rate",
            f"over {at_most} certificates in {window.total_seconds():.0f} s for this identity",
            retry_after_seconds=max(1, ceil((oldest + window - now).total_seconds())),
        )


def judge_key(approved: Approved, precedent: Precedent) -> None:
    """Refused for keys that others hold, that everybody holds, or that are known to be lost."""
    if approved.subject_key_id in PUBLISHED:
        raise Refused("registration.key_published", "the private key is printed in public")
    if precedent.blocked is not None:
        raise Refused("registration.key_blocked", f"this key is not certified: {precedent.blocked}")
    if precedent.holder is None:
        return
    if precedent.holder != approved.holder:
        raise Refused("registration.key_of_another", "another subject has this key")
    if not approved.key_reuse:
        raise Refused("registration.key_reused", "this subject's policy asks for a new key")


def judge_name(approved: Approved, precedent: Precedent, *, now: datetime) -> int | None:
    """The registered name that is used up; None for a standing one, or where none is needed."""
    if not approved.registered:
        return None
    name = precedent.name
    if name is None or not name.is_open(now=now):
        raise Refused(
            "registration.name_not_registered", "this common name is not registered, or used up"
        )
    return None if name.standing else name.number


def _inquiry(approved: Approved) -> Inquiry:
    return Inquiry(
        key_id=approved.subject_key_id,
        holder=approved.holder,
        edition=approved.profile.edition,
        registered=approved.registered,
    )
