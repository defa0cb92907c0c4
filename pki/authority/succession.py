"""Certificates that follow others or go beside them: renewal, rekey, a charger's two editions."""

from datetime import timedelta

from msgspec import structs

from certs import names
from certs.certificate import Certificate, Reading, parse
from certs.edition import Edition
from certs.errors import Refused
from certs.keys import PublicKey
from certs.profiles import catalogue
from certs.profiles.rules import Profile, Role
from pki.authority import bulk, registration, revocation
from pki.authority.admission import Admission
from pki.authority.entries import Entry, Related, Relation, State
from pki.authority.identity import identify
from pki.authority.issuance import Issuance
from pki.authority.registration import Approved
from pki.authority.request import IssuanceRequest
from pki.authority.requesters import Requesters
from pki.authority.service import Authority, Issued, Stores
from pki.callers import READ, Caller
from pki.clock import SteadyClock


class Succession:
    """Issues what is bound to a certificate that is there. Raises as Authority.issue does.

    ``window`` is how long before its end a certificate may be renewed.
    """

    def __init__(
        self,
        *,
        authority: Authority,
        stores: Stores,
        requesters: Requesters,
        admission: Admission,
        issuance: Issuance,
        clock: SteadyClock,
        window: timedelta,
    ) -> None:
        self._authority = authority
        self._stores = stores
        self._requesters = requesters
        self._admission = admission
        self._issuance = issuance
        self._clock = clock
        self._window = window

    def relatives(self, entry: Entry, *, caller: Caller) -> tuple[Related, ...]:
        """What an entry of the caller's renews, is renewed by, and goes beside."""
        caller.demand(READ)
        return self._stores.inventory.relatives(entry.issuer, entry.serial)

    def renew(self, issuer: str, serial: int, key: PublicKey, *, caller: Caller) -> Issued:
        """The next certificate of the same subject and profile, for a new key or the same.

        The old one stays valid to its end, or until it is revoked as superseded. Asked again with
        the same key, the renewal that stands is given again. NotFound; Refused with ``renewal.``
        and all that Authority.issue refuses, but for the registered name, which the first had.
        """
        entry = revocation.owned(
            self._stores.register, issuer=issuer, serial=serial, tenant=caller.tenant
        )
        profile = catalogue.by_name(entry.profile)
        approved = self._permit(_same(self._renewable(entry, profile), profile, key), caller)
        approved = structs.replace(
            approved,
            registered=False,
            related=Related(relation=Relation.RENEWS, issuer=entry.issuer, serial=entry.serial),
        )
        standing = self._renewal(entry, approved)
        if standing is not None:
            return self._authority.issued(approved, standing)
        (admitted,) = self._admit([approved])
        return self._authority.issued(admitted, self._issuance.issue(admitted))

    def issue_pair(
        self, first: IssuanceRequest, second: IssuanceRequest, *, caller: Caller
    ) -> tuple[Issued, Issued]:
        """A charger's leaves of both editions, ISO 15118-2 and then -20, bound to each other.

        Both are permitted and drafted before either is signed. Where the second fails to be signed
        the first stands, and asking again with the same keys gives it again, with its companion.
        Refused with ``pair.`` and all that Authority.issue refuses.
        """
        pair = _pair(first, second)
        permitted = [self._permit(request, caller) for request in pair]
        now = self._clock.now()
        standing = [
            bulk.standing(each, inventory=self._stores.inventory, now=now) for each in permitted
        ]
        missing = [each for each, there in zip(permitted, standing, strict=True) if there is None]
        admitted = iter(self._admit(missing))
        ready = [
            each if there is not None else next(admitted)
            for each, there in zip(permitted, standing, strict=True)
        ]
        for each, there in zip(ready, standing, strict=True):
            if there is None:
                self._issuance.examine(each)
        issued: list[Issued] = []
        for each, there in zip(ready, standing, strict=True):
            bound = structs.replace(each, related=_beside(issued))
            certificate = self._issuance.issue(bound) if there is None else there
            issued.append(self._authority.issued(bound, certificate))
        return issued[0], issued[1]

    def _permit(self, request: IssuanceRequest, caller: Caller) -> Approved:
        return registration.permit(
            request,
            caller=caller,
            directory=self._authority.directory,
            policies=self._requesters.policies,
            now=self._clock.now(),
        )

    def _admit(self, batch: list[Approved]) -> list[Approved]:
        admitted = []
        for outcome in self._admission.admit(batch, now=self._clock.now()):
            if isinstance(outcome, Refused):
                raise outcome
            admitted.append(outcome)
        return admitted

    def _renewable(self, entry: Entry, profile: Profile) -> Certificate:
        """The certificate of an entry that may be renewed now; Refused for all others."""
        now = self._clock.now()
        if profile.basic_constraints.ca or profile.role is Role.OCSP_RESPONDER:
            raise Refused("renewal.not_a_leaf", "no authority or OCSP signer")
        if entry.state is not State.ISSUED or entry.certificate is None:
            raise Refused("renewal.not_issued", "there is no certificate of this serial")
        if entry.revocation is not None:
            raise Refused("renewal.revoked", "a revoked certificate is not renewed")
        if now > entry.not_after:
            raise Refused("renewal.expired", f"it ended at {entry.not_after:%Y-%m-%dT%H:%M:%SZ}")
        opening = entry.not_after - self._window
        if now < opening:
            raise Refused("renewal.too_early", f"from {opening:%Y-%m-%dT%H:%M:%SZ} on")
        return parse(entry.certificate, Reading.TOLERANT)

    def _renewal(self, entry: Entry, approved: Approved) -> Certificate | None:
        """The renewal that stands, if it is for this key; Refused where it is for another."""
        now = self._clock.now()
        for relative in self._stores.inventory.relatives(entry.issuer, entry.serial):
            if relative.relation is not Relation.RENEWED_BY:
                continue
            later = self._stores.register.find(relative.issuer, relative.serial)
            if later is None or later.certificate is None:
                continue
            if later.revocation is not None or later.not_after < now:
                continue
            certificate = parse(later.certificate, Reading.STRICT)
            if certificate.spki != approved.request.spki:
                raise Refused("renewal.done_already", f"for another key: {later.serial:x}")
            return certificate
        return None


def _same(old: Certificate, profile: Profile, key: PublicKey) -> IssuanceRequest:
    """What an old certificate asks for once more, with a key."""

    def only(oid: str) -> str | None:
        found = names.values(old.subject, oid)
        return found[0] if found else None

    return IssuanceRequest(
        role=profile.role,
        edition=profile.edition,
        variant=profile.variant,
        public_key=key,
        common_name=old.common_name or "",
        organization=only(names.ORGANIZATION),
        country=only(names.COUNTRY),
    )


def _pair(
    first: IssuanceRequest, second: IssuanceRequest
) -> tuple[IssuanceRequest, IssuanceRequest]:
    """The two requests, where they are a charger's for both editions; Refused where not."""
    if (first.role, first.edition) != (Role.SECC, Edition.ISO_2) or (
        second.role,
        second.edition,
    ) != (Role.SECC, Edition.ISO_20):
        raise Refused("pair.editions", "a SECC leaf of ISO 15118-2, and one of ISO 15118-20")
    operators = {
        identify(each.common_name, catalogue.profile(each.role, each.edition)).prefix
        for each in (first, second)
    }
    if len(operators) > 1:
        raise Refused("pair.operators_differ", "both leaves are for one operator's charger")
    return first, second


def _beside(issued: list[Issued]) -> Related | None:
    if not issued:
        return None
    (companion,) = issued
    return Related(
        relation=Relation.COMPANION,
        issuer=companion.issuer,
        serial=companion.certificate.serial,
    )
