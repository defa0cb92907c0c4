"""Any message that can be signed verifies after the wire, and no other than the one signed."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from certs.keys import KeyKind
from exi.codec import decode, encode
from exi.declaration import Complex
from exi.errors import Malformed
from exi.iso2.message import V2G_Message
from exi.protocol import Protocol, schema_set
from exi.signature.messages import sign_message, signed_elements, verify_message
from exi.signature.signing import NotSignable
from exi.signature.verdict import CODES, Failed, Verified
from exi.xmldsig import SignatureType
from tests.exi_messages import elements, messages
from tests.signed_messages import ISO_2, ISO_20, signer, verifier

PROTOCOLS = st.sampled_from([Protocol.ISO_2, Protocol.ISO_20_COMMON])
KINDS = {Protocol.ISO_2: KeyKind.P256, Protocol.ISO_20_COMMON: KeyKind.ED448}
SIGNED_TYPES = {
    Protocol.ISO_2: [type(each.Body.BodyElement) for each in ISO_2.values()],
    Protocol.ISO_20_COMMON: [type(each) for each in ISO_20.values()],
}
SENT = {
    protocol: [encode(sign_message(each, signer(KINDS[protocol]))) for each in made.values()]
    for protocol, made in {Protocol.ISO_2: ISO_2, Protocol.ISO_20_COMMON: ISO_20}.items()
}


@st.composite
def signable(draw: st.DrawFn, protocol: Protocol) -> Complex:
    """A random message of those that are signed."""
    schemas = schema_set(protocol)
    declared = draw(st.sampled_from(SIGNED_TYPES[protocol]))
    made = draw(elements(schemas, declared))
    if protocol is not Protocol.ISO_2:
        return made
    unsigned = draw(elements(schemas, V2G_Message))
    return replace(unsigned, Body=replace(unsigned.Body, BodyElement=made))


@settings(max_examples=12)  # building a message costs more than signing it
@given(st.data(), PROTOCOLS)
def test_any_message_that_can_be_signed_verifies_after_the_wire(data, protocol):
    unsigned = data.draw(signable(protocol))
    kind = KINDS[protocol]
    try:
        sent = sign_message(unsigned, signer(kind))
    except NotSignable:
        return  # nothing to sign in it, or Ids that hypothesis made alike
    verdict = verify_message(decode(encode(sent), protocol), verifier(kind))
    assert verdict == Verified(elements=signed_elements(sent))


@settings(max_examples=12)  # building a message costs more than signing it
@given(st.data(), PROTOCOLS)
def test_any_message_with_any_signature_gets_a_verdict(data, protocol):
    received = data.draw(st.one_of(messages(protocol), signable(protocol)))
    signature = data.draw(elements(schema_set(protocol), SignatureType))
    received = replace(received, Header=replace(received.Header, Signature=signature))
    verdict = verify_message(decode(encode(received), protocol), verifier(KINDS[protocol]))
    assert isinstance(verdict, Failed)
    assert verdict.code in CODES


@given(st.data(), PROTOCOLS)
def test_no_flipped_bit_goes_unnoticed_in_what_is_signed(data, protocol):
    """Whatever still decodes and verifies holds the very elements that were signed."""
    octets = bytearray(data.draw(st.sampled_from(SENT[protocol])))
    before = decode(bytes(octets), protocol)
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 0x80 >> bit % 8
    try:
        received = decode(bytes(octets), protocol)
    except Malformed:
        return
    match verify_message(received, verifier(KINDS[protocol])):
        case Verified(elements=verified):
            assert verified == signed_elements(before)
        case Failed(code=code):
            assert code in CODES
