"""Certificates made in two steps: a draft linted under a throwaway signature, then one signed."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import count

from certs import der, keys, names, to_be_signed
from certs.certificate import Certificate, Reading, parse, signed_anew
from certs.errors import MalformedCertificate, Refused
from certs.extensions import KeyUsage
from certs.findings.finding import Finding, Severity
from certs.keys import SIGNATURE_ALGORITHMS, KeyKind, PublicKey, Signer
from certs.linting import lint
from certs.profiles.rules import Presence, Profile, Role

SERIAL_BITS_MAX = 159  # 20 octets, the first bit being the sign (RFC 5280 4.1.2.2)
_SERIAL_BEYOND = 1 << SERIAL_BITS_MAX
NAME_CHARACTERS_MAX = 64  # ub-common-name, ub-organization-name (RFC 5280 A.1)
URL_CHARACTERS_MAX = 200  # a certificate has 800 octets in all

# How large a signature can become: ECDSA's two INTEGERs vary by a few octets.
_SIGNATURE_OCTETS_MAX = {
    KeyKind.P256: 72,
    KeyKind.P384: 104,
    KeyKind.P521: 139,
    KeyKind.ED448: 114,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a certificate is asked to hold. Everything else is the profile's.

    Moments are aware; fractions of a second are cut off. ``spki`` is the key's encoding where the
    caller has it at hand, ``subject_key_id`` is RFC 5280's method 1 where it is None.
    """

    common_name: str
    public_key: PublicKey
    serial: int
    not_before: datetime
    not_after: datetime
    organization: str | None = None
    country: str | None = None  # two capital letters, ISO 3166
    ocsp_url: str | None = None
    crl_url: str | None = None
    ca_issuers_url: str | None = None
    subject_key_id: bytes | None = None
    spki: bytes | None = field(default=None, repr=False)


class Draft:
    """A certificate built and linted, which its issuer has not signed. Signed once.

    A plain class, because drafts are made by the thousand and one field does change.
    """

    __slots__ = ("_unused", "certificate", "findings", "issuer", "profile", "tbs")

    def __init__(
        self,
        certificate: Certificate,
        *,
        profile: Profile,
        issuer: Certificate | None,
        findings: tuple[Finding, ...],
    ) -> None:
        self.certificate = certificate  # under a throwaway signature, which is over other octets
        self.tbs = certificate.tbs
        self.profile = profile
        self.issuer = issuer  # None: signed by its own key
        self.findings = findings  # warnings and notices; an error never becomes a draft
        self._unused = [True]

    def redeem(self) -> None:
        """Take the draft's one use; Refused where it is gone."""
        try:
            self._unused.pop()  # one operation, so that of two threads one is refused
        except IndexError:
            raise Refused("issuance.draft_used", "a draft is signed once") from None


class Drafter:
    """Drafts under one issuer, or roots where that is None.

    Drafts carry a throwaway signature: of the issuer's kind, of a key that nobody has, over octets
    that are no certificate, and as long as signatures of that kind become. Lint sees a certificate
    as large as it may grow, and a draft that is handed out by mistake verifies under no key.
    """

    __slots__ = ("_depth", "_issuer", "_issuer_role", "_key_id", "_signatures")

    def __init__(self, issuer: Certificate | None, *, issuer_role: Role | None = None) -> None:
        self._depth = None
        self._key_id = None
        if issuer is not None:
            constraints = issuer.basic_constraints
            usage = issuer.key_usage
            if constraints is None or not constraints.ca:
                raise Refused("issuance.issuer_wrong", "the issuer is no certificate authority")
            if usage is None or KeyUsage.KEY_CERT_SIGN not in usage:
                raise Refused("issuance.issuer_wrong", "the issuer may not sign certificates")
            if issuer.subject_key_id is None:
                raise Refused("issuance.issuer_wrong", "the issuer has no key identifier")
            self._depth = constraints.path_length
            self._key_id = issuer.subject_key_id
        self._issuer = issuer
        self._issuer_role = issuer_role
        self._signatures: dict[KeyKind, bytes] = {}

    def draft(self, request: Request, profile: Profile) -> Draft:
        """A linted draft of what is requested, as the profile has it.

        Raises Refused: ``issuance.request_malformed`` for values that fit no certificate,
        ``issuance.issuer_wrong`` where this issuer may not issue this profile, ``issuance.lint``
        with the findings where one of them is an error.
        """
        self._permit(profile)
        _examine(request)
        issuer = self._issuer
        spki = request.spki or keys.spki(request.public_key)
        kind, public_key = keys.kind_of_spki(spki)
        key_id = request.subject_key_id or keys.key_identifier(public_key)
        subject = _subject(request, profile)
        signing_kind = kind if issuer is None else issuer.key_kind
        if signing_kind not in SIGNATURE_ALGORITHMS:
            raise Refused("issuance.issuer_wrong", f"{signing_kind.value} keys do not sign here")
        algorithm = SIGNATURE_ALGORITHMS[signing_kind]
        tbs = to_be_signed.tbs_certificate(
            serial=request.serial,
            algorithm=algorithm,
            issuer=subject if issuer is None else issuer.subject,
            not_before=request.not_before,
            not_after=request.not_after,
            subject=subject,
            spki=spki,
            extensions=to_be_signed.subject_key_identifier(key_id)
            + _shared_extensions(
                profile,
                kind,
                authority_key_id=self._key_id or key_id,
                ocsp_url=request.ocsp_url,
                crl_url=request.crl_url,
                ca_issuers_url=request.ca_issuers_url,
            ),
        )
        signature = self._throwaway(signing_kind)
        try:
            certificate = parse(to_be_signed.signed(tbs, algorithm, signature), Reading.STRICT)
        except MalformedCertificate as bad:
            raise Refused("issuance.lint", f"not to be read strictly: {bad.detail}") from bad
        findings = lint(certificate, profile, issuer=issuer)
        errors = [finding.code for finding in findings if finding.severity is Severity.ERROR]
        if errors:
            raise Refused("issuance.lint", ", ".join(errors), findings)
        return Draft(certificate, profile=profile, issuer=issuer, findings=findings)

    def _permit(self, profile: Profile) -> None:
        if profile.is_root is not (self._issuer is None):
            raise Refused("issuance.issuer_wrong", "roots are their own issuers, others not")
        if self._issuer_role is not None and self._issuer_role not in profile.issuer.roles:
            raise Refused(
                "issuance.issuer_wrong",
                f"{self._issuer_role.value} does not issue {profile.role.value}",
            )
        below = profile.basic_constraints
        if below.ca and self._depth is not None and self._depth <= (below.path_length or 0):
            raise Refused("issuance.issuer_wrong", "the issuer's pathLen leaves no room for a CA")

    def _throwaway(self, kind: KeyKind) -> bytes:
        signature = self._signatures.get(kind)
        if signature is None:
            signature = self._signatures[kind] = _longest(kind)
        return signature


def _longest(kind: KeyKind) -> bytes:
    """A signature of the greatest length of its kind, by a key that is forgotten here."""
    key = keys.generate(kind)
    # Every fourth ECDSA signature is as long as can be, every Ed448 one is.
    tried = (keys.sign(key, b"no certificate") for _ in count())
    return next(each for each in tried if len(each) == _SIGNATURE_OCTETS_MAX[kind])


def draft(request: Request, profile: Profile, *, issuer: Certificate | None) -> Draft:
    """One draft; see Drafter, which is quicker for more."""
    return Drafter(issuer).draft(request, profile)


def sign(draft: Draft, signer: Signer) -> Certificate:
    """The drafted certificate, signed by its issuer's key: the octets that were linted, no others.

    The signature is verified, and the certificate read back and its signed octets held against
    those that were read strictly and linted, before it is returned. Raises
    Refused: ``issuance.draft_used``, ``issuance.signer_mismatch`` (the draft stays good),
    ``issuance.signature_invalid``, ``issuance.bytes_changed``. What the signer raises passes
    through, and the draft is used up: whether it signed is not known.
    """
    issuer = draft.issuer or draft.certificate
    if signer.public_key != issuer.public_key():
        raise Refused("issuance.signer_mismatch", "the signing key is not the issuer's")
    draft.redeem()
    signature = signer.sign(draft.tbs)
    if not issuer.verifies(signature, draft.tbs):
        raise Refused("issuance.signature_invalid", "the signature does not verify")
    data = to_be_signed.signed(draft.tbs, draft.certificate.signature_algorithm, signature)
    try:
        return signed_anew(draft.certificate, data)
    except MalformedCertificate as bad:
        raise Refused("issuance.bytes_changed", bad.detail) from bad


def _examine(request: Request) -> None:
    """Refuse values that no profile could make a certificate of."""
    if not 0 < request.serial < _SERIAL_BEYOND:
        _malformed("a serial number is positive and has at most 20 octets")
    for moment in (request.not_before, request.not_after):
        if moment.tzinfo is None or moment.year < 1950:
            _malformed("moments are aware and not before 1950")
    for name in (request.common_name, request.organization):
        if name is not None and not (
            0 < len(name) <= NAME_CHARACTERS_MAX and name.isprintable() and name == name.strip()
        ):
            _malformed(f"names are printable and have 1 to {NAME_CHARACTERS_MAX} characters")
    if not _is_country(request.country):
        _malformed("a country is two capital letters")
    for url in (request.ocsp_url, request.crl_url, request.ca_issuers_url):
        if not _is_address(url):
            _malformed("an address is an http or https URL")
    if request.subject_key_id is not None and not 0 < len(request.subject_key_id) <= 20:
        _malformed("a key identifier has 1 to 20 octets")


@lru_cache(maxsize=256)
def _is_country(country: str | None) -> bool:
    return country is None or (
        len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()
    )


@lru_cache(maxsize=1024)  # one a list of revocations
def _is_address(url: str | None) -> bool:
    return url is None or (
        url.isascii()
        and url.isprintable()
        and " " not in url
        and len(url) <= URL_CHARACTERS_MAX
        and url.startswith(("http://", "https://"))
    )


def _malformed(detail: str) -> None:
    raise Refused("issuance.request_malformed", detail)


def _subject(request: Request, profile: Profile) -> bytes:
    """CN, O, C, DC: the order of the public V2G PKI configurations."""
    parts = [to_be_signed.attribute(names.COMMON_NAME, request.common_name)]
    for kind, value in (
        (names.ORGANIZATION, request.organization),
        (names.COUNTRY, request.country),
        (names.DOMAIN_COMPONENT, profile.domain_component.issued),
    ):
        if value is not None:
            parts.append(to_be_signed.kept_attribute(kind, value))
    return der.encode(der.SEQUENCE, b"".join(parts))


@lru_cache(maxsize=1024)
def _shared_extensions(
    profile: Profile,
    kind: KeyKind,
    *,
    authority_key_id: bytes,
    ocsp_url: str | None,
    crl_url: str | None,
    ca_issuers_url: str | None,
) -> bytes:
    """Every extension that certificates of one profile and issuer have in common."""
    constraints = profile.basic_constraints
    parts = [
        to_be_signed.authority_key_identifier(authority_key_id),
        to_be_signed.basic_constraints(ca=constraints.ca, path_length=constraints.path_length),
        to_be_signed.key_usage(profile.key_usage.issued_for(kind)),
    ]
    if profile.extended_key_usage.issued:
        parts.append(to_be_signed.extended_key_usage(profile.extended_key_usage.issued))
    if profile.ocsp_nocheck.presence is Presence.REQUIRED:
        parts.append(to_be_signed.ocsp_no_check())
    if ocsp_url is not None or ca_issuers_url is not None:
        parts.append(
            to_be_signed.authority_information_access(
                ocsp_url=ocsp_url, ca_issuers_url=ca_issuers_url
            )
        )
    if crl_url is not None:
        parts.append(to_be_signed.crl_distribution_points(crl_url))
    return b"".join(parts)
