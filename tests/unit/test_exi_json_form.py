"""The JSON form: what each kind of value looks like, and what is refused when it is read."""

import base64

import pytest

from exi.codec import encode, encode_fragment
from exi.errors import Malformed, NotEncodable
from exi.iso2.header import MessageHeaderType
from exi.iso2.message import BodyType, V2G_Message
from exi.iso2.metering import MeterInfoType, MeteringReceiptReq
from exi.iso2.power_delivery import PowerDeliveryRes
from exi.iso2.simple_types import EVSENotificationType, responseCodeType
from exi.iso2.values import AC_EVSEStatusType
from exi.json_form import fragment_from_json, fragment_to_json, from_json, to_json
from exi.protocol import Protocol
from exi.schema_set import Fragment
from exi.xmldsig import KeyInfoType, KeyName, X509DataType, X509IssuerSerialType

STATUS = AC_EVSEStatusType(
    NotificationMaxDelay=0, EVSENotification=EVSENotificationType.None_, RCD=False
)
HEADER = {"SessionID": "82DBA3A44ED6E5B9"}


def message(body):
    return {"V2G_Message": {"Header": HEADER, "Body": body}}


def refused(document, protocol=Protocol.ISO_2):
    with pytest.raises(Malformed) as caught:
        from_json(document, protocol)
    assert caught.value.bit_offset == -1
    return caught.value


def test_each_kind_of_value_has_its_form():
    receipt = MeteringReceiptReq(
        Id="id1",
        SessionID=b"\xab\xcd",
        MeterInfo=MeterInfoType(MeterID="M1", MeterReading=7, SigMeterReading=b"\x00\x01"),
    )
    shown = to_json(
        V2G_Message(Header=MessageHeaderType(SessionID=b"\x01"), Body=BodyType(BodyElement=receipt))
    )
    assert shown == {
        "V2G_Message": {
            "Header": {"SessionID": "01"},
            "Body": {
                "MeteringReceiptReq": {
                    "Id": "id1",
                    "SessionID": "ABCD",
                    "MeterInfo": {
                        "MeterID": "M1",
                        "MeterReading": 7,
                        "SigMeterReading": base64.b64encode(b"\x00\x01").decode(),
                    },
                }
            },
        }
    }


def test_an_element_that_stands_for_another_has_its_own_name():
    answer = PowerDeliveryRes(ResponseCode=responseCodeType.OK, EVSEStatus=STATUS)
    shown = to_json(
        V2G_Message(Header=MessageHeaderType(SessionID=b""), Body=BodyType(BodyElement=answer))
    )
    assert shown["V2G_Message"]["Body"]["PowerDeliveryRes"] == {
        "ResponseCode": "OK",
        "AC_EVSEStatus": {"NotificationMaxDelay": 0, "EVSENotification": "None", "RCD": False},
    }
    # An empty octet string is a value, not an absence.
    assert shown["V2G_Message"]["Header"] == {"SessionID": ""}
    assert encode(from_json(shown, Protocol.ISO_2))


def test_children_whose_order_counts_are_items():
    key = KeyInfoType(
        items=(
            KeyName(value="a"),
            X509DataType(items=(X509IssuerSerialType(X509IssuerName="CN=a", X509SerialNumber=9),)),
        )
    )
    shown = fragment_to_json(Fragment("KeyInfo", key), Protocol.XMLDSIG)
    issuer = {"X509IssuerSerial": {"X509IssuerName": "CN=a", "X509SerialNumber": 9}}
    assert shown == {
        "KeyInfo": {"items": [{"KeyName": {"value": "a"}}, {"X509Data": {"items": [issuer]}}]}
    }
    assert fragment_from_json(shown, Protocol.XMLDSIG).element == key


def test_fragments_of_simple_type():
    for name, value, shown in [("DigestValue", b"\x00", "AA=="), ("KeyName", "a", "a")]:
        fragment = Fragment(name, value)
        assert fragment_to_json(fragment, Protocol.XMLDSIG) == {name: shown}
        assert fragment_from_json({name: shown}, Protocol.XMLDSIG) == fragment
        assert encode_fragment(value, Protocol.XMLDSIG, name=name)
    with pytest.raises(NotEncodable):
        fragment_to_json(Fragment("SignedInfo", b""), Protocol.XMLDSIG)


def test_an_emaid_is_told_by_its_form():
    text = fragment_from_json({"eMAID": "UKSWI123456791A"}, Protocol.ISO_2)
    assert text.element == "UKSWI123456791A"
    signed = fragment_from_json(
        {"eMAID": {"Id": "id4", "value": "UKSWI123456791A"}}, Protocol.ISO_2
    )
    assert signed.element != text.element


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ([], "exi.json", ""),
        ({}, "exi.json", ""),
        ({"V2G_Message": {}, "Other": {}}, "exi.json", ""),
        ({1: {}}, "exi.json", ""),
        ({"AuthorizationReq": {}}, "exi.json", ""),
        ({"V2G_Message": []}, "exi.json", "V2G_Message"),
        ({"V2G_Message": {"Header": HEADER}}, "exi.element_missing", "V2G_Message"),
        (message({"Nonsense": {}}), "exi.json", "V2G_Message/Body"),
        (message({"BodyElement": {}}), "exi.json", "V2G_Message/Body/BodyElement"),
        (
            message({"AuthorizationReq": {}, "ChargingStatusReq": {}}),
            "exi.json",
            "V2G_Message/Body",
        ),
        (
            message({"ServiceDetailReq": {"ServiceID": "1"}}),
            "exi.json",
            "V2G_Message/Body/ServiceDetailReq/ServiceID",
        ),
        (
            message({"ServiceDetailReq": {"ServiceID": True}}),
            "exi.json",
            "V2G_Message/Body/ServiceDetailReq/ServiceID",
        ),
        (
            message({"ServiceDetailReq": {"ServiceID": 65536}}),
            "exi.value_out_of_range",
            "V2G_Message/Body/ServiceDetailReq/ServiceID",
        ),
        (
            message({"SessionStopReq": {"ChargingSession": "Sleep"}}),
            "exi.value_out_of_range",
            "V2G_Message/Body/SessionStopReq/ChargingSession",
        ),
        (
            message({"AuthorizationReq": {"GenChallenge": "AA=="}}),
            "exi.length_out_of_range",
            "V2G_Message/Body/AuthorizationReq/GenChallenge",
        ),
        (
            message({"AuthorizationReq": {"GenChallenge": "not base64"}}),
            "exi.json",
            "V2G_Message/Body/AuthorizationReq/GenChallenge",
        ),
        (
            message({"SessionSetupReq": {"EVCCID": "xyz"}}),
            "exi.json",
            "V2G_Message/Body/SessionSetupReq/EVCCID",
        ),
        (
            message({"CurrentDemandReq": {"ChargingComplete": 1}}),
            "exi.json",
            "V2G_Message/Body/CurrentDemandReq/ChargingComplete",
        ),
        (
            message(
                {"PaymentServiceSelectionReq": {"SelectedServiceList": {"SelectedService": 1}}}
            ),
            "exi.json",
            "V2G_Message/Body/PaymentServiceSelectionReq/SelectedServiceList/SelectedService",
        ),
    ],
    ids=str,
)
def test_other_forms_are_refused(document, code, path):
    error = refused(document)
    assert error.code == code
    assert "/".join(error.path) == path
    assert str(error).startswith(f"{code} at /{path}: ")


@pytest.mark.parametrize(
    "document",
    [
        {"Nonsense": {}},
        {"KeyInfo": "text"},
        {"DigestValue": {}},
        {"KeyInfo": {"items": [{"Nonsense": {}}]}},
        {"KeyInfo": {"items": [{"KeyName": "a"}]}},
        {"KeyInfo": {"items": {}}},
    ],
    ids=str,
)
def test_other_forms_of_fragments_are_refused(document):
    with pytest.raises(Malformed) as caught:
        fragment_from_json(document, Protocol.XMLDSIG)
    assert caught.value.code == "exi.json"


def test_an_element_of_another_type_has_no_json():
    meter = MeterInfoType(MeterID=MeterInfoType(MeterID="M1"))  # type: ignore[arg-type]
    assert to_json(meter) == {"MeterInfoType": {"MeterID": {"MeterID": "M1"}}}
    status = PowerDeliveryRes(ResponseCode=responseCodeType.OK, EVSEStatus=b"AC")  # type: ignore[arg-type]
    with pytest.raises(NotEncodable):
        to_json(status)
    with pytest.raises(NotEncodable):
        to_json(V2G_Message(Header=b"header", Body=BodyType()))  # type: ignore[arg-type]
