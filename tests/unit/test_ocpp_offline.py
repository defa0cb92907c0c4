"""What a station says by itself while its operator cannot be reached (OCPP 2.0.1, C07.FR.07-12)."""

import itertools
from datetime import timedelta

import pytest

from certs.identifiers.emaid import EMAID
from ev_emulator.backend.ocpp.offline import RULES, Known, Remembered, decide, rule
from ev_emulator.backend.ocpp.variables import Variables
from ev_emulator.ports import Denied, Permitted
from tests.world import NOW, codes

EMAID_A = EMAID.parse("DE8AA001234567")
YES_NO = (False, True)


def variables(validates=True, looks_up=True, unknown_may=False):
    return Variables(
        contract_validation_offline=validates,
        local_authorize_offline=looks_up,
        offline_tx_for_unknown_id_enabled=unknown_may,
    )


@pytest.mark.parametrize(
    ("given", "verified", "known", "requirement", "code"),
    [
        (variables(validates=False), True, Known.ACCEPTED, "C07.FR.07", "contract.unavailable"),
        (variables(), False, Known.ACCEPTED, "C07.FR.08", "contract.unverified"),
        (variables(looks_up=False), True, Known.ACCEPTED, "C07.FR.09", "contract.unknown"),
        (variables(), True, Known.ACCEPTED, "C07.FR.10", None),
        (variables(), True, Known.REFUSED, "C07.FR.11", "contract.blocked"),
        (variables(unknown_may=True), True, Known.NOT_FOUND, "C07.FR.12", None),
        (variables(), True, Known.NOT_FOUND, "C07.FR.12", "contract.unknown"),
    ],
)
def test_each_requirement_has_its_answer(given, verified, known, requirement, code):
    assert rule(given, verified=verified, known=known).requirement == requirement
    answer = decide(given, verified=verified, known=known)
    assert isinstance(answer, Permitted) if code is None else codes(answer) == {code}


def test_every_combination_has_an_answer_and_nothing_unverified_charges():
    reached = set()
    for validates, looks_up, unknown_may, verified, known in itertools.product(
        YES_NO, YES_NO, YES_NO, YES_NO, Known
    ):
        given = variables(validates, looks_up, unknown_may)
        reached.add(RULES.index(rule(given, verified=verified, known=known)))
        answer = decide(given, verified=verified, known=known)
        if not verified or not validates or known is Known.REFUSED:
            assert isinstance(answer, Denied)
    assert reached == set(range(len(RULES)))


def test_out_of_the_box_an_offline_station_charges_nobody():
    for verified, known in itertools.product(YES_NO, Known):
        assert isinstance(decide(Variables(), verified=verified, known=known), Denied)


def test_answers_are_forgotten_when_they_expire():
    remembered = Remembered()
    until = NOW + timedelta(seconds=10)
    answer = Permitted(valid_until=until)
    remembered.learn(EMAID_A, answer, now=NOW, life_time_seconds=3600)
    assert remembered.of(EMAID_A, now=until - timedelta(seconds=1)) is Known.ACCEPTED
    assert remembered.of(EMAID_A, now=until) is Known.NOT_FOUND


def test_a_refusal_replaces_a_yes():
    remembered = Remembered()
    for answer in (Permitted(), Denied(findings=())):
        remembered.learn(EMAID_A, answer, now=NOW, life_time_seconds=60)
    assert remembered.of(EMAID_A, now=NOW) is Known.REFUSED


def test_the_cache_is_bounded():
    remembered = Remembered(entries_max=2)
    for number in range(3):
        emaid = EMAID.parse(f"DE8AA00000000{number}")
        remembered.learn(emaid, Permitted(), now=NOW, life_time_seconds=60)
    assert len(remembered) == 2
    assert remembered.of(EMAID.parse("DE8AA000000000"), now=NOW) is Known.NOT_FOUND
