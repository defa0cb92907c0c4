"""Declared classes behave as frozen, keyword-only dataclasses."""

import copy
import dataclasses
import pickle
from typing import Annotated

import pytest

from exi.datatypes import STRING
from exi.declaration import ATTRIBUTE, Complex, Name, Occurs, Role, Schema, Wildcard
from exi.iso2.body import BodyBaseType
from exi.iso2.metering import MeterInfoType
from exi.iso2.payment import AuthorizationReq, AuthorizationRes, PaymentDetailsRes
from exi.iso2.service import ParameterType
from exi.iso2.simple_types import EVSEProcessingType, responseCodeType
from exi.iso2.values import AC_EVSEStatusType, EVSEStatusType

METER = MeterInfoType(MeterID="M1", MeterReading=5)


def test_absent_optional_elements_are_none():
    assert METER.MeterReading == 5
    assert METER.TMeter is None


def test_a_required_element_must_be_given():
    with pytest.raises(TypeError, match="MeterInfoType needs MeterID"):
        MeterInfoType(MeterReading=5)  # type: ignore[call-arg]


def test_an_unknown_element_cannot_be_given():
    with pytest.raises(TypeError, match="MeterInfoType has no Meter, Reading"):
        MeterInfoType(MeterID="M1", Meter=1, Reading=2)  # type: ignore[call-arg]


def test_values_are_frozen():
    with pytest.raises(AttributeError, match="frozen"):
        METER.MeterID = "M2"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del METER.MeterID
    with pytest.raises(AttributeError):
        METER.Other = 1  # type: ignore[attr-defined]
    assert not hasattr(METER, "__dict__")


def test_equality_and_hash_are_by_value_and_type():
    same = MeterInfoType(MeterID="M1", MeterReading=5)
    assert same == METER
    assert hash(same) == hash(METER)
    assert same != MeterInfoType(MeterID="M1")
    assert METER != "M1"
    assert AuthorizationReq() != BodyBaseType


def test_repr_leaves_out_what_is_absent():
    assert repr(METER) == "MeterInfoType(MeterID='M1', MeterReading=5)"
    assert repr(AuthorizationReq()) == "AuthorizationReq()"


def test_dataclasses_see_a_dataclass():
    assert dataclasses.is_dataclass(METER)
    assert [field.name for field in dataclasses.fields(METER)] == [
        "MeterID", "MeterReading", "SigMeterReading", "MeterStatus", "TMeter",
    ]  # fmt: skip
    changed = dataclasses.replace(METER, MeterID="M2")
    assert changed == MeterInfoType(MeterID="M2", MeterReading=5)
    with pytest.raises(TypeError):
        dataclasses.replace(METER, Meter="M2")


def test_values_can_be_copied_and_pickled():
    assert copy.copy(METER) == METER
    assert copy.deepcopy(METER) == METER
    assert pickle.loads(pickle.dumps(METER)) == METER


def test_values_match_by_pattern():
    match AuthorizationRes(
        ResponseCode=responseCodeType.OK, EVSEProcessing=EVSEProcessingType.Ongoing
    ):
        case AuthorizationRes(ResponseCode=responseCodeType.OK, EVSEProcessing=processing):
            assert processing == "Ongoing"
        case _:
            pytest.fail("no match")


def test_abstract_types_have_no_values():
    with pytest.raises(TypeError, match="abstract"):
        BodyBaseType()
    with pytest.raises(TypeError, match="abstract"):
        EVSEStatusType(NotificationMaxDelay=0, EVSENotification="None")  # type: ignore[arg-type]


def test_fields_of_the_base_come_first():
    assert [field.name for field in AC_EVSEStatusType.fields] == [
        "NotificationMaxDelay", "EVSENotification", "RCD",
    ]  # fmt: skip


def test_a_field_knows_its_part_and_its_qualified_name():
    name, *values = ParameterType.fields
    assert name.role is Role.ATTRIBUTE
    assert name.qualified == Name("Name", "urn:iso:15118:2:2013:MsgDataTypes")
    assert str(name.qualified) == "{urn:iso:15118:2:2013:MsgDataTypes}Name"
    assert all(value.role is Role.ELEMENT for value in values)
    assert PaymentDetailsRes.fields[0].qualified.namespace == "urn:iso:15118:2:2013:MsgBody"


def test_an_annotation_that_says_too_little_is_a_mistake_of_ours():
    schema = Schema("urn:test")
    assert repr(schema) == "Schema(urn:test)"

    class Numbered(Complex, schema=schema):
        Number: int  # of which type?

    class Listed(Complex, schema=schema):
        Texts: tuple[str, ...]  # how many?

    class Marked(Complex, schema=schema, content=Wildcard()):
        Text: Annotated[str, STRING, ATTRIBUTE, "remark"]
        Texts: Annotated[tuple[str, ...], Occurs(1, 2), object()]

    for declared in (Numbered, Listed):
        with pytest.raises(TypeError, match="says too little"):
            declared.fields  # noqa: B018 - reading it is the test
    assert [field.maximum for field in Marked.fields] == [1, 2]
    assert schema.types == [Numbered, Listed, Marked]
