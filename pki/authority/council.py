"""Authorities are made and ended when enough others have approved, and not before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from certs.edition import Edition
from certs.errors import Refused
from certs.keys import SIGNING_KEYS
from certs.profiles import catalogue
from certs.profiles.rules import Profile, Role
from pki.authority import revocation
from pki.authority.approval import (
    Approval,
    Progress,
    Target,
    Terms,
    Verdict,
    Vote,
    judge_vote,
    panel_of,
    progress_after,
)
from pki.authority.entries import Act, Reason
from pki.authority.founding import Founding
from pki.authority.service import Authority, Stores
from pki.callers import APPROVE, READ, REQUEST_AUTHORITY, REVOKE, REVOKE_AUTHORITY, Caller
from pki.clock import SteadyClock
from pki.errors import NotFound, Unavailable
from pki.ports import Ballots, Docket
from pki.quorums import Quorums, Undertaking

_NUMBER_OCTETS = 8
PAGE_MAX = 200
LEASE = timedelta(minutes=5)  # one process has this long to carry out what was approved


class Council:
    """Requests for authorities and their ends. Every method raises Unavailable as the stores do."""

    def __init__(
        self,
        *,
        ballots: Ballots,
        docket: Docket,
        quorums: Quorums,
        lifetime: timedelta,
        stores: Stores,
        authority: Authority,
        founding: Founding,
        clock: SteadyClock,
        random: Callable[[int], bytes],
    ) -> None:
        self._ballots = ballots
        self._docket = docket
        self._quorums = quorums
        self._lifetime = lifetime
        self._stores = stores
        self._authority = authority
        self._founding = founding
        self._clock = clock
        self._random = random

    def request(self, terms: Terms, *, caller: Caller) -> Approval:
        """Asks for an authority; carried out at once only where no approval is needed.

        Refused where it could not be issued anyway: approvers are not asked in vain.
        """
        caller.demand(REQUEST_AUTHORITY)
        profile = _profile(terms.role, terms.edition)
        if terms.key_kind not in SIGNING_KEYS[terms.edition]:
            raise Refused(
                "registration.key_kind", f"no {terms.key_kind.value} in {terms.edition.value}"
            )
        self._founding.examine(terms, profile, caller=caller)
        return self._enter(terms, Undertaking.ISSUE, caller)

    def request_revocation(
        self, issuer: str, serial: int, reason: Reason, *, caller: Caller
    ) -> Approval:
        """Asks for the end of an authority; NotFound, Refused."""
        caller.demand(REVOKE)
        caller.demand(REVOKE_AUTHORITY)
        entry = revocation.owned(
            self._stores.register, issuer=issuer, serial=serial, tenant=caller.tenant
        )
        profile = catalogue.by_name(entry.profile)
        if not profile.basic_constraints.ca:
            raise Refused("approval.not_an_authority", "leaves are revoked without approvals")
        target = Target(role=profile.role, issuer=issuer, serial=serial, reason=reason)
        return self._enter(target, Undertaking.REVOKE, caller)

    def find(self, number: str, *, caller: Caller) -> Approval:
        """A request of the caller's tenant; NotFound."""
        caller.demand(READ)
        return self._owned(number, caller)

    def listed(self, *, caller: Caller) -> tuple[Approval, ...]:
        """The newest requests of the caller's tenant."""
        caller.demand(READ)
        return self._ballots.listed(caller.tenant, approvals_max=PAGE_MAX)

    def vote(self, number: str, verdict: Verdict, *, caller: Caller) -> Approval:
        """Counts one approver's word. The last approval that is needed has it carried out.

        Raises NotFound, Refused; Unavailable where carrying out failed: the approvals stand, and
        the next maintenance round goes on. The same word given again changes nothing.
        """
        caller.demand(APPROVE)
        approval = self._owned(number, caller)
        now = self._clock.now()
        if judge_vote(approval, verdict, voter=caller.identity, now=now):
            vote = Vote(voter=caller.identity, verdict=verdict, at=now)
            act = self._act(f"approval.{verdict.value}", approval, caller.identity)
            approval = self._ballots.vote(
                number, vote, after=approval, progress=progress_after(approval, verdict), act=act
            )
        if approval.progress is Progress.APPROVED:
            approval = self._carry_out(approval)
        return approval

    def resume(self) -> int:
        """Carries out what was approved and broke off, ends what nobody approved; how many."""
        now = self._clock.now()
        concluded = 0
        for approval in self._docket.open():
            if approval.progress is Progress.APPROVED:
                try:
                    self._carry_out(approval)
                except (Refused, Unavailable):
                    continue  # the request shows how it stands; the next one is not held up
                concluded += 1
            elif now >= approval.expires_at:
                act = self._act("approval.expired", approval, "authority")
                self._docket.move(replace(approval, progress=Progress.EXPIRED), act)
                concluded += 1
        return concluded

    def _owned(self, number: str, caller: Caller) -> Approval:
        approval = self._ballots.find(number)
        if approval is None or approval.tenant != caller.tenant:
            raise NotFound("no request of this number")
        return approval

    def _enter(self, wanted: Terms | Target, undertaking: Undertaking, caller: Caller) -> Approval:
        now = self._clock.now()
        quorum = self._quorums.of(undertaking, wanted.role)
        approvers = [
            each.identity
            for each in self._stores.callers.all(caller.tenant)
            if APPROVE in each.scopes and each.is_good(now=now)
        ]
        panel = frozenset[str]()
        if quorum.needed:
            panel = panel_of(approvers, quorum, requested_by=caller.identity)
        approval = Approval(
            number=self._random(_NUMBER_OCTETS).hex(),
            wanted=wanted,
            tenant=caller.tenant,
            requested_by=caller.identity,
            requested_at=now,
            expires_at=now + self._lifetime,
            needed=quorum.needed,
            panel=panel,
            progress=Progress.PENDING if quorum.needed else Progress.APPROVED,
        )
        self._ballots.add(approval, self._act("approval.requested", approval, caller.identity))
        return approval if quorum.needed else self._carry_out(approval)

    def _carry_out(self, approval: Approval) -> Approval:
        """What was approved, done by one process at a time; told as it is where another is at it.

        What of it an earlier attempt left done is found and not repeated.
        """
        now = self._clock.now()
        if not self._docket.claim(approval.number, now=now, until=now + LEASE):
            return approval
        try:
            done = self._done(approval)
        except Unavailable:
            self._docket.claim(approval.number, now=now, until=None)
            raise
        except Refused as refused:
            failed = replace(approval, progress=Progress.FAILED)
            act = self._act("approval.failed", failed, "authority", note=refused.code)
            self._docket.move(failed, act)
            raise
        self._docket.move(done, self._act("approval.done", done, approval.requested_by))
        return done

    def _done(self, approval: Approval) -> Approval:
        wanted = approval.wanted
        if isinstance(wanted, Terms):
            profile = _profile(wanted.role, wanted.edition)
            approval, outcome = self._founding.found(approval, wanted, profile)
        else:
            outcome = self._end(approval, wanted)
        return replace(approval, progress=Progress.DONE, outcome=outcome)

    def _end(self, approval: Approval, target: Target) -> tuple[str, int]:
        entry = revocation.owned(
            self._stores.register,
            issuer=target.issuer,
            serial=target.serial,
            tenant=approval.tenant,
        )
        self._authority.end(entry, target.reason, actor=approval.requested_by)
        return target.issuer, target.serial

    def _act(self, event: str, approval: Approval, actor: str, *, note: str = "") -> Act:
        issuer, serial = approval.outcome or ("", None)
        return Act(
            event=event,
            at=self._clock.now(),
            actor=actor,
            tenant=approval.tenant,
            issuer=issuer,
            serial=serial,
            detail=f"{approval.undertaking.value} {approval.wanted.role.value} "
            f"{approval.number} {note}".rstrip(),
        )


def _profile(role: Role, edition: Edition) -> Profile:
    try:
        profile = catalogue.profile(role, edition)
    except KeyError:
        raise Refused(
            "registration.profile_unknown", f"{edition.value} has no {role.value}"
        ) from None
    if not profile.basic_constraints.ca:
        raise Refused("approval.not_an_authority", "leaves are issued without approvals")
    return profile
