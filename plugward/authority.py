"""A certificate authority to ask: the one of a home directory, or one behind a URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certs import pem
from certs.certificate import Certificate
from certs.edition import Edition
from certs.errors import Refused
from certs.keys import PrivateKey
from certs.profiles.rules import Role
from pki.authority.request import IssuanceRequest, parse_csr
from pki.authority.revocation import WORDS, parse_reason
from pki.callers import Caller, operator
from pki.house import House, assemble
from plugward import clock, home, inputs
from plugward.configuration import Places, pki_settings
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode
from plugward.http import Service
from plugward.reading import instant, serial

API_KEY_VARIABLE = "PLUGWARD_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A certificate asked for, with the request that proves possession of its key (PEM)."""

    role: Role
    edition: Edition
    csr: str
    common_name: str | None
    organization: str | None
    country: str | None
    variant: str
    not_before: datetime | None
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A revocation as it stands: its reason, in RFC 5280's word, and its moment."""

    reason: str
    revoked_at: str


class Authority(Protocol):
    """What the commands ask. Complaints, and what the houses raise, pass through."""

    def issue(self, order: Order) -> tuple[Certificate, ...]:
        """The chain: leaf first, root excluded."""
        ...

    def issue_again(self, order: Order) -> tuple[Certificate, ...]:
        """As issue(), but what was issued for the same key and name before, if that stands."""
        ...

    def revoke(self, issuer: str, number: int, reason: str) -> Standing:
        """Revokes a serial under the authority with this key id; the first revocation stands."""
        ...


class _InHouse:
    """The authority of a home directory, in this process; every scope."""

    def __init__(self, house: House, caller: Caller) -> None:
        self._house = house
        self._caller = caller

    def issue(self, order: Order) -> tuple[Certificate, ...]:
        return self._house.authority.issue(_request(order), caller=self._caller).chain

    def issue_again(self, order: Order) -> tuple[Certificate, ...]:
        (outcome,) = self._house.authority.issue_batch([_request(order)], caller=self._caller)
        if isinstance(outcome, Refused):
            raise outcome
        return outcome.chain

    def revoke(self, issuer: str, number: int, reason: str) -> Standing:
        stands = self._house.authority.revoke(
            issuer, number, parse_reason(reason), caller=self._caller
        )
        return Standing(WORDS[stands.reason], instant(stands.revoked_at))


def _request(order: Order) -> IssuanceRequest:
    csr = parse_csr(order.csr)
    common_name = order.common_name or csr.common_name
    if common_name is None:
        raise Complaint("no common name", hint="--common-name")
    return IssuanceRequest(
        role=order.role,
        edition=order.edition,
        public_key=csr.public_key,
        common_name=common_name,
        organization=order.organization or csr.organization,
        country=order.country or csr.country,
        variant=order.variant,
        not_before=order.not_before,
        not_after=order.not_after,
    )


class _Remote:
    """The authority behind a URL, by an API key."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def issue(self, order: Order) -> tuple[Certificate, ...]:
        told = self._service.ask("POST", "/v1/certificates", _form(order))
        return pem.parse_chain(str(told.get("chain")))

    def issue_again(self, order: Order) -> tuple[Certificate, ...]:
        asked = {"requests": [_form(order)]}
        told: Any = self._service.ask("POST", "/v1/certificates/batch", asked)
        (outcome,) = told["outcomes"]
        if outcome["issued"] is None:
            no = outcome["refused"]
            raise Complaint(f"{no['detail']} ({no['code']})", exit_code=ExitCode.NO)
        return pem.parse_chain(outcome["issued"]["chain"])

    def revoke(self, issuer: str, number: int, reason: str) -> Standing:
        path = f"/v1/certificates/{issuer}/{serial(number)}/revoke"
        told = self._service.ask("POST", path, {"reason": reason})
        return Standing(str(told.get("reason")), str(told.get("revoked_at")))


def _form(order: Order) -> dict[str, object]:
    return {
        "role": order.role.value,
        "edition": order.edition.value,
        "csr": order.csr,
        "common_name": order.common_name,
        "organization": order.organization,
        "country": order.country,
        "variant": order.variant,
        "not_before": order.not_before and order.not_before.isoformat(),
        "not_after": order.not_after and order.not_after.isoformat(),
    }


@contextmanager
def reached(
    *, directory: str | None, url: str | None, api_key_file: str | None, passphrase_file: str | None
) -> Iterator[Authority]:
    """The authority behind ``url`` where one is given, else that of a home directory."""
    if url is not None:
        if directory is not None:
            raise Complaint("--home and --url name two authorities")
        key = inputs.secret(file=api_key_file, variable=API_KEY_VARIABLE, prompt="API key")
        if key is None:
            raise Complaint(
                "no API key", hint=f"--api-key-file FILE, or {API_KEY_VARIABLE} in the environment"
            )
        yield _Remote(Service(url, key))
        return
    places = Places(home=home.directory(directory))
    house = assemble(pki_settings(places, passphrase_file), clock=clock.now_exactly)
    try:
        yield _InHouse(house, operator(tenant=home.TENANT, name="cli", now=clock.now()))
    finally:
        house.close()


def request_of(key: PrivateKey, common_name: str) -> str:
    """A certification request (PKCS #10, PEM) that proves possession of a key."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    )
    if isinstance(key, ed448.Ed448PrivateKey):
        made = builder.sign(key, None)
    else:
        made = builder.sign(key, hashes.SHA512() if key.key_size == 521 else hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode("ascii")
