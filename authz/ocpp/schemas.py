"""OCPP's own JSON schemas, compiled, and which error code names what a payload breaks.

The schemas are those that PyPI ``ocpp`` ships, which are OCA's but for DEVIATIONS.
"""

import re
from collections.abc import Mapping
from enum import Enum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import jsonschema_rs
import msgspec

from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion

PAYLOAD_DEPTH_MAX = 32  # OCPP's deepest payload (2.1 SetChargingProfile) has 9 levels


class MessageKind(Enum):
    """A question, the answer to it, or what nobody answers; by the ends of the schemas' names."""

    __hash__ = object.__hash__

    REQUEST = "Request"
    RESPONSE = "Response"
    SEND = ""  # 2.1


# Where the shipped schemas are not OCA's: mobilityhouse/ocpp#364 widened what 2.0.1 limits to
# 5,600 characters, because real contract bundles do not fit. What a station announces in
# OCPPCommCtrlr.FieldLength decides; senders that want to be safe stay below OCA's limit.
DEVIATIONS: Mapping[tuple[OcppVersion, str, str], tuple[int, int]] = MappingProxyType(
    {
        # version, schema, field: (OCA's maxLength, the shipped one)
        (OcppVersion.V201, "Get15118EVCertificateResponse", "exiResponse"): (5_600, 7_500),
    }
)

_PACKAGES = {OcppVersion.V16: "v16", OcppVersion.V201: "v201", OcppVersion.V21: "v21"}
_OCCURRENCE = {"required", "minItems", "maxItems", "minProperties", "maxProperties"}
_FORMAT = {"additionalProperties"}
# What is told where a payload breaks several rules: the first of these that it breaks.
_PRECEDENCE = (
    CallErrorCode.TYPE_CONSTRAINT_VIOLATION,
    CallErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    CallErrorCode.FORMAT_VIOLATION,
    CallErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
)
_ERRORS_MAX = 32  # of one payload that are looked at

_OBJECT = msgspec.json.Decoder(dict[str, Any])
_SPACED = (b" :", b"\t:", b"\n:", b"\r:")
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def knows(version: OcppVersion, action: str) -> bool:
    """Whether a version has an action of this name, in whichever direction."""
    return _file(version, action, MessageKind.REQUEST) in _names(version)


def validate(version: OcppVersion, action: str, kind: MessageKind, payload: bytes) -> None:
    """Checks a payload against its schema.

    Raises CallRefused: NotImplemented for an action that the version does not have,
    FormatViolation for what is not JSON that all readers read alike (H05), and the code of the
    constraint that is broken otherwise. The description names fields and rules, never values.
    """
    name = _file(version, action, kind)
    if name not in _names(version):
        raise CallRefused(CallErrorCode.NOT_IMPLEMENTED, "no such action")
    told = _decode(payload)
    validator = _compiled(version, name)
    if not validator.is_valid(told):
        raise _broken(validator, told)


def _file(version: OcppVersion, action: str, kind: MessageKind) -> str:
    # OCPP 1.6 calls a request's schema by its action alone, as 2.1 does for what nobody answers.
    alone = kind is (MessageKind.REQUEST if version is OcppVersion.V16 else MessageKind.SEND)
    if not alone:
        return action + kind.value
    return "" if action.endswith(("Request", "Response")) else action


def _decode(payload: bytes) -> dict[str, Any]:
    try:
        if not payload.isascii():
            payload.decode()  # msgspec leaves octets in skipped strings unread
        told = _OBJECT.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
        raise CallRefused(CallErrorCode.FORMAT_VIOLATION, "not a JSON object") from bad
    # msgspec keeps the last of two members with one name: then there are more colons outside of
    # strings than members.
    if not _once(payload, _members(told, PAYLOAD_DEPTH_MAX)):
        raise CallRefused(CallErrorCode.FORMAT_VIOLATION, "a name stands twice")
    return told


def _once(payload: bytes, members: int) -> bool:
    """Whether no name stands twice in an object, given how many members were read.

    There are no fewer colons than members that were written, so as many as were read is proof.
    Where texts hold more, and no colon follows a space, each member has a quote and a colon, of
    which the same is true. Otherwise the texts are taken out first.
    """
    if payload.count(b":") == members:
        return True
    if payload.count(b'":') == members and not any(spaced in payload for spaced in _SPACED):
        return True
    return _STRINGS.sub(b"", payload).count(b":") == members


def _members(told: dict[str, Any] | list[Any], depth_left: int) -> int:
    """How many members all objects in a value have together."""
    if depth_left == 0:
        raise CallRefused(CallErrorCode.FORMAT_VIOLATION, "nested too deeply")
    if isinstance(told, dict):
        count, values = len(told), list(told.values())
    else:
        count, values = 0, told
    for value in values:
        if isinstance(value, dict | list):
            count += _members(value, depth_left - 1)
    return count


@cache
def _names(version: OcppVersion) -> frozenset[str]:
    """The names of a version's schemas."""
    folder = resources.files("ocpp") / _PACKAGES[version] / "schemas"
    return frozenset(
        file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json")
    )


@cache  # some 380 schemas in all
def _compiled(version: OcppVersion, name: str) -> jsonschema_rs.Validator:
    package = resources.files("ocpp") / _PACKAGES[version] / "schemas" / f"{name}.json"
    # utf-8-sig: some of the shipped files begin with a byte order mark
    schema = msgspec.json.decode(package.read_text("utf-8-sig"))
    # Stations write moments without a zone, and URLs that no RFC allows: whoever needs a moment
    # or a URL reads it strictly.
    return jsonschema_rs.validator_for(schema, validate_formats=False)


def _broken(validator: jsonschema_rs.Validator, told: dict[str, Any]) -> CallRefused:
    """The refusal of a payload that its validator refuses."""
    found: dict[CallErrorCode, str] = {}
    for count, error in enumerate(validator.iter_errors(told)):
        if count == _ERRORS_MAX:
            break
        rule = error.kind.name
        where = "/".join(str(step) for step in error.instance_path) or "payload"
        found.setdefault(_code(rule), f"{where}: {rule}")
    code = next(code for code in _PRECEDENCE if code in found)
    return CallRefused(code, found[code])


def _code(rule: str) -> CallErrorCode:
    if rule == "type":
        return CallErrorCode.TYPE_CONSTRAINT_VIOLATION
    if rule in _OCCURRENCE:
        return CallErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION
    if rule in _FORMAT:
        return CallErrorCode.FORMAT_VIOLATION
    return CallErrorCode.PROPERTY_CONSTRAINT_VIOLATION
