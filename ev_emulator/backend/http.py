"""The backend port over HTTP: our authorization service, an OCSP responder, a provisioning URL."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from certs import pem
from certs.certificate import Certificate
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp_request import encode_request, question_for
from ev_emulator.backend.answers import finding_of, moment_of, of_pair
from ev_emulator.errors import Unavailable
from ev_emulator.ports import (
    AuthorizationAnswer,
    AuthorizationQuestion,
    CertificateQuestion,
    ContractQuestion,
    SignedTariff,
    TariffQuestion,
    TransactionReport,
)

ANSWER_OCTETS_MAX = 65_536  # far above OCPP's 18,000 characters and any OCSP response for stapling
# A vehicle waits 5 s for PaymentDetails and CertificateInstallation; 4.5 s are EVerest's own limit.
DEADLINE_SECONDS = 4.4
# RFC 6960 A.1
_OCSP_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the operator's services are.

    ``authorize``: the authorization service, without ``/v1/authorize``. ``responder``: an OCSP
    responder; empty: the one that the certificate names. ``provisioning``: takes OCPP's
    Get15118EVCertificateRequest as JSON; empty: no contracts are installed.
    """

    authorize: str
    responder: str = ""
    provisioning: str = ""
    api_key: str = field(default="", repr=False)


class HttpBackend:
    """Fulfils ev_emulator.ports.Backend; the client is its owner's to close.

    Make the client with trust_env=False and follow_redirects=False: a charger talks to its operator
    and to nobody that its operator points at.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        addresses: Addresses,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        ocsp_hash: HashAlgorithm = HashAlgorithm.SHA256,
    ) -> None:
        self._client = client
        self._addresses = addresses
        self._deadline_seconds = deadline_seconds
        self._ocsp_hash = ocsp_hash

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationAnswer:
        """POST /v1/authorize, the contract with its chain."""
        body: dict[str, object] = {"evseId": question.evse_id}
        if isinstance(question, ContractQuestion):
            body["idToken"] = {"idToken": str(question.emaid), "type": "eMAID"}
            body["certificate"] = pem.encode(question.chain)
        else:
            body["idToken"] = {"idToken": question.evcc_id.hex().upper(), "type": "MacAddress"}
        headers = {"Content-Type": "application/json"}
        if self._addresses.api_key:
            headers["Authorization"] = f"Bearer {self._addresses.api_key}"
        url = self._addresses.authorize.rstrip("/") + "/v1/authorize"
        told = _json(await self._post("authorize", url, json.dumps(body).encode(), headers))
        info = told.get("idTokenInfo")
        info = info if isinstance(info, dict) else {}
        listed = told.get("findings")
        findings = [finding_of(each) for each in listed] if isinstance(listed, list) else []
        return of_pair(
            info.get("status"),
            told.get("certificateStatus"),
            proof_sent=isinstance(question, ContractQuestion),
            valid_until=moment_of(info.get("cacheExpiryDateTime")),
            findings=[each for each in findings if each is not None],
        )

    async def contract_certificate(self, question: CertificateQuestion) -> bytes:
        """OCPP's Get15118EVCertificate as a POST of JSON."""
        if not self._addresses.provisioning:
            raise Unavailable("provisioning", "no address is configured")
        body = {
            "iso15118SchemaVersion": question.namespace,
            "action": question.action.value,
            "exiRequest": b64encode(question.exi).decode(),
        }
        headers = {"Content-Type": "application/json"}
        url = self._addresses.provisioning
        told = _json(await self._post("provisioning", url, json.dumps(body).encode(), headers))
        return exi_of(told.get("status"), told.get("exiResponse"))

    async def certificate_status(self, certificate: Certificate, issuer: Certificate) -> bytes:
        """POST of an OCSPRequest (RFC 6960 A.1)."""
        url = self._addresses.responder or next(iter(certificate.ocsp_urls), "")
        if not url:
            raise Unavailable("ocsp", "the certificate names no responder")
        asked = question_for(certificate, issuer, hash_algorithm=self._ocsp_hash)
        return await self._post("ocsp", url, encode_request(asked), _OCSP_HEADERS)

    async def sales_tariff(
        self,
        question: TariffQuestion,  # noqa: ARG002 - the port's
    ) -> SignedTariff | None:
        """None: these services keep no tariffs."""
        return None

    async def report(self, report: TransactionReport) -> None:
        """Nothing is sent: these services keep no books."""

    async def _post(self, what: str, url: str, octets: bytes, headers: Mapping[str, str]) -> bytes:
        """A successful answer's octets; Unavailable for everything else."""
        received = bytearray()
        try:
            async with self._client.stream(
                "POST", url, content=octets, headers=headers, timeout=self._deadline_seconds
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable(what, f"answered {answer.status_code}")
                async for part in answer.aiter_bytes():
                    received += part
                    if len(received) > ANSWER_OCTETS_MAX:
                        raise Unavailable(what, f"an answer of over {ANSWER_OCTETS_MAX} octets")
        except (httpx.HTTPError, httpx.InvalidURL) as bad:
            raise Unavailable(what, type(bad).__name__) from bad
        return bytes(received)


def exi_of(status: object, exi_response: object) -> bytes:
    """The EXI in a Get15118EVCertificateResponse, whose field is required even on Failed.

    A refusal that brings an EXI answer is passed on to the vehicle, which understands it; one
    without raises Unavailable, as rubbish does.
    """
    if not isinstance(exi_response, str) or not exi_response:
        raise Unavailable("provisioning", f"status {status} and no EXI")
    try:
        return b64decode(exi_response, validate=True)
    except ValueError as bad:
        raise Unavailable("provisioning", "an EXI response that is not base64") from bad


def _json(octets: bytes) -> dict[str, object]:
    try:
        told = json.loads(octets)
    except (ValueError, RecursionError) as bad:
        raise Unavailable("backend", "an answer that is not JSON") from bad
    if not isinstance(told, dict):
        raise Unavailable("backend", "an answer that is no JSON object")
    return told
