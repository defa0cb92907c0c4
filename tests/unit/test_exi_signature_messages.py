"""Whole messages signed and verified: which elements, which Ids, and what nobody signed."""

import subprocess
import sys
from dataclasses import replace

import pytest

from certs.keys import KeyKind
from exi.codec import decode, encode, protocol_of
from exi.errors import NotEncodable
from exi.iso2.certificate import CertificateChainType, CertificateInstallationRes
from exi.iso2.header import NotificationType
from exi.iso2.metering import MeteringReceiptReq
from exi.iso2.payment import AuthorizationReq
from exi.iso2.session import SessionStopReq
from exi.iso2.simple_types import chargingSessionType, faultCodeType
from exi.iso20.authorization import AuthorizationReq as AuthorizationReq20
from exi.iso20.authorization import EIM_AReqAuthorizationModeType
from exi.iso20.simple_types import authorizationType
from exi.protocol import Protocol, schema_set
from exi.signature.messages import (
    SIGNED,
    SIGNERS,
    sign_message,
    signed_elements,
    signer_certificate,
    verify_message,
)
from exi.signature.signing import NotSignable
from exi.signature.verdict import Failed, Verified
from tests.signed_messages import (
    CHALLENGE,
    ISO_2,
    ISO_20,
    header_of_20,
    installed,
    message,
    offer,
    schedule,
    signer,
    verifier,
)

KEY = signer(KeyKind.P256)
VERIFIER = verifier(KeyKind.P256)
BY_EDITION = [
    *((name, each, KeyKind.P256) for name, each in ISO_2.items()),
    *((name, each, KeyKind.P521) for name, each in ISO_20.items()),
    *((name, each, KeyKind.ED448) for name, each in ISO_20.items()),
]
every_message = pytest.mark.parametrize(
    ("unsigned", "kind"),
    [pytest.param(each, kind, id=f"{kind.value}-{name}") for name, each, kind in BY_EDITION],
)
# What is signed, by message; the order is that of the References.
ELEMENTS = {
    "CertificateInstallationRes": [
        ("ContractSignatureCertChain", "id1"),
        ("ContractSignatureEncryptedPrivateKey", "id2"),
        ("DHpublickey", "id3"),
        ("eMAID", "id4"),
    ],
    "ChargeParameterDiscoveryRes": [("SalesTariff", "id1"), ("SalesTariff", "id2")],
}
ELEMENTS["CertificateUpdateRes"] = ELEMENTS["CertificateInstallationRes"]
ELEMENTS_20 = {
    "AuthorizationReq": "PnC_AReqAuthorizationMode",
    "CertificateInstallationReq": "OEMProvisioningCertificateChain",
    "CertificateInstallationRes": "SignedInstallationData",
    "MeteringConfirmationReq": "SignedMeteringData",
}


def received(sent):
    """What the other side has after the wire."""
    return decode(encode(sent), protocol_of(type(sent)))


def code(verdict):
    assert isinstance(verdict, Failed)
    return verdict.code


def with_body(sent, **changes):
    return replace(sent, Body=replace(sent.Body, BodyElement=replace(_body(sent), **changes)))


def _body(sent):
    return sent.Body.BodyElement


@every_message
def test_a_signed_message_verifies_on_the_other_side(unsigned, kind):
    sent = sign_message(unsigned, signer(kind))
    verdict = verify_message(received(sent), verifier(kind))
    assert verdict == Verified(elements=signed_elements(sent))
    assert replace(sent, Header=unsigned.Header) == replace(
        sign_message(sent, signer(kind)), Header=unsigned.Header
    )


@every_message
def test_another_key_and_no_signature_are_refused(unsigned, kind):
    sent = received(sign_message(unsigned, signer(kind)))
    assert code(verify_message(sent, verifier(kind, b"another"))) == "signature.value_wrong"
    bare = replace(sent, Header=replace(sent.Header, Signature=None))
    assert code(verify_message(bare, verifier(kind))) == "signature.missing"


@pytest.mark.parametrize("name", ISO_2)
def test_edition_2_signs_body_elements_and_parts_of_them(name):
    sent = sign_message(ISO_2[name], KEY)
    found = [(each.name, each.element.Id) for each in signed_elements(sent)]
    assert found == ELEMENTS.get(name, [(name, "id1")])
    references = sent.Header.Signature.SignedInfo.Reference
    assert [reference.URI for reference in references] == [f"#{name}" for _, name in found]


@pytest.mark.parametrize("name", ISO_20)
def test_edition_20_signs_one_element_of_each_message(name):
    (element,) = signed_elements(ISO_20[name])
    assert element.name == ELEMENTS_20[name]


def test_every_path_of_the_table_leads_to_an_element_with_an_id():
    """A typing error in the table would be a message that is never signed."""
    assert set(SIGNED) == {
        *((Protocol.ISO_2, name) for name in ISO_2),
        *((Protocol.ISO_20_COMMON, name) for name in ISO_20),
    }
    for (protocol, name), paths in SIGNED.items():
        examples = ISO_2 if protocol is Protocol.ISO_2 else ISO_20
        assert len({type(each.element) for each in signed_elements(examples[name])}) == len(paths)
        known = {each.local for each in schema_set(protocol).fragment_elements}
        assert {path[-1] for path in paths} - {"BodyElement"} <= known


def test_k07_each_of_the_four_elements_counts():
    sent = received(sign_message(ISO_2["CertificateInstallationRes"], KEY))
    body = _body(sent)
    altered = {
        "ContractSignatureCertChain": {"Certificate": b"another"},
        "ContractSignatureEncryptedPrivateKey": {"value": b"\1" * 48},
        "DHpublickey": {"value": b"\1" * 65},
        "eMAID": {"value": "UKSWI123456791B"},
    }
    for name, change in altered.items():
        forged = with_body(sent, **{name: replace(getattr(body, name), **change)})
        verdict = verify_message(forged, VERIFIER)
        assert verdict == Failed(code="signature.digest_wrong", detail=name)


def test_the_cps_chain_is_not_signed():
    """Whoever changes it is found out by the chain's verification, not by the signature."""
    sent = sign_message(ISO_2["CertificateInstallationRes"], KEY)
    other = with_body(sent, SAProvisioningCertificateChain=CertificateChainType(Certificate=b"x"))
    assert isinstance(verify_message(other, VERIFIER), Verified)


def test_k08_the_signed_original_beside_a_forged_element_is_refused():
    """Signature wrapping: the signed chain moved to where nobody signs, a forged one in its place.

    Both with the same Id, so that a verifier that looks for Ids in the document finds the former.
    """
    sent = sign_message(ISO_2["CertificateInstallationRes"], KEY)
    original = _body(sent).ContractSignatureCertChain
    wrapped = with_body(
        sent,
        SAProvisioningCertificateChain=original,
        ContractSignatureCertChain=replace(original, Certificate=b"forged"),
    )
    assert code(verify_message(received(wrapped), VERIFIER)) == "signature.id_duplicate"
    renamed = with_body(
        sent,
        SAProvisioningCertificateChain=original,
        ContractSignatureCertChain=replace(original, Certificate=b"forged", Id="other"),
    )
    assert code(verify_message(received(renamed), VERIFIER)) == "signature.reference_unexpected"


def test_k08_a_signed_element_of_another_message_is_refused():
    """The same Id and key, but another element: a receipt is no authorization."""
    receipt = sign_message(ISO_2["MeteringReceiptReq"], KEY)
    forged = message(AuthorizationReq(Id="id1", GenChallenge=CHALLENGE))
    forged = replace(forged, Header=receipt.Header)
    assert code(verify_message(received(forged), VERIFIER)) == "signature.digest_wrong"


def test_k10_a_signature_of_another_challenge_is_refused():
    sent = sign_message(ISO_2["AuthorizationReq"], KEY)
    replayed = with_body(sent, GenChallenge=bytes(16))
    assert code(verify_message(received(replayed), VERIFIER)) == "signature.digest_wrong"


def test_every_tariff_has_to_be_signed():
    sent = sign_message(offer(schedule(1, tariff=True)), KEY)
    schedules = (
        *_body(sent).SASchedules.SAScheduleTuple,
        *_body(offer(schedule(2, tariff=True))).SASchedules.SAScheduleTuple,
    )
    forged = with_body(
        sent, SASchedules=replace(_body(sent).SASchedules, SAScheduleTuple=schedules)
    )
    assert code(verify_message(received(forged), VERIFIER)) == "signature.id_missing"


@pytest.mark.parametrize(
    "unsigned",
    [
        pytest.param(offer(schedule(1, tariff=False)), id="schedules without prices"),
        pytest.param(offer(), id="no schedules"),
        pytest.param(
            message(SessionStopReq(ChargingSession=chargingSessionType.Terminate)), id="stop"
        ),
        pytest.param(message(None), id="empty body"),
        pytest.param(
            AuthorizationReq20(
                Header=header_of_20(),
                SelectedAuthorizationService=authorizationType.EIM,
                EIM_AReqAuthorizationMode=EIM_AReqAuthorizationModeType(),
            ),
            id="-20 external authorization",
        ),
    ],
)
def test_what_is_never_signed_is_neither_signed_nor_verified(unsigned):
    assert signed_elements(unsigned) == ()
    with pytest.raises(NotSignable):
        sign_message(unsigned, KEY)
    assert code(verify_message(unsigned, VERIFIER)) == "signature.nothing_signed"


def test_a_signature_on_a_message_that_is_never_signed_proves_nothing():
    stop = message(SessionStopReq(ChargingSession=chargingSessionType.Terminate))
    header = sign_message(ISO_2["AuthorizationReq"], KEY).Header
    assert code(verify_message(replace(stop, Header=header), VERIFIER)) == (
        "signature.nothing_signed"
    )


def test_ids_that_are_there_are_kept_and_fresh_ones_avoid_them():
    named = with_body(ISO_2["AuthorizationReq"], Id="mine")
    assert _body(sign_message(named, KEY)).Id == "mine"
    taken = with_body(
        ISO_2["CertificateInstallationRes"],
        SAProvisioningCertificateChain=CertificateChainType(Id="id1", Certificate=b"cps"),
    )
    sent = sign_message(taken, KEY)
    assert _body(sent).ContractSignatureCertChain.Id == "id5"
    assert isinstance(verify_message(received(sent), VERIFIER), Verified)


def test_an_id_that_stands_twice_is_not_signed():
    body = installed(CertificateInstallationRes)
    for change in (
        {"SAProvisioningCertificateChain": CertificateChainType(Id="id2", Certificate=b"cps")},
        {"eMAID": replace(body.eMAID, Id="id3")},
    ):
        with pytest.raises(NotSignable):
            sign_message(message(replace(body, **change)), KEY)


def test_k08_an_id_of_the_signature_itself_is_no_second_one():
    """Whoever resolves "#id1" must not have a choice; empty Ids are none."""
    sent = sign_message(ISO_2["AuthorizationReq"], KEY)
    signature = sent.Header.Signature
    for name, expected in {"id1": "signature.id_duplicate", "": "signature.value_wrong"}.items():
        info = replace(
            signature.SignedInfo,
            Id=name,
            Reference=tuple(replace(each, Id=name) for each in signature.SignedInfo.Reference),
        )
        header = replace(sent.Header, Signature=replace(signature, Id=name, SignedInfo=info))
        got = received(replace(sent, Header=header))
        assert code(verify_message(got, VERIFIER)) == expected
        assert isinstance(verify_message(sign_message(got, KEY), VERIFIER), Verified)


def test_signing_leaves_the_rest_of_the_message_alone():
    unsigned = ISO_2["MeteringReceiptReq"]
    notification = NotificationType(FaultCode=faultCodeType.ParsingError)
    unsigned = replace(unsigned, Header=replace(unsigned.Header, Notification=notification))
    sent = sign_message(unsigned, KEY)
    assert sent.Header.SessionID == unsigned.Header.SessionID
    assert sent.Header.Notification == notification
    assert with_body(sent, Id=None).Body == unsigned.Body
    # the argument is untouched
    assert (unsigned.Header.Signature, _body(unsigned).Id) == (None, None)


def test_the_other_editions_key_does_not_sign():
    with pytest.raises(NotSignable):
        sign_message(ISO_2["AuthorizationReq"], signer(KeyKind.P521))
    sent = sign_message(ISO_2["AuthorizationReq"], KEY)
    assert code(verify_message(sent, verifier(KeyKind.P521))) == "signature.key_not_allowed"


def test_what_is_no_message_is_a_bug_of_the_caller():
    element = _body(ISO_2["MeteringReceiptReq"])
    assert isinstance(element, MeteringReceiptReq)
    with pytest.raises(NotEncodable):
        sign_message(element, KEY)
    with pytest.raises(NotEncodable):
        verify_message(element, VERIFIER)


@pytest.mark.parametrize(
    ("unsigned", "certificate"),
    [
        (ISO_2["AuthorizationReq"], None),
        (ISO_2["CertificateInstallationReq"], b"oem"),
        (ISO_2["CertificateUpdateReq"], b"contract"),
        (ISO_2["MeteringReceiptReq"], None),
        (ISO_2["CertificateInstallationRes"], b"cps"),
        (ISO_2["CertificateUpdateRes"], b"cps"),
        (ISO_2["ChargeParameterDiscoveryRes"], None),
        (ISO_20["AuthorizationReq"], b"contract"),
        (ISO_20["CertificateInstallationReq"], b"oem"),
        (ISO_20["CertificateInstallationRes"], b"cps"),
        (ISO_20["MeteringConfirmationReq"], None),
        (replace(ISO_20["AuthorizationReq"], PnC_AReqAuthorizationMode=None), None),
    ],
)
def test_a_message_that_carries_its_signers_certificate_tells_it(unsigned, certificate):
    assert signer_certificate(unsigned) == certificate


def test_no_signers_certificate_is_looked_for_in_messages_that_are_not_signed():
    assert SIGNERS.keys() < SIGNED.keys()


def test_exi_signs_and_verifies_without_a_library_of_cryptography():
    """docs/decisions/signatures-without-keys.md"""
    loaded = (
        "import sys, exi.signature.messages; print({'cryptography', 'certs'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"
