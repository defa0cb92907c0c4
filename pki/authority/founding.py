"""Making an approved authority: its key, its certificate, its place among ours, step by step.

Each step is found done when it is come to again, so that a crash between two of them costs at most
a key that no certificate names, or a serial that can be revoked.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from certs import issuing, keys
from certs.certificate import Certificate, Reading, parse
from certs.errors import Refused
from certs.keys import PublicKey
from certs.profiles.rules import Profile
from pki.authority import failpoints
from pki.authority.approval import Approval, Terms
from pki.authority.entries import Act, Holder, Issuer
from pki.authority.identity import demand_printable, identify
from pki.authority.issuance import Issuance, draw_serial
from pki.authority.registration import Approved, subject_key_id
from pki.authority.request import IssuanceRequest
from pki.authority.service import Authority, Stores
from pki.callers import Caller
from pki.clock import SteadyClock
from pki.ports import Docket, Failpoint
from pki.signing.purposes import SignCertificationRequest


class Founding:
    """Makes authorities under ours, and roots. Raises Refused (lint) and Unavailable."""

    def __init__(
        self,
        *,
        docket: Docket,
        stores: Stores,
        authority: Authority,
        issuance: Issuance,
        clock: SteadyClock,
        random: Callable[[int], bytes],
        place: Callable[[Issuer], Issuer],
        failpoint: Failpoint = failpoints.carry_on,
    ) -> None:
        """``place`` gives a new authority its share of lists."""
        self._docket = docket
        self._stores = stores
        self._authority = authority
        self._issuance = issuance
        self._clock = clock
        self._random = random
        self._place = place
        self._failpoint = failpoint

    def examine(self, terms: Terms, profile: Profile, *, caller: Caller) -> None:
        """Refused where this authority could not be made now, told by a throwaway key."""
        demand_printable(terms.common_name)
        throwaway = keys.generate(terms.key_kind).public_key()
        approved = self._approved(
            terms, profile, throwaway, tenant=caller.tenant, actor=caller.identity
        )
        self._issuance.examine(approved)

    def found(
        self, approval: Approval, terms: Terms, profile: Profile
    ) -> tuple[Approval, tuple[str, int]]:
        """The authority, usable; the request with its key, and its certificate's place."""
        key_id = approval.key_id
        if key_id is None:
            key_id = self._stores.keys.generate(terms.key_kind, role=terms.role.value).key_id
            self._failpoint(failpoints.APPROVAL_KEY_KEPT)
            approval = replace(approval, key_id=key_id)
            self._docket.move(approval, self._act("approval.key_made", approval, key_id))
            self._failpoint(failpoints.APPROVAL_KEY_NOTED)
        public_key = self._stores.keys.signer(key_id, SignCertificationRequest()).public_key
        approved = self._approved(
            terms, profile, public_key, tenant=approval.tenant, actor=approval.requested_by
        )
        issuer = approved.issuer.key_id
        certificate = self._there_already(issuer, key_id)
        if certificate is None:
            if profile.is_root:
                act = self._act("authority.announced", approval, issuer)
                self._stores.holdings.announce(approved.issuer, act)
            certificate = self._issuance.issue(approved)
        self._failpoint(failpoints.APPROVAL_ISSUED)
        made = self._place(
            Issuer(
                key_id=key_id,
                role=terms.role,
                edition=terms.edition,
                tenant=approval.tenant,
                certificate=certificate,
            )
        )
        act = self._act("authority.founded", approval, issuer, certificate.serial)
        self._stores.holdings.add_issuer(made, act)
        self._authority.reload()
        self._failpoint(failpoints.APPROVAL_TAKEN_IN)
        return approval, (issuer, certificate.serial)

    def _there_already(self, issuer: str, key_id: str) -> Certificate | None:
        """The certificate that an earlier attempt issued for this key, and did not take in."""
        for _, entry in self._stores.inventory.issued_for(issuer, {key_id}):
            if entry.certificate is not None and entry.revocation is None:
                return parse(entry.certificate, Reading.STRICT)
        return None

    def _approved(
        self, terms: Terms, profile: Profile, key: PublicKey, *, tenant: str, actor: str
    ) -> Approved:
        request = IssuanceRequest(
            role=terms.role,
            edition=terms.edition,
            public_key=key,
            common_name=terms.common_name,
            organization=terms.organization,
            country=terms.country,
        )
        key_id = subject_key_id(request)
        now = self._clock.now()
        if profile.is_root:
            # Valid up to and with its last second (RFC 5280 4.1.2.5), hence one less.
            days = timedelta(days=profile.validity.issued_days, seconds=-1)
            request = replace(request, not_before=now, not_after=now + days)
            issuer = self._own(request, profile, tenant=tenant)
        else:
            issuer = self._parent(terms, profile, tenant, now)
        return Approved(
            request=request,
            profile=profile,
            issuer=issuer,
            actor=actor,
            holder=Holder(
                tenant=tenant,
                role=profile.role,
                identity=identify(terms.common_name, profile).canonical,
            ),
            subject_key_id=key_id,
        )

    def _parent(self, terms: Terms, profile: Profile, tenant: str, now: datetime) -> Issuer:
        parent = self._authority.directory.issuing(
            profile.issuer.roles, edition=terms.edition, tenant=tenant, now=now
        )
        if parent is None:
            raise Refused(
                "registration.no_authority",
                f"this tenant has no active authority for {profile.name} now",
            )
        return parent

    def _own(self, request: IssuanceRequest, profile: Profile, *, tenant: str) -> Issuer:
        """A root as its own issuer before it is signed: its draft stands for its certificate."""
        now = self._clock.now()
        draft = issuing.Drafter(None).draft(
            issuing.Request(
                common_name=request.common_name,
                public_key=request.public_key,
                serial=draw_serial(self._random),
                not_before=request.not_before or now,
                not_after=request.not_after or now,
                organization=request.organization,
                country=request.country,
            ),
            profile,
        )
        return self._place(
            Issuer(
                key_id=subject_key_id(request),
                role=request.role,
                edition=request.edition,
                tenant=tenant,
                certificate=draft.certificate,
                active=False,
            )
        )

    def _act(self, event: str, approval: Approval, issuer: str, serial: int | None = None) -> Act:
        return Act(
            event=event,
            at=self._clock.now(),
            actor=approval.requested_by,
            tenant=approval.tenant,
            issuer=issuer,
            serial=serial,
            detail=approval.number,
        )
