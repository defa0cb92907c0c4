"""Whole ISO 15118-2 sessions, both sides joined in memory: how they go when all is well."""

from dataclasses import replace

import pytest

from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from ev_emulator.charger.offer import Offer, Patience, Payment
from ev_emulator.ports import (
    CertificateQuestion,
    ContractQuestion,
    ExternalQuestion,
    Permitted,
    Silence,
    TariffAnswer,
    TariffQuestion,
)
from ev_emulator.session.events import (
    Authorized,
    ContractInstalled,
    Metered,
    PowerSwitched,
    ReceiptSigned,
    SessionEnded,
    SessionOpened,
    TariffReceived,
)
from ev_emulator.vehicle.intentions import Installation, Intentions
from ev_emulator.vehicle.intentions import Payment as Pays
from exi.iso2.simple_types import EnergyTransferModeType
from tests.ev_pair import (
    EVSE,
    PCID,
    WORLD,
    Pair,
    failure,
    names,
    on,
    outlet,
    told,
    wallet,
    with_body,
)
from tests.world import CONTRACT_CN

DC = EnergyTransferModeType.DC_extended
EXTERNAL = Intentions(payment=Pays.EXTERNAL, loops=1)
MINE = EMAID.parse(CONTRACT_CN)


def requests(pair):
    return [name.removesuffix("Req") for name in names(pair.ev) if name.endswith("Req")]


def assert_good(pair):
    assert failure(pair.ev) is None
    assert failure(pair.charger) is None
    assert len(told(pair.ev, SessionEnded)) == len(told(pair.charger, SessionEnded)) == 1


def test_contract_is_charged_with_ac():
    pair = Pair(intentions=Intentions(loops=2)).run()
    assert_good(pair)
    assert requests(pair) == [
        "supportedAppProtocol",
        "SessionSetup",
        "ServiceDiscovery",
        "PaymentServiceSelection",
        "PaymentDetails",
        "Authorization",
        "ChargeParameterDiscovery",
        "PowerDelivery",
        "ChargingStatus",
        "ChargingStatus",
        "PowerDelivery",
        "SessionStop",
    ]
    assert told(pair.ev, Authorized) == told(pair.charger, Authorized) == [Authorized(emaid=MINE)]
    assert [switch.on for switch in told(pair.charger, PowerSwitched)] == [True, False]


def test_what_one_side_sent_the_other_received():
    pair = Pair().run()
    assert sorted(names(pair.ev)) == sorted(names(pair.charger))


def test_contract_is_charged_with_dc():
    pair = Pair(intentions=Intentions(mode=DC, loops=2)).run()
    assert_good(pair)
    assert requests(pair)[7:] == [
        "CableCheck",
        "CableCheck",
        "PreCharge",
        "PowerDelivery",
        "CurrentDemand",
        "CurrentDemand",
        "PowerDelivery",
        "WeldingDetection",
        "SessionStop",
    ]


def test_pre_charge_is_repeated_until_the_voltage_is_near():
    far = iter([100, 300, 395])

    def slowly(message):
        value = replace(message.Body.BodyElement.EVSEPresentVoltage, Value=next(far))
        return with_body(message, EVSEPresentVoltage=value)

    pair = Pair(intentions=Intentions(mode=DC, loops=1), tamper=on("PreChargeRes", slowly)).run()
    assert_good(pair)
    assert requests(pair).count("PreCharge") == 3


@pytest.mark.parametrize("secured", [True, False])
def test_external_payment_needs_no_contract_and_no_tls(secured):
    pair = Pair(intentions=EXTERNAL, wallet=wallet(), secured=secured).run()
    assert_good(pair)
    assert told(pair.ev, Authorized) == [Authorized(emaid=None)]
    assert [type(question) for question in pair.asked] == [ExternalQuestion]


def test_vehicle_without_contract_installs_one_and_charges_with_it():
    carried = wallet()
    pair = Pair(wallet=carried)
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    pair.run()
    assert_good(pair)
    emaid = EMAID.parse("DE8AA00TESTCAR")
    assert told(pair.ev, ContractInstalled) == [ContractInstalled(emaid=emaid, updated=False)]
    assert told(pair.charger, Authorized) == [Authorized(emaid=emaid)]
    (stored,) = carried.contracts
    assert stored.private_key.public_key() == stored.leaf.public_key()
    assert [type(question) for question in pair.asked] == [
        CertificateQuestion,
        ContractQuestion,
        TariffQuestion,
    ]


def test_vehicle_with_contract_replaces_it_by_its_successor():
    old = WORLD[Role.CONTRACT]
    carried = wallet(old, provisioned=False)
    pair = Pair(wallet=carried, intentions=Intentions(installation=Installation.UPDATE)).run()
    assert_good(pair)
    assert told(pair.ev, ContractInstalled) == [ContractInstalled(emaid=MINE, updated=True)]
    (stored,) = carried.contracts
    assert stored.leaf.der != old.certificate.der
    assert "CertificateUpdateReq" in names(pair.ev)


def test_vehicle_may_install_although_it_has_a_contract():
    pair = Pair(intentions=Intentions(installation=Installation.ALWAYS))
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    pair.run()
    assert_good(pair)
    assert len(pair.wallet.contracts) == 2


@pytest.mark.parametrize("mode", [EnergyTransferModeType.AC_three_phase_core, DC])
def test_receipts_are_signed_and_verified(mode):
    pair = Pair(
        intentions=Intentions(loops=4, mode=mode), offer=Offer(evse_id=EVSE, receipt_every=2)
    ).run()
    assert_good(pair)
    assert requests(pair).count("MeteringReceipt") == 2
    assert told(pair.ev, ReceiptSigned) == told(pair.charger, ReceiptSigned)
    assert told(pair.charger, ReceiptSigned)[0].meter_id == "METER-0001"


def test_external_payment_is_asked_for_no_receipt():
    offer = Offer(evse_id=EVSE, receipt_every=1)
    pair = Pair(intentions=EXTERNAL, offer=offer).run()
    assert_good(pair)
    assert "MeteringReceiptReq" not in names(pair.ev)


def test_tariff_of_the_mobility_operator_is_believed():
    pair = Pair().run()
    assert told(pair.ev, TariffReceived) == [TariffReceived(tariff_id=1, believed=True)]


def test_charger_that_asks_no_tariffs_sends_none():
    pair = Pair(offer=Offer(evse_id=EVSE, asks_tariffs=False)).run()
    assert_good(pair)
    assert told(pair.ev, TariffReceived) == []


@pytest.mark.parametrize("answer", [None, Silence(what="csms"), TariffAnswer(tariff=None)])
def test_tariff_that_does_not_come_does_not_keep_anybody_waiting(answer):
    def answers(question):
        return Permitted() if isinstance(question, ContractQuestion) else answer

    pair = Pair(answers=answers).run()
    assert_good(pair)
    assert told(pair.ev, TariffReceived) == []
    assert pair.clock.seconds() - 1000 <= Patience().tariff_seconds + 0.01


def test_meter_counts_while_power_flows_and_vehicle_stops_when_it_has_enough():
    pair = Pair(intentions=Intentions(loops=100, loop_pause_seconds=45, energy_wh=800)).run()
    assert_good(pair)
    readings = [metered.meter_wh for metered in told(pair.ev, Metered)]
    assert readings == [12_000, 12_275, 12_550, 12_825]  # 22 kW for 45 s each
    assert told(pair.charger, PowerSwitched)[-1].meter_wh == 12_825


def test_vehicle_renegotiates_and_goes_on():
    for mode, back in (
        (EnergyTransferModeType.AC_three_phase_core, "ac_ready"),
        (DC, "dc_ready"),
    ):
        pair = Pair(intentions=Intentions(loops=4, mode=mode, renegotiate_after=2)).run()
        assert_good(pair)
        assert requests(pair).count("ChargeParameterDiscovery") == 2, back


def test_charger_asks_to_renegotiate_and_to_stop():
    offer = Offer(evse_id=EVSE, renegotiate_after=2)
    pair = Pair(intentions=Intentions(loops=5), offer=offer).run()
    assert_good(pair)
    assert requests(pair).count("ChargeParameterDiscovery") == 2
    stopped = Pair(
        intentions=Intentions(loops=50, mode=DC), offer=Offer(evse_id=EVSE, stop_after=3)
    ).run()
    assert_good(stopped)
    assert requests(stopped).count("CurrentDemand") == 3


def test_paused_session_is_joined_again_by_the_vehicle_that_paused_it():
    first = Pair(intentions=Intentions(pause=True)).run()
    assert_good(first)
    (ended,) = told(first.ev, SessionEnded)
    assert ended.paused
    second = Pair(resume=ended.session_id, outlet=first.outlet, clock=first.clock).run()
    assert_good(second)
    (opened,) = told(second.ev, SessionOpened)
    assert (opened.joined, opened.session_id) == (True, ended.session_id)
    assert len(first.outlet.paused) == 0


def test_v23_paused_session_is_not_joined_by_another_vehicle():
    first = Pair(intentions=Intentions(pause=True)).run()
    (ended,) = told(first.ev, SessionEnded)
    thief = Intentions(evcc_id=bytes.fromhex("02000000beef"))
    second = Pair(
        intentions=thief, resume=ended.session_id, outlet=first.outlet, clock=first.clock
    ).run()
    assert_good(second)
    (opened,) = told(second.ev, SessionOpened)
    assert not opened.joined
    assert opened.session_id != ended.session_id
    assert len(first.outlet.paused) == 1  # still there for its owner


def test_joined_session_is_paid_as_before():
    first = Pair(intentions=replace(EXTERNAL, pause=True)).run()
    (ended,) = told(first.ev, SessionEnded)
    second = Pair(resume=ended.session_id, outlet=first.outlet, clock=first.clock).run()
    assert failure(second.ev) == ("payment.contract_not_offered", "")


def test_v09_octet_by_octet_the_session_is_the_same():
    whole = Pair().run()
    slow = Pair(portion=1).run()
    assert names(slow.ev) == names(whole.ev)
    assert_good(slow)


def test_backend_that_thinks_longer_is_waited_for_with_ongoing():
    asked = []

    def later(question):
        if isinstance(question, ContractQuestion):
            asked.append(question)
            return None
        return TariffAnswer(tariff=None)

    pair = Pair(answers=later, offer=Offer(evse_id=EVSE))
    original = pair._wait

    def wait():
        original()
        if pair.clock.seconds() > 1004.5 and asked:
            pair._note_secc(pair.secc.answer(asked.pop(), Permitted()))

    pair._wait = wait
    pair.run()
    assert_good(pair)
    assert requests(pair).count("Authorization") > 3
    assert told(pair.ev, Authorized) == [Authorized(emaid=MINE)]


def test_person_who_takes_a_while_is_waited_for():
    answers = {ExternalQuestion: None}

    def later(question):
        return answers[type(question)]

    pair = Pair(intentions=EXTERNAL, answers=later)
    original = pair._wait

    def wait():
        original()
        if pair.clock.seconds() > 1010:
            pair._note_secc(pair.secc.answer(pair.asked[0], Permitted()))

    pair._wait = wait
    pair.run()
    assert_good(pair)
    assert [type(question) for question in pair.asked] == [ExternalQuestion]


def test_contract_that_ends_soon_is_charged_with_and_told_so():
    codes = []

    def look(message):
        codes.append(message.Body.BodyElement.ResponseCode.value)
        return message

    offer = Offer(evse_id=EVSE, expires_soon_days=10_000)
    assert_good(Pair(offer=offer, tamper=on("PaymentDetailsRes", look)).run())
    assert codes == ["OK_CertificateExpiresSoon"]


def test_charger_for_contracts_only_offers_no_external_payment():
    offer = Offer(evse_id=EVSE, payments=(Payment.CONTRACT,))
    pair = Pair(intentions=EXTERNAL, offer=offer).run()
    assert failure(pair.ev) == ("payment.external_not_offered", "")
    assert_good(Pair(offer=offer).run())


def test_two_sessions_at_one_outlet_have_identifiers_of_their_own():
    first = Pair().run()
    second = Pair(outlet=outlet(first.clock, dice=first.outlet.random_bytes)).run()
    one, other = (told(pair.ev, SessionOpened)[0].session_id for pair in (first, second))
    assert one != other
