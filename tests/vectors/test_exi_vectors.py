"""Byte strings of other implementations: read, written and shown in JSON without a difference."""

import json
from pathlib import Path
from typing import Any

import pytest

from exi.codec import decode, decode_fragment, encode, encode_fragment
from exi.inspection import inspect_fragment, inspect_message
from exi.json_form import fragment_from_json, fragment_to_json, from_json, to_json
from exi.protocol import Protocol, schema_set

HERE = Path(__file__).parent / "exi"
MESSAGES: list[dict[str, Any]] = json.loads((HERE / "messages.json").read_text())
PUBLISHED: list[dict[str, Any]] = json.loads((HERE / "published.json").read_text())

# The two whose JSON is not what their bytes say.
JSON_DIFFERS = {
    "supportedAppProtocolRes failed": "the peer's JSON codec writes an absent SchemaID as 0",
    "CertificateUpdateReq (direct EXIficient fragment grammar)": "made from XML, no JSON",
}


def _protocol(vector: dict[str, Any]) -> Protocol:
    return Protocol[vector["protocol"]] if "protocol" in vector else Protocol(vector["namespace"])


def _named(vectors: list[dict[str, Any]], kind: str) -> list[Any]:
    return [
        pytest.param(vector, id=f"{_protocol(vector).name}-{vector['name']}")
        for vector in vectors
        if vector["kind"] == kind
    ]


DOCUMENTS = _named(MESSAGES, "document") + _named(PUBLISHED, "document")
FRAGMENTS = _named(MESSAGES, "fragment") + _named(PUBLISHED, "fragment")


def test_no_vector_is_lost():
    assert len(MESSAGES) == 55
    assert len(DOCUMENTS) == 45 + 16
    assert len(FRAGMENTS) == 10 + 2
    assert set(JSON_DIFFERS) < {vector["name"] for vector in MESSAGES}


@pytest.mark.parametrize("vector", DOCUMENTS)
def test_document_is_read_and_written_byte_for_byte(vector):
    data = bytes.fromhex(vector["exi_hex"])
    assert encode(decode(data, _protocol(vector))) == data


@pytest.mark.parametrize("vector", FRAGMENTS)
def test_fragment_is_read_and_written_byte_for_byte(vector):
    data = bytes.fromhex(vector["exi_hex"])
    fragment = decode_fragment(data, _protocol(vector))
    assert encode_fragment(fragment.element, _protocol(vector), name=fragment.name) == data


@pytest.mark.parametrize("vector", DOCUMENTS)
def test_document_in_json_is_the_peers_json(vector):
    data = bytes.fromhex(vector["exi_hex"])
    shown = to_json(decode(data, _protocol(vector)))
    if vector["name"] in JSON_DIFFERS:
        assert shown != vector["json"]
        assert shown["supportedAppProtocolRes"].pop("SchemaID") == 0
    assert shown == vector["json"]
    if vector["name"] not in JSON_DIFFERS:
        assert encode(from_json(vector["json"], _protocol(vector))) == data


@pytest.mark.parametrize("vector", FRAGMENTS)
def test_fragment_in_json_is_the_peers_json(vector):
    data = bytes.fromhex(vector["exi_hex"])
    protocol = _protocol(vector)
    shown = fragment_to_json(decode_fragment(data, protocol), protocol)
    if vector["name"] in JSON_DIFFERS:
        assert vector["json"] == {"CertificateUpdateReq": None}
        assert shown["CertificateUpdateReq"]["Id"] == "id1"
    else:
        assert shown == vector["json"]
    fragment = fragment_from_json(shown, protocol)
    assert encode_fragment(fragment.element, protocol, name=fragment.name) == data


@pytest.mark.parametrize("vector", DOCUMENTS + FRAGMENTS)
def test_inspection_accounts_for_every_bit(vector):
    data = bytes.fromhex(vector["exi_hex"])
    inspect = inspect_message if vector["kind"] == "document" else inspect_fragment
    places, error = inspect(data, _protocol(vector))
    assert error is None
    assert "".join(place.bits for place in places) == "".join(f"{octet:08b}" for octet in data)


# The two traces that were worked out by hand, from the standard's tables: width, bits, event.
CHARGING_STATUS_REQ = """
10000000 header
1001100 SE(V2G_Message)
0 SE(Header)
0 SE(SessionID)
0 CH
00001000 length
1000001011011011101000111010010001001110110101101110010110111001 hexBinary, 0 to 8 octets
0 EE
10 EE
0 SE(Body)
001011 SE(ChargingStatusReq)
0 EE
0 EE
0 EE
0 padding
"""

AUTHORIZATION_REQ = """
10000000 header
00000100 SE(AuthorizationReq)
00 AT(Id)
00000101 length + 2
011010010110010000110001 string
00 SE(GenChallenge)
0 CH
00010000 length
BINARY base64Binary, 16 octets
0 EE
0 EE
11110100 ED
0 padding
"""


def _trace(text: str) -> list[tuple[str, str]]:
    lines = (line.split(" ", 1) for line in text.strip().splitlines())
    return [(bits, what) for bits, what in lines]


def test_bit_trace_of_charging_status_req():
    data = bytes.fromhex("80980220b6e8e913b5b96e50b0")
    places, error = inspect_message(data, Protocol.ISO_2)
    assert error is None
    assert [(place.bits, place.what) for place in places] == _trace(CHARGING_STATUS_REQ)


def test_bit_trace_of_the_authorization_req_fragment():
    data = bytes.fromhex("8004015a590c408000081018202830384048505860687079e8")
    places, error = inspect_fragment(data, Protocol.ISO_2)
    assert error is None
    binary = "".join(f"{octet:08b}" for octet in range(16))
    assert [(place.bits, place.what) for place in places] == _trace(
        AUTHORIZATION_REQ.replace("BINARY", binary)
    )


# Widths and counts, as published and agreeing with deployed encoders.
@pytest.mark.parametrize(
    ("protocol", "global_elements", "root_width", "names", "fragment_width"),
    [
        (Protocol.SAP, 2, 2, 9, 4),
        (Protocol.XMLDSIG, 24, 5, 45, 6),
        (Protocol.ISO_2, 80, 7, 243, 8),
        (Protocol.DIN, 81, 7, 245, 8),
        (Protocol.ISO_20_COMMON, 54, 6, 281, 9),
        (Protocol.ISO_20_AC, 42, 6, 154, 8),
        (Protocol.ISO_20_DC, 48, 6, 149, 8),
    ],
)
def test_widths_of_root_and_fragment_codes(
    protocol, global_elements, root_width, names, fragment_width
):
    schemas = schema_set(protocol)
    assert len(schemas.global_elements) == global_elements
    assert schemas.root_width == root_width
    assert len(schemas.fragment_elements) == names
    assert schemas.fragment_width == fragment_width


@pytest.mark.parametrize(
    ("protocol", "element", "code"),
    [
        (Protocol.ISO_2, "AuthorizationReq", 4),
        (Protocol.ISO_2, "CertificateInstallationReq", 15),
        (Protocol.ISO_2, "CertificateUpdateReq", 17),
        (Protocol.ISO_2, "ContractSignatureCertChain", 33),
        (Protocol.ISO_2, "ContractSignatureEncryptedPrivateKey", 34),
        (Protocol.ISO_2, "DHpublickey", 45),
        (Protocol.ISO_2, "MeteringReceiptReq", 121),
        (Protocol.ISO_2, "SalesTariff", 174),
        (Protocol.ISO_2, "eMAID", 236),
        (Protocol.XMLDSIG, "SignedInfo", 32),
        (Protocol.ISO_20_COMMON, "CertificateInstallationReq", 27),
        (Protocol.ISO_20_COMMON, "MeteringConfirmationReq", 119),
        (Protocol.ISO_20_COMMON, "OEMProvisioningCertificateChain", 128),
        (Protocol.ISO_20_COMMON, "PnC_AReqAuthorizationMode", 151),
        (Protocol.ISO_20_COMMON, "SignedInstallationData", 231),
        (Protocol.ISO_20_COMMON, "SignedMeteringData", 232),
    ],
)
def test_codes_of_signed_fragments(protocol, element, code):
    names = [name.local for name in schema_set(protocol).fragment_elements]
    assert names.index(element) == code


def test_only_the_emaid_of_iso_2_has_several_types():
    several = {
        (protocol, name.local)
        for protocol in Protocol
        for name, types in schema_set(protocol).fragment_elements.items()
        if len(types) > 1
    }
    assert several == {(Protocol.ISO_2, "eMAID")}
