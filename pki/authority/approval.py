"""A request for an authority, or for its end, and who approved it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from certs.edition import Edition
from certs.errors import Refused
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.authority.entries import Reason
from pki.quorums import Quorum, Undertaking


class Progress(Enum):
    """How far such a request has come. Only the first two are left again."""

    PENDING = "pending"
    APPROVED = "approved"  # by as many as it takes; being carried out, or about to be
    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"  # approved, and refused when it was to be issued


class Verdict(Enum):
    """What one approver says."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The authority that is wanted: its role, its names, its kind of key."""

    role: Role
    edition: Edition
    common_name: str
    organization: str | None
    country: str | None
    key_kind: KeyKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The authority's certificate that is to be revoked, and why."""

    role: Role
    issuer: str
    serial: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One approver's word."""

    voter: str
    verdict: Verdict
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A request that needs approvals before anything is signed.

    ``panel`` are those who may approve: the approvers there were when it was asked for, without
    who asked. ``key_id`` is the new authority's key, once there is one; ``outcome`` the issuer and
    serial of the certificate that came of it, or was revoked.
    """

    number: str
    wanted: Terms | Target
    tenant: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    needed: int
    panel: frozenset[str]
    progress: Progress = Progress.PENDING
    votes: tuple[Vote, ...] = ()
    key_id: str | None = None
    outcome: tuple[str, int] | None = None

    @property
    def undertaking(self) -> Undertaking:
        return Undertaking.ISSUE if isinstance(self.wanted, Terms) else Undertaking.REVOKE

    @property
    def approvals(self) -> int:
        """How many have approved."""
        return sum(vote.verdict is Verdict.APPROVE for vote in self.votes)


def panel_of(approvers: Sequence[str], quorum: Quorum, *, requested_by: str) -> frozenset[str]:
    """Who may approve a request; Refused where they are too few to do it, or too many to be held.

    The panel stands from then on: who is made an approver later has no say in it.
    """
    panel = frozenset(approvers) - {requested_by}
    if len(panel) < quorum.needed:
        raise Refused(
            "approval.approvers_too_few", f"{len(panel)} beside who asks, {quorum.needed} needed"
        )
    if len(panel) > quorum.panel_max:
        raise Refused(
            "approval.approvers_too_many", f"{len(panel)}, and at most {quorum.panel_max} may be"
        )
    return panel


def judge_vote(approval: Approval, verdict: Verdict, *, voter: str, now: datetime) -> bool:
    """Whether a vote is to be counted; False where it was given before. Refused for all others."""
    if voter not in approval.panel:
        raise Refused("approval.not_on_panel", "not among those who may approve this request")
    before = [vote for vote in approval.votes if vote.voter == voter]
    if before:
        if before[0].verdict is not verdict:
            raise Refused("approval.voted_already", f"said {before[0].verdict.value} before")
        return False
    if approval.progress is not Progress.PENDING:
        raise Refused("approval.concluded", f"the request is {approval.progress.value}")
    if now >= approval.expires_at:
        raise Refused("approval.expired", f"the request ended at {approval.expires_at:%F %T} UTC")
    return True


def progress_after(approval: Approval, verdict: Verdict) -> Progress:
    """How far a pending request comes by one vote more. One rejection ends it."""
    if verdict is Verdict.REJECT:
        return Progress.REJECTED
    enough = approval.approvals + 1 >= approval.needed
    return Progress.APPROVED if enough else Progress.PENDING
