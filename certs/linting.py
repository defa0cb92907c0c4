"""Whether a certificate is what its profile says, every deviation named."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import ParamSpec, assert_never, cast

from certs import der, extensions, names
from certs.certificate import Certificate
from certs.errors import MalformedIdentifier
from certs.extensions import Extension, KeyUsage
from certs.findings.catalogue import found
from certs.findings.finding import Finding
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.identifiers.pcid import PCID
from certs.identifiers.secc_id import SECCID
from certs.keys import SIGNATURE_ALGORITHMS, KeyKind, plausible
from certs.profiles.rules import NameForm, Presence, Profile, bit_names
from certs.to_be_signed import is_printable

_Values = ParamSpec("_Values")

COMMON_NAME_CHARACTERS_MAX = 64  # ub-common-name, RFC 5280 A.1
_UTF8_STRING = 0x0C
_SUBJECT_ATTRIBUTES = frozenset(
    {names.COMMON_NAME, names.ORGANIZATION, names.COUNTRY, names.DOMAIN_COMPONENT}
)
_ODD_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
_ODD_YEAR = 9999  # RFC 5280 4.1.2.5: no well-defined expiration date

_BC = "extensions.basicConstraints"
_KU = "extensions.keyUsage"
_EKU = "extensions.extendedKeyUsage"
_SKI = "extensions.subjectKeyIdentifier"
_AKI = "extensions.authorityKeyIdentifier"
_AIA = "extensions.authorityInfoAccess"
_CDP = "extensions.cRLDistributionPoints"


def lint(
    certificate: Certificate, profile: Profile, *, issuer: Certificate | None = None
) -> tuple[Finding, ...]:
    """Every deviation of a certificate from a profile.

    Ours and foreign ones are measured alike; severities are the catalogue's, and a caller who
    tolerates a code does so by its name. With ``issuer`` (the certificate of the issuing CA) the
    rules between the two are looked at as well: key identifiers, names, the shell model. A root is
    its own issuer. What the reader refuses is no certificate and never comes here: serials that
    are not positive or too long, repeated extensions, empty lists of purposes, two signature
    algorithms.
    """
    if profile.is_root:
        issuer = certificate
    return (
        *_encoding(certificate, profile),
        *_algorithms(
            certificate.key_kind,
            certificate.subject_public_key,
            certificate.signature_algorithm,
            profile,
        ),
        *_subject(
            certificate.subject, certificate.common_names, certificate.domain_components, profile
        ),
        *_validity(certificate.not_before, certificate.not_after, profile),
        *_shared(certificate.shape, profile, certificate.key_kind),
        *_key_identifiers(certificate, issuer),
        *(() if issuer is None else _under(certificate, issuer)),
    )


def _judged_once(
    judge: Callable[_Values, Iterator[Finding]],
) -> Callable[_Values, tuple[Finding, ...]]:
    """Remembers what was found for values: a draft is linted again before it is signed."""

    def judged(*values: _Values.args, **named: _Values.kwargs) -> tuple[Finding, ...]:
        return tuple(judge(*values, **named))

    # As many as are drafted in one batch.
    return cast("Callable[_Values, tuple[Finding, ...]]", lru_cache(maxsize=1024)(judged))


Shape = Mapping[str, Extension]


@lru_cache(maxsize=4096)
def _shared(shape: tuple[Extension, ...], profile: Profile, kind: KeyKind) -> tuple[Finding, ...]:
    """What the extensions say; one object for all that certificates of one issuer share."""
    found_by_oid = {extension.oid: extension for extension in shape}
    return (
        *_basic_constraints(found_by_oid, profile),
        *_key_usage(found_by_oid, profile, kind),
        *_extended_key_usage(found_by_oid, profile),
        *_addresses(found_by_oid, profile),
        *_other_extensions(found_by_oid, profile),
    )


def _encoding(certificate: Certificate, profile: Profile) -> Iterator[Finding]:
    rule = profile.encoding
    for code in certificate.quirks:
        yield found(code, where="certificate")
    if certificate.version != 3:
        yield found("profile.version_wrong", where="version", detail=f"{certificate.version}")
    size = len(certificate.der)
    if size > rule.octets_max:
        yield found(
            "profile.too_large", where="certificate", detail=f"{size} octets, {rule.octets_max} fit"
        )
    if certificate.serial.bit_length() < rule.serial_bits_min:
        yield found("profile.serial_predictable", where="serialNumber")


@_judged_once
def _algorithms(
    kind: KeyKind, subject_public_key: bytes, signature_algorithm: bytes, profile: Profile
) -> Iterator[Finding]:
    allowed = profile.algorithms.keys
    if kind not in allowed:
        yield found("profile.key_kind_wrong", where="subjectPublicKeyInfo", detail=kind.value)
    elif not plausible(kind, subject_public_key):
        yield found("profile.key_malformed", where="subjectPublicKeyInfo")
    if all(signature_algorithm != SIGNATURE_ALGORITHMS[kind] for kind in allowed):
        yield found("profile.signature_algorithm_wrong", where="signatureAlgorithm")


def _basic_constraints(shape: Shape, profile: Profile) -> Iterator[Finding]:
    rule = profile.basic_constraints
    extension = shape.get(extensions.BASIC_CONSTRAINTS)
    if extension is None:
        yield found("profile.basic_constraints_absent", where=_BC)
        return
    if not extension.critical:
        yield found("profile.basic_constraints_not_critical", where=_BC)
    value = extensions.read_basic_constraints(extension)
    if value.ca is not rule.ca:
        yield found("profile.basic_constraints_wrong", where=_BC, detail=f"cA is {value.ca}")
    if value.path_length != rule.path_length:
        yield found(
            "profile.path_length_wrong",
            where=_BC,
            detail=f"{value.path_length}, the profile has {rule.path_length}",
        )


def _key_usage(shape: Shape, profile: Profile, kind: KeyKind) -> Iterator[Finding]:
    extension = shape.get(extensions.KEY_USAGE)
    if extension is None:
        yield found("profile.key_usage_absent", where=_KU)
        return
    if not extension.critical:
        yield found("profile.key_usage_not_critical", where=_KU)
    usage = extensions.read_key_usage(extension)
    required, every = profile.key_usage.bounds(kind)
    if lacking := KeyUsage(required & ~usage):
        yield found("profile.key_usage_wrong", where=_KU, detail=f"lacks {bit_names(lacking)}")
    if extra := KeyUsage(usage & ~every):
        yield found("profile.key_usage_extra", where=_KU, detail=bit_names(extra))


def _extended_key_usage(shape: Shape, profile: Profile) -> Iterator[Finding]:
    rule = profile.extended_key_usage
    extension = shape.get(extensions.EXTENDED_KEY_USAGE)
    if extension is None:
        if rule.issued:
            yield found("profile.extended_key_usage_wrong", where=_EKU, detail="absent")
        return
    purposes = extensions.read_extended_key_usage(extension)
    if profile.is_root:
        yield found("profile.extended_key_usage_on_root", where=_EKU, detail=" ".join(purposes))
    if profile.basic_constraints.ca and extensions.OCSP_SIGNING in purposes:
        yield found("profile.ocsp_signing_on_ca", where=_EKU)
    elif not profile.is_root:
        lacking = set(rule.issued) - set(purposes)
        extra = set(purposes) - set(rule.issued) - rule.optional
        if lacking or extra:
            yield found(
                "profile.extended_key_usage_wrong",
                where=_EKU,
                detail=f"lacks {sorted(lacking)}, beyond the profile {sorted(extra)}",
            )


@_judged_once
def _subject(
    name: bytes, common_names: tuple[str, ...], components: tuple[str, ...], profile: Profile
) -> Iterator[Finding]:
    expected = profile.domain_component
    if not components:
        if expected.issued is not None:
            yield found("profile.domain_component_absent", where="subject", detail=expected.issued)
    elif not expected.others_allowed and components != (expected.issued,):
        yield found(
            "profile.domain_component_wrong",
            where="subject",
            detail=f"{' '.join(map(repr, components))}, the profile has {expected.issued!r}",
        )
    if len(common_names) == 1:
        code = _common_name(common_names[0], profile)
        if code:
            yield found(code, where="subject", detail=f"no {profile.subject.form.value}")
    else:
        count = len(common_names)
        yield found("profile.common_name_absent", where="subject", detail=f"{count} of them")
    kinds: frozenset[str] = frozenset()
    needless = False
    at, stop = der.whole(name, der.SEQUENCE)
    while at < stop:
        _, _, end = der.tlv(name, at, stop)
        of_this, utf8 = _usual(name[at:end]) or _attributes(name[at:end])
        kinds |= of_this
        needless |= utf8
        at = end
    if profile.subject.organization_expected and names.ORGANIZATION not in kinds:
        yield found("profile.organization_absent", where="subject")
    if profile.subject.country_expected and names.COUNTRY not in kinds:
        yield found("profile.country_absent", where="subject")
    if unexpected := kinds - _SUBJECT_ATTRIBUTES:
        yield found(
            "profile.name_attribute_unexpected",
            where="subject",
            detail=" ".join(sorted(unexpected)),
        )
    if needless:
        yield found("profile.name_utf8", where="subject")


_USUAL = {
    bytes.fromhex("0603550403"): (frozenset({names.COMMON_NAME}), False),
    bytes.fromhex("060355040a"): (frozenset({names.ORGANIZATION}), False),
    bytes.fromhex("0603550406"): (frozenset({names.COUNTRY}), False),
}


def _usual(rdn: bytes) -> tuple[frozenset[str], bool] | None:
    """The same at a glance for one short attribute of those everyone has; None for others.

    Common names differ from certificate to certificate and would only fill a cache.
    """
    # SET { SEQUENCE { OID of three octets, string }}, both of less than 128 octets
    if len(rdn) < 12 or rdn[1] != rdn[3] + 2 or rdn[2] != der.SEQUENCE or rdn[9] == _UTF8_STRING:
        return None
    return _USUAL.get(rdn[4:9])


@lru_cache(maxsize=2048)
def _attributes(rdn: bytes) -> tuple[frozenset[str], bool]:
    """What attributes an RDN has, and whether one is UTF-8 where a PrintableString would do."""
    kinds = set()
    needless = False
    start, stop = der.whole(rdn, der.SET)
    for _, _, begin, end in der.children(rdn, start, stop, names.ATTRIBUTES_MAX):
        kind, at = der.expect(rdn, begin, end, der.OID)
        tag, value, value_stop = der.tlv(rdn, at, end)
        kinds.add(der.oid(rdn[kind:at]))
        needless |= tag == _UTF8_STRING and is_printable(rdn[value:value_stop].decode())
    return frozenset(kinds), needless


def _common_name(text: str, profile: Profile) -> str:
    """The code of what is wrong with a common name; empty where nothing is."""
    form = profile.subject.form
    try:
        if len(text) > COMMON_NAME_CHARACTERS_MAX:
            return "profile.common_name_wrong"
        match form:
            case NameForm.TEXT:
                wrong = not text.strip() or not text.isprintable()
                return "profile.common_name_wrong" if wrong else ""
            case NameForm.EMAID:
                emaid = EMAID.parse(text, edition=profile.edition)
                return "profile.common_name_check_digit" if emaid.check_ok is False else ""
            case NameForm.PCID:
                PCID.parse(text, edition=profile.edition)
            case NameForm.SECCID:
                SECCID.parse(text)
            case NameForm.CHARGER:
                _parse_charger(text)
            case NameForm.STATION:
                wrong = not text.strip() or not text.isprintable() or _is_address(text)
                return "profile.common_name_wrong" if wrong else ""
            case _:
                assert_never(form)
    except MalformedIdentifier:
        return "profile.common_name_wrong"
    return ""


def _is_address(text: str) -> bool:
    """Whether a name is a URL or an IP address, as those of central systems may be."""
    if "://" in text:
        return True
    try:
        ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _parse_charger(text: str) -> EVSEID | SECCID:
    try:
        return EVSEID.parse(text)
    except MalformedIdentifier:
        return SECCID.parse(text)


@_judged_once
def _validity(not_before: datetime, not_after: datetime, profile: Profile) -> Iterator[Finding]:
    rule = profile.validity
    if not_after < not_before:
        yield found("profile.validity_inverted", where="validity")
        return
    lifetime = not_after - not_before
    if rule.longest_days is not None and lifetime > timedelta(days=rule.longest_days):
        yield found(
            "profile.validity_too_long",
            where="validity",
            detail=f"{lifetime.days} days, at most {rule.longest_days}",
        )
    if rule.shortest_days is not None and lifetime < timedelta(days=rule.shortest_days):
        yield found(
            "profile.validity_too_short",
            where="validity",
            detail=f"{lifetime.days} days, at least {rule.shortest_days}",
        )
    if not_before < _ODD_BEFORE or not_after.year == _ODD_YEAR:
        yield found("profile.validity_odd", where="validity")


def _addresses(shape: Shape, profile: Profile) -> Iterator[Finding]:
    rule = profile.addresses
    access = shape.get(extensions.AUTHORITY_INFORMATION_ACCESS)
    points = shape.get(extensions.CRL_DISTRIBUTION_POINTS)
    ocsp_urls = extensions.read_ocsp_urls(access) if access else ()
    crl_urls = extensions.read_crl_urls(points) if points else ()
    if rule.ocsp is Presence.REQUIRED and not ocsp_urls:
        yield found(
            "profile.ocsp_url_absent", where=_AIA, detail="CRL only" if crl_urls else "no address"
        )
    if rule.ocsp is Presence.FORBIDDEN and ocsp_urls:
        yield found("profile.ocsp_url_forbidden", where=_AIA)
    if rule.crl is Presence.FORBIDDEN and crl_urls:
        yield found("profile.crl_url_forbidden", where=_CDP)
    for where, urls in ((_AIA, ocsp_urls), (_CDP, crl_urls)):
        if not all(url.startswith(("http://", "https://")) for url in urls):
            yield found("profile.url_malformed", where=where)


def _key_identifiers(certificate: Certificate, issuer: Certificate | None) -> Iterator[Finding]:
    subject = certificate.subject_key_id
    if subject is None:
        yield found("profile.subject_key_id_absent", where=_SKI)
    elif len(subject) < 20:
        yield found("profile.subject_key_id_short", where=_SKI, detail=f"{len(subject)} octets")
    authority = _authority_key_id(certificate.shape)
    if issuer is not None and authority is not None and authority != issuer.subject_key_id:
        yield found("profile.authority_key_id_wrong", where=_AKI)


@lru_cache(maxsize=4096)
def _authority_key_id(shape: tuple[Extension, ...]) -> bytes | None:
    for extension in shape:
        if extension.oid == extensions.AUTHORITY_KEY_IDENTIFIER:
            return extensions.read_authority_key_id(extension)
    return None


def _other_extensions(shape: Shape, profile: Profile) -> Iterator[Finding]:
    rule = profile.extensions
    authority = shape.get(extensions.AUTHORITY_KEY_IDENTIFIER)
    if profile.key_identifiers.authority is Presence.REQUIRED and not (
        authority and extensions.read_authority_key_id(authority)
    ):
        yield found("profile.authority_key_id_absent", where=_AKI)
    for oid, extension in shape.items():
        if oid in rule.forbidden:
            yield found("profile.extension_forbidden", where="extensions", detail=oid)
        elif oid not in rule.known and extension.critical:
            yield found("profile.extension_unknown_critical", where="extensions", detail=oid)
        elif oid in rule.never_critical and extension.critical:
            yield found("profile.extension_criticality_wrong", where="extensions", detail=oid)
    present = extensions.OCSP_NO_CHECK in shape
    if present and profile.ocsp_nocheck.presence is Presence.FORBIDDEN:
        yield found("profile.ocsp_nocheck_misplaced", where="extensions")
    if not present and profile.ocsp_nocheck.presence is Presence.REQUIRED:
        yield found("profile.ocsp_nocheck_absent", where="extensions")


def _under(certificate: Certificate, issuer: Certificate) -> Iterator[Finding]:
    if not names.same(certificate.issuer, issuer.subject):
        yield found("profile.issuer_name_wrong", where="issuer")
    if certificate.not_after > issuer.not_after:
        yield found("profile.outlives_issuer", where="validity")
