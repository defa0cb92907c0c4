"""Signatures over elements: what is refused, each by its own code."""

from dataclasses import replace

import pytest

from certs.keys import KeyKind, sign
from exi.codec import encode_fragment
from exi.iso2.certificate import CertificateChainType, DiffieHellmanPublickeyType, EMAIDType
from exi.iso2.metering import MeterInfoType, MeteringReceiptReq
from exi.iso2.payment import AuthorizationReq
from exi.protocol import Protocol
from exi.schema_set import Fragment
from exi.signature.algorithms import ALGORITHMS, CANONICAL_EXI
from exi.signature.signing import NotSignable, sign_elements
from exi.signature.verdict import CODES, Failed, Verified
from exi.signature.verification import verify_elements
from exi.xmldsig import (
    CanonicalizationMethodType,
    DigestMethodType,
    KeyInfoType,
    ObjectType,
    SignatureMethodType,
    SignatureType,
    SignatureValueType,
    TransformsType,
    TransformType,
)
from tests.signed_messages import CHALLENGE, ISO_20, SESSION, key, signer, verifier

REQUEST = Fragment("AuthorizationReq", AuthorizationReq(Id="id1", GenChallenge=CHALLENGE))
FOUR = (
    Fragment("ContractSignatureCertChain", CertificateChainType(Id="id1", Certificate=b"leaf")),
    Fragment("DHpublickey", DiffieHellmanPublickeyType(Id="id3", value=bytes(65))),
    Fragment("eMAID", EMAIDType(Id="id4", value="UKSWI123456791A")),
)
KEY = signer(KeyKind.P256)
SIGNATURE = sign_elements([REQUEST], key=KEY, protocol=Protocol.ISO_2)
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


def verify(signature, elements=(REQUEST,), *, by=None, protocol=Protocol.ISO_2):
    return verify_elements(signature, elements, key=by or verifier(KeyKind.P256), protocol=protocol)


def code(verdict):
    """The code of a refusal; permanent, so in the table."""
    assert isinstance(verdict, Failed)
    assert verdict.code in CODES
    return verdict.code


def resigned(signed_info, by=KEY):
    """A signature by the right key over whatever its holder was made to sign."""
    value = by.sign(encode_fragment(signed_info, Protocol.XMLDSIG))
    return SignatureType(SignedInfo=signed_info, SignatureValue=SignatureValueType(value=value))


def with_info(**changes):
    return resigned(replace(SIGNATURE.SignedInfo, **changes))


def with_reference(**changes):
    (reference,) = SIGNATURE.SignedInfo.Reference
    return with_info(Reference=(replace(reference, **changes),))


def test_what_was_signed_verifies_and_is_handed_back():
    assert verify(SIGNATURE) == Verified(elements=(REQUEST,))


def test_the_profile_is_the_one_of_the_standard():
    info = SIGNATURE.SignedInfo
    (reference,) = info.Reference
    assert info.CanonicalizationMethod.Algorithm == "http://www.w3.org/TR/canonical-exi/"
    assert info.SignatureMethod.Algorithm == "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    assert reference.URI == "#id1"
    assert [step.Algorithm for step in reference.Transforms.Transform] == [CANONICAL_EXI]
    assert reference.DigestMethod.Algorithm == "http://www.w3.org/2001/04/xmlenc#sha256"
    assert len(reference.DigestValue) == 32
    assert len(SIGNATURE.SignatureValue.value) == 64
    # [V2G2-771]: none of these
    assert (info.Id, reference.Type, SIGNATURE.SignatureValue.Id) == (None, None, None)
    assert (SIGNATURE.KeyInfo, SIGNATURE.Object) == (None, ())


@pytest.mark.parametrize(
    ("kind", "method", "digest_method", "octets", "digest_octets"),
    [
        (KeyKind.P521, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", SHA512, 132, 64),
        (
            KeyKind.ED448,
            "urn:iso:std:iso:15118:-20:Security:xmldsig#Ed448",
            "urn:iso:std:iso:15118:-20:Security:xmlenc#SHAKE256",
            114,
            64,
        ),
    ],
    ids=["P-521", "Ed448"],
)
def test_edition_20_follows_from_the_key(kind, method, digest_method, octets, digest_octets):
    element = Fragment(
        "PnC_AReqAuthorizationMode", ISO_20["AuthorizationReq"].PnC_AReqAuthorizationMode
    )
    made = sign_elements([element], key=signer(kind), protocol=Protocol.ISO_20_COMMON)
    (reference,) = made.SignedInfo.Reference
    assert made.SignedInfo.SignatureMethod.Algorithm == method
    assert reference.DigestMethod.Algorithm == digest_method
    assert len(made.SignatureValue.value) == octets
    assert len(reference.DigestValue) == digest_octets
    verdict = verify(made, [element], by=verifier(kind), protocol=Protocol.ISO_20_COMMON)
    assert verdict == Verified(elements=(element,))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)], ids=str)
def test_references_may_come_in_any_order_and_keep_it(order):
    """RISE-V2G writes id2, id1, id4, id3."""
    made = sign_elements([FOUR[n] for n in order], key=KEY, protocol=Protocol.ISO_2)
    assert [reference.URI for reference in made.SignedInfo.Reference] == [
        f"#{FOUR[n].element.Id}" for n in order
    ]
    assert verify(made, FOUR) == Verified(elements=FOUR)


def test_k08_reordering_references_after_signing_is_refused():
    made = sign_elements(FOUR, key=KEY, protocol=Protocol.ISO_2)
    info = replace(made.SignedInfo, Reference=made.SignedInfo.Reference[::-1])
    assert code(verify(replace(made, SignedInfo=info), FOUR)) == "signature.value_wrong"


def test_attributes_that_were_signed_are_kept_when_verifying():
    """EcoG-io/iso15118 issue 240: a verifier that rebuilds SignedInfo loses these."""
    (reference,) = SIGNATURE.SignedInfo.Reference
    made = with_info(Id="info", Reference=(replace(reference, Id="ref", Type="urn:type"),))
    assert verify(made) == Verified(elements=(REQUEST,))
    lost = replace(made, SignedInfo=replace(made.SignedInfo, Id=None))
    assert code(verify(lost)) == "signature.value_wrong"


def test_a_message_without_signature_is_refused():
    assert code(verify(None)) == "signature.missing"


def test_nothing_to_verify_is_not_verified():
    assert code(verify(SIGNATURE, [])) == "signature.nothing_signed"


@pytest.mark.parametrize(
    ("kind", "protocol"),
    [
        (KeyKind.P521, Protocol.ISO_2),
        (KeyKind.ED448, Protocol.ISO_2),
        (KeyKind.P256, Protocol.ISO_20_COMMON),
        (KeyKind.P256, Protocol.ISO_20_AC),
    ],
    ids=lambda value: value.name,
)
def test_one_editions_keys_never_serve_the_other(kind, protocol):
    assert code(verify(SIGNATURE, by=verifier(kind), protocol=protocol)) == (
        "signature.key_not_allowed"
    )
    with pytest.raises(NotSignable):
        sign_elements([REQUEST], key=signer(kind), protocol=protocol)


def test_another_key_is_refused():
    other = verifier(KeyKind.P256, b"another")
    assert code(verify(SIGNATURE, by=other)) == "signature.value_wrong"


def test_k12_a_signature_over_another_id_is_refused():
    """The element consumed has an Id that nobody signed."""
    moved = Fragment("AuthorizationReq", replace(REQUEST.element, Id="id2"))
    assert code(verify(SIGNATURE, [moved])) == "signature.reference_unexpected"


def test_k08_a_reference_moved_to_the_unsigned_element_is_refused():
    (reference,) = SIGNATURE.SignedInfo.Reference
    info = replace(SIGNATURE.SignedInfo, Reference=(replace(reference, URI="#id2"),))
    moved = Fragment("AuthorizationReq", replace(REQUEST.element, Id="id2"))
    assert code(verify(replace(SIGNATURE, SignedInfo=info), [moved])) == "signature.digest_wrong"


def test_an_altered_element_is_refused():
    altered = Fragment("AuthorizationReq", replace(REQUEST.element, GenChallenge=bytes(16)))
    assert code(verify(SIGNATURE, [altered])) == "signature.digest_wrong"


def test_the_same_octets_under_another_name_are_refused():
    """CertificateChainType is the type of a signed chain and of one that is not."""
    chain = FOUR[0]
    made = sign_elements([chain], key=KEY, protocol=Protocol.ISO_2)
    other = Fragment("SAProvisioningCertificateChain", chain.element)
    assert code(verify(made, [other])) == "signature.digest_wrong"


def test_k07_an_element_that_nobody_signed_is_refused():
    made = sign_elements(FOUR[:2], key=KEY, protocol=Protocol.ISO_2)
    assert code(verify(made, FOUR)) == "signature.reference_missing"


def test_k08_an_extra_reference_is_refused():
    made = sign_elements(FOUR, key=KEY, protocol=Protocol.ISO_2)
    assert code(verify(made, FOUR[:2])) == "signature.reference_unexpected"


def test_k08_two_references_to_one_element_are_refused():
    made = with_info(Reference=SIGNATURE.SignedInfo.Reference * 2)
    assert code(verify(made)) == "signature.reference_duplicate"


def test_k08_two_elements_of_one_id_are_refused():
    assert code(verify(SIGNATURE, [REQUEST, REQUEST])) == "signature.id_duplicate"


@pytest.mark.parametrize("name", [None, ""], ids=["absent", "empty"])
def test_an_element_without_id_is_refused(name):
    anonymous = Fragment("AuthorizationReq", replace(REQUEST.element, Id=name))
    assert code(verify(SIGNATURE, [anonymous])) == "signature.id_missing"


@pytest.mark.parametrize(
    "uri",
    [None, "", "#", "id1", "http://example.com/#id1", "#xpointer(id('id1'))"],
    ids=["absent", "whole document", "empty", "bare", "elsewhere", "pointer"],
)
def test_k08_a_reference_that_is_not_an_id_is_refused(uri):
    expected = "signature.reference_foreign"
    if uri is not None and len(uri) > 1 and uri.startswith("#"):
        expected = "signature.reference_unexpected"
    assert code(verify(with_reference(URI=uri))) == expected


@pytest.mark.parametrize(
    "steps",
    [
        (TransformType(Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"),),
        (TransformType(Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),),
        (TransformType(Algorithm=CANONICAL_EXI, XPath=("not(self::eMAID)",)),),
        (TransformType(Algorithm=CANONICAL_EXI),) * 2,
    ],
    ids=["enveloped", "c14n", "xpath", "twice"],
)
def test_k08_foreign_transforms_are_refused(steps):
    made = with_reference(Transforms=TransformsType(Transform=steps))
    assert code(verify(made)) == "signature.transform_foreign"


def test_edition_2_has_always_a_transform_and_edition_20_at_most_one():
    assert code(verify(with_reference(Transforms=None))) == "signature.transform_foreign"
    element = Fragment("SignedMeteringData", ISO_20["MeteringConfirmationReq"].SignedMeteringData)
    by = signer(KeyKind.P521)
    made = sign_elements([element], key=by, protocol=Protocol.ISO_20_COMMON)
    (reference,) = made.SignedInfo.Reference
    info = replace(made.SignedInfo, Reference=(replace(reference, Transforms=None),))
    verdict = verify(
        resigned(info, by),
        [element],
        by=verifier(KeyKind.P521),
        protocol=Protocol.ISO_20_COMMON,
    )
    assert verdict == Verified(elements=(element,))


def test_a_foreign_canonicalization_is_refused():
    method = CanonicalizationMethodType(Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    assert code(verify(with_info(CanonicalizationMethod=method))) == (
        "signature.canonicalization_foreign"
    )


@pytest.mark.parametrize(
    "method",
    [
        SignatureMethodType(Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        SignatureMethodType(Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
        SignatureMethodType(
            Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", HMACOutputLength=0
        ),
    ],
    ids=["hmac", "the other edition's", "truncated hmac"],
)
def test_the_message_does_not_choose_the_algorithm(method):
    """The public key as an HMAC secret, truncation to nothing: both were XML-DSig attacks."""
    assert code(verify(with_info(SignatureMethod=method))) == "signature.algorithm_foreign"


@pytest.mark.parametrize("algorithm", [SHA512, "http://www.w3.org/2000/09/xmldsig#sha1"])
def test_the_message_does_not_choose_the_digest(algorithm):
    made = with_reference(DigestMethod=DigestMethodType(Algorithm=algorithm))
    assert code(verify(made)) == "signature.digest_method_foreign"


@pytest.mark.parametrize(
    "digest", [b"", bytes(32), SIGNATURE.SignedInfo.Reference[0].DigestValue[:16]], ids=len
)
def test_a_digest_is_compared_whole(digest):
    assert code(verify(with_reference(DigestValue=digest))) == "signature.digest_wrong"


@pytest.mark.parametrize(
    "extra",
    [{"KeyInfo": KeyInfoType(items=())}, {"Object": (ObjectType(),)}],
    ids=["KeyInfo", "Object"],
)
def test_content_that_the_standard_forbids_is_refused(extra):
    """[V2G2-771]; an Object is where wrapped elements hide, a KeyInfo where foreign keys do."""
    assert code(verify(replace(SIGNATURE, **extra))) == "signature.content_forbidden"


@pytest.mark.parametrize(
    "value",
    [b"", SIGNATURE.SignatureValue.value[:63], SIGNATURE.SignatureValue.value + b"\0", bytes(72)],
    ids=["empty", "shorter", "longer", "as long as DER"],
)
def test_the_signatures_length_is_strict(value):
    made = replace(SIGNATURE, SignatureValue=SignatureValueType(value=value))
    assert code(verify(made)) == "signature.value_length"


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_one_bit_of_the_signature_decides(at):
    value = bytearray(SIGNATURE.SignatureValue.value)
    value[at] ^= 1
    made = replace(SIGNATURE, SignatureValue=SignatureValueType(value=bytes(value)))
    assert code(verify(made)) == "signature.value_wrong"


def test_elements_are_signed_by_ids_of_their_own():
    anonymous = Fragment(
        "MeteringReceiptReq",
        MeteringReceiptReq(SessionID=SESSION, MeterInfo=MeterInfoType(MeterID="METER-0001")),
    )
    for elements in ([], [anonymous], [REQUEST, REQUEST]):
        with pytest.raises(NotSignable):
            sign_elements(elements, key=KEY, protocol=Protocol.ISO_2)


def test_a_key_that_gives_der_is_found_out():
    class Der:
        curve = "P-256"

        def sign(self, data):
            return sign(key(KeyKind.P256), data)[:70].ljust(70, b"\0")

    with pytest.raises(NotSignable):
        sign_elements([REQUEST], key=Der(), protocol=Protocol.ISO_2)


def test_every_algorithm_is_that_of_one_key_in_one_edition():
    methods = [each.signature_method for keys in ALGORITHMS.values() for each in keys.values()]
    assert len(methods) == len(set(methods)) == 3
    assert "digest=" not in repr(ALGORITHMS[Protocol.ISO_2]["P-256"])
