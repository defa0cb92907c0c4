"""Transactions as stations report them: who charges where, and what their tokens are answered."""

from datetime import datetime

import pytest

from authz.ocpp.protocol import OcppVersion
from certs.edition import Edition
from certs.identifiers.emaid import EMAID
from tests.authz_house import TENANT, house
from tests.scripted_station import ScriptedStation, emaid_token
from tests.world import CONTRACT_CN, NOW

TOKEN = emaid_token(CONTRACT_CN)
AT = NOW.isoformat()
EMAID_1 = EMAID.parse(CONTRACT_CN, edition=Edition.ISO_20)


@pytest.fixture
def boring(tmp_path):
    with house(tmp_path) as h:
        yield h


@pytest.fixture(params=[OcppVersion.V201, OcppVersion.V21])
def station(request, boring):
    return ScriptedStation(boring, request.param)


def running(h):
    return h.client.run(h.client.app.state.answers.transactions.running(TENANT, EMAID_1))


def event(kind, *, name="tx-1", number=0, **more):
    info = {"transactionId": name, **more.pop("info", {})}
    return {
        "eventType": kind,
        "timestamp": AT,
        "triggerReason": "Authorized",
        "seqNo": number,
        "transactionInfo": info,
        **more,
    }


def test_a_transaction_refers_to_the_authorize_before(boring, station):
    assert running(boring) == ()
    station.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    started = event("Started", idToken=TOKEN, evse={"id": 2, "connectorId": 1})
    info = station.ask("TransactionEvent", **started)["idTokenInfo"]
    assert info["status"] == "Accepted"
    (live,) = running(boring)
    assert (live.identity, live.evse, live.connector) == ("CS-1", 2, 1)
    assert live.authorized
    assert live.started_at == NOW
    decision = boring.client.get(
        f"/v1/decisions/{live.decision_id}", headers=boring.headers()
    ).json()
    assert decision["question"]["emaid"] == CONTRACT_CN
    assert station.ask("TransactionEvent", **event("Updated", number=1)) == {}
    ended = event("Ended", number=2, info={"stoppedReason": "EVDisconnected"})
    assert station.ask("TransactionEvent", **ended) == {}
    assert running(boring) == ()


def test_a_token_that_nothing_proved_at_this_station_is_refused(boring, station):
    """Another station's Authorize grants nothing here."""
    elsewhere = ScriptedStation(boring, identity="CS-2")
    elsewhere.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    info = station.ask("TransactionEvent", **event("Started", idToken=TOKEN))["idTokenInfo"]
    assert info["status"] == "Invalid"
    (live,) = running(boring)
    assert not live.authorized  # it is kept all the same: the station charges, or it does not


def test_a_refusal_ends_what_was_granted_before(boring, station):
    station.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    boring.register(state="Blocked")
    station.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    info = station.ask("TransactionEvent", **event("Started", idToken=TOKEN))["idTokenInfo"]
    assert info["status"] != "Accepted"


def test_what_was_granted_holds_to_the_end_of_its_transaction(boring, station):
    station.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    station.ask("TransactionEvent", **event("Started", idToken=TOKEN))
    boring.clock.now = datetime.fromisoformat("2026-11-30T00:00:00+00:00")  # no grant lives so long
    info = station.ask("TransactionEvent", **event("Ended", idToken=TOKEN))["idTokenInfo"]
    assert info == {"status": "Accepted"}


def test_events_out_of_order_and_twice_make_one_transaction(boring, station):
    station.ask("TransactionEvent", **event("Ended", number=2))
    for _ in range(2):
        station.ask("TransactionEvent", **event("Started", number=0, offline=True, evse={"id": 1}))
    assert running(boring) == ()


def test_another_token_may_end_a_transaction_and_never_takes_it_over(boring, station):
    station.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    station.ask("TransactionEvent", **event("Started", idToken=TOKEN))
    other = emaid_token("DE8AA009876543")
    info = station.ask("TransactionEvent", **event("Updated", number=1, idToken=other))
    assert info["idTokenInfo"]["status"] == "Invalid"
    (live,) = running(boring)
    assert live.emaid == EMAID_1
    assert live.authorized


# -- OCPP 1.6 -------------------------------------------------------------------------------------


@pytest.fixture
def old(boring):
    return ScriptedStation(boring, OcppVersion.V16)


def start(old, *, meter=0):
    return old.ask(
        "StartTransaction", connectorId=1, idTag=CONTRACT_CN, meterStart=meter, timestamp=AT
    )


def test_16_a_transaction_from_start_to_stop(boring, old):
    old.transfer("Authorize", {"idToken": TOKEN, "certificate": boring.contract.pem})
    started = start(old)
    assert started["idTagInfo"]["status"] == "Accepted"
    (live,) = running(boring)
    assert live.number == started["transactionId"]
    assert live.connector == 1
    meter = {"timestamp": AT, "sampledValue": [{"value": "1"}]}
    number = started["transactionId"]
    assert old.ask("MeterValues", connectorId=1, transactionId=number, meterValue=[meter]) == {}
    stop = {"transactionId": number, "meterStop": 9, "timestamp": AT, "reason": "EVDisconnected"}
    assert old.ask("StopTransaction", **stop) == {}
    assert running(boring) == ()
    told = old.ask("StopTransaction", **stop, idTag=CONTRACT_CN)
    assert told["idTagInfo"]["status"] == "Accepted"


def test_16_transaction_ids_are_each_ones_own_and_outlive_a_restart(tmp_path):
    numbers = []
    for turn in range(2):
        with house(tmp_path) as h:
            old = ScriptedStation(h, OcppVersion.V16)
            numbers += [start(old, meter=turn * 10 + at)["transactionId"] for at in range(3)]
            other = ScriptedStation(h, OcppVersion.V16, identity="CS-2")
            numbers.append(start(other, meter=turn * 10)["transactionId"])
    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < 2**31 for number in numbers)


def test_16_a_start_that_is_sent_again_is_one_transaction(boring, old):
    """A station that missed the answer repeats itself."""
    assert start(old)["transactionId"] == start(old)["transactionId"]
    assert len(running(boring)) == 1


def test_16_a_refused_id_tag_gets_a_transaction_id_too(boring, old):
    told = start(old)
    assert told["idTagInfo"] == {"status": "Invalid"}
    assert told["transactionId"] > 0


@pytest.mark.parametrize("number", [0, -1, 4_711, 2**31, 2**70])
def test_16_a_stop_of_nothing_is_answered(boring, old, number):
    assert old.ask("StopTransaction", transactionId=number, meterStop=9, timestamp=AT) == {}


def test_16_one_stations_number_stops_nothing_elsewhere(boring, old):
    number = start(old)["transactionId"]
    stranger = ScriptedStation(boring, OcppVersion.V16, identity="CS-2")
    stranger.ask("StopTransaction", transactionId=number, meterStop=9, timestamp=AT)
    assert len(running(boring)) == 1
