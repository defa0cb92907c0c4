"""What operators decide of those who ask: their policies, their registered names, bad keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.edition import Edition
from certs.errors import Refused
from certs.profiles import catalogue
from certs.profiles.rules import Role
from pki.authority.entries import Act, RegisteredName
from pki.authority.identity import demand_printable, identify
from pki.authority.policy import Grant, Policy, grant_for
from pki.callers import OPERATOR, READ, REGISTER, Caller
from pki.clock import SteadyClock
from pki.errors import NotFound
from pki.ports import Names, Policies, Precedents

NAMES_MAX = 1_000  # in one transaction, or on one page
WHY_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A common name to be registered."""

    role: Role
    edition: Edition
    common_name: str
    standing: bool = False
    expires_at: datetime | None = None


class Requesters:
    """The registration authority's records. Every method raises Unavailable as the stores do.

    Policies are kept in memory too: ``reload()`` reads them anew, as the maintenance round does.
    """

    def __init__(
        self, *, policies: Policies, names: Names, precedents: Precedents, clock: SteadyClock
    ) -> None:
        self._policies = policies
        self._names = names
        self._precedents = precedents
        self._clock = clock
        self._current: Mapping[str, Policy] = {}
        self.reload()

    @property
    def policies(self) -> Mapping[str, Policy]:
        """The policy that counts of each tenant, as of the last reload()."""
        return self._current

    def reload(self) -> None:
        """Reads the policies anew."""
        self._current = {policy.tenant: policy for policy in self._policies.current()}

    def history(self, tenant: str, *, caller: Caller) -> tuple[Policy, ...]:
        """A tenant's policies, the newest first; another tenant's are an operator's to see.

        NotFound where there are none, or none for this caller (H02).
        """
        if OPERATOR not in caller.scopes:
            caller.demand(READ)
        known = OPERATOR in caller.scopes or caller.tenant == tenant
        history = self._policies.history(tenant) if known else ()
        if not history:
            raise NotFound("no policy for this tenant")
        return history

    def set_policy(
        self, tenant: str, grants: Sequence[Grant], *, after: int, caller: Caller
    ) -> Policy:
        """The version that follows ``after``, which counts from now on; Refused, Conflict."""
        caller.demand(OPERATOR)
        now = self._clock.now()
        policy = Policy(
            tenant=tenant,
            version=after + 1,
            grants=tuple(grants),
            set_at=now,
            set_by=caller.identity,
        )
        self._policies.add(policy, _act("policy.set", policy.version, tenant, caller, now))
        self.reload()
        return policy

    def register(
        self, announced: Sequence[Announced], *, caller: Caller
    ) -> tuple[RegisteredName, ...]:
        """Registers the caller's tenant's names, all or none; Refused, Conflict."""
        caller.demand(REGISTER)
        if not 0 < len(announced) <= NAMES_MAX:
            raise Refused("registration.names_too_many", f"1 to {NAMES_MAX} names at once")
        now = self._clock.now()
        names = [self._name(each, caller, now) for each in announced]
        act = _act("name.registered", len(names), caller.tenant, caller, now)
        return self._names.register(names, act)

    def _name(self, announced: Announced, caller: Caller, now: datetime) -> RegisteredName:
        """Only what the tenant's policy would permit is registered."""
        try:
            profile = catalogue.profile(announced.role, announced.edition)
        except KeyError:
            raise Refused(
                "registration.profile_unknown",
                f"{announced.edition.value} has no {announced.role.value}",
            ) from None
        demand_printable(announced.common_name)
        identity = identify(announced.common_name, profile)
        grant_for(self._current.get(caller.tenant), profile, identity)
        return RegisteredName(
            tenant=caller.tenant,
            role=announced.role,
            edition=announced.edition,
            identity=identity.canonical,
            common_name=announced.common_name,
            standing=announced.standing,
            registered_at=now,
            registered_by=caller.identity,
            expires_at=announced.expires_at,
        )

    def names(self, *, caller: Caller, after: int = 0) -> tuple[RegisteredName, ...]:
        """A page of the names of the caller's tenant, by number."""
        caller.demand(READ)
        return self._names.listed(caller.tenant, after=after, names_max=NAMES_MAX)

    def withdraw(self, number: int, *, caller: Caller) -> None:
        """Ends a registered name that is still open; NotFound, Refused."""
        caller.demand(REGISTER)
        act = _act("name.withdrawn", number, caller.tenant, caller, self._clock.now())
        self._names.withdraw(number, tenant=caller.tenant, act=act)

    def block_key(self, key_id: str, *, why: str, caller: Caller) -> None:
        """Lets no certificate be issued for a key any more, whoever asks; Refused."""
        caller.demand(OPERATOR)
        if not 0 < len(why) <= WHY_CHARACTERS_MAX or not why.isprintable():
            raise Refused(
                "registration.reason_malformed", f"why: 1 to {WHY_CHARACTERS_MAX} characters"
            )
        act = _act("key.blocked", key_id, caller.tenant, caller, self._clock.now())
        self._precedents.block(key_id, why=why, act=act)


def _act(event: str, detail: object, tenant: str, caller: Caller, at: datetime) -> Act:
    return Act(event=event, at=at, actor=caller.identity, tenant=tenant, detail=str(detail))
