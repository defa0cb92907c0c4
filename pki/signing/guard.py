"""Which octets a private key may sign: those that are read as what it was asked for.

Nothing here relies on who built the octets. A certificate is read and linted again as the profile
that was asked for, under the certificate of this very key; answers, lists and requests are told
apart by their structure and name this key. Whatever is none of these is not signed.
"""

from functools import lru_cache
from typing import assert_never

from certs import der
from certs.certificate import Certificate, Reading, parse
from certs.errors import Malformed
from certs.findings.finding import Severity
from certs.keys import SIGNATURE_ALGORITHMS, KeyKind, PublicKey, key_identifier, kind_of, spki
from certs.linting import lint
from certs.profiles.rules import Profile, Role
from certs.to_be_signed import signed
from pki.errors import SigningRefused
from pki.signing.purposes import (
    Purpose,
    SignCertificate,
    SignCertificationRequest,
    SignCrl,
    SignOcspResponse,
)

RESPONSES_MAX = 256  # SingleResponses in one answer; the house answers far fewer
_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("0603551d23")
_BY_KEY = bytes.fromhex("a2160414")  # ResponderID byKey: [2] { OCTET STRING of 20 octets }
_VERSION_2 = bytes.fromhex("020101")
_VERSION_1 = bytes.fromhex("020100")
_EXPLICIT_0, _EXPLICIT_1 = 0xA0, 0xA1
_CERT_STATUSES = frozenset({0x80, 0xA1, 0x82})  # good, revoked, unknown (RFC 6960 4.2.1)
_TIMES = frozenset({der.UTC_TIME, der.GENERALIZED_TIME})
_CRL_EXTENSIONS_MAX = 16

# How large a signature can become: what lint measures must hold whatever it turns out to be.
_ROOM = {
    KeyKind.P256: bytes(72),
    KeyKind.P384: bytes(104),
    KeyKind.P521: bytes(139),
    KeyKind.ED448: bytes(114),
}


class Guard:
    """What one key signs: its role and its public half are given, the purpose is asked for."""

    __slots__ = ("_key_id", "_kind", "_named", "_own_certificate", "_public_key", "_role")

    def __init__(self, *, key_id: str, role: str, public_key: PublicKey) -> None:
        self._key_id = bytes.fromhex(key_id)
        self._role = role
        self._public_key = public_key
        self._kind = kind_of(public_key)
        self._named = _BY_KEY + self._key_id
        self._own_certificate: Certificate | None = None  # the last that was seen to be

    def fits(self, role: str, public_key: PublicKey) -> bool:
        """Whether this is the guard of that very key in that role."""
        return public_key is self._public_key and role == self._role

    def check(self, data: bytes, purpose: Purpose) -> None:
        """Raises SigningRefused unless the octets are what the purpose names, of this key."""
        try:
            match purpose:
                case SignCertificate():
                    self._certificate(data, purpose)
                case SignOcspResponse():
                    self._ocsp_response(data)
                case SignCrl():
                    self._crl(data, purpose.issuer)
                case SignCertificationRequest():
                    self._request(data)
                case _:
                    assert_never(purpose)
        except Malformed as bad:
            raise SigningRefused(f"not what was asked for: {bad.detail}") from bad

    def _certificate(self, data: bytes, purpose: SignCertificate) -> None:
        profile, issuer = purpose.profile, purpose.issuer
        if self._role not in _roles_signing(profile):
            raise SigningRefused(f"a key of {self._role} does not sign {profile.name}")
        if profile.is_root is not (issuer is None):
            raise SigningRefused("roots are their own issuers, others not")
        if issuer is not None:
            self._own(issuer)
        read = parse(signed(data, SIGNATURE_ALGORITHMS[self._kind], _ROOM[self._kind]), _STRICT)
        if issuer is None and read.spki != spki(self._public_key):
            raise SigningRefused("a root is for its own key")
        errors = [
            finding.code
            for finding in lint(read, profile, issuer=issuer)
            if finding.severity is Severity.ERROR
        ]
        if errors:
            raise SigningRefused(f"not {profile.name}: {', '.join(errors)}")

    def _ocsp_response(self, data: bytes) -> None:
        """ResponseData of RFC 6960 4.2.1, version 1, byKey: no other signed structure begins so."""
        if self._role != Role.OCSP_RESPONDER.value:
            raise SigningRefused(f"a key of {self._role} does not answer for certificates")
        at, stop = der.whole(data, der.SEQUENCE)
        if not data.startswith(self._named, at):
            raise SigningRefused("the responder is not named by this key")
        _, at = der.expect(data, at + len(self._named), stop, der.GENERALIZED_TIME)
        start, at = der.expect(data, at, stop, der.SEQUENCE)
        responses = der.children(data, start, at, RESPONSES_MAX)
        for tag, _, begin, end in responses:
            if tag != der.SEQUENCE:
                raise SigningRefused("not a SingleResponse")
            _, behind = der.expect(data, begin, end, der.SEQUENCE)
            status, _, behind = der.tlv(data, behind, end)
            if status not in _CERT_STATUSES:
                raise SigningRefused("not a CertStatus")
            der.expect(data, behind, end, der.GENERALIZED_TIME)
        if at < stop:
            _, at = der.expect(data, at, stop, _EXPLICIT_1)
        if at != stop or not responses:
            raise SigningRefused("not a ResponseData")

    def _crl(self, data: bytes, issuer: Certificate) -> None:
        """TBSCertList of RFC 5280 5.1, version 2; its entries are the publisher's to check."""
        if self._role == Role.OCSP_RESPONDER.value:
            raise SigningRefused("an OCSP signer's key signs no lists")
        self._own(issuer)
        at, stop = der.whole(data, der.SEQUENCE)
        head = _VERSION_2 + SIGNATURE_ALGORITHMS[self._kind] + issuer.subject
        if not data.startswith(head, at):
            raise SigningRefused("not a list of this authority")
        at += len(head)
        for _ in ("thisUpdate", "nextUpdate"):
            tag, _, at = der.tlv(data, at, stop)
            if tag not in _TIMES:
                raise SigningRefused("a list has two moments")
        tag, start, behind = der.tlv(data, at, stop)
        if tag == der.SEQUENCE:
            tag, start, behind = der.tlv(data, behind, stop)
        if tag != _EXPLICIT_0 or behind != stop:
            raise SigningRefused("not a TBSCertList with extensions")
        start, end = der.expect(data, start, behind, der.SEQUENCE)
        named = der.encode(
            der.OCTET_STRING, der.encode(der.SEQUENCE, der.encode(0x80, self._key_id))
        )
        extensions = der.children(data, start, end, _CRL_EXTENSIONS_MAX)
        own = _AUTHORITY_KEY_IDENTIFIER + named
        if not any(data[begin:until] == own for _, _, begin, until in extensions):
            raise SigningRefused("the list does not name this key")

    def _request(self, data: bytes) -> None:
        """CertificationRequestInfo of RFC 2986 4.1: version, subject, this key, attributes."""
        at, stop = der.whole(data, der.SEQUENCE)
        if not data.startswith(_VERSION_1, at):
            raise SigningRefused("not a certification request")
        _, at = der.expect(data, at + len(_VERSION_1), stop, der.SEQUENCE)
        own = spki(self._public_key)
        if not data.startswith(own, at):
            raise SigningRefused("the request is not for this key")
        _, at = der.expect(data, at + len(own), stop, _EXPLICIT_0)
        if at != stop:
            raise SigningRefused("not a CertificationRequestInfo")

    def _own(self, issuer: Certificate) -> None:
        if issuer is self._own_certificate:
            return
        if key_identifier(issuer.subject_public_key) != self._key_id:
            raise SigningRefused("the issuer's certificate is not of this key")
        self._own_certificate = issuer


@lru_cache
def _roles_signing(profile: Profile) -> frozenset[str]:
    """The roles whose keys sign certificates of a profile."""
    roles = {profile.role} if profile.is_root else profile.issuer.roles
    return frozenset(role.value for role in roles)


_STRICT = Reading.STRICT
