"""Values that no message can carry: refused with a code and a path; and names of fragments."""

from typing import Any

import pytest

from exi import app_protocol as sap
from exi.codec import decode, decode_fragment, encode, encode_fragment, protocol_of
from exi.datatypes import (
    BASE64,
    BOOLEAN,
    HEX,
    INTEGER,
    STRING,
    UNSIGNED_BYTE,
    Binary,
    Datatype,
    Encoding,
    Enumeration,
    Integer,
    String,
)
from exi.errors import CODES, NotEncodable
from exi.iso2.certificate import (
    CertificateChainType,
    CertificateInstallationReq,
    EMAIDType,
    SubCertificatesType,
)
from exi.iso2.header import MessageHeaderType
from exi.iso2.message import BodyType, V2G_Message
from exi.iso2.metering import MeterInfoType
from exi.iso2.payment import AuthorizationReq, AuthorizationRes, PaymentDetailsReq
from exi.iso2.power_delivery import PowerDeliveryRes
from exi.iso2.service import ParameterType
from exi.iso2.session import SessionSetupReq, SessionSetupRes
from exi.iso2.simple_types import EVSENotificationType, EVSEProcessingType, responseCodeType
from exi.iso2.values import AC_EVSEStatusType
from exi.iso20.ac import AC_ChargeLoopRes
from exi.iso20.header import MessageHeaderType as Header20
from exi.iso20.session import SessionStopRes
from exi.protocol import Protocol, schema_set
from exi.xmldsig import KeyInfoType, KeyName, SignedInfoType

SESSION = bytes.fromhex("82DBA3A44ED6E5B9")
CHAIN = ("V2G_Message", "Body", "PaymentDetailsReq", "ContractSignatureCertChain")


def message(element: Any, session: Any = SESSION) -> V2G_Message:
    return V2G_Message(
        Header=MessageHeaderType(SessionID=session), Body=BodyType(BodyElement=element)
    )


def refused(value: Any) -> NotEncodable:
    with pytest.raises(NotEncodable) as caught:
        encode(value)
    assert caught.value.code in CODES
    return caught.value


def test_a_body_may_be_empty():
    empty = V2G_Message(Header=MessageHeaderType(SessionID=SESSION), Body=BodyType())
    assert decode(encode(empty), Protocol.ISO_2) == empty


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        (
            message(SessionSetupReq(EVCCID=bytes(7))),
            "exi.length_out_of_range",
            "V2G_Message/Body/SessionSetupReq/EVCCID",
        ),
        (
            message(SessionSetupReq(EVCCID=bytes(6)), bytes(9)),
            "exi.length_out_of_range",
            "V2G_Message/Header/SessionID",
        ),
        (
            message(SessionSetupRes(ResponseCode=responseCodeType.OK, EVSEID="short")),
            "exi.length_out_of_range",
            "V2G_Message/Body/SessionSetupRes/EVSEID",
        ),
        (
            message(SessionSetupRes(ResponseCode="Ok", EVSEID="DE*ABC*E1")),  # type: ignore[arg-type]
            "exi.value_out_of_range",
            "V2G_Message/Body/SessionSetupRes/ResponseCode",
        ),
        (
            message(
                SessionSetupRes(
                    ResponseCode=responseCodeType.OK, EVSEID="DE*ABC*E1", EVSETimeStamp=2**63
                )
            ),
            "exi.value_out_of_range",
            "V2G_Message/Body/SessionSetupRes/EVSETimeStamp",
        ),
        (message("AuthorizationReq"), "exi.element_unexpected", "V2G_Message/Body"),
        (
            message(AuthorizationReq(Id=5)),  # type: ignore[arg-type]
            "exi.type_wrong",
            "V2G_Message/Body/AuthorizationReq/Id",
        ),
        (
            message(AuthorizationReq(Id="a\x00")),
            "exi.character_invalid",
            "V2G_Message/Body/AuthorizationReq/Id",
        ),
        (
            message(
                AuthorizationRes(
                    ResponseCode=None,  # type: ignore[arg-type]
                    EVSEProcessing=EVSEProcessingType.Finished,
                )
            ),
            "exi.element_missing",
            "V2G_Message/Body/AuthorizationRes",
        ),
        (
            message(
                AuthorizationRes(
                    ResponseCode=responseCodeType.OK,
                    EVSEProcessing=None,  # type: ignore[arg-type]
                )
            ),
            "exi.element_missing",
            "V2G_Message/Body/AuthorizationRes",
        ),
        (
            message(
                PaymentDetailsReq(
                    eMAID="DE8AACA2B3C4D5",
                    ContractSignatureCertChain=SubCertificatesType(Certificate=()),  # type: ignore[arg-type]
                )
            ),
            "exi.type_wrong",
            "V2G_Message/Body/PaymentDetailsReq/ContractSignatureCertChain",
        ),
        (
            message(
                PaymentDetailsReq(
                    eMAID="DE8AACA2B3C4D5",
                    ContractSignatureCertChain=CertificateChainType(
                        Certificate=b"", SubCertificates=SubCertificatesType(Certificate=[b""])  # type: ignore[arg-type]
                    ),
                )
            ),
            "exi.type_wrong",
            "/".join((*CHAIN, "SubCertificates", "Certificate")),
        ),
        (
            sap.supportedAppProtocolReq(AppProtocol=()),
            "exi.element_missing",
            "supportedAppProtocolReq",
        ),
    ],
    ids=lambda value: value.replace("/", "-") if isinstance(value, str) else "",
)  # fmt: skip
def test_value_outside_its_type_is_refused(value, code, path):
    error = refused(value)
    assert error.code == code
    assert "/".join(error.path) == path
    assert str(error).startswith(f"{code} in /{path}: ")


def test_two_values_of_a_choice_or_none_are_refused():
    machine = schema_set(Protocol.ISO_2).machines.of(ParameterType)
    for parameter, code in [
        (ParameterType(Name="a", boolValue=True, intValue=5), "exi.element_unexpected"),
        (ParameterType(Name="a"), "exi.element_missing"),
    ]:
        with pytest.raises(NotEncodable) as caught:
            machine.write(parameter)
        assert caught.value.code == code


def test_an_element_of_another_part_cannot_stand_in():
    # An AC status where the head stands is fine, a meter is not.
    status = AC_EVSEStatusType(
        NotificationMaxDelay=0, EVSENotification=EVSENotificationType.None_, RCD=False
    )
    encode(message(PowerDeliveryRes(ResponseCode=responseCodeType.OK, EVSEStatus=status)))
    error = refused(
        message(
            PowerDeliveryRes(
                ResponseCode=responseCodeType.OK,
                EVSEStatus=MeterInfoType(MeterID="M1"),  # type: ignore[arg-type]
            )
        )
    )
    assert error.code == "exi.element_missing"


def test_an_enumeration_may_be_given_as_text():
    text = message(AuthorizationRes(ResponseCode="OK", EVSEProcessing="Finished"))  # type: ignore[arg-type]
    assert encode(text).hex() == "80980220b6e8e913b5b96e50100000"


@pytest.mark.parametrize("value", [AuthorizationReq(), MeterInfoType(MeterID="M1")])
def test_what_is_no_message_cannot_stand_alone(value):
    assert refused(value).code == "exi.not_a_message"


def test_messages_know_their_protocol():
    assert protocol_of(V2G_Message) is Protocol.ISO_2
    assert protocol_of(sap.supportedAppProtocolRes) is Protocol.SAP
    assert protocol_of(SessionStopRes) is Protocol.ISO_20_COMMON
    assert protocol_of(AC_ChargeLoopRes) is Protocol.ISO_20_AC


def test_a_message_of_20_round_trips():
    stop = SessionStopRes(Header=Header20(SessionID=SESSION, TimeStamp=1), ResponseCode="OK")  # type: ignore[arg-type]
    assert decode(encode(stop), Protocol.ISO_20_COMMON) == stop


def test_fragment_whose_name_is_not_clear():
    chain = CertificateChainType(Id="id1", Certificate=b"certificate")
    with pytest.raises(NotEncodable) as caught:
        encode_fragment(chain, Protocol.ISO_2)
    assert caught.value.code == "exi.fragment_name"
    named = encode_fragment(chain, Protocol.ISO_2, name="ContractSignatureCertChain")
    assert named[:2].hex() == "8021"
    assert decode_fragment(named, Protocol.ISO_2) == ("ContractSignatureCertChain", chain)
    other = encode_fragment(chain, Protocol.ISO_2, name="SAProvisioningCertificateChain")
    assert other != named


def test_every_fragment_has_a_name_of_its_own():
    for protocol in Protocol:
        names = schema_set(protocol).fragment_names
        assert len(set(names.values())) == len(names)
    names = schema_set(Protocol.ISO_2).fragment_names
    assert {name for name in names.values() if "SessionID" in name} == {
        "{urn:iso:15118:2:2013:MsgBody}SessionID", "{urn:iso:15118:2:2013:MsgHeader}SessionID",
    }  # fmt: skip
    # A global element has its name for itself, whatever local ones are called.
    status = AC_EVSEStatusType(
        NotificationMaxDelay=0, EVSENotification=EVSENotificationType.None_, RCD=False
    )
    own = encode_fragment(status, Protocol.ISO_2)
    assert own == encode_fragment(status, Protocol.ISO_2, name="AC_EVSEStatus")
    local = "{urn:iso:15118:2:2013:MsgBody}AC_EVSEStatus"
    assert encode_fragment(status, Protocol.ISO_2, name=local) != own


@pytest.mark.parametrize(
    ("element", "name"),
    [
        pytest.param(AuthorizationReq(), "AuthorizationRes", id="of another element"),
        pytest.param(AuthorizationReq(), "Nonsense", id="unknown"),
        pytest.param("UKSWI123456791A", None, id="simple without a name"),
    ],
)
def test_fragment_with_a_wrong_name(element, name):
    with pytest.raises(NotEncodable) as caught:
        encode_fragment(element, Protocol.ISO_2, name=name)
    assert caught.value.code == "exi.fragment_name"


def test_fragment_with_a_wrong_value_names_its_path():
    with pytest.raises(NotEncodable) as caught:
        encode_fragment(EMAIDType(Id="id4", value="short"), Protocol.ISO_2)
    assert caught.value.code == "exi.length_out_of_range"
    assert caught.value.path == ("eMAID",)
    with pytest.raises(NotEncodable) as caught:
        encode_fragment(CertificateInstallationReq(Id="i", OEMProvisioningCert=b"", ListOfRootCertificateIDs=None), Protocol.ISO_2)  # type: ignore[arg-type]  # fmt: skip # noqa: E501 - one story
    assert caught.value.code == "exi.element_missing"


def test_signed_info_needs_references():
    with pytest.raises(TypeError):
        SignedInfoType()  # type: ignore[call-arg]


def test_lists_of_alternatives_keep_their_order():
    names = KeyInfoType(items=(KeyName(value="a"), KeyName(value="b")))
    data = encode_fragment(names, Protocol.XMLDSIG)
    assert decode_fragment(data, Protocol.XMLDSIG).element == names


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (BOOLEAN, 1),
        (UNSIGNED_BYTE, True),
        (UNSIGNED_BYTE, "1"),
        (UNSIGNED_BYTE, 1.0),
        (INTEGER, None),
        (STRING, b"a"),
        (BASE64, "a"),
        (HEX, bytearray(b"a")),
        (Enumeration(responseCodeType), 0),
    ],
)
def test_values_of_another_type_are_refused(datatype, value):
    with pytest.raises(NotEncodable) as caught:
        datatype.write(value)
    assert caught.value.code == "exi.type_wrong"


@pytest.mark.parametrize(
    ("datatype", "value", "code"),
    [
        (UNSIGNED_BYTE, 256, "exi.value_out_of_range"),
        (UNSIGNED_BYTE, -1, "exi.value_out_of_range"),
        (Integer(-3, 3), 4, "exi.value_out_of_range"),
        (INTEGER, 2**448, "exi.value_out_of_range"),
        (Binary(Encoding.HEX, length_min=8, length_max=8), bytes(7), "exi.length_out_of_range"),
        (String(length_max=3), "four", "exi.length_out_of_range"),
        (STRING, "\ud800", "exi.character_invalid"),
        (STRING, "\uffff", "exi.character_invalid"),
    ],
)
def test_values_beyond_their_facets_are_refused(datatype, value, code):
    with pytest.raises(NotEncodable) as caught:
        datatype.write(value)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("datatype", "value", "bits"),
    [
        (Integer(-3, 3), -3, "000"),
        (Integer(-3, 3), 3, "110"),
        (Integer(0, 100), 100, "1100100"),
        (Integer(12, 1024), 1024, "1111110100"),
        (Integer(-(2**15), 2**15 - 1), -1, "1" + "00000000"),
        (Integer(0, 65535), 300, "10101100" + "00000010"),
        (STRING, "", "00000010"),
        (STRING, "é", "00000011" + "11101001" + "00000001"),
        (STRING, "a\n", "00000100" + "01100001" + "00001010"),
        (BASE64, b"\x01", "00000001" + "00000001"),
        (BOOLEAN, True, "1"),
        (Enumeration(responseCodeType), responseCodeType.FAILED, "00100"),
    ],
)
def test_representations(datatype, value, bits):
    assert datatype.write(value) == bits
    assert datatype.read(bits, 0) == (value, len(bits))


def test_datatypes_are_equal_by_facets_and_say_what_they_are():
    assert String(length_max=3) == String(length_max=3)
    assert String(length_max=3) != String(length_max=4)
    assert hash(Integer(0, 255)) == hash(UNSIGNED_BYTE)
    assert UNSIGNED_BYTE != 255
    said = [
        BOOLEAN, INTEGER, UNSIGNED_BYTE, STRING, String(length_min=14, length_max=15), HEX,
        Binary(Encoding.BASE64, length_min=16, length_max=16), Enumeration(responseCodeType),
    ]  # fmt: skip
    assert [str(datatype) for datatype in said] == [
        "boolean", "integer", "integer 0..255", "string", "string, 14 to 15 characters",
        "hexBinary", "base64Binary, 16 octets", "responseCodeType",
    ]  # fmt: skip
    assert repr(UNSIGNED_BYTE) == "Integer(0, 255)"


def test_only_small_types_are_looked_up_in_tables():
    assert Integer(-1, 1).values() == (-1, 0, 1)
    assert Integer(12, 1024).values() == ()
    assert Integer(0, 65535).values() == ()
    assert INTEGER.values() == ()


def test_a_datatype_must_say_how_it_is_written():
    nothing = Datatype()
    for ask in (lambda: nothing.facets, lambda: nothing.write(1), lambda: nothing.read("", 0)):
        with pytest.raises(NotImplementedError):
            ask()
    assert nothing.values() == ()
    assert nothing.empty() is None
