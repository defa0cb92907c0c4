"""The OpenAPI document: our own forms as schemas, every door and every problem."""

from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from authz.api import (
    authorize,
    contracts,
    decisions,
    evses,
    local_list,
    ocpp_described,
    stations,
)
from authz.api.anchors import ONE as ONE_ANCHOR
from authz.api.anchors import PATH as ANCHORS
from authz.api.anchors import AnchorBody, AnchorDocument, AnchorList
from authz.api.answers import raw_answer
from authz.api.contract_import import MEDIA_TYPES as MANY
from authz.api.contract_import import PATH as IMPORT
from authz.api.contract_import import ContractLine, Imported
from authz.api.contracts import ContractBody, ContractChanges, ContractDocument
from authz.api.evses import EvseDocument
from authz.api.health import Health
from authz.api.local_list import SendBody, SentDocument
from authz.api.policy import PATH as POLICY
from authz.api.problems import MEDIA_TYPE, Problem
from authz.api.stations import PasswordDocument, StationBody, StationDocument, StationList
from authz.authorize_request import AuthorizeRequest
from authz.charging_station import IDENTITY_PATTERN
from authz.idempotency import KEY_PATTERN
from authz.policy_document import PolicyDocument
from authz.record import Answer, Record

VERSION = "1"
PATH = "/openapi.json"

_REF = "#/components/schemas/{name}"

# How what an address names is spelled, as JSON Schema's dialect of expressions has it. The
# parsers are the judges; these tell a client beforehand.
_EMAID = (
    "^([A-Za-z]{2}[A-Za-z0-9]{12,250}|"
    "[A-Za-z]{2}-[A-Za-z0-9]{3}-([A-Za-z0-9]{9}|[A-Za-z0-9]{11,200})(-[A-Za-z0-9])?)$"
)
_EVSE_ID = "^[A-Za-z]{2}([A-Za-z0-9]{3}|[*][A-Za-z0-9]{3}[*])[Ee][A-Za-z0-9][A-Za-z0-9*]{0,30}$"
_FINGERPRINT = "^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$"
_DECISION_ID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_FORMS = (
    Answer,
    AnchorBody,
    AnchorDocument,
    AnchorList,
    AuthorizeRequest,
    ContractBody,
    ContractChanges,
    ContractDocument,
    ContractLine,
    EvseDocument,
    Health,
    Imported,
    SendBody,
    SentDocument,
    PasswordDocument,
    PolicyDocument,
    Problem,
    Record,
    StationBody,
    StationDocument,
    StationList,
    *ocpp_described.FORMS,
)
_TITLES = ocpp_described.TITLES | {
    400: "Not what it claims to be",
    401: "No API key in use",
    403: "Understood and declined",
    404: "Nothing of this name belongs to the caller's tenant",
    408: "The body did not arrive in time",
    409: "Clashes with what is stored",
    413: "The body is too large",
    415: "Not application/json, or compressed",
    422: "JSON that is not the form this door takes",
    503: "No sound answer can be given now: nothing is granted",
}
_READING = (401, 403, 404, 503)
_NAMING = (400, *_READING)
_WRITING = (400, *_READING, 408, 409, 413, 415, 422)
_ASKING = (400, 401, 403, 408, 409, 413, 415, 422, 503)

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same key and body within 24 hours get the same answer, decided once",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}

Document = dict[str, Any]  # JSON


def install(app: FastAPI) -> None:
    """Shows the document."""
    encoded = msgspec.json.encode(document(app.title))

    async def show(_request: Request) -> Response:
        return raw_answer(encoded)

    app.add_api_route(PATH, show, methods=["GET"], operation_id="openapi")
    app.openapi = lambda: document(app.title)  # type: ignore[method-assign]  # FastAPI's documented way


def document(title: str) -> Document:
    """OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(_FORMS, ref_template=_REF)
    emaid = _parameter("emaid", "an eMAID in any of its forms", _EMAID)
    fingerprint = _parameter(
        "fingerprint", "SHA-256 over the certificate, hexadecimal", _FINGERPRINT
    )
    contract: Document = {
        "get": _operation("showContract", "Show a contract", ContractDocument, _NAMING),
        "put": _operation(
            "putContract",
            "Keep a contract",
            ContractDocument,
            _WRITING,
            takes=ContractBody,
            new=True,
        ),
        "patch": _operation(
            "changeContract", "Change a contract", ContractDocument, _WRITING, takes=ContractChanges
        ),
        "delete": _operation("deleteContract", "Forget a contract", None, _NAMING),
        "parameters": [emaid],
    }
    evse: Document = {
        "get": _operation("showEvse", "Show an EVSE", EvseDocument, _NAMING),
        "put": _operation(
            "putEvse", "Tell of an EVSE", EvseDocument, _WRITING, takes=EvseDocument, new=True
        ),
        "delete": _operation("deleteEvse", "Forget an EVSE", None, _NAMING),
        "parameters": [_parameter("evse_id", "an EVSE id, with separators or without", _EVSE_ID)],
    }
    anchor: Document = {
        "get": _operation("showAnchor", "Show an anchor", AnchorList, (*_READING, 422)),
        "put": _operation(
            "putAnchor", "Trust a root", AnchorDocument, _WRITING, takes=AnchorBody, new=True
        ),
        "delete": _operation("deleteAnchor", "End trust in a root", None, (*_READING, 422)),
        "parameters": [fingerprint],
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": VERSION},
        "security": [{"apiKey": []}],
        "paths": {
            authorize.PATH: {
                "post": _operation(
                    "authorize",
                    "May this contract charge here, now?",
                    Answer,
                    _ASKING,
                    takes=AuthorizeRequest,
                )
                | {"parameters": [_IDEMPOTENCY_KEY]}
            },
            contracts.PATH: contract,
            **_stations(),
            **_lists(),
            **ocpp_described.paths(_operation, _parameter),
            evses.PATH: evse,
            ANCHORS: {"get": _operation("listAnchors", "List the anchors", AnchorList, _READING)},
            ONE_ANCHOR: anchor,
            POLICY: {
                "get": _operation("showPolicy", "Show the policy", PolicyDocument, _READING),
                "put": _operation(
                    "putPolicy", "Judge by a policy", PolicyDocument, _WRITING, takes=PolicyDocument
                ),
            },
            decisions.PATH: {
                "get": _operation("showDecision", "Show a logged decision", Record, _READING),
                "parameters": [
                    _parameter("decision_id", "the decisionId that was answered", _DECISION_ID)
                ],
            },
            "/livez": {"get": _open("livez", "Whether the process lives")},
            "/readyz": {"get": _open("readyz", "Whether it can do its work")},
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
        },
    }


def _lists() -> Document:
    identity = _parameter("identity", "a charging station's identity", IDENTITY_PATTERN)
    asked: list[Document] = [
        {
            "name": name,
            "in": "query",
            "description": description,
            "schema": {"type": "string", "pattern": pattern},
        }
        for name, description, pattern in (
            (
                "since",
                "what changed after this version; 0 is everything",
                "^[0-9]{1,18}$",
            ),
            ("groupId", "contracts of this group alone", "^[ -~]{1,36}$"),
            ("ocpp", "for stations of this version; 2.0.1 where left out", "^(1.6|2.0.1|2.1)$"),
        )
    ]
    shown = _operation("showLocalList", "Show the list for stations", None, (*_READING, 409, 422))
    del shown["responses"]["204"]
    shown["responses"]["200"] = {
        "description": "A SendLocalList request of OCPP",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"updateType": {"enum": ["Full", "Differential"]}},
                    "required": ["updateType"],
                }
            }
        },
    }
    imported = _operation("importContracts", "Keep many contracts", Imported, _WRITING)
    imported["requestBody"] = {
        "required": True,
        "description": "One JSON object a line, each as ContractLine; all are kept or none",
        "content": {each: {"schema": {"type": "string"}} for each in MANY},
    }
    return {
        IMPORT: {"post": imported},
        local_list.PATH: {"get": shown | {"parameters": asked}},
        local_list.SEND: {
            "post": _operation(
                "sendLocalList",
                "Send the list to a connected station",
                SentDocument,
                _WRITING,
                takes=SendBody,
            ),
            "parameters": [identity],
        },
    }


def _stations() -> Document:
    identity = _parameter("identity", "a charging station's identity", IDENTITY_PATTERN)
    after: Document = {
        "name": "after",
        "in": "query",
        "description": "the identity after which the page begins",
        "schema": {"type": "string", "pattern": f"^$|{IDENTITY_PATTERN}"},
    }
    return {
        stations.PATH: {
            "get": _operation("listStations", "List the charging stations", StationList, _NAMING)
            | {"parameters": [after]},
        },
        stations.ONE: {
            "get": _operation("showStation", "Show a charging station", StationDocument, _NAMING),
            "put": _operation(
                "putStation",
                "Let a charging station connect",
                StationDocument,
                _WRITING,
                takes=StationBody,
                new=True,
            ),
            "delete": _operation(
                "deleteStation", "Let a charging station connect no longer", None, _NAMING
            ),
            "parameters": [identity],
        },
        stations.PASSWORD: {
            "post": _operation(
                "renewStationPassword", "Give a new password", PasswordDocument, (*_NAMING, 409)
            ),
            "parameters": [identity],
        },
    }


def _operation(
    operation_id: str,
    summary: str,
    answers: type | None,
    problems: tuple[int, ...],
    *,
    takes: type | None = None,
    new: bool = False,
) -> Document:
    answered: Document = {"description": summary, "content": _json(answers)} if answers else {}
    responses: Document = {"200": answered} if answers else {"204": {"description": "Done"}}
    if new:
        responses["201"] = {**answered, "description": "Done, and it was not there before"}
    for status in sorted(set(problems)):
        responses[str(status)] = {
            "description": _TITLES[status],
            "content": {MEDIA_TYPE: {"schema": _schema(Problem)}},
        }
    operation: Document = {
        "operationId": operation_id,
        "summary": summary,
        "responses": responses,
    }
    if takes is not None:
        operation["requestBody"] = {"required": True, "content": _json(takes)}
    return operation


def _open(operation_id: str, summary: str) -> Document:
    responses = {
        "200": {"description": "It does", "content": _json(Health)},
        "503": {"description": "It does not", "content": _json(Health)},
    }
    return {
        "operationId": operation_id,
        "summary": summary,
        "security": [],
        "responses": responses,
    }


def _json(form: type) -> Document:
    return {"application/json": {"schema": _schema(form)}}


def _schema(form: type) -> Document:
    return {"$ref": _REF.format(name=form.__name__)}


def _parameter(name: str, description: str, pattern: str) -> Document:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
    }
