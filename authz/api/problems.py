"""From errors to RFC 9457 problems, through one table."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from traceback import format_exception
from types import MappingProxyType
from uuid import uuid4

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from authz.errors import (
    Conflict,
    MalformedQuestion,
    NotFound,
    Unauthenticated,
    Unavailable,
    UnfinishedBody,
    UnsupportedBody,
)
from authz.ocpp.protocol import CallErrorCode, CallFailed, CallRefused, NotConnected
from authz.record import FindingDocument
from certs.errors import Malformed, Refused, TooLarge

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:plugward:problem:"
RETRY_AFTER_SECONDS = 1  # a station waits five seconds in all

_log = structlog.get_logger("authz")

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")

# The nearest class in an error's line of descent counts; what stands in no row is our own fault:
# 500, and its text is withheld.
STATUS: Mapping[type[Exception], HTTPStatus] = MappingProxyType(
    {
        Malformed: HTTPStatus.BAD_REQUEST,
        MalformedQuestion: HTTPStatus.UNPROCESSABLE_ENTITY,
        TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        UnsupportedBody: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        UnfinishedBody: HTTPStatus.REQUEST_TIMEOUT,
        Refused: HTTPStatus.FORBIDDEN,
        Unauthenticated: HTTPStatus.UNAUTHORIZED,
        NotFound: HTTPStatus.NOT_FOUND,
        Conflict: HTTPStatus.CONFLICT,
        CallRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
        NotConnected: HTTPStatus.CONFLICT,
        CallFailed: HTTPStatus.BAD_GATEWAY,
        Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
_KNOWN = (
    Malformed,
    Refused,
    Unauthenticated,
    NotFound,
    Conflict,
    NotConnected,
    CallFailed,
    Unavailable,
)

# What a CALLERROR would say, as a status; every other code is about a payload: 422.
CALL_STATUS: Mapping[CallErrorCode, HTTPStatus] = MappingProxyType(
    {
        CallErrorCode.FORMAT_VIOLATION: HTTPStatus.BAD_REQUEST,
        CallErrorCode.NOT_IMPLEMENTED: HTTPStatus.NOT_FOUND,
        CallErrorCode.NOT_SUPPORTED: HTTPStatus.NOT_FOUND,
        CallErrorCode.SECURITY_ERROR: HTTPStatus.FORBIDDEN,
        CallErrorCode.INTERNAL_ERROR: HTTPStatus.SERVICE_UNAVAILABLE,
        CallErrorCode.GENERIC_ERROR: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An RFC 9457 problem. ``code`` is permanent; ``instance`` is in our log, too.

    ``ocpp_error_code`` is there for what a station would be told as a CALLERROR.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    findings: list[FindingDocument] = []
    ocpp_error_code: str = msgspec.field(name="ocppErrorCode", default="")


def status_of(error: Exception) -> HTTPStatus:
    """The status that an error is answered with."""
    if isinstance(error, CallRefused):
        return CALL_STATUS.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
    for ancestor in type(error).__mro__:
        if ancestor in STATUS:
            return STATUS[ancestor]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: Exception, *, instance: str) -> Problem:
    """The problem that tells an error, and no more than the error meant to tell."""
    status = status_of(error)
    if isinstance(error, HTTPException):  # no such path, no such method
        status = HTTPStatus(error.status_code)
        return _problem(status, code=f"http.{status.name.lower()}", instance=instance)
    if isinstance(error, CallRefused):
        code = f"ocpp.{error.code.name.lower()}"
        problem = _problem(status, code=code, detail=error.description, instance=instance)
        return msgspec.structs.replace(problem, ocpp_error_code=error.code.value)
    if not isinstance(error, _KNOWN):
        return _problem(status, code="internal", instance=instance)
    findings = error.findings if isinstance(error, Refused) else ()
    return _problem(
        status,
        code=error.code,
        detail=error.detail,
        instance=instance,
        findings=[
            FindingDocument(
                code=finding.code,
                severity=finding.severity,
                where=finding.where,
                detail=finding.detail,
            )
            for finding in findings
        ],
    )


def install(app: FastAPI, *, count: Callable[[str], None]) -> None:
    """Lets every error of every route leave as a problem, and counts it by its code."""

    async def known(request: Request, error: Exception) -> Response:
        answer = _known(error, count)
        if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(sorted(_allowed(request)))
        return answer

    async def unknown(_request: Request, error: Exception) -> Response:
        return _unknown(error, count)

    for kind in (*_KNOWN, CallRefused, HTTPException):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(Exception, unknown)


def answering(door: ASGIApp, *, count: Callable[[str], None]) -> ASGIApp:
    """A door that stands in front of the framework, with its errors answered as ``install`` does.

    Errors of a door come before the first octet of its answer.
    """

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await door(scope, receive, send)
        except _KNOWN as error:
            await _known(error, count)(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the boundary for our own bugs, beside the framework's
            await _unknown(error, count)(scope, receive, send)

    return answered


def _known(error: Exception, count: Callable[[str], None]) -> Response:
    problem = problem_of(error, instance=uuid4().urn)
    count(problem.code)
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        _log.warning("request.unavailable", code=problem.code, instance=problem.instance)
    return respond(problem)


def _unknown(error: Exception, count: Callable[[str], None]) -> Response:
    """The one boundary for our own bugs: logged once with its traceback, told without it."""
    instance = uuid4().urn
    # As text: renderers of tracebacks may show local variables, and one holds the API key.
    _log.error("request.failed", instance=instance, traceback="".join(format_exception(error)))
    count("internal")
    return respond(problem_of(error, instance=instance))


def _allowed(request: Request) -> set[str]:
    """The methods of every route with this path (RFC 9110 15.5.6); a route knows only its own."""
    return {
        method
        for method in _METHODS
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }


def respond(problem: Problem) -> Response:
    """A problem as an HTTP answer."""
    headers = {"Cache-Control": "no-store"}
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def _problem(
    status: HTTPStatus,
    *,
    code: str,
    instance: str,
    detail: str = "",
    findings: list[FindingDocument] | None = None,
) -> Problem:
    return Problem(
        type=TYPE + code,
        title=status.phrase,
        status=status.value,
        code=code,
        detail=detail,
        instance=instance,
        findings=findings or [],
    )
