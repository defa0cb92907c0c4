"""Rare turns of a session that no whole story takes, and the smaller rooms around it."""

import asyncio
from dataclasses import replace

import pytest

from certs.chain.anchors import AnchorSet
from certs.chain.roles import Purpose
from certs.edition import Edition
from certs.errors import MalformedIdentifier
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from ev_emulator.asking import ask
from ev_emulator.charger.meter import Meter
from ev_emulator.charger.offer import Offer
from ev_emulator.charger.paused import PausedSession, PausedSessions, Payment
from ev_emulator.charger.staples import RETRY_SECONDS, StapleCache
from ev_emulator.driving.bookkeeping import Books
from ev_emulator.errors import LocalProtocolError, Unavailable
from ev_emulator.ports import (
    CertificateAction,
    CertificateQuestion,
    Permitted,
    Phase,
    Silence,
    TariffAnswer,
    TariffQuestion,
    TransactionReport,
)
from ev_emulator.reasons import Failure, of_findings, title
from ev_emulator.session.evcc import EvccSession
from ev_emulator.session.events import (
    Authorized,
    Metered,
    PowerSwitched,
    ReceiptSigned,
    SessionEnded,
    SessionFailed,
    SessionOpened,
    TariffReceived,
)
from ev_emulator.session.iso_2 import requests, wire
from ev_emulator.session.iso_2.hearing import Hearing
from ev_emulator.session.iso_2.tariffs import judge_tariff
from ev_emulator.session.iso_2.values import physical, volts, watts, whole
from ev_emulator.session.secc import SeccSession
from ev_emulator.session.speaking import Heard
from ev_emulator.stand_in.backend import StandIn, day_tariff, sign_tariff
from ev_emulator.vehicle.intentions import Intentions
from ev_emulator.vehicle.intentions import Payment as Pays
from ev_emulator.vehicle.wallet import contract
from exi.errors import Malformed
from exi.iso2.message import BodyType, V2G_Message
from exi.iso2.simple_types import EnergyTransferModeType, EVSEProcessingType
from exi.iso2.values import PhysicalValueType
from tests.ev_pair import (
    EVSE,
    PCID,
    WORLD,
    Dice,
    HandClock,
    Pair,
    failure,
    names,
    on,
    outlet,
    told,
    wallet,
    with_body,
)
from tests.world import CONTRACT_CN, NOW, valid_world

DC = EnergyTransferModeType.DC_extended
MINE = EMAID.parse(CONTRACT_CN)


# Values


@pytest.mark.parametrize("value", [0, 1, -7, 32_767, 40_000, -40_000, 22_000, 150_000, 32_767_000])
def test_physical_values_come_back_as_far_as_sixteen_bits_hold(value):
    made = watts(value)
    assert abs(made.Value) <= 32_767
    assert abs(whole(made) - value) < 10**made.Multiplier


def test_value_that_no_physical_value_holds_is_not_made():
    with pytest.raises(ValueError, match="W"):
        watts(40_000_000)


def test_fractions_are_rounded_down():
    assert whole(PhysicalValueType(Multiplier=-1, Unit="V", Value=2305)) == 230
    assert whole(physical(230, volts(1).Unit)) == 230


# The vehicle


def test_vehicle_asks_again_for_parameters_that_the_charger_still_works_out():
    ongoing = on(
        "ChargeParameterDiscoveryRes",
        lambda m: with_body(m, EVSEProcessing=EVSEProcessingType.Ongoing),
    )
    pair = Pair(tamper=ongoing).run()
    # this charger has moved on, and says so
    assert failure(pair.ev) == ("session.refused", "FAILED_SequenceError")
    assert names(pair.ev).count("ChargeParameterDiscoveryReq") == 2


def test_vehicle_gives_up_where_the_service_it_needs_has_no_installation():
    pair = Pair(
        wallet=wallet(),
        tamper=on("ServiceDetailRes", lambda m: with_body(m, ServiceParameterList=None)),
    ).run()
    assert failure(pair.ev) == ("installation.not_offered", "")


def test_vehicle_never_takes_a_contract_it_could_not_ask_for():
    pair = Pair(wallet=wallet())
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    kept = []
    pair.tamper = on("CertificateInstallationRes", lambda m: kept.append(m) or m)
    pair.run()
    hearing = Hearing(
        Intentions(), wallet(provisioned=False), clock=pair.clock, secured=True, resume=None
    )
    heard = Heard(name="CertificateInstallationRes", session_id=b"1", message=kept[0], payload=b"")
    with pytest.raises(LocalProtocolError):
        hearing.take(None, heard)


def test_vehicle_owes_no_receipt_it_was_not_shown_a_reading_for():
    pair = Pair()
    with pytest.raises(LocalProtocolError):
        pair.evcc._speakers[0].speak("ac_receipt", b"1")


def test_vehicle_that_would_break_the_protocol_stops_itself():
    pair = Pair()
    speaker = pair.evcc._speakers[0]
    speaker.speak = lambda _state, _session: requests_of("SessionStopReq")
    with pytest.raises(LocalProtocolError):
        pair.run()


def requests_of(name):
    from ev_emulator.session.speaking import Request

    return Request(name=name, message=None, payload=b"\x80")


def test_vehicle_without_the_operators_root_believes_a_contract_all_the_same():
    carried = wallet()
    v2g = [a for a in WORLD.anchors().anchors if a.purpose is Purpose.V2G]
    carried.anchors = AnchorSet(v2g)
    pair = Pair(wallet=carried)
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    assert failure(pair.run().ev) is None
    assert len(carried.contracts) == 1


def test_vehicle_does_not_believe_a_contract_that_is_over_when_it_comes():
    carried = wallet()
    pair = Pair(wallet=carried)
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    leaf = pair.backend._contract_for(PCID)
    past = (leaf.certificate.not_before - NOW).total_seconds() - 1
    kept = []
    pair.tamper = on("CertificateInstallationRes", lambda m: kept.append(m) or m)
    pair.run()
    from ev_emulator.vehicle import installation

    body = kept[0].Body.BodyElement
    anchors = AnchorSet([a for a in WORLD.anchors().anchors if a.purpose is Purpose.V2G])
    for moment, code in ((past, "chain.not_yet_valid"),):
        outcome = installation.accept(
            kept[0],
            body,
            anchors=anchors,
            recipient_private_key=carried.provisioning.private_key,
            now=leaf.certificate.not_before.fromtimestamp(NOW.timestamp() + moment, tz=NOW.tzinfo),
        )
        assert isinstance(outcome, Failure)
        assert outcome.code == code


def test_contract_key_of_another_edition_opens_nothing():
    carried = wallet()
    pair = Pair(wallet=carried)
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    kept = []
    pair.tamper = on("CertificateInstallationRes", lambda m: kept.append(m) or m)
    pair.run()
    from ev_emulator.vehicle import installation

    other = valid_world(Edition.ISO_20, key_kind=None)
    from certs.keys import KeyKind, generate

    outcome = installation.accept(
        kept[0],
        kept[0].Body.BodyElement,
        anchors=WORLD.anchors(),
        recipient_private_key=generate(KeyKind.ED448),
        now=NOW,
    )
    assert other.edition is Edition.ISO_20
    assert outcome == Failure(code="installation.rejected", detail="not a P-256 key")


def test_contract_without_an_emaid_is_none():
    secc = WORLD[Role.SECC]
    with pytest.raises(MalformedIdentifier):
        contract(secc.chain, secc.private_key)
    nameless = replace_common_name()
    with pytest.raises(MalformedIdentifier):
        contract((nameless,), secc.private_key)


def replace_common_name():
    from tests.world import crooked, name

    return crooked(WORLD[Role.CONTRACT], subject=name(("2.5.4.10", "Nobody"))).certificate


def test_wallet_forgets_the_contract_that_another_of_the_same_emaid_replaces():
    carried = wallet(WORLD[Role.CONTRACT], WORLD[Role.CONTRACT])
    assert len(carried.contracts) == 2  # as it was filled
    carried.store(carried.contracts[0])
    assert len(carried.contracts) == 1
    assert "private_key" not in repr(carried.contracts[0])


def test_tariff_nobody_can_vouch_for_is_not_believed():
    message = V2G_Message(
        Header=wire_header(), Body=BodyType(BodyElement=requests.service_discovery())
    )
    judged = judge_tariff(day_tariff(), message, None)
    assert judged == TariffReceived(
        tariff_id=1, believed=False, reason="no mobility operator to believe"
    )


def wire_header():
    from exi.iso2.header import MessageHeaderType

    return MessageHeaderType(SessionID=b"1")


# The charger


def test_charging_service_has_details_too():
    pair = Pair(wallet=wallet(), tamper=on("ServiceDetailReq", lambda m: with_body(m, ServiceID=1)))
    pair.run()
    assert failure(pair.charger) == ("session.closed", "")  # the vehicle wanted another one


def test_power_is_limited_to_what_the_outlet_has():
    offer = Offer(evse_id=EVSE, dc_watts_max=10_000)
    wants = Intentions(mode=DC, loops=1, amperes_max=100, volts=400)
    assert failure(Pair(offer=offer, intentions=wants).run().ev) is None
    pair = Pair(offer=offer, intentions=wants)
    seen = []
    pair.tamper = on("CurrentDemandRes", lambda m: seen.append(m.Body.BodyElement) or m)
    pair.run()
    assert seen[0].EVSEPowerLimitAchieved
    assert whole(seen[0].EVSEPresentCurrent) == 25


FAR_BELOW = PhysicalValueType(Multiplier=3, Unit="V", Value=-32_768)


@pytest.mark.parametrize(
    "tamper",
    [
        on("PreChargeReq", lambda m: with_body(m, EVTargetVoltage=FAR_BELOW)),
        on("CurrentDemandReq", lambda m: with_body(m, EVTargetVoltage=FAR_BELOW)),
        on("CurrentDemandReq", lambda m: with_body(m, EVTargetCurrent=FAR_BELOW)),
    ],
)
def test_values_far_below_zero_deliver_nothing(tamper):
    pair = Pair(intentions=Intentions(mode=DC, loops=1), tamper=tamper).run()
    # the vehicle waits for a voltage that does not come, or charges with nothing
    assert failure(pair.ev) in {None, ("timeout.dwell", "")}
    assert pair.outlet.meter.reading_wh == 12_000


def test_schedule_of_less_than_nothing_is_followed_with_nothing():
    def below(message):
        schedules = message.Body.BodyElement.SASchedules
        first = schedules.SAScheduleTuple[0]
        entry = replace(first.PMaxSchedule.PMaxScheduleEntry[0], PMax=FAR_BELOW)
        power = replace(first.PMaxSchedule, PMaxScheduleEntry=(entry,))
        made = replace(schedules, SAScheduleTuple=(replace(first, PMaxSchedule=power),))
        return with_body(message, SASchedules=made)

    assert failure(Pair(tamper=on("ChargeParameterDiscoveryRes", below)).run().ev) is None


def test_answer_of_another_kind_permits_nothing():
    def wrong(question):
        if isinstance(question, TariffQuestion):
            return Permitted()
        return TariffAnswer(tariff=None)

    pair = Pair(answers=wrong).run()
    assert told(pair.charger, Authorized) == []
    assert failure(pair.charger)[0] in {"backend.unavailable", "session.closed"}


def test_answer_of_another_kind_permits_no_external_payment_either():
    wants = Intentions(payment=Pays.EXTERNAL)
    pair = Pair(intentions=wants, answers=lambda _question: TariffAnswer(tariff=None)).run()
    assert told(pair.charger, Authorized) == []
    assert failure(pair.charger) == ("backend.unavailable", "FAILED")


def test_answer_to_a_tariff_question_of_another_kind_gives_no_tariff():
    def wrong(_question):
        return Permitted()

    pair = Pair(answers=wrong).run()
    assert failure(pair.ev) is None
    assert told(pair.ev, TariffReceived) == []


def test_answer_nobody_waits_for_any_more_is_forgotten():
    pair = Pair(answers=lambda question: None if is_tariff(question) else Permitted()).run()
    clock = HandClock()
    session = SeccSession(speakers=pair.secc._speakers, clock=clock)
    assert session.answer(TariffQuestion(emaid=MINE, edition=Edition.ISO_2), Permitted()) == ()
    speaker = pair.secc._speakers[0]
    late = TariffAnswer(tariff=sign_tariff(day_tariff(), WORLD[Role.MO_SUB_2].signer))
    assert speaker.answered(pair.asked[-1], late) is None


def is_tariff(question):
    return isinstance(question, TariffQuestion)


def test_identifier_of_zeros_is_never_given_out():
    clock = HandClock()
    dice = Dice()
    shared = outlet(clock, dice=lambda octets: bytes(octets) if octets == 8 else dice(octets))
    (opened,) = told(Pair(outlet=shared, clock=clock).run().ev, SessionOpened)
    assert any(opened.session_id)


def test_only_the_latest_paused_sessions_are_kept():
    paused = PausedSessions(sessions_max=2)
    for number in range(3):
        paused.keep(bytes((number,)), PausedSession(evcc_id=b"car", payment=Payment.CONTRACT))
    assert len(paused) == 2
    assert paused.join(b"\x00", evcc_id=b"car") is None
    assert paused.join(b"\x02", evcc_id=b"car") is not None


def test_meter_counts_only_while_power_flows():
    clock = HandClock()
    meter = Meter("M", clock=clock, start_wh=5, speed=2)
    clock.move(3600)
    assert (meter.reading_wh, meter.watts) == (5, 0)
    meter.switch(1000)
    clock.move(1800)
    assert (meter.reading_wh, meter.watts) == (1005, 1000)
    meter.switch(0)
    clock.move(1800)
    assert meter.reading_wh == 1005


def test_books_tell_a_transaction_from_power_on_to_the_end():
    books = Books("t-1")
    news = [
        SessionOpened(session_id=b"1", evse_id="DEICEE1", evcc_id=b"2", joined=False),
        Authorized(emaid=MINE),
        Metered(meter_id="M", meter_wh=1),  # before power flows: nothing to tell
        PowerSwitched(on=True, meter_wh=10),
        Metered(meter_id="M", meter_wh=20),
        ReceiptSigned(meter_id="M", meter_wh=20),
        PowerSwitched(on=False, meter_wh=30),
        SessionEnded(session_id=b"1", paused=False),
    ]
    reports = [books.follow(event, moment=NOW) for event in news]
    assert [report.phase if report else None for report in reports] == [
        None,
        None,
        None,
        Phase.BEGAN,
        Phase.METERED,
        Phase.CONFIRMED,
        Phase.ENDED,
        None,
    ]
    assert reports[6] == TransactionReport(
        phase=Phase.ENDED,
        transaction_id="t-1",
        evse_id="DEICEE1",
        emaid=MINE,
        meter_wh=30,
        moment=NOW,
    )


def test_books_end_a_transaction_that_breaks_off():
    books = Books("t-1")
    books.follow(PowerSwitched(on=True, meter_wh=10), moment=NOW)
    failed = SessionFailed(failure=Failure(code="session.closed"), response_code="", at="ac")
    assert books.follow(failed, moment=NOW).phase is Phase.ENDED
    assert books.follow(failed, moment=NOW) is None


# The core with an edition of its own


def test_vehicle_that_is_asked_nothing_says_nothing():
    session = EvccSession(speakers=[], clock=HandClock())
    assert session.tick() == ()
    assert session.wakes_at is None
    assert session.outgoing() == b""
    assert SeccSession(speakers=[], clock=HandClock()).tick() == ()


def test_message_of_another_kind_is_our_own_fault():
    with pytest.raises(TypeError):
        wire.message_of(Heard(name="X", session_id=b"1", message=None, payload=b""))


def test_reasons_have_titles_for_people_and_findings_have_weights():
    assert title("session.closed")
    assert title("chain.expired")
    assert of_findings((), edition=Edition.ISO_20) is None


# The backend's twin and the asking of it


def stand_in(**options):
    return StandIn(WORLD, now=lambda: NOW, random_bytes=Dice(), **options)


def certificate_question(exi):
    return CertificateQuestion(
        action=CertificateAction.INSTALL, edition=Edition.ISO_2, namespace="urn:x", exi=exi
    )


def test_backend_that_cannot_be_reached_is_silent():
    class Unreachable:
        async def sales_tariff(self, _question):
            raise Unavailable("csms", "no route")

    question = TariffQuestion(emaid=MINE, edition=Edition.ISO_2)
    assert asyncio.run(ask(Unreachable(), question)) == Silence(what="csms: no route")


def test_backend_that_takes_too_long_is_silent():
    class Slow:
        async def sales_tariff(self, _question):
            await asyncio.sleep(60)

    question = TariffQuestion(emaid=MINE, edition=Edition.ISO_2)
    answer = asyncio.run(ask(Slow(), question, within_seconds=0.01))
    assert isinstance(answer, Silence)


def test_provisioning_answers_what_it_is_not_asked_with_a_failure():
    other = wire.write(requests.service_discovery(), session_id=b"1")
    answer = asyncio.run(stand_in().contract_certificate(certificate_question(other)))
    from exi.codec import decode
    from exi.protocol import Protocol

    body = decode(answer, Protocol.ISO_2).Body.BodyElement
    assert (type(body).__name__, body.ResponseCode) == ("CertificateInstallationRes", "FAILED")
    with pytest.raises(Malformed):
        asyncio.run(stand_in().contract_certificate(certificate_question(b"?")))


def with_chain(message):
    chain = replace(message.Body.BodyElement.ContractSignatureCertChain, Certificate=b"none")
    return with_body(message, ContractSignatureCertChain=chain)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (
            "CertificateInstallationReq",
            lambda m: with_body(m, OEMProvisioningCert=b"no certificate"),
        ),
        ("CertificateUpdateReq", with_chain),
    ],
)
def test_provisioning_refuses_chains_it_cannot_read(name, change):
    from ev_emulator.vehicle.intentions import Installation

    update = name == "CertificateUpdateReq"
    pair = Pair(
        wallet=wallet(WORLD[Role.CONTRACT]) if update else wallet(),
        intentions=Intentions(
            installation=Installation.UPDATE if update else Installation.WHEN_MISSING
        ),
        tamper=on(name, change),
    ).run()
    assert failure(pair.ev) == ("session.refused", "FAILED_CertChainError")


def test_twin_knows_no_delegate_of_a_foreign_issuer():
    foreign = valid_world(name="foreign")
    secc = foreign[Role.SECC]
    with pytest.raises(Unavailable):
        asyncio.run(stand_in().certificate_status(secc.certificate, secc.issuer.certificate))


def test_twin_has_no_tariff_of_another_edition_and_none_when_they_are_off():
    for made, edition in ((stand_in(), Edition.ISO_2), (stand_in(tariffs=True), Edition.ISO_20)):
        question = TariffQuestion(emaid=MINE, edition=edition)
        assert asyncio.run(made.sales_tariff(question)) is None


def test_twin_gives_no_contract_to_what_is_no_emaid():
    assert stand_in()._contract_for("nobody") is None


# Staples


def cache_of(backend):
    secc = WORLD[Role.SECC]
    return StapleCache(secc.certificate, secc.issuer.certificate, backend)


def test_staple_is_kept_until_its_end_and_renewed_in_half_its_time():
    cache = cache_of(stand_in())
    assert cache.current(NOW) == b""
    assert asyncio.run(cache.refresh(NOW)) == 1800
    kept = cache.current(NOW)
    assert kept != b""
    later = NOW.fromtimestamp(NOW.timestamp() + 3601, tz=NOW.tzinfo)
    assert cache.current(later) == b""


def test_staple_that_says_revoked_is_shown_all_the_same():
    ours = stand_in()
    ours.revoke(WORLD[Role.SECC].certificate)
    cache = cache_of(ours)
    asyncio.run(cache.refresh(NOW))
    assert cache.current(NOW) != b""


@pytest.mark.parametrize("answer", [b"no response", None])
def test_staple_that_cannot_be_had_is_asked_for_again_soon(answer):
    class Odd:
        async def certificate_status(self, _certificate, _issuer):
            if answer is None:
                raise Unavailable("ocsp")
            return answer

    cache = cache_of(Odd())
    assert asyncio.run(cache.refresh(NOW)) == RETRY_SECONDS
    assert cache.current(NOW) == b""


def test_charger_answers_no_request_that_it_has_no_room_for():
    pair = Pair()
    speaker = pair.secc._speakers[0]
    message = V2G_Message(Header=wire_header(), Body=BodyType())
    with pytest.raises(LocalProtocolError):
        speaker.respond("nowhere", Heard(name="X", session_id=b"", message=message, payload=b""))
