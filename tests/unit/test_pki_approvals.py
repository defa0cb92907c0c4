"""Authorities are made and ended when m of n others have approved, and nothing is signed before."""

from datetime import timedelta

import pytest

from certs.edition import Edition
from certs.errors import Refused
from certs.keys import KeyKind, verifies
from certs.profiles.rules import Role
from pki.authority import failpoints
from pki.authority.approval import Progress, Terms, Verdict
from pki.authority.council import LEASE
from pki.authority.entries import Reason, State
from pki.callers import (
    APPROVE,
    READ,
    REQUEST_AUTHORITY,
    REVOKE,
    REVOKE_AUTHORITY,
    identity_of,
    new_caller,
)
from pki.errors import ConfigurationRefused, Conflict, NotFound, SignerUnavailable
from pki.quorums import PANEL_MAX, Quorum, Undertaking, parse_quorums, tell_quorums
from pki.signing.purposes import SignCertificationRequest
from tests.pki_house import (
    DATABASES,
    TENANT,
    Clock,
    MemoryKeys,
    database,
    empty_house,
    events,
    furnished_house,
    issue,
    issuer_id,
    key_id,
    place_of,
    someone,
    wanted,
)
from tests.world import NOW, valid_world

TWO_OF_THREE = "*: 2 of 3"


class Door:
    """A house with three approvers, one who asks, and what was passed on the way."""

    def __init__(self, house):
        self.house = house
        self.asker = self.caller("asker", READ, REQUEST_AUTHORITY, REVOKE, REVOKE_AUTHORITY)
        self.approvers = [self.caller(f"approver {n}", READ, APPROVE) for n in range(3)]

    def caller(self, name, *scopes, tenant=TENANT, expires_at=None):
        key = self.house.authority.new_api_key(
            tenant=tenant, name=name, scopes=scopes, expires_at=expires_at
        )
        return self.house.stores.callers.by_id(identity_of(key))

    def request(self, caller=None, **odd):
        return self.house.council.request(terms(**odd), caller=caller or self.asker)

    def vote(self, approval, voter, verdict=Verdict.APPROVE):
        by = self.approvers[voter] if isinstance(voter, int) else voter
        return self.house.council.vote(approval.number, verdict, caller=by)

    def found(self, approval):
        return self.house.council.find(approval.number, caller=self.asker)


def terms(**odd):
    given = {
        "role": Role.MO_SUB_2,
        "edition": Edition.ISO_2,
        "common_name": "MO Sub-CA 9",
        "organization": "Mobility Operator",
        "country": "DE",
        "key_kind": KeyKind.P256,
    }
    return Terms(**{**given, **odd})


class PowerCutError(Exception):
    """The process ends here."""


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def passed():
    return []


@pytest.fixture
def door(tmp_path, clock, passed):
    url = f"sqlite:///{tmp_path}/pki.db"
    given = {"approvals": TWO_OF_THREE, "failpoint": passed.append}
    with furnished_house(url, clock=clock, **given) as house:
        yield Door(house)


def code(ask, *args, **given):
    with pytest.raises(Refused) as caught:
        ask(*args, **given)
    return caught.value.code


@pytest.mark.parametrize("kind", DATABASES)
def test_sub_ca_is_made_by_the_second_of_two_approvals_and_issues(tmp_path, kind, passed):
    with (
        database(kind, tmp_path) as url,
        furnished_house(url, approvals=TWO_OF_THREE, failpoint=passed.append) as house,
    ):
        door = Door(house)
        asked = door.request()
        assert (asked.progress, asked.needed, len(asked.panel)) == (Progress.PENDING, 2, 3)
        once = door.vote(asked, 0)
        assert (once.progress, once.approvals) == (Progress.PENDING, 1)
        assert failpoints.SIGN_ASKED not in passed
        done = door.vote(asked, 1)
        assert done.progress is Progress.DONE
        assert passed.count(failpoints.SIGN_DONE) == 1
        entry = house.stores.register.find(*done.outcome)
        assert entry.state is State.ISSUED
        made = house.authority.directory.by_key_id[done.key_id]
        assert made.certificate.der == entry.certificate
        parent = valid_world()[Role.MO_SUB_1].certificate
        assert verifies(parent.public_key(), made.certificate.signature, made.certificate.tbs)
        house.maintain()
        assert house.authority.directory.responder(done.key_id, now=house.clock.now())
        issued = issue(house)
        assert issued.issuer == done.key_id  # the longest-lived issues from now on
        assert len(issued.chain) == 3
        told = [event for event in events(house) if event.startswith(("approval", "authority.f"))]
        assert told == [
            "approval.requested",
            "approval.approve",
            "approval.approve",
            "approval.key_made",
            "authority.founded",
            "approval.done",
        ]
        assert door.found(asked) == done
        assert house.council.listed(caller=door.asker) == (done,)


@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize(
    ("edition", "key_kind"),
    [(Edition.ISO_2, KeyKind.P256), (Edition.ISO_20, KeyKind.ED448)],
    ids=["-2", "-20"],
)
def test_root_is_made_under_itself_and_a_sub_ca_under_it(tmp_path, kind, edition, key_kind, passed):
    given = {"approvals": TWO_OF_THREE, "failpoint": passed.append, "keys": MemoryKeys()}
    with database(kind, tmp_path) as url, empty_house(url, **given) as house:
        door = Door(house)
        odd = {"edition": edition, "key_kind": key_kind, "country": "DE"}
        asked = door.request(role=Role.MO_ROOT, common_name="MO Root 9", **odd)
        door.vote(asked, 0)
        done = door.vote(asked, 2)
        assert done.outcome[0] == done.key_id
        root = house.authority.directory.by_key_id[done.key_id]
        assert root.active
        assert root.certificate.self_issued
        assert verifies(
            root.certificate.public_key(), root.certificate.signature, root.certificate.tbs
        )
        assert passed.index(failpoints.INTEND_COMMITTED) < passed.index(failpoints.SIGN_ASKED)
        assert passed.index(failpoints.SIGN_DONE) < passed.index(failpoints.RECORD_COMMITTED)
        below = door.request(role=Role.MO_SUB_1, common_name="MO Sub-CA 1", **odd)
        for voter in (0, 1):
            below = door.vote(below, voter)
        sub = house.authority.directory.by_key_id[below.key_id]
        assert house.authority.directory.line_of(sub) == (sub.certificate, root.certificate)
        house.maintain()
        assert house.publisher.current(root, now=house.clock.now())


def test_one_rejection_ends_a_request(door, passed):
    asked = door.request()
    door.vote(asked, 0)
    assert door.vote(asked, 1, Verdict.REJECT).progress is Progress.REJECTED
    assert code(door.vote, asked, 2) == "approval.concluded"
    assert door.vote(asked, 1, Verdict.REJECT).progress is Progress.REJECTED
    assert failpoints.SIGN_ASKED not in passed


def test_nobody_approves_twice_or_turns_round(door):
    asked = door.request()
    door.vote(asked, 0)
    again = door.vote(asked, 0)
    assert (again.progress, again.approvals) == (Progress.PENDING, 1)
    assert code(door.vote, asked, 0, Verdict.REJECT) == "approval.voted_already"


def test_who_asks_does_not_approve(door):
    both = door.caller("both", REQUEST_AUTHORITY, APPROVE, READ)
    door.house.stores.callers.withdraw(door.approvers[2].identity, at=NOW, act=_act())
    asked = door.request(both)
    assert both.identity not in asked.panel
    assert code(door.vote, asked, both) == "approval.not_on_panel"


def _act():
    from pki.authority.entries import Act

    return Act(event="caller.withdrawn", at=NOW, actor="test", tenant=TENANT)


def test_who_becomes_an_approver_later_has_no_say(door):
    asked = door.request()
    late = door.caller("late", APPROVE)
    assert code(door.vote, asked, late) == "approval.not_on_panel"


def test_scopes_are_asked_for(door):
    assert code(door.request, door.approvers[0]) == "caller.scope_missing"
    asked = door.request()
    assert code(door.vote, asked, door.asker) == "caller.scope_missing"
    nobody = door.caller("nobody")
    assert code(door.house.council.listed, caller=nobody) == "caller.scope_missing"
    assert code(door.house.council.find, asked.number, caller=nobody) == "caller.scope_missing"


def test_h02_request_of_another_tenant_is_absent(door):
    asked = door.request()
    stranger = door.caller("s", APPROVE, READ, tenant="other")
    for ask in (
        lambda: door.vote(asked, stranger),
        lambda: door.house.council.find(asked.number, caller=stranger),
        lambda: door.house.council.find("00" * 8, caller=stranger),
    ):
        with pytest.raises(NotFound):
            ask()
    assert door.house.council.listed(caller=stranger) == ()


def test_too_few_or_too_many_approvers_are_refused(door):
    extra = door.caller("fourth", APPROVE)
    assert code(door.request) == "approval.approvers_too_many"
    for each in (extra, *door.approvers[:2]):
        door.house.authority.withdraw_api_key(each.identity, tenant=TENANT)
    assert code(door.request) == "approval.approvers_too_few"


def test_expired_approvers_do_not_count(door, clock):
    door.house.authority.withdraw_api_key(door.approvers[2].identity, tenant=TENANT)
    door.caller("brief", APPROVE, expires_at=NOW + timedelta(hours=1))
    assert len(door.request().panel) == 3
    clock.forward(hours=1)
    assert len(door.request(common_name="MO Sub-CA 10").panel) == 2


def test_request_that_waits_too_long_ends(door, clock):
    asked = door.request()
    clock.forward(hours=168)
    assert code(door.vote, asked, 0) == "approval.expired"
    assert door.house.council.resume() == 1
    assert door.found(asked).progress is Progress.EXPIRED
    assert code(door.vote, asked, 0) == "approval.concluded"
    assert door.house.council.resume() == 0


def test_pending_request_is_left_alone_by_the_maintenance_round(door):
    asked = door.request()
    assert door.house.council.resume() == 0
    assert door.found(asked).progress is Progress.PENDING


@pytest.mark.parametrize(
    ("odd", "wanted_code"),
    [
        ({"role": Role.CONTRACT}, "approval.not_an_authority"),
        ({"role": Role.CPS_SUB_1, "edition": Edition.ISO_20, "key_kind": KeyKind.P521}, None),
        ({"role": Role.VEHICLE}, "registration.profile_unknown"),
        ({"key_kind": KeyKind.P521}, "registration.key_kind"),
        ({"country": "de"}, "issuance.request_malformed"),
        ({"common_name": "x\x00"}, "issuance.request_malformed"),
        ({"role": Role.MO_ROOT, "country": "de"}, "issuance.request_malformed"),
    ],
)
def test_what_could_not_be_issued_is_not_put_to_the_vote(door, odd, wanted_code):
    assert code(door.request, **odd) == (wanted_code or "registration.no_authority")
    assert door.house.council.listed(caller=door.asker) == ()


def test_authority_is_revoked_when_two_have_approved(door):
    sub = valid_world()[Role.MO_SUB_2].certificate
    at = (sub.authority_key_id.hex(), sub.serial)
    revoke = door.house.authority.revoke
    assert code(revoke, *at, Reason.CA_COMPROMISE, caller=door.asker) == "approval.needed"
    assert code(revoke, *at, Reason.CA_COMPROMISE, caller=someone(door.house)) == "approval.needed"
    council = door.house.council
    asked = council.request_revocation(*at, Reason.CA_COMPROMISE, caller=door.asker)
    door.vote(asked, 0)
    assert door.house.stores.register.find(*at).revocation is None
    done = door.vote(asked, 1)
    assert (done.progress, done.outcome) == (Progress.DONE, at)
    assert door.house.stores.register.find(*at).revocation.reason is Reason.CA_COMPROMISE
    assert not door.house.authority.directory.by_key_id[issuer_id()].active


def test_end_of_an_authority_is_asked_for_by_those_who_may(door):
    sub = valid_world()[Role.MO_SUB_2].certificate
    at = (sub.authority_key_id.hex(), sub.serial)
    ask = door.house.council.request_revocation
    for scopes in ([REVOKE], [REVOKE_AUTHORITY]):
        caller = door.caller("half", *scopes)
        assert code(ask, *at, Reason.SUPERSEDED, caller=caller) == "caller.scope_missing"
    leaf = issue(door.house)
    told = code(ask, leaf.issuer, leaf.certificate.serial, Reason.SUPERSEDED, caller=door.asker)
    assert told == "approval.not_an_authority"
    with pytest.raises(NotFound):
        ask(issuer_id(), 5, Reason.SUPERSEDED, caller=door.asker)


def test_settings_may_leave_it_to_one(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, approvals="*: 0 of 0") as house:
        done = house.council.request(terms(), caller=someone(house))
        assert (done.progress, done.needed) == (Progress.DONE, 0)
        assert done.key_id in house.authority.directory.by_key_id


# Broken off


STEPS = (
    failpoints.APPROVAL_KEY_KEPT,
    failpoints.APPROVAL_KEY_NOTED,
    failpoints.INTEND_COMMITTED,
    failpoints.SIGN_DONE,
    failpoints.RECORD_COMMITTED,
    failpoints.APPROVAL_ISSUED,
    failpoints.APPROVAL_TAKEN_IN,
)


@pytest.mark.parametrize("role", [Role.MO_SUB_2, Role.MO_ROOT])
@pytest.mark.parametrize("step", STEPS)
def test_crash_at_any_step_leaves_one_authority_in_the_end(tmp_path, clock, step, role):
    url, keeper = f"sqlite:///{tmp_path}/pki.db", MemoryKeys()
    armed = []

    def failing(name):
        if armed and name == step:
            raise PowerCutError

    given = {"clock": clock, "keys": keeper, "approvals": TWO_OF_THREE}
    with furnished_house(url, failpoint=failing, **given) as house:
        door = Door(house)
        asked = door.request(role=role)
        before = set(house.authority.directory.by_key_id)
        door.vote(asked, 0)
        armed.append(True)
        with pytest.raises(PowerCutError):
            door.vote(asked, 1)
    with empty_house(url, **given) as house:
        found = house.stores.holdings.issuers()
        assert len(found) - len(before) in {0, 1}
        assert house.council.resume() == 1  # leased still: told as it is
        assert house.council.find(asked.number, caller=door.asker).progress is Progress.APPROVED
        clock.moment += LEASE
        house.maintain()
        done = house.council.find(asked.number, caller=door.asker)
        assert done.progress is Progress.DONE
        assert set(house.authority.directory.by_key_id) - before == {done.key_id}
        entries = house.stores.inventory.issued_for(done.outcome[0], {done.key_id})
        assert [entry.serial for _, entry in entries] == [done.outcome[1]]
        assert not house.stores.register.pending(intended_before=clock(), entries_max=9)
        with pytest.raises(Conflict):
            house.council._docket.move(done, _act())


def test_signer_that_fails_leaves_the_approvals_standing(door):
    keeper = place_of(door.house)
    parent = issuer_id(Role.MO_SUB_1)
    asked = door.request()
    door.vote(asked, 0)
    keeper.broken.add(parent)
    with pytest.raises(SignerUnavailable):
        door.vote(asked, 1)
    assert door.found(asked).progress is Progress.APPROVED
    assert door.house.council.resume() == 0
    keeper.broken.clear()
    assert door.vote(asked, 1).progress is Progress.DONE


@pytest.mark.parametrize("force", [False, True])
def test_key_that_an_open_request_is_to_have_is_not_destroyed(door, force):
    """Else nobody could carry the request out, and nobody could end it."""
    keeper = place_of(door.house)
    asked = door.request()
    door.vote(asked, 0)
    keeper.broken.add(issuer_id(Role.MO_SUB_1))
    with pytest.raises(SignerUnavailable):
        door.vote(asked, 1)
    key = door.found(asked).key_id
    custodian = door.house.custodian
    told = {held.key.key_id: held for held in custodian.listed()}[key]
    assert (told.needed_for, told.until) == (f"request {asked.number}", asked.expires_at)
    order = {"by": "test", "reason": "tidying up", "force": force}
    assert code(custodian.destroy, key, **order) == "keys.requested"
    assert keeper.holds(key)
    keeper.broken.clear()
    assert door.vote(asked, 1).key_id == key, "and the request is carried out with it"
    custodian.destroy(key, **order | {"force": True})  # an authority's key from now on
    assert not keeper.holds(key)


def test_approved_request_that_cannot_be_issued_any_more_has_failed(door):
    asked = door.request()
    door.vote(asked, 0)
    sub = valid_world()[Role.MO_SUB_1].certificate
    entry = door.house.stores.register.find(sub.authority_key_id.hex(), sub.serial)
    door.house.authority.end(entry, Reason.CA_COMPROMISE, actor="test")
    assert code(door.vote, asked, 1) == "registration.no_authority"
    assert door.found(asked).progress is Progress.FAILED
    assert "approval.failed" in events(door.house)


def test_revoked_attempt_is_not_taken_in(door):
    """A certificate that was issued and revoked before the crash was noticed is made anew."""
    cut = []

    def failing(name):
        if name == failpoints.APPROVAL_ISSUED and not cut:
            cut.append(name)
            raise SignerUnavailable("cut")

    door.house.council._founding._failpoint = failing
    asked = door.request()
    door.vote(asked, 0)
    with pytest.raises(SignerUnavailable):
        door.vote(asked, 1)
    approved = door.found(asked)
    ((_, entry),) = door.house.stores.inventory.issued_for(
        issuer_id(Role.MO_SUB_1), {approved.key_id}
    )
    door.house.authority.end(entry, Reason.SUPERSEDED, actor="test")
    done = door.vote(asked, 1)
    assert done.outcome[1] != entry.serial


def test_two_votes_at_once_are_counted_one_after_the_other(door):
    asked = door.request()
    ballots = door.house.council._ballots

    class Interleaved:
        def __getattr__(self, name):
            return getattr(ballots, name)

        def vote(self, *args, **given):
            door.house.council._ballots = ballots
            door.vote(asked, 0)
            return ballots.vote(*args, **given)

    door.house.council._ballots = Interleaved()
    with pytest.raises(Conflict) as caught:
        door.vote(asked, 1)
    assert caught.value.code == "conflict.vote"
    assert door.vote(asked, 1).progress is Progress.DONE


def test_leaf_is_not_certified_for_the_key_of_an_authority_to_be(door):
    asked = door.request()
    for voter in (0, 1):
        asked = door.vote(asked, voter)
    key = door.house.stores.keys.signer(asked.key_id, SignCertificationRequest()).public_key
    ask = door.house.authority.issue
    told = code(ask, wanted(public_key=key), caller=someone(door.house))
    assert told == "registration.key_is_an_authority"


# Quorums


def test_quorums_are_read_from_one_line():
    told = parse_quorums("*: 2 of 5, v2g-root: 3 of 5, revoke *: 1 of 5, revoke v2g-root: 2 of 4")
    assert told.of(Undertaking.ISSUE, Role.MO_SUB_2) == Quorum(2, 5)
    assert told.of(Undertaking.ISSUE, Role.V2G_ROOT) == Quorum(3, 5)
    assert told.of(Undertaking.REVOKE, Role.MO_SUB_2) == Quorum(1, 5)
    assert told.of(Undertaking.REVOKE, Role.V2G_ROOT) == Quorum(2, 4)
    assert parse_quorums(tell_quorums(told)) == told
    plain = parse_quorums("*: 2 of 5, v2g-root:3 of 5")
    assert plain.of(Undertaking.REVOKE, Role.V2G_ROOT) == Quorum(3, 5)
    assert plain.of(Undertaking.REVOKE, Role.MO_ROOT) == Quorum(2, 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2 of 5",
        "v2g-root: 2 of 3",
        "revoke *: 2 of 3",
        "*: 3 of 2",
        f"*: 1 of {PANEL_MAX + 1}",
        "*: 2 of 3, *: 2 of 3",
        "*: 2 of 3, contract: 1 of 2",
        "*: -1 of 3",
    ],
)
def test_other_lines_are_refused(text):
    with pytest.raises(ConfigurationRefused):
        parse_quorums(text)


def test_house_keeps_its_promise_by_default(tmp_path):
    from pki.settings import load

    told = load(environ={}).quorums
    for undertaking in Undertaking:
        assert told.of(undertaking, Role.V2G_ROOT) == Quorum(2, 5)


def test_caller_of_no_scope_is_good_until_withdrawn():
    made = new_caller(
        tenant=TENANT, name="x", scopes=frozenset(), now=NOW, random=lambda n: b"\x07" * n
    )[0]
    assert made.is_good(now=NOW)
    assert key_id(valid_world()[Role.MO_SUB_2].certificate)
