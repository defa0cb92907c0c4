"""The one door for stations' questions: what its handlers raise, in OCPP's words."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from authz.actions.answering import Actions
from authz.actions.asked import moment_of, moment_text, status_info
from authz.actions.catalogue import Handling
from authz.actions.grants import GRANT_LIFE, Grants
from authz.errors import NotFound, Unavailable
from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion, Station
from certs.errors import Malformed, Refused
from certs.identifiers.emaid import EMAID
from tests.world import CONTRACT_CN, NOW

STATION = Station(tenant="t", identity="CS-1", version=OcppVersion.V201)


def answer(outcome, *, action="Heartbeat"):
    async def handler(_asked):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    actions = Actions(dict.fromkeys(Handling, handler))
    return asyncio.run(actions.answer(STATION, action, b"{}"))


def test_an_answer_that_fits_is_given():
    assert answer({"currentTime": "2026-11-01T12:00:00Z"}) == (
        b'{"currentTime":"2026-11-01T12:00:00Z"}'
    )


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Unavailable("database"), CallErrorCode.INTERNAL_ERROR),
        (NotFound("tenant.not_found", "secret"), CallErrorCode.INTERNAL_ERROR),
        (Refused("policy.no", "secret"), CallErrorCode.SECURITY_ERROR),
        (Malformed("secret"), CallErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        (
            CallRefused(CallErrorCode.NOT_SUPPORTED, "as it is"),
            CallErrorCode.NOT_SUPPORTED,
        ),
        # EVerest#2245: a station fell over an answer that lacked a field
        ({}, CallErrorCode.INTERNAL_ERROR),
        ({"currentTime": "x", "more": 1}, CallErrorCode.INTERNAL_ERROR),
    ],
)
def test_what_goes_wrong_is_told_in_ocpps_words_and_no_others(outcome, code):
    with pytest.raises(CallRefused) as refused:
        answer(outcome)
    assert refused.value.code is code
    assert "secret" not in refused.value.description


def test_our_own_bugs_are_not_swallowed():
    with pytest.raises(KeyError):
        answer(KeyError("a bug"))


def test_a_handling_without_a_handler_is_found_at_once():
    with pytest.raises(ValueError, match="HEARTBEAT"):
        Actions({handling: answer for handling in Handling if handling is not Handling.HEARTBEAT})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01T12:00:00Z", NOW),
        ("2026-11-01T13:00:00.000+01:00", NOW),
        ("2026-11-01T12:00:00", NOW),  # stations leave the zone out
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (5, None),
    ],
)
def test_moments_are_read_in_the_ways_stations_write_them(text, moment):
    assert moment_of(text) == moment


def test_moments_and_reasons_are_written_within_ocpps_limits():
    assert moment_text(datetime(2026, 11, 1, 12, 0, 0, 999_999, tzinfo=UTC)) == (
        "2026-11-01T12:00:00Z"
    )
    info = status_info("a" * 30, "b" * 600)
    assert (len(info["reasonCode"]), len(info["additionalInfo"])) == (20, 512)


def test_grants_end_by_themselves_and_the_oldest_make_room():
    grants, emaid = Grants(grants_max=2), EMAID.parse(CONTRACT_CN)
    stations = [Station(tenant="t", identity=f"CS-{n}", version=OcppVersion.V21) for n in range(3)]
    given = {"decision_id": "d", "group": None, "now": NOW, "valid_until": NOW + timedelta(days=1)}
    for station in stations:
        grants.keep(station, emaid, **given)
    assert grants.find(stations[0], emaid, now=NOW) is None
    assert grants.find(stations[2], emaid, now=NOW + GRANT_LIFE) is not None
    assert grants.find(stations[2], emaid, now=NOW + GRANT_LIFE + timedelta(seconds=1)) is None
    grants.forget(stations[1], emaid)
    assert grants.find(stations[1], emaid, now=NOW) is None
