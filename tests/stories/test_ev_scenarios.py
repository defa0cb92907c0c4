"""Every named story over real sockets and TLS on loopback, and each visit's only right end."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from certs.findings.catalogue import ENTRIES
from certs.hierarchy import grow
from ev_emulator.reasons import REASONS
from ev_emulator.scenarios.catalogue import BY_NAME, SCENARIOS
from ev_emulator.scenarios.scenario import Carries, End, Manner, Operator
from ev_emulator.scenarios.stage import tell
from ev_emulator.trace import Packet, Side, sequence_diagram
from exi.iso2.simple_types import responseCodeType

HURRY = 10.0


class RealTime:
    """OCSP responses are stamped with the real time, so these stories happen today."""

    def seconds(self):
        return time.monotonic()

    def now(self):
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def world():
    return grow(seed=None, now=datetime.now(UTC))


def told(name, world):
    return asyncio.run(tell(BY_NAME[name], clock=RealTime(), world=world, hurry=HURRY))


def story_id(scenario):
    return "-".join((*(each.lower() for each in scenario.ids), scenario.name))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=story_id)
def test_every_visit_ends_as_it_must(scenario, world):
    seen = told(scenario.name, world).seen
    assert [each.end for each in seen] == [each.end for each in scenario.visits]


def test_the_catalogue_says_only_words_that_exist():
    assert len(BY_NAME) == len(SCENARIOS)
    words = {code.value for code in responseCodeType} | {""}
    for scenario in SCENARIOS:
        for visit in scenario.visits:
            assert visit.end.response_code in words
            for code in (visit.end.vehicle, visit.end.charger):
                assert not code or code in REASONS or code in ENTRIES
            # who is refused says so on both sides, and nobody is authorized by an attack
            assert bool(visit.end.vehicle) == bool(visit.end.charger)
            assert visit.manner is Manner.HONEST or not visit.end.authorized


@pytest.mark.parametrize("kind", [Carries, Manner, Operator])
def test_every_word_has_its_story(kind):
    used = {scenario.carries for scenario in SCENARIOS}
    used |= {scenario.operator for scenario in SCENARIOS}
    used |= {visit.manner for scenario in SCENARIOS for visit in scenario.visits}
    assert set(kind) <= used


def test_an_attack_that_succeeds_is_told_as_unexpected(world):
    # the negative of every story: a visit that ends otherwise than it must is seen
    story = told("happy-path", world)
    assert story.expected
    (seen,) = story.seen
    assert seen.end != End(vehicle="session.refused")


def test_the_recorded_diagram_shows_both_sides_and_the_operator(world):
    story = told("first-installation", world)
    drawn = sequence_diagram(story.recorder.entries, title="first installation")
    for line in (
        "EVCC->>SECC: CertificateInstallationReq",
        "SECC->>CSO: Install a contract certificate",
        "SECC-->>EVCC: CertificateInstallationRes",
        "Note over EVCC: contract DE8AA0STORY001 installed",
        "EVCC->>SECC: AuthorizationReq",
    ):
        assert line in drawn
    # three rounds of the loop are drawn once a visit
    assert drawn.count("EVCC->>SECC: ChargingStatusReq") == 2
    packets = [each for each in story.recorder.entries if isinstance(each, Packet)]
    assert {packet.sender for packet in packets} == set(Side)
