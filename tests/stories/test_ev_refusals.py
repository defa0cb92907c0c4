"""What chargers refuse and vehicles do not believe: each with its reason and ResponseCode."""

from dataclasses import replace

import pytest

from certs.chain.verifier import ChainVerifier
from certs.findings.catalogue import found
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from ev_emulator.charger.contract_check import ContractCheck, UnknownRoot
from ev_emulator.charger.offer import Offer, Patience
from ev_emulator.ports import (
    CertificateAnswer,
    CertificateQuestion,
    ContractQuestion,
    Denied,
    Permitted,
    Silence,
    TariffAnswer,
    TariffQuestion,
)
from ev_emulator.session.events import (
    Authorized,
    ContractInstalled,
    PowerSwitched,
    SessionEnded,
    TariffReceived,
)
from ev_emulator.stand_in.backend import StandIn, day_tariff, sign_tariff
from ev_emulator.vehicle.intentions import Installation, Intentions
from ev_emulator.vehicle.intentions import Payment as Pays
from exi.codec import encode
from exi.iso2.certificate import ContractSignatureEncryptedPrivateKeyType, SubCertificatesType
from exi.iso2.payment import SelectedServiceListType, SelectedServiceType
from exi.iso2.simple_types import EnergyTransferModeType
from exi.iso2.values import PhysicalValueType
from exi.xmldsig import SignatureType
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
from tests.world import (
    CONTRACT_CN,
    crooked,
    expired,
    not_yet_valid,
    reissued,
    valid_world,
)

CONTRACT = WORLD[Role.CONTRACT]
FOREIGN = valid_world(name="foreign")
DC = EnergyTransferModeType.DC_extended


def refused(pair):
    """What the charger said and what the vehicle heard, which must be the same word."""
    pair.run()
    (code, word), heard = failure(pair.charger), failure(pair.ev)
    assert heard == ("session.refused", word)
    assert (
        told(pair.charger, Authorized) == []
        or word == "FAILED_MeteringSignatureNotValid"
        or (pair.secc.state not in {"contract_selected", "contract_challenged"})
    )
    return code, word


# The contract


@pytest.mark.parametrize(
    ("contract", "code", "word"),
    [
        (lambda: expired(CONTRACT), "chain.expired", "FAILED_CertificateExpired"),
        (lambda: not_yet_valid(CONTRACT), "chain.not_yet_valid", "FAILED_CertificateExpired"),
        (
            lambda: crooked(CONTRACT, signed_by=FOREIGN[Role.MO_SUB_2]),
            "chain.signature_invalid",
            "FAILED_CertChainError",
        ),
        (lambda: WORLD[Role.SECC], "identity.emaid_malformed", "FAILED_CertChainError"),
    ],
    ids=["X16-expired", "X16-not-yet-valid", "X17-forged", "X09-of-a-charger"],
)
@pytest.mark.parametrize("unknown_root", UnknownRoot)
def test_contract_that_no_backend_could_save_is_refused_by_the_charger(
    contract, code, word, unknown_root
):
    clock = HandClock()
    bad = contract()
    carried = wallet()
    good = wallet(CONTRACT).contracts[0]
    carried.store(replace(good, chain=bad.chain, private_key=bad.private_key))
    pair = Pair(
        wallet=carried,
        clock=clock,
        outlet=outlet(clock, unknown_root=unknown_root),
        intentions=Intentions(installation=Installation.NEVER),
    )
    assert refused(pair) == (code, word)
    assert pair.asked == []


def test_chain_that_cannot_be_read_is_refused():
    pair = Pair(tamper=on("PaymentDetailsReq", lambda m: with_chain(m, Certificate=b"0")))
    assert refused(pair) == ("contract.unreadable", "FAILED_CertChainError")


def with_chain(message, **changes):
    chain = replace(message.Body.BodyElement.ContractSignatureCertChain, **changes)
    return with_body(message, ContractSignatureCertChain=chain)


def test_contract_of_a_foreign_root_is_refused_by_a_charger_that_may_not_ask():
    clock = HandClock()
    pair = Pair(
        wallet=wallet(FOREIGN[Role.CONTRACT]),
        clock=clock,
        outlet=outlet(clock, unknown_root=UnknownRoot.REFUSE),
    )
    code, word = refused(pair)
    assert word in {"FAILED_NoCertificateAvailable", "FAILED_CertChainError"}
    assert code.startswith("chain.")
    assert pair.asked == []


def test_contract_of_a_foreign_root_is_asked_about_where_the_backend_may_know_better():
    pair = Pair(wallet=wallet(FOREIGN[Role.CONTRACT]))
    _, word = refused(pair)
    (question,) = pair.asked
    assert question.path == ()
    assert question.chain == FOREIGN[Role.CONTRACT].chain
    assert word in {"FAILED_NoCertificateAvailable", "FAILED_CertChainError"}


def test_expired_contract_of_a_foreign_root_is_not_worth_asking_about():
    old = expired(FOREIGN[Role.CONTRACT])
    carried = wallet()
    good = wallet(FOREIGN[Role.CONTRACT]).contracts[0]
    carried.store(replace(good, chain=old.chain, private_key=old.private_key))
    pair = Pair(wallet=carried, intentions=Intentions(installation=Installation.NEVER))
    assert refused(pair) == ("chain.expired", "FAILED_CertificateExpired")
    assert pair.asked == []


def test_x11_emaid_of_another_is_refused():
    pair = Pair(tamper=on("PaymentDetailsReq", lambda m: with_body(m, eMAID="DE8AA007654321")))
    assert refused(pair) == ("identity.emaid_mismatch", "FAILED_CertChainError")


def test_emaid_that_is_none_is_refused():
    pair = Pair(tamper=on("PaymentDetailsReq", lambda m: with_body(m, eMAID="??????????????")))
    assert refused(pair) == ("contract.unreadable", "FAILED_CertChainError")


def test_chain_without_its_authorities_cannot_be_verified():
    pair = Pair(tamper=on("PaymentDetailsReq", lambda m: with_chain(m, SubCertificates=None)))
    pair.run()
    assert told(pair.charger, Authorized) == []


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("revocation.revoked", "FAILED_CertificateRevoked"),
        ("contract.suspended", "FAILED"),
        ("contract.no_credit", "FAILED"),
        ("chain.expired", "FAILED_CertificateExpired"),
        ("identity.emaid_mismatch", "FAILED_CertChainError"),
        ("chain.anchor_unknown", "FAILED_NoCertificateAvailable"),
    ],
)
def test_backend_that_denies_is_quoted_in_payment_details(code, word):
    pair = Pair(answers=lambda _question: Denied(findings=(found(code),)))
    assert refused(pair) == (code, word)
    assert pair.secc.state == "contract_selected"


def test_denial_without_reason_is_a_denial():
    pair = Pair(answers=lambda _question: Denied(findings=()))
    assert refused(pair) == ("authorization.denied", "FAILED")


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("revocation.revoked", "FAILED_CertificateRevoked"),
        ("chain.expired", "FAILED"),  # a word that AuthorizationRes does not have
    ],
)
def test_backend_that_denies_late_is_quoted_in_authorization(code, word):
    pair = Pair(answers=lambda _question: None)
    original = pair._wait

    def wait():
        original()
        if pair.secc.state == "contract_pending" and pair.asked:
            question = pair.asked.pop()
            pair._note_secc(pair.secc.answer(question, Denied(findings=(found(code),))))

    pair._wait = wait
    assert refused(pair) == (code, word)
    assert pair.secc.state == "contract_pending"


def test_backend_that_cannot_be_asked_refuses():
    pair = Pair(answers=lambda _question: Silence(what="csms"))
    assert refused(pair) == ("backend.unavailable", "FAILED")


def test_backend_that_never_answers_refuses_before_the_vehicle_gives_up():
    pair = Pair(answers=lambda _question: None)
    assert refused(pair) == ("backend.unavailable", "FAILED")
    assert 55 <= pair.clock.seconds() - 1000 < 60


def test_charger_that_would_wait_for_ever_loses_the_vehicle():
    patience = Patience(authorization_all_seconds=1_000)
    pair = Pair(answers=lambda _q: None, offer=Offer(evse_id=EVSE, patience=patience)).run()
    assert failure(pair.ev) == ("timeout.dwell", "")
    assert failure(pair.charger) == ("session.closed", "")


def test_externally_paid_session_is_denied():
    pair = Pair(
        intentions=Intentions(payment=Pays.EXTERNAL),
        answers=lambda _question: Denied(findings=(found("contract.unknown"),)),
    )
    assert refused(pair) == ("contract.unknown", "FAILED")


# The proof


def seen(name):
    """A tamper that changes nothing and remembers the messages of a name."""
    kept = []

    def remember(message):
        kept.append(message)
        return message

    return kept, on(name, remember)


def test_k09_challenge_has_sixteen_octets_and_is_fresh_each_time():
    kept, tamper = seen("PaymentDetailsRes")
    clock = HandClock()
    shared = outlet(clock)
    for _ in range(2):
        Pair(tamper=tamper, clock=clock, outlet=shared).run()
    challenges = {message.Body.BodyElement.GenChallenge for message in kept}
    assert len(challenges) == 2
    assert {len(challenge) for challenge in challenges} == {16}


def test_k10_authorization_of_another_session_is_refused():
    clock = HandClock()
    shared = outlet(clock)
    kept, tamper = seen("AuthorizationReq")
    Pair(tamper=tamper, clock=clock, outlet=shared).run()
    (old,) = kept

    def replay(message):
        return replace(old, Header=replace(old.Header, SessionID=message.Header.SessionID))

    pair = Pair(tamper=on("AuthorizationReq", replay), clock=clock, outlet=shared)
    assert refused(pair) == ("challenge.mismatch", "FAILED_ChallengeInvalid")


def test_k11_challenge_of_another_charger_is_refused():
    pair = Pair(
        tamper=on("PaymentDetailsRes", lambda m: with_body(m, GenChallenge=b"another charger!"))
    )
    assert refused(pair) == ("challenge.mismatch", "FAILED_ChallengeInvalid")


def test_challenge_left_out_is_refused():
    pair = Pair(tamper=on("AuthorizationReq", lambda m: with_body(m, GenChallenge=None)))
    assert refused(pair) == ("challenge.mismatch", "FAILED_ChallengeInvalid")


def unsigned(message):
    return replace(message, Header=replace(message.Header, Signature=None))


def another_reference(message):
    """The signature is over an Id that the body does not have (K12)."""
    return with_body(message, Id="id2")


def twice_referred(message):
    signature = message.Header.Signature
    reference = signature.SignedInfo.Reference
    info = replace(signature.SignedInfo, Reference=reference * 2)
    return with_signature(message, replace(signature, SignedInfo=info))


def foreign_transform(message):
    signature = message.Header.Signature
    (reference,) = signature.SignedInfo.Reference
    (transform,) = reference.Transforms.Transform
    other = replace(transform, Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature")
    changed = replace(reference, Transforms=replace(reference.Transforms, Transform=(other,)))
    info = replace(signature.SignedInfo, Reference=(changed,))
    return with_signature(message, replace(signature, SignedInfo=info))


def one_bit_wrong(message):
    signature = message.Header.Signature
    value = signature.SignatureValue.value
    wrong = replace(signature.SignatureValue, value=value[:-1] + bytes((value[-1] ^ 1,)))
    return with_signature(message, replace(signature, SignatureValue=wrong))


def with_signature(message, signature: SignatureType):
    return replace(message, Header=replace(message.Header, Signature=signature))


FORGERIES = [
    pytest.param(unsigned, id="unsigned"),
    pytest.param(another_reference, id="K12-another-id"),
    pytest.param(twice_referred, id="K08-reference-twice"),
    pytest.param(foreign_transform, id="K08-transform"),
    pytest.param(one_bit_wrong, id="signature-bit"),
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_authorization_that_the_contract_did_not_sign_is_refused(forge):
    pair = Pair(tamper=on("AuthorizationReq", forge))
    assert refused(pair) == ("signature.invalid", "FAILED_SignatureError")


def test_authorization_signed_by_another_contract_is_refused():
    stranger = WORLD.issue(Role.CONTRACT, common_name="DE8AA00STRANGER"[:14])
    carried = wallet(CONTRACT)
    carried.store(replace(carried.contracts[0], private_key=stranger.private_key))
    assert refused(Pair(wallet=carried)) == ("signature.invalid", "FAILED_SignatureError")


def test_k14_proof_repeated_while_the_answer_is_pending_is_refused():
    kept = []

    def repeat(message):
        kept.append(message)
        return kept[0]

    pair = Pair(answers=lambda _question: None, tamper=on("AuthorizationReq", repeat))
    assert refused(pair) == ("challenge.mismatch", "FAILED_ChallengeInvalid")
    assert pair.secc.state == "contract_pending"


@pytest.mark.parametrize(
    "forge",
    [
        *FORGERIES,
        pytest.param(
            lambda m: with_body(m, MeterInfo=replace(m.Body.BodyElement.MeterInfo, MeterReading=1)),
            id="another-reading",
        ),
        pytest.param(lambda m: with_body(m, SessionID=b"12345678"), id="another-session"),
        pytest.param(lambda m: with_body(m, SAScheduleTupleID=7), id="another-schedule"),
    ],
)
def test_receipt_that_does_not_confirm_the_reading_is_refused(forge):
    offer = Offer(evse_id=EVSE, receipt_every=1)
    pair = Pair(offer=offer, tamper=on("MeteringReceiptReq", forge))
    assert refused(pair) == ("receipt.invalid", "FAILED_MeteringSignatureNotValid")
    assert pair.outlet.meter.watts == 0


# Installation


def installing(**changes):
    pair = Pair(**{"wallet": wallet(), **changes})
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    return pair


@pytest.mark.parametrize("answer", [Silence(what="cps"), CertificateAnswer(exi=b"")])
def test_provisioning_that_is_not_there_is_told_to_the_vehicle(answer):
    pair = installing(answers=lambda _question: answer)
    assert refused(pair) == ("installation.unavailable", "FAILED_NoCertificateAvailable")


def test_provisioning_that_is_too_slow_is_told_before_the_vehicle_gives_up():
    pair = installing(answers=lambda _question: None)
    assert refused(pair) == ("installation.unavailable", "FAILED_NoCertificateAvailable")
    assert pair.clock.seconds() - 1000 == pytest.approx(4.5)


@pytest.mark.parametrize("installation", [Installation.ALWAYS, Installation.UPDATE])
def test_provisioning_that_answers_too_much_is_not_passed_on(installation):
    huge = CertificateAnswer(exi=bytes(1_000_000))
    pair = Pair(intentions=Intentions(installation=installation), answers=lambda _question: huge)
    assert refused(pair) == ("installation.unavailable", "FAILED_NoCertificateAvailable")


def test_vehicle_that_no_contract_was_assigned_to_gets_none():
    pair = Pair(wallet=wallet()).run()
    assert failure(pair.ev) == ("session.refused", "FAILED_NoCertificateAvailable")


def test_vehicle_of_a_foreign_maker_gets_no_contract():
    foreign = wallet(world=FOREIGN)
    foreign.anchors = WORLD.anchors()
    pair = installing(wallet=foreign).run()
    assert failure(pair.ev) == ("session.refused", "FAILED_SignatureError")


def test_contract_that_ended_has_no_successor():
    pair = Pair(intentions=Intentions(installation=Installation.UPDATE))
    pair.backend.deny(EMAID.parse(CONTRACT_CN), "contract.expired")
    pair.run()
    assert failure(pair.ev) == ("session.refused", "FAILED_ContractCanceled")


def test_update_of_an_expired_contract_is_refused():
    old = expired(CONTRACT)
    carried = wallet(CONTRACT)
    carried.store(replace(carried.contracts[0], chain=old.chain, private_key=old.private_key))
    pair = Pair(wallet=carried, intentions=Intentions(installation=Installation.UPDATE)).run()
    assert failure(pair.ev) == ("session.refused", "FAILED_CertChainError")


@pytest.mark.parametrize("forge", FORGERIES[:1] + FORGERIES[4:])
@pytest.mark.parametrize(
    ("name", "wants"),
    [
        ("CertificateInstallationReq", Intentions()),
        ("CertificateUpdateReq", Intentions(installation=Installation.UPDATE)),
    ],
)
def test_request_for_a_contract_must_be_signed(forge, name, wants):
    carried = wallet(CONTRACT) if "Update" in name else wallet()
    pair = installing(wallet=carried, intentions=wants, tamper=on(name, forge)).run()
    assert failure(pair.ev) == ("session.refused", "FAILED_SignatureError")


def swapped_key(message):
    """Another sealed key in the response, signature and all else kept."""
    body = message.Body.BodyElement
    key = ContractSignatureEncryptedPrivateKeyType(
        Id=body.ContractSignatureEncryptedPrivateKey.Id, value=bytes(48)
    )
    return with_body(message, ContractSignatureEncryptedPrivateKey=key)


def another_emaid(message):
    return with_body(message, eMAID=replace(message.Body.BodyElement.eMAID, value="DE8AA00ANOTHER"))


def another_point(message):
    body = message.Body.BodyElement
    return with_body(message, DHpublickey=replace(body.DHpublickey, value=bytes(65)))


def shorter_chain(message):
    chain = message.Body.BodyElement.ContractSignatureCertChain
    above = SubCertificatesType(Certificate=chain.SubCertificates.Certificate[:1])
    return with_body(message, ContractSignatureCertChain=replace(chain, SubCertificates=above))


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(swapped_key, id="K07-key"),
        pytest.param(another_emaid, id="K07-emaid"),
        pytest.param(another_point, id="K07-dh"),
        pytest.param(shorter_chain, id="K07-chain"),
        pytest.param(unsigned, id="K07-unsigned"),
        pytest.param(one_bit_wrong, id="K07-signature"),
    ],
)
def test_response_of_which_one_element_was_altered_is_not_believed(forge):
    pair = installing(tamper=on("CertificateInstallationRes", forge)).run()
    assert failure(pair.ev) == ("signature.invalid", "")
    assert failure(pair.charger) == ("session.closed", "")
    assert pair.wallet.contracts == ()
    assert told(pair.ev, ContractInstalled) == []


def test_k06_response_for_another_vehicle_does_not_open():
    # the same PCID and contract, sealed for the other vehicle's key
    other = WORLD.issue(Role.OEM_PROVISIONING)
    carried = wallet()
    carried.provisioning = replace(carried.provisioning, private_key=other.private_key)
    kept = []

    def keep(question):
        if isinstance(question, CertificateQuestion):
            return CertificateAnswer(exi=kept[0])
        return None

    first = installing()
    captured, first.tamper = seen("CertificateInstallationRes")
    first.run()
    kept.append(encode(captured[0]))
    pair = Pair(wallet=carried, answers=keep).run()
    assert failure(pair.ev) == ("installation.rejected", "")
    assert carried.contracts == ()


def test_provisioning_service_of_a_foreign_root_is_not_believed():
    clock = HandClock()
    foreign = StandIn(FOREIGN, now=clock.now, random_bytes=Dice())
    foreign.assign(PCID, "DE8AA00TESTCAR")
    carried = wallet(world=FOREIGN)
    carried.anchors = WORLD.anchors()
    pair = Pair(wallet=carried, clock=clock, backend=foreign).run()
    code, _ = failure(pair.ev)
    assert code in {"chain.anchor_unknown", "chain.issuer_missing"}
    assert carried.contracts == ()


def unreadable_chain(message):
    chain = replace(message.Body.BodyElement.ContractSignatureCertChain, Certificate=b"0")
    return with_body(message, ContractSignatureCertChain=chain)


def test_response_with_an_unreadable_chain_is_not_believed():
    pair = installing(tamper=on("CertificateInstallationRes", unreadable_chain)).run()
    assert failure(pair.ev) == ("installation.rejected", "")


def test_vehicle_without_provisioning_identity_gives_up():
    pair = Pair(wallet=wallet(provisioned=False)).run()
    assert failure(pair.ev) == ("payment.no_contract", "")


def test_vehicle_that_installs_nothing_and_has_nothing_gives_up():
    wants = Intentions(installation=Installation.NEVER)
    pair = Pair(wallet=wallet(), intentions=wants).run()
    assert failure(pair.ev) == ("payment.no_contract", "")


def test_charger_that_installs_nothing_says_so():
    pair = Pair(wallet=wallet(), offer=Offer(evse_id=EVSE, installs_contracts=False)).run()
    assert failure(pair.ev) == ("installation.not_offered", "")


# Tariffs


@pytest.mark.parametrize(
    "signer", [FOREIGN[Role.MO_SUB_2], WORLD[Role.MO_SUB_1], CONTRACT], ids=lambda i: i.role.value
)
def test_tariff_that_the_mobility_operator_did_not_sign_is_ignored(signer):
    tariff = sign_tariff(day_tariff(), signer.signer)

    def answers(question):
        return TariffAnswer(tariff=tariff) if isinstance(question, TariffQuestion) else Permitted()

    pair = Pair(answers=answers).run()
    (received,) = told(pair.ev, TariffReceived)
    assert not received.believed
    assert len(told(pair.ev, SessionEnded)) == 1  # it charges all the same


# Services and parameters


def selecting(*services):
    selected = SelectedServiceListType(
        SelectedService=tuple(
            SelectedServiceType(ServiceID=service, ParameterSetID=parameters)
            for service, parameters in services
        )
    )
    return on("PaymentServiceSelectionReq", lambda m: with_body(m, SelectedServiceList=selected))


@pytest.mark.parametrize(
    ("services", "code", "word"),
    [
        ([(1, None), (99, None)], "service.selection", "FAILED_ServiceSelectionInvalid"),
        ([(1, None), (2, 9)], "service.selection", "FAILED_ServiceSelectionInvalid"),
        ([(1, None), (1, None)], "service.selection", "FAILED_ServiceSelectionInvalid"),
        ([(2, 1)], "service.no_charging", "FAILED_NoChargeServiceSelected"),
    ],
)
def test_selection_of_what_was_not_offered_is_refused(services, code, word):
    assert refused(Pair(tamper=selecting(*services))) == (code, word)


def test_service_that_does_not_exist_has_no_details():
    pair = installing(tamper=on("ServiceDetailReq", lambda m: with_body(m, ServiceID=99)))
    assert refused(pair) == ("service.unknown", "FAILED_ServiceIDInvalid")


def test_certificate_service_that_was_not_selected_gives_no_certificates():
    pair = installing(tamper=selecting((1, None)))
    assert refused(pair) == ("service.selection", "FAILED_ServiceSelectionInvalid")


def test_k15_contract_on_an_unsecured_link_is_refused_by_the_charger():
    clock = HandClock()
    pair = Pair(
        intentions=Intentions(payment=Pays.EXTERNAL),
        clock=clock,
        secured=False,
        tamper=on(
            "PaymentServiceSelectionReq", lambda m: with_body(m, SelectedPaymentOption="Contract")
        ),
    )
    assert refused(pair) == ("payment.not_offered", "FAILED_PaymentSelectionInvalid")


def test_k15_contract_on_an_unsecured_link_is_not_even_shown_by_the_vehicle():
    pair = Pair(secured=False).run()
    assert failure(pair.ev) == ("link.not_secured", "")
    assert "PaymentDetailsReq" not in names(pair.ev)


def test_charger_with_nothing_to_offer_on_this_link_says_so():
    from ev_emulator.charger.offer import Payment

    pair = Pair(secured=False, offer=Offer(evse_id=EVSE, payments=(Payment.CONTRACT,)))
    assert refused(pair) == ("payment.not_offered", "FAILED_PaymentSelectionInvalid")


def test_energy_transfer_that_was_not_offered_is_refused_by_both():
    offer = Offer(evse_id=EVSE, modes=(DC,))
    assert failure(Pair(offer=offer).run().ev) == ("charge.mode", "")
    pair = Pair(
        offer=offer,
        intentions=Intentions(mode=DC),
        tamper=on(
            "ChargeParameterDiscoveryReq",
            lambda m: with_body(m, RequestedEnergyTransferMode="AC_three_phase_core"),
        ),
    )
    assert refused(pair) == ("charge.mode", "FAILED_WrongEnergyTransferMode")


def test_parameters_that_do_not_fit_the_energy_transfer_are_refused():
    pair = Pair(
        tamper=on(
            "ChargeParameterDiscoveryReq",
            lambda m: with_body(m, RequestedEnergyTransferMode=DC),
        )
    )
    assert refused(pair) == ("charge.parameter", "FAILED_WrongChargeParameter")


def test_schedule_that_was_not_offered_is_refused():
    pair = Pair(tamper=on("PowerDeliveryReq", lambda m: with_body(m, SAScheduleTupleID=9)))
    assert refused(pair) == ("charge.schedule", "FAILED_TariffSelectionInvalid")
    assert told(pair.charger, PowerSwitched) == []


def test_profile_above_the_schedule_is_refused():
    def greedy(message):
        profile = message.Body.BodyElement.ChargingProfile
        entry = profile.ProfileEntry[0]
        power = PhysicalValueType(Multiplier=3, Unit="W", Value=400)
        more = replace(profile, ProfileEntry=(replace(entry, ChargingProfileEntryMaxPower=power),))
        return with_body(message, ChargingProfile=more)

    pair = Pair(tamper=on("PowerDeliveryReq", greedy))
    assert refused(pair) == ("charge.profile", "FAILED_ChargingProfileInvalid")


def test_charger_that_sends_no_schedule_loses_the_vehicle():
    pair = Pair(
        tamper=on("ChargeParameterDiscoveryRes", lambda m: with_body(m, SASchedules=None))
    ).run()
    assert failure(pair.ev) == ("charge.schedule", "")


def test_receipt_of_no_reading_is_not_owed():
    def without(message):
        return with_body(message, ReceiptRequired=True, MeterInfo=None)

    pair = Pair(intentions=Intentions(loops=1), tamper=on("ChargingStatusRes", without)).run()
    assert failure(pair.ev) is None
    assert "MeteringReceiptReq" not in names(pair.ev)


def test_chargers_verifier_is_asked_even_where_the_backend_would_permit():
    clock = HandClock()
    check = ContractCheck(ChainVerifier(WORLD.anchors()))
    forged = reissued(CONTRACT, FOREIGN[Role.MO_SUB_2])
    question = check.examine(
        [certificate.der for certificate in forged.chain],
        CONTRACT_CN,
        evse_id=str(EVSE),
        edition=WORLD.edition,
        now=clock.now(),
    )
    assert isinstance(question, ContractQuestion)  # a foreign root: for the backend to say
    assert question.path == ()
