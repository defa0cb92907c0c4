"""What a certificate says, as facts for programs and as lines for people."""

from datetime import datetime

from certs import extensions, names
from certs.certificate import Certificate
from certs.errors import MalformedIdentifier
from certs.findings.finding import Finding, Severity
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.identifiers.pcid import PCID
from certs.identifiers.secc_id import SECCID
from certs.keys import SIGNATURE_ALGORITHMS
from certs.profiles.rules import NameForm, Profile, bit_names
from plugward.recognition import Measured, nearest

_ALGORITHM_NAMES = {
    "P-256": "ecdsa-with-SHA256",
    "P-384": "ecdsa-with-SHA384",
    "P-521": "ecdsa-with-SHA512",
    "Ed448": "Ed448",
}
_SIGNED_WITH = {
    encoded: _ALGORITHM_NAMES[kind.value] for kind, encoded in SIGNATURE_ALGORITHMS.items()
}
_PURPOSE_NAMES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}
_SHOWN = {
    extensions.BASIC_CONSTRAINTS,
    extensions.KEY_USAGE,
    extensions.EXTENDED_KEY_USAGE,
    extensions.SUBJECT_KEY_IDENTIFIER,
    extensions.AUTHORITY_KEY_IDENTIFIER,
    extensions.AUTHORITY_INFORMATION_ACCESS,
    extensions.CRL_DISTRIBUTION_POINTS,
}


def instant(moment: datetime) -> str:
    """A moment as RFC 3339 writes it, in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def serial(number: int) -> str:
    """A serial number in hexadecimal, as OCPP and this command line write it."""
    return format(number, "x")


def finding_json(finding: Finding) -> dict[str, str]:
    """A finding for programs."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": finding.where,
        "detail": finding.detail,
    }


def counted(findings: tuple[Finding, ...]) -> str:
    """How many findings of each severity, in words."""
    counts = [
        (sum(finding.severity is severity for finding in findings), severity.value)
        for severity in Severity
    ]
    return ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts if n) or "no findings"


def identifier(text: str, form: NameForm, profile: Profile) -> tuple[str, str]:
    """What a common name is by its profile: the kind and how people write it; else two blanks."""
    try:
        match form:
            case NameForm.EMAID:
                emaid = EMAID.parse(text, edition=profile.edition)
                match emaid.check_ok:
                    case None:
                        check = "absent"
                    case True:
                        check = "right"
                    case False:
                        check = f"wrong, {emaid.check_expected} computed"
                return "eMAID", f"{emaid.hyphenated} (check character {check})"
            case NameForm.PCID:
                return "PCID", PCID.parse(text, edition=profile.edition).canonical
            case NameForm.SECCID:
                return "SECCID", str(SECCID.parse(text))
            case NameForm.CHARGER:
                return _charger(text)
            case NameForm.TEXT | NameForm.STATION:
                return "", ""
    except MalformedIdentifier:
        return "", ""


def _charger(text: str) -> tuple[str, str]:
    try:
        return "EVSEID", str(EVSEID.parse(text))
    except MalformedIdentifier:
        return "SECCID", str(SECCID.parse(text))


def _authority(certificate: Certificate) -> str:
    constraints = certificate.basic_constraints
    if constraints is None or not constraints.ca:
        return "no"
    if constraints.path_length is None:
        return "yes"
    return f"yes, path length {constraints.path_length}"


def _purposes(certificate: Certificate) -> list[str]:
    return [_PURPOSE_NAMES.get(oid, oid) for oid in certificate.extended_key_usage or ()]


def _others(certificate: Certificate) -> list[str]:
    return [
        f"{oid}{' critical' * extension.critical}"
        for oid, extension in certificate.extensions.items()
        if oid not in _SHOWN
    ]


def _identified(certificate: Certificate, measured: tuple[Measured, ...]) -> tuple[str, str]:
    common_name = certificate.common_name
    if common_name is None or not measured:
        return "", ""
    profile = measured[0][0]
    return identifier(common_name, profile.subject.form, profile)


def lines(certificate: Certificate) -> list[tuple[str, str]]:
    """Names and values for people; blank where the certificate does not say."""
    measured = nearest(certificate)
    days = (certificate.not_after - certificate.not_before).days
    usage = certificate.key_usage
    return [
        ("subject", names.text(certificate.subject)),
        ("issuer", names.text(certificate.issuer)),
        ("serial", serial(certificate.serial)),
        ("valid from", instant(certificate.not_before)),
        ("valid until", f"{instant(certificate.not_after)} ({days} days)"),
        ("key", certificate.key_kind.value),
        ("key id", (certificate.subject_key_id or b"").hex()),
        ("issuer key id", (certificate.authority_key_id or b"").hex()),
        ("signed with", _SIGNED_WITH.get(certificate.signature_algorithm, "another algorithm")),
        ("authority", _authority(certificate)),
        ("key usage", "" if usage is None else bit_names(usage)),
        ("purposes", ", ".join(_purposes(certificate))),
        ("OCSP", " ".join(certificate.ocsp_urls)),
        ("CRL", " ".join(certificate.crl_urls)),
        ("extensions", ", ".join(_others(certificate))),
        ("fingerprint", f"SHA-256 {certificate.fingerprint.hex()}"),
        ("octets", str(len(certificate.der))),
        ("quirks", ", ".join(certificate.quirks)),
        _identified(certificate, measured),
        (
            "looks like",
            "; ".join(f"{profile.name} ({counted(found)})" for profile, found in measured[:2])
            or "no profile: its key belongs to no edition",
        ),
    ]


def facts(certificate: Certificate) -> dict[str, object]:
    """The same for programs."""
    measured = nearest(certificate)
    constraints = certificate.basic_constraints
    usage = certificate.key_usage
    kind, shown = _identified(certificate, measured)
    return {
        "subject": names.text(certificate.subject),
        "issuer": names.text(certificate.issuer),
        "serialNumber": serial(certificate.serial),
        "notBefore": instant(certificate.not_before),
        "notAfter": instant(certificate.not_after),
        "keyKind": certificate.key_kind.value,
        "keyId": (certificate.subject_key_id or b"").hex() or None,
        "issuerKeyId": (certificate.authority_key_id or b"").hex() or None,
        "signatureAlgorithm": _SIGNED_WITH.get(certificate.signature_algorithm),
        "authority": constraints is not None and constraints.ca,
        "pathLength": None if constraints is None else constraints.path_length,
        "keyUsage": None if usage is None else bit_names(usage).split(", "),
        "extendedKeyUsage": _purposes(certificate),
        "ocspUrls": list(certificate.ocsp_urls),
        "crlUrls": list(certificate.crl_urls),
        "otherExtensions": _others(certificate),
        "fingerprint": certificate.fingerprint.hex(),
        "octets": len(certificate.der),
        "quirks": list(certificate.quirks),
        "identifier": {"kind": kind, "text": shown} if kind else None,
        "looksLike": [
            {"profile": profile.name, "findings": [finding_json(one) for one in found]}
            for profile, found in measured
        ],
    }


def path_lines(path: tuple[Certificate, ...]) -> list[tuple[str, str]]:
    """A chain for people: a position and a subject a line."""
    if not path:
        return []
    positions = ["leaf", *(f"sub_ca_{n}" for n in range(len(path) - 2, 0, -1)), "root"]
    return [
        (position, names.text(certificate.subject))
        for position, certificate in zip(positions, path, strict=True)
    ]


def finding_rows(findings: tuple[Finding, ...]) -> list[tuple[str, str, str, str]]:
    """Findings as cells of a table, the gravest first."""
    order = list(Severity)
    return [
        (finding.severity.value, finding.code, finding.where or "-", finding.detail or "-")
        for finding in sorted(findings, key=lambda one: order.index(one.severity))
    ]
