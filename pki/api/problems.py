"""From errors to RFC 9457 problems, through one table."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from certs.errors import Malformed, Refused, TooLarge
from pki.api.bodies import InvalidBody, UnfinishedBody, UnsupportedBody
from pki.errors import (
    ConfigurationRefused,
    Conflict,
    NotFound,
    PkiError,
    RateExceeded,
    SigningRateExceeded,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:plugward:problem:"
RETRY_AFTER_SECONDS = 5

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")

# The nearest class in an error's line of descent counts. PkiError itself and what stands in no
# row is our own fault: 500, and its text is withheld.
STATUS: Mapping[type[Exception], HTTPStatus] = MappingProxyType(
    {
        Malformed: HTTPStatus.BAD_REQUEST,
        InvalidBody: HTTPStatus.UNPROCESSABLE_ENTITY,
        TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        UnsupportedBody: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        UnfinishedBody: HTTPStatus.REQUEST_TIMEOUT,
        Refused: HTTPStatus.FORBIDDEN,
        RateExceeded: HTTPStatus.TOO_MANY_REQUESTS,
        Unauthenticated: HTTPStatus.UNAUTHORIZED,
        NotFound: HTTPStatus.NOT_FOUND,
        Conflict: HTTPStatus.CONFLICT,
        Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        ConfigurationRefused: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)


class FindingShown(msgspec.Struct):
    """One finding of a lint that refused."""

    code: str
    severity: str
    where: str
    detail: str


class Problem(msgspec.Struct, omit_defaults=True):
    """An RFC 9457 problem; ``code`` is permanent."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    findings: tuple[FindingShown, ...] = ()


def status_of(error: Exception) -> HTTPStatus:
    """The status an error is answered with."""
    for ancestor in type(error).__mro__:
        if ancestor in STATUS:
            return STATUS[ancestor]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: Exception, *, instance: str) -> Problem:
    """The problem that tells an error, and no more than the error meant to tell."""
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR or not isinstance(
        error, Malformed | Refused | PkiError
    ):
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, code="internal", instance=instance)
    shown: tuple[FindingShown, ...] = ()
    if isinstance(error, Refused):
        shown = tuple(
            FindingShown(
                code=finding.code,
                severity=finding.severity.value,
                where=finding.where,
                detail=finding.detail,
            )
            for finding in error.findings
        )
    return _problem(status, code=error.code, detail=error.detail, instance=instance, findings=shown)


def install(app: FastAPI) -> None:
    """Answers every error of this app with a problem."""

    async def known(request: Request, error: Exception) -> Response:
        answer = respond(problem_of(error, instance=request.url.path))
        if isinstance(error, RateExceeded | SigningRateExceeded):
            answer.headers["Retry-After"] = str(error.retry_after_seconds)
        return answer

    async def framework(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        code = f"http.{status.phrase.lower().replace(' ', '_')}"
        answer = respond(_problem(status, code=code, instance=request.url.path))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(sorted(_allowed(request)))
        return answer

    for ours in (Malformed, Refused, PkiError, Exception):
        app.add_exception_handler(ours, known)
    # Bodies and path parameters are read by us: the framework itself only misses routes.
    app.exception_handler(HTTPException)(framework)


def _allowed(request: Request) -> set[str]:
    """The methods of every route with this path (RFC 9110 15.5.6); a route knows only its own."""
    return {
        method
        for method in _METHODS
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }


def respond(problem: Problem) -> Response:
    """The problem as a response."""
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
    findings: tuple[FindingShown, ...] = (),
) -> Problem:
    return Problem(
        type=TYPE + code,
        title=status.phrase,
        status=status.value,
        code=code,
        detail=detail,
        instance=instance,
        findings=findings,
    )
