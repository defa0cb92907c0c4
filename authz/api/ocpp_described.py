"""The part of the OpenAPI document that is about stations' messages and certificates."""

from collections.abc import Callable
from typing import Any

from authz.api import forwarding, station_certificates
from authz.api.forwarding import ForwardedCalls, ForwardedResults
from authz.api.station_certificates import (
    LISTED_TYPES,
    CommandList,
    DeleteBody,
    InstallBody,
    RequestDocument,
    RequestList,
    StationAnswer,
    TakenBody,
)
from authz.charging_station import IDENTITY_PATTERN

FORMS = (
    CommandList,
    DeleteBody,
    ForwardedCalls,
    ForwardedResults,
    InstallBody,
    RequestDocument,
    RequestList,
    StationAnswer,
    TakenBody,
)
TITLES = {502: "The station answered an error, or what is no answer"}
_CALLING = (400, 401, 403, 404, 408, 409, 413, 415, 422, 502, 503)
_LISTING = (400, 401, 403, 404, 409, 422, 502, 503)
_FORWARDING = (400, 401, 403, 404, 408, 413, 415, 422, 503)
_READING = (400, 401, 403, 404, 503)

Document = dict[str, Any]  # JSON
Operation = Callable[..., Document]
Parameter = Callable[[str, str, str], Document]


def paths(operation: Operation, parameter: Parameter) -> Document:
    """Every path, with its operations."""
    identity = parameter("identity", "a charging station's identity", IDENTITY_PATTERN)
    number = parameter("number", "the request's number", "^[0-9]{1,10}$")
    return {
        **_forwarding(operation),
        station_certificates.PATH: {
            "post": operation(
                "installStationCertificate",
                "InstallCertificate: a root that the station is to trust",
                StationAnswer,
                _CALLING,
                takes=InstallBody,
            ),
            "get": operation(
                "listStationCertificates",
                "GetInstalledCertificateIds",
                StationAnswer,
                _LISTING,
            )
            | {"parameters": [_types()]},
            "parameters": [identity],
        },
        station_certificates.DELETE: {
            "post": operation(
                "deleteStationCertificate",
                "DeleteCertificate",
                StationAnswer,
                _CALLING,
                takes=DeleteBody,
            ),
            "parameters": [identity],
        },
        station_certificates.COMMANDS: {
            "get": operation(
                "listStationCommands", "What the station was asked", CommandList, _READING
            ),
            "parameters": [identity],
        },
        station_certificates.REQUESTS: {
            "get": operation(
                "listCertificateRequests",
                "Certificates that the station asked for",
                RequestList,
                _READING,
            ),
            "parameters": [identity],
        },
        station_certificates.ONE_REQUEST: {
            "post": operation(
                "tellCertificateTaken",
                "Tell whether the station took a certificate",
                RequestDocument,
                (*_FORWARDING, 409),
                takes=TakenBody,
            ),
            "parameters": [identity, number],
        },
    }


def _forwarding(operation: Operation) -> Document:
    version: Document = {
        "name": "version",
        "in": "path",
        "required": True,
        "description": "OCPP's version",
        "schema": {"enum": sorted(forwarding.VERSIONS)},
    }
    action = version | {
        "name": "action",
        "description": "OCPP's name of the message",
        "schema": {"enum": sorted(forwarding.FORWARDED)},
    }
    station = {
        "name": forwarding.STATION_HEADER,
        "in": "header",
        "required": True,
        "description": "the identity of the station that asks",
        "schema": {"type": "string", "pattern": IDENTITY_PATTERN},
    }
    payload: Document = {"application/json": {"schema": {"type": "object"}}}
    one = operation("forwardCall", "Answer a station's message", None, _FORWARDING)
    one["responses"] = {
        "200": {"description": "The answer's payload", "content": payload},
        **{status: said for status, said in one["responses"].items() if status != "204"},
    }
    one["requestBody"] = {"required": True, "content": payload}
    return {
        forwarding.BATCH: {
            "post": operation(
                "forwardCalls",
                "Answer several messages",
                ForwardedResults,
                _FORWARDING,
                takes=ForwardedCalls,
            ),
            "parameters": [version],
        },
        forwarding.PATH: {"post": one, "parameters": [version, action, station]},
    }


def _types() -> Document:
    return {
        "name": "type",
        "in": "query",
        "description": "a type of certificate; all where none is named",
        "schema": {
            "type": "array",
            "items": {"enum": list(LISTED_TYPES)},
            "maxItems": len(LISTED_TYPES),
        },
    }
