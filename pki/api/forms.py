"""The JSON that the authority's door takes and gives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from certs import pem
from certs.certificate import parse
from certs.edition import Edition
from certs.errors import Malformed
from certs.profiles.rules import Role
from pki.authority.entries import Entry, Related, Revocation
from pki.authority.request import CSR_CHARACTERS_MAX, IssuanceRequest, parse_csr
from pki.authority.revocation import WORDS
from pki.authority.service import Issued
from pki.errors import NotFound
from pki.settings import CRL_SHARDS_MAX

KEY_ID_CHARACTERS = 40
SERIAL_CHARACTERS_MAX = 40  # 20 octets (RFC 5280 4.1.2.2)
_SHARDS = {str(number): number for number in range(1, CRL_SHARDS_MAX)}
_HEX = frozenset("0123456789abcdef")

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class IssueForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A certificate asked for.

    ``csr`` is PEM and proves possession; of what else it holds only the names are used, and those
    only where the form leaves them out. Moments are RFC 3339; left out, the profile's validity.
    """

    role: Role
    edition: Edition
    csr: Annotated[str, msgspec.Meta(max_length=CSR_CHARACTERS_MAX)]
    common_name: _Name | None = None
    organization: _Name | None = None
    country: _Name | None = None
    variant: Annotated[str, msgspec.Meta(max_length=64)] = ""
    not_before: _Moment | None = None
    not_after: _Moment | None = None

    def request(self) -> IssuanceRequest:
        """The request; Malformed where the CSR does not prove possession or no name is given."""
        csr = parse_csr(self.csr)
        common_name = self.common_name or csr.common_name
        if common_name is None:
            raise Malformed(
                "neither the form nor the request names one", code="malformed.common_name"
            )
        return IssuanceRequest(
            role=self.role,
            edition=self.edition,
            public_key=csr.public_key,
            common_name=common_name,
            organization=self.organization or csr.organization,
            country=self.country or csr.country,
            variant=self.variant,
            not_before=self.not_before,
            not_after=self.not_after,
        )


class IssuedForm(msgspec.Struct, kw_only=True):
    """A certificate issued. ``chain`` is PEM, leaf first, root excluded."""

    issuer_key_id: str
    serial: str
    profile: str
    not_before: datetime
    not_after: datetime
    certificate: str
    chain: str

    @classmethod
    def of(cls, issued: Issued) -> "IssuedForm":
        certificate = issued.certificate
        return cls(
            issuer_key_id=issued.issuer,
            serial=f"{certificate.serial:x}",
            profile=issued.profile,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            certificate=pem.encode([certificate]),
            chain=pem.encode(issued.chain),
        )


class RevokeForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A revocation asked for, by an RFC 5280 word."""

    reason: Annotated[str, msgspec.Meta(max_length=64)] = "unspecified"


class RevocationForm(msgspec.Struct, kw_only=True):
    """The revocation that stands."""

    reason: str
    revoked_at: datetime

    @classmethod
    def of(cls, revocation: Revocation) -> "RevocationForm":
        return cls(reason=WORDS[revocation.reason], revoked_at=revocation.revoked_at)


class RelatedForm(msgspec.Struct, kw_only=True):
    """A certificate that another one renews, is renewed by, or goes beside."""

    relation: str
    issuer_key_id: str
    serial: str


class EntryForm(msgspec.Struct, kw_only=True):
    """A line of the register. ``certificate`` is PEM, null until issued."""

    issuer_key_id: str
    serial: str
    state: str
    profile: str
    common_name: str
    not_before: datetime
    not_after: datetime
    certificate: str | None
    revocation: RevocationForm | None
    related: list[RelatedForm]

    @classmethod
    def of(cls, entry: Entry, related: Sequence[Related]) -> "EntryForm":
        return cls(
            issuer_key_id=entry.issuer,
            serial=f"{entry.serial:x}",
            state=entry.state.value,
            profile=entry.profile,
            common_name=entry.common_name,
            not_before=entry.not_before,
            not_after=entry.not_after,
            certificate=None
            if entry.certificate is None
            else pem.encode([parse(entry.certificate)]),
            revocation=None if entry.revocation is None else RevocationForm.of(entry.revocation),
            related=[
                RelatedForm(
                    relation=each.relation.value,
                    issuer_key_id=each.issuer,
                    serial=f"{each.serial:x}",
                )
                for each in related
            ],
        )


def key_id(text: str) -> str:
    """An authority's key id in an address; NotFound where it is none."""
    if len(text) != KEY_ID_CHARACTERS or not set(text) <= _HEX:
        raise NotFound("no authority of ours has this key id")
    return text


def shard(text: str) -> int:
    """The number of a list in an address, from 1; NotFound where it is none."""
    number = _SHARDS.get(text)
    if number is None:
        raise NotFound("no list has this number")
    return number


def serial(text: str) -> int:
    """A serial number in an address, in hexadecimal; NotFound where it is none."""
    lowered = text.lower()
    if not 0 < len(text) <= SERIAL_CHARACTERS_MAX or not set(lowered) <= _HEX:
        raise NotFound("no certificate with this issuer and serial")
    return int(lowered, 16)
