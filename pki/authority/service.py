"""The certificate authority: issue, revoke, look up, keep house."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from certs.certificate import Certificate
from certs.errors import Refused
from certs.profiles import catalogue
from certs.profiles.rules import Role
from pki.authority import bulk, registration, revocation
from pki.authority.admission import Admission
from pki.authority.directory import Directory
from pki.authority.entries import Act, Entry, Holder, Issuer, Reason, Responder, Revocation
from pki.authority.issuance import Issuance
from pki.authority.registration import Approved
from pki.authority.request import IssuanceRequest
from pki.authority.requesters import Requesters
from pki.callers import READ, REVOKE, REVOKE_AUTHORITY, Caller, new_caller
from pki.clock import SteadyClock
from pki.errors import NotFound
from pki.ports import Callers, Holdings, Inventory, Keys, Register, Revocations, Standings
from pki.quorums import Quorums, Undertaking
from pki.signing.purposes import SignCrl

# An intent older than this was left by a crash; a signature takes milliseconds, an HSM's a second.
INTENT_AGE_MAX = timedelta(seconds=30)
RECONCILED_MAX = 1_000  # in one round; the next takes the next thousand
_RENEWED_FROM = 3  # OCSP signers are replaced once a third of their life is left
_COMMON_NAME_CHARACTERS_MAX = 64  # RFC 5280 ub-common-name


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate and its chain: leaf first, root excluded."""

    certificate: Certificate
    chain: tuple[Certificate, ...]
    profile: str
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The ports an authority keeps its things in."""

    register: Register
    inventory: Inventory
    holdings: Holdings
    revocations: Revocations
    standings: Standings
    callers: Callers
    keys: Keys


class Authority:
    """What callers, operators and the maintenance round ask of the certificate authority.

    Every method raises Unavailable where database, key or clock fail, and then did nothing.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        requesters: Requesters,
        admission: Admission,
        issuance: Issuance,
        clock: SteadyClock,
        random: Callable[[int], bytes],
        quorums: Quorums,
        heard: Callable[[str, int], None],
    ) -> None:
        """``heard`` is called with issuer and serial once a certificate is revoked."""
        self._stores = stores
        self._heard = heard
        self._requesters = requesters
        self._admission = admission
        self._issuance = issuance
        self._clock = clock
        self._random = random
        self._quorums = quorums
        self._directory = Directory.of((), ())
        self.reload()

    @property
    def directory(self) -> Directory:
        """The authorities as of the last reload()."""
        return self._directory

    def issue(self, request: IssuanceRequest, *, caller: Caller) -> Issued:
        """Raises Refused where the caller, the profile or the lint does not let it be."""
        now = self._clock.now()
        permitted = registration.permit(
            request,
            caller=caller,
            directory=self._directory,
            policies=self._requesters.policies,
            now=now,
        )
        (approved,) = self._admission.admit([permitted], now=now)
        if isinstance(approved, Refused):
            raise approved
        return self.issued(approved, self._issuance.issue(approved))

    def issue_batch(
        self, requests: Sequence[IssuanceRequest], *, caller: Caller
    ) -> list[Issued | Refused]:
        """What came of each, in order. Asked again, those issued before are given again.

        Raises Refused for more than bulk.BATCH_MAX requests.
        """
        outcomes = bulk.issue(
            requests,
            caller=caller,
            directory=self._directory,
            policies=self._requesters.policies,
            admission=self._admission,
            issuance=self._issuance,
            inventory=self._stores.inventory,
            now=self._clock.now(),
        )
        return [
            outcome if isinstance(outcome, Refused) else self.issued(*outcome)
            for outcome in outcomes
        ]

    def issued(self, approved: Approved, certificate: Certificate) -> Issued:
        """A certificate with its chain, as it is told of."""
        return Issued(
            certificate=certificate,
            chain=(certificate, *self.chain_of(approved.issuer)),
            profile=approved.profile.name,
            issuer=approved.issuer.key_id,
        )

    def find(self, issuer: str, serial: int, *, caller: Caller) -> Entry:
        """The caller's entry of that serial; NotFound, Refused."""
        caller.demand(READ)
        return revocation.owned(
            self._stores.register, issuer=issuer, serial=serial, tenant=caller.tenant
        )

    def revoke(self, issuer: str, serial: int, reason: Reason, *, caller: Caller) -> Revocation:
        """What stands afterwards, visible at once to OCSP and the next CRL; NotFound, Refused."""
        caller.demand(REVOKE)
        entry = revocation.owned(
            self._stores.register, issuer=issuer, serial=serial, tenant=caller.tenant
        )
        profile = catalogue.by_name(entry.profile)
        if profile.basic_constraints.ca:
            caller.demand(REVOKE_AUTHORITY)
            if self._quorums.of(Undertaking.REVOKE, profile.role).needed:
                raise Refused("approval.needed", "an authority's end has to be approved by others")
        return self.end(entry, reason, actor=caller.identity)

    def end(self, entry: Entry, reason: Reason, *, actor: str) -> Revocation:
        """Revokes an entry whose end was permitted."""
        standing = revocation.revoke(
            entry, reason, actor=actor, revocations=self._stores.revocations, clock=self._clock
        )
        profile = catalogue.by_name(entry.profile)
        if profile.basic_constraints.ca or profile.role is Role.OCSP_RESPONDER:
            self.reload()
        self._heard(entry.issuer, entry.serial)
        return standing

    def authority(self, key_id: str) -> Issuer:
        """The authority of that key id; NotFound."""
        issuer = self._directory.by_key_id.get(key_id)
        if issuer is None:
            raise NotFound("no authority of ours has this key id")
        return issuer

    def chain_of(self, issuer: Issuer) -> tuple[Certificate, ...]:
        """The authority's certificate and those above it, roots excluded."""
        return self._directory.chain_of(issuer)

    def new_api_key(
        self,
        *,
        tenant: str,
        name: str,
        scopes: Iterable[str],
        expires_at: datetime | None = None,
    ) -> str:
        """A fresh API key, shown this once; Refused for scopes there are not."""
        now = self._clock.now()
        caller, key = new_caller(
            tenant=tenant,
            name=name,
            scopes=frozenset(scopes),
            now=now,
            random=self._random,
            expires_at=expires_at,
        )
        self._stores.callers.add(caller, _act("caller.added", now, tenant, detail=caller.identity))
        return key

    def withdraw_api_key(self, identity: str, *, tenant: str) -> None:
        """Ends a key by its public part; NotFound where the tenant has none such."""
        now = self._clock.now()
        if identity not in {caller.identity for caller in self._stores.callers.all(tenant)}:
            raise NotFound("no API key that is still good has this id")
        act = _act("caller.withdrawn", now, tenant, detail=identity)
        self._stores.callers.withdraw(identity, at=now, act=act)

    def reload(self) -> None:
        """Reads the authorities anew: revoked ones issue no more, revoked signers do not answer."""
        issuers = self._stores.holdings.issuers()
        responders = self._stores.holdings.responders()
        known = Directory.of(issuers, ())
        certificates = [issuer.certificate for issuer in issuers]
        certificates += [responder.certificate for responder in responders]
        names = {certificate: known.name_of(certificate) for certificate in certificates}
        revoked = self._stores.standings.revoked_among(
            [name for name in names.values() if name is not None]
        )
        fallen = {certificate for certificate, name in names.items() if name in revoked}
        self._directory = Directory.of(
            [
                replace(issuer, active=issuer.active and fallen.isdisjoint(known.line_of(issuer)))
                for issuer in issuers
            ],
            [responder for responder in responders if responder.certificate not in fallen],
        )

    def reconcile(self) -> int:
        """Concludes intents that a crash left, as abandoned; returns how many.

        They stay in the register and can be revoked: whether a signature was made is not known.
        """
        now = self._clock.now()
        left = self._stores.register.pending(
            intended_before=now - INTENT_AGE_MAX, entries_max=RECONCILED_MAX
        )
        for entry in left:
            act = _act(
                "issuance.abandoned",
                now,
                entry.tenant,
                issuer=entry.issuer,
                serial=entry.serial,
                detail="found at reconciliation",
            )
            self._stores.register.abandon(entry.issuer, entry.serial, act)
        return len(left)

    def appoint_responders(self) -> int:
        """Gives each authority whose key is here an OCSP signer for some time; how many new."""
        now = self._clock.now()
        appointed = 0
        for issuer in self._directory.by_key_id.values():
            lasting = now <= issuer.certificate.not_after
            if lasting and issuer.active and self._stores.keys.holds(issuer.key_id):
                standing = self._directory.responder(issuer.key_id, now=now)
                # The key of one that was succeeded ends, also where its successor is revoked then.
                if (
                    standing is None
                    or not self._stores.keys.holds(standing.key_id)
                    or _nearly_over(standing.certificate, issuer.certificate, now)
                ):
                    self._appoint(issuer, now)
                    appointed += 1
        if appointed:
            self.reload()
        return appointed

    def replace_responder(self, issuer: str) -> Responder:
        """A fresh OCSP signer of an authority, whatever is left of the last one's life; NotFound.

        It answers from now on. The last one's certificate stays good for what it has signed.
        """
        responder = self._appoint(self.authority(issuer), self._clock.now())
        self.reload()
        return responder

    def _appoint(self, issuer: Issuer, now: datetime) -> Responder:
        # Where the authority's key does not open, each round would leave a key made in vain.
        self._stores.keys.signer(issuer.key_id, SignCrl(issuer=issuer.certificate))
        name = f"OCSP {issuer.certificate.common_name or issuer.role.value}"
        key = self._stores.keys.generate(
            issuer.certificate.key_kind, role=Role.OCSP_RESPONDER.value
        )
        request = IssuanceRequest(
            role=Role.OCSP_RESPONDER,
            edition=issuer.edition,
            public_key=key.public_key,
            common_name=name[:_COMMON_NAME_CHARACTERS_MAX].strip(),
        )
        certificate = self._issuance.issue(
            Approved(
                request=request,
                profile=catalogue.profile(Role.OCSP_RESPONDER, issuer.edition),
                issuer=issuer,
                actor="authority",
                holder=Holder(
                    tenant=issuer.tenant,
                    role=Role.OCSP_RESPONDER,
                    identity=request.common_name,
                ),
                subject_key_id=registration.subject_key_id(request),
            )
        )
        responder = Responder(
            issuer=issuer.key_id,
            key_id=key.key_id,
            certificate=certificate,
            appointed_at=self._clock.now(),
        )
        self._stores.holdings.appoint(
            responder,
            _act(
                "responder.appointed",
                now,
                issuer.tenant,
                issuer=issuer.key_id,
                serial=certificate.serial,
            ),
        )
        return responder


def _nearly_over(certificate: Certificate, issuer: Certificate, now: datetime) -> bool:
    """Whether a third of its life is left; not where it ends with its issuer's own life."""
    life = certificate.not_after - certificate.not_before
    ending = certificate.not_after - now < life / _RENEWED_FROM
    return ending and certificate.not_after < issuer.not_after


def _act(
    event: str,
    at: datetime,
    tenant: str,
    *,
    issuer: str = "",
    serial: int | None = None,
    detail: str = "",
) -> Act:
    return Act(
        event=event,
        at=at,
        actor="authority",
        tenant=tenant,
        issuer=issuer,
        serial=serial,
        detail=detail,
    )
