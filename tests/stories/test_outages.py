"""The outage policy, row by row: what is decided when a source of evidence is away."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from authz.breaker import FAILURES_MAX
from certs.profiles.rules import Role
from tests.authz_house import RESPONSE_LIFE, another_contract, house, poll, verdict
from tests.world import SECOND

ACCEPTED = ("Accepted", "Accepted", "accepted")
REVOKED = ("CertificateRevoked", "Invalid", "revocation.revoked")
UNREACHABLE = ("CertChainError", "Invalid", "revocation.source_unreachable")
BOTH = {"ocsp": True, "crl": True}


def evidence_of(answer) -> list[tuple[str, str | None]]:
    """Source and first proof of each status, leaf first."""
    return [(one["source"], one.get("proof")) for one in answer.json()["evidence"]]


def no_cache(answer) -> bool:
    return "cacheExpiryDateTime" not in answer.json()["idTokenInfo"]


@pytest.fixture(params=["refuses", "silent", "garbage"])
def away(request):
    """How a responder is away: it answers an error, nothing, or something else."""

    def take(h) -> None:
        if request.param == "refuses":
            h.responder.status = 503
        elif request.param == "silent":
            h.responder.silent_seconds = 3
        else:
            h.responder.body = b"<html>maintenance</html>"

    return take


def test_responder_down_with_a_cached_good_before_its_next_update_is_accepted(tmp_path, away):
    with house(tmp_path, source_deadline_seconds=1.5) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        away(h)
        h.clock.move(RESPONSE_LIFE)  # the last second of it
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == ACCEPTED
        assert evidence_of(answer) == [("cache", "ocsp")] * 3
        ends = {one["nextUpdate"] for one in answer.json()["evidence"]}
        assert {answer.json()["idTokenInfo"]["cacheExpiryDateTime"]} == ends  # and no longer


def test_responder_down_past_the_next_update_is_refused(tmp_path, away):
    with house(tmp_path, source_deadline_seconds=1.5) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        away(h)
        h.clock.move(RESPONSE_LIFE + SECOND)
        answer = h.ask(chain=h.contract)
        assert verdict(answer)[:2] == ("CertChainError", "Invalid")
        assert evidence_of(answer) == [("none", None)] * 3
        assert no_cache(answer)


def test_responder_down_past_the_next_update_is_accepted_by_a_fresh_list_and_says_so(tmp_path):
    with house(tmp_path, ways=BOTH) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        h.clock.move(RESPONSE_LIFE + SECOND)
        h.responder.unknown |= {one.certificate.fingerprint for one in h.world}
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == ACCEPTED
        assert evidence_of(answer) == [("crl", "crl")] * 3


def test_responder_down_and_listed_as_revoked_is_refused(tmp_path):
    with house(tmp_path, ways=BOTH) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        h.clock.move(RESPONSE_LIFE + SECOND)
        h.responder.unknown |= {one.certificate.fingerprint for one in h.world}
        h.responder.revoke(h.contract)
        h.responder.stranger = lambda _identity, _request: b"no answer"
        assert verdict(h.ask(chain=h.contract)) == REVOKED


def test_no_status_at_all_is_refused(tmp_path, away):
    with house(tmp_path, ways=BOTH, source_deadline_seconds=1.5) as h:
        away(h)
        answer = h.ask(chain=h.contract)
        assert verdict(answer)[:2] == ("CertChainError", "Invalid")
        assert no_cache(answer)


def test_known_revoked_ever_is_refused_whatever_comes_later(tmp_path):
    with house(tmp_path, ways=BOTH) as h:
        h.responder.revoke(h.contract)
        assert verdict(h.ask(chain=h.contract)) == REVOKED
        h.responder.revoked.clear()  # every source says good from now on
        for _ in range(3):
            h.clock.move(2 * RESPONSE_LIFE)
            assert verdict(h.ask(chain=h.contract)) == REVOKED
        h.responder.status = 503  # and then none says anything
        assert verdict(h.ask(chain=h.contract)) == REVOKED
    with house(tmp_path, clock=h.clock, boring=False) as again:
        again.world = h.world
        assert verdict(again.ask(chain=again.contract)) == REVOKED


def test_revoked_authority_is_refused_while_its_responder_is_down(tmp_path):
    with house(tmp_path) as h:
        h.responder.revoke(h.world[Role.MO_SUB_1])
        assert verdict(h.ask(chain=h.contract)) == REVOKED
        h.responder.status = 503
        h.clock.move(10 * RESPONSE_LIFE)
        assert verdict(h.ask(chain=h.contract)) == REVOKED


def test_database_down_grants_nothing(tmp_path):
    with house(tmp_path) as h:
        h.register(chain=h.contract)
        assert verdict(h.ask(hashes=h.contract)) == ACCEPTED
        with sqlite3.connect(tmp_path / "authz.db") as other:
            other.execute("ALTER TABLE decisions RENAME TO decisions_away")
        other.close()
        for answer in (h.ask(hashes=h.contract), h.ask(chain=h.contract)):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert "Accepted" not in answer.text
        assert h.client.get("/readyz").status_code == 503
        with sqlite3.connect(tmp_path / "authz.db") as other:
            other.execute("ALTER TABLE decisions_away RENAME TO decisions")
        other.close()
        poll(lambda: h.ask(hashes=h.contract).status_code == 200)
        assert h.client.get("/readyz").status_code == 200


def test_registry_down_grants_nothing(tmp_path):
    with house(tmp_path) as before:
        assert verdict(before.ask(chain=before.contract)) == ACCEPTED
    with house(tmp_path, clock=before.clock, boring=False) as h:  # which remembers nothing
        with sqlite3.connect(tmp_path / "authz.db") as other:
            other.execute("ALTER TABLE contracts RENAME TO contracts_away")
        other.close()
        assert verdict(h.ask(chain=h.contract)) == (
            "Accepted", "NotAtThisTime", "contract.unavailable"
        )  # fmt: skip


def test_x33_clock_that_went_back_grants_nothing(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        h.clock.move(-timedelta(hours=1))
        assert h.ask(chain=h.contract).status_code == 503
        assert h.client.get("/readyz").status_code == 503


def test_overload_of_one_responder_holds_up_nobody_else(tmp_path):
    """The responder is silent, its breaker opens, and others are answered at once all the while."""
    with house(tmp_path, source_deadline_seconds=0.3, gather_deadline_seconds=0.5) as h:
        poll(lambda: verdict(h.ask(chain=h.contract)) == ACCEPTED)
        strangers = []
        for number in range(2 * FAILURES_MAX):
            emaid = f"DE8AA00666666{number}"
            theirs = another_contract(h.world, emaid)
            h.responder.knows(theirs)
            h.register(emaid)
            strangers.append((emaid, theirs))
        h.responder.silent_seconds = 3
        with ThreadPoolExecutor(4) as callers:
            refused = callers.map(lambda one: h.ask(emaid=one[0], chain=one[1]), strangers)
            honest = [verdict(h.ask(chain=h.contract)) for _ in range(10)]
            assert {verdict(answer) for answer in refused} == {UNREACHABLE}
        assert set(honest) == {ACCEPTED}
        assert h.client.get("/readyz").json()["responders"] == {h.responder.origin: "open"}
