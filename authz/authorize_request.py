"""OCPP's AuthorizeRequest, as OCPP 2.0.1 and 2.1 write it, read into a question."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from authz.errors import MalformedBody
from authz.question import Question
from authz.relay import VEHICLE_ID_TYPES, canonical_vehicle_id
from authz.strict_json import decode_fast, members, stands_twice
from certs.chain.verifier import CHAIN_CHARACTERS_MAX
from certs.edition import Edition
from certs.errors import MalformedHashData
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import CHARACTERS_MAX as EVSE_ID_CHARACTERS_MAX
from certs.identifiers.evse_id import EVSEID
from certs.revocation.hash_data import ENTRIES_MAX, OCPP_2_1, OCPP_ALGORITHMS, check_fields
from certs.revocation.hash_dialects import Reading, readings

# Limits of OCPP 2.1, the wider ones; 2.0.1 has 36, 20 of an enumeration, and 512.
ID_TOKEN_CHARACTERS_MAX = 255
TYPE_CHARACTERS_MAX = 20
ADDITIONAL_TYPE_CHARACTERS_MAX = 50
ADDITIONAL_MAX = 16  # OCPP names no limit

E_MAID = "eMAID"  # IdTokenEnumType; the letter case differs between stations (EVerest#566)


class AdditionalInfo(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """OCPP's AdditionalInfoType. Taken, and not judged."""

    additional_id_token: Annotated[str, Meta(max_length=ID_TOKEN_CHARACTERS_MAX)]
    type: Annotated[str, Meta(max_length=ADDITIONAL_TYPE_CHARACTERS_MAX)]
    custom_data: Raw | UnsetType = UNSET


class IdToken(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """OCPP's IdTokenType."""

    id_token: Annotated[str, Meta(max_length=ID_TOKEN_CHARACTERS_MAX)]
    type: Annotated[str, Meta(max_length=TYPE_CHARACTERS_MAX)]
    additional_info: (
        Annotated[list[AdditionalInfo], Meta(max_length=ADDITIONAL_MAX)] | UnsetType
    ) = UNSET
    custom_data: Raw | UnsetType = UNSET


class OcspRequestData(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """OCPP's OCSPRequestDataType."""

    hash_algorithm: Annotated[str, Meta(extra_json_schema={"enum": sorted(OCPP_ALGORITHMS)})]
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    responder_url: str = msgspec.field(name="responderURL")
    custom_data: Raw | UnsetType = UNSET


class AuthorizeRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """OCPP's AuthorizeRequest, and the EVSE that the vehicle stands at."""

    id_token: IdToken
    certificate: Annotated[str, Meta(max_length=CHAIN_CHARACTERS_MAX)] | UnsetType = UNSET
    hashes: (
        Annotated[list[OcspRequestData], Meta(min_length=1, max_length=ENTRIES_MAX)] | UnsetType
    ) = msgspec.field(name="iso15118CertificateHashData", default=UNSET)
    evse_id: Annotated[str, Meta(max_length=EVSE_ID_CHARACTERS_MAX)] | UnsetType = UNSET
    custom_data: Raw | UnsetType = UNSET


_DECODER = msgspec.json.Decoder(AuthorizeRequest)


def read_question(body: bytes) -> Question:
    """The question in a body; Malformed and its children where there is none."""
    request = decode_fast(body, _DECODER)
    if stands_twice(body, members_read=_members(request), colons_read=_colons(request)):
        raise MalformedBody("a name stands twice")
    token = request.id_token
    is_emaid = token.type.lower() == E_MAID.lower()
    return Question(
        token_type=token.type,
        emaid=EMAID.parse(token.id_token, edition=Edition.ISO_20) if is_emaid else None,
        chain_pem=None if request.certificate is UNSET else request.certificate,
        hashes=() if request.hashes is UNSET else tuple([_read(data) for data in request.hashes]),
        evse_id=None if request.evse_id is UNSET else EVSEID.parse(request.evse_id),
        vehicle_ids=frozenset()
        if token.additional_info is UNSET
        else _vehicle_ids(token.additional_info),
    )


def _vehicle_ids(told: list[AdditionalInfo]) -> frozenset[str]:
    """What an idToken's additions say of the vehicle (OCPP 2.1: EVCCID)."""
    return frozenset(
        canonical_vehicle_id(info.additional_id_token)
        for info in told
        if info.type.lower() in VEHICLE_ID_TYPES
    )


def _read(data: OcspRequestData) -> tuple[Reading, ...]:
    found = readings(
        check_fields(
            hash_algorithm=data.hash_algorithm,
            issuer_name_hash=data.issuer_name_hash,
            issuer_key_hash=data.issuer_key_hash,
            serial_number=data.serial_number,
            responder_url=data.responder_url,
            limits=OCPP_2_1,
        )
    )
    if not found:
        raise MalformedHashData("hashes and serial number are in no known spelling")
    return found


def _members(request: AuthorizeRequest) -> int:
    """How many members a request was read from, those inside customData included."""
    given = (request.certificate, request.hashes, request.evse_id)
    count = 1 + sum(part is not UNSET for part in given) + _custom(request.custom_data)
    count += 2 + _custom(request.id_token.custom_data)
    if request.id_token.additional_info is not UNSET:
        count += 1 + sum(2 + _custom(info.custom_data) for info in request.id_token.additional_info)
    if request.hashes is not UNSET:
        count += sum(5 + _custom(data.custom_data) for data in request.hashes)
    return count


def _colons(request: AuthorizeRequest) -> int:
    """How many colons stand in the strings where some are to be expected."""
    count = 0
    for text in (request.evse_id, request.id_token.id_token, request.certificate):
        if text is not UNSET:
            count += text.count(":")
    if request.hashes is not UNSET:
        count += sum([data.responder_url.count(":") for data in request.hashes])
    return count


def _custom(custom_data: Raw | UnsetType) -> int:
    return 0 if custom_data is UNSET else 1 + members(bytes(custom_data))
