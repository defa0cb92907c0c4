"""Asking a running service, and what its refusals mean to the user."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from plugward.errors import Complaint, Declined
from plugward.exit_codes import ExitCode

DEADLINE_SECONDS = 10.0
ANSWER_OCTETS_MAX = 64 * 1024 * 1024  # the CRL of a large issuer

# RFC 6960 A.1
OCSP_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}

# What a refused request says of whose doing it is.
_EXIT_CODES = {
    400: ExitCode.MALFORMED,
    413: ExitCode.MALFORMED,
    415: ExitCode.MALFORMED,
    422: ExitCode.MALFORMED,
    401: ExitCode.NO,
    403: ExitCode.NO,
    404: ExitCode.NO,
    409: ExitCode.NO,
    429: ExitCode.NO,
}

# By these, what was asked may have been done before: for the same request, sent twice on its way.
_CLASHES = 409
_DONE_BEFORE = frozenset({"registration.key_reused"})


@dataclass(frozen=True, slots=True)
class Service:
    """A service's address, and the API key to show there."""

    url: str
    api_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Complaint(f"{self.url} is no address of a service", hint="http://127.0.0.1:8080")
        loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if self.api_key is not None and parts.scheme == "http" and not loopback:
            raise Complaint(
                "an API key is not sent unencrypted", hint="https, or a loopback address"
            )

    def ask(self, method: str, path: str, body: object = None) -> Mapping[str, object]:
        """The JSON a request is answered with; a complaint where it is refused or unanswered."""
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return self._read(fetch(method, self.url.rstrip("/") + path, headers=headers, body=body))

    def send(self, path: str, octets: bytes, *, media_type: str) -> Mapping[str, object]:
        """The JSON that octets of another form are answered with, when they are posted."""
        headers = {"Content-Type": media_type}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return self._read(
            fetch("POST", self.url.rstrip("/") + path, headers=headers, octets=octets)
        )

    def _read(self, answer: bytes) -> Mapping[str, object]:
        try:
            told = json.loads(answer or b"{}")  # 204 has nothing to say
        except ValueError as bad:
            raise _odd(self.url) from bad
        if not isinstance(told, dict):
            raise _odd(self.url)
        return told


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    octets: bytes | None = None,
) -> bytes:
    """A successful answer's octets, within a deadline and a size; complaints otherwise.

    No redirect is followed, and the environment's proxies are not asked.
    """
    client = httpx.Client(timeout=DEADLINE_SECONDS, trust_env=False, follow_redirects=False)
    received = bytearray()
    try:
        with (
            client,
            client.stream(method, url, headers=headers, json=body, content=octets) as answer,
        ):
            for part in answer.iter_bytes():
                received += part
                if len(received) > ANSWER_OCTETS_MAX:
                    raise Complaint(f"{url}: an answer of over {ANSWER_OCTETS_MAX} octets")
    except (httpx.HTTPError, httpx.InvalidURL) as bad:
        raise Complaint(
            f"{url}: no answer ({type(bad).__name__})",
            hint="is it running? plugward serve",
            exit_code=ExitCode.UNREACHABLE,
        ) from bad
    if not answer.is_success:
        raise refused(url, answer.status_code, bytes(received))
    return bytes(received)


def refused(url: str, status: int, octets: bytes) -> Complaint:
    """What the answer to a refused request says, for the user; Declined where it is final."""
    try:
        problem = json.loads(octets)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    detail = problem.get("detail") or problem.get("title") or f"answered {status}"
    findings = problem.get("findings")
    codes = (
        [str(one.get("code")) for one in findings if isinstance(one, dict)]
        if isinstance(findings, list)
        else []
    )
    text = f"{detail} ({problem['code']})" if "code" in problem else f"{url}: {detail}"
    exit_code = _EXIT_CODES.get(status, ExitCode.UNREACHABLE)
    final = status in _EXIT_CODES and status != _CLASHES
    kind = Declined if final and problem.get("code") not in _DONE_BEFORE else Complaint
    return kind(text, hint=", ".join(codes), exit_code=exit_code)


def _odd(url: str) -> Complaint:
    return Complaint(
        f"{url}: answered something that is not JSON",
        hint="is this the address of a plugward service?",
        exit_code=ExitCode.UNREACHABLE,
    )
