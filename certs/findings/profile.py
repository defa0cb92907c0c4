"""The catalogue's codes for what a certificate's profile asks, and for what issuing refuses."""

from certs.findings.finding import Entry, Severity

_LOOK = "compare the certificate with its profile in docs/profiles.md"
_OWN = "correct the request; own certificates follow the profile to the letter"
_TOLERATE = "ask the issuer to correct it, or tolerate the code for this root"


def _error(code: str, title: str, citation: str, action: str = _TOLERATE) -> Entry:
    """A rule that refuses, answered as a chain error (OCPP C07.FR.17) where it decides."""
    return Entry(
        code=f"profile.{code}",
        severity=Severity.ERROR,
        title=title,
        citation=citation,
        action=action,
        certificate_status="CertChainError",
        id_token_status="Invalid",  # noqa: S106 - an OCPP word, no password
        iso_2="FAILED_CertChainError",
        iso_20="WARNING_CertificateValidationError",
    )


def _remark(code: str, severity: Severity, title: str, citation: str) -> Entry:
    """A deviation seen in real certificates that never decides an answer."""
    return Entry(
        code=f"profile.{code}", severity=severity, title=title, citation=citation, action=_LOOK
    )


def _refusal(code: str, title: str, citation: str, action: str = _OWN) -> Entry:
    """Why a certificate was not issued."""
    return Entry(
        code=f"issuance.{code}",
        severity=Severity.ERROR,
        title=title,
        citation=citation,
        action=action,
    )


_ENCODING = (
    _error("default_encoded", "A default value is spelled out, which DER omits", "X.690 11.5"),
    _error(
        "basic_constraints_not_der",
        "basicConstraints spells out the default cA FALSE, which DER omits (NON_DER_BC)",
        "X.690 11.5; four public certificates of contracts and provisioning services",
    ),
    _error(
        "time_encoding",
        "A time before 2050 is a GeneralizedTime",
        "RFC 5280 4.1.2.5",
    ),
    _error("version_wrong", "The certificate is not version 3", "RFC 5280 4.1.2.1"),
    _error(
        "too_large",
        "The certificate has more DER octets than ISO 15118 messages carry",
        "ISO 15118-2 certificateType maxLength 800; ISO 15118-20 1600",
        "shorten names and URLs",
    ),
    _remark(
        "serial_predictable",
        Severity.NOTICE,
        "The serial number has fewer than 64 bits, as fixed serials of test scripts do",
        "CA/Browser Forum BR 7.1; RISE-V2G scripts use 12345 (SERIAL_FIXED)",
    ),
    _error(
        "signature_algorithm_wrong",
        "The signature algorithm is not one of the edition's",
        "ISO 15118-2: ecdsa-with-SHA256; -20: ecdsa-with-SHA512 or Ed448",
    ),
    _error(
        "key_kind_wrong",
        "The public key is not of a kind the edition allows (P256_FOR_20 among others)",
        "ISO 15118-2: secp256r1; -20: secp521r1 or Ed448; named curves only",
    ),
    _error("key_malformed", "The public key is not a point on its curve", "SEC 1 3.2.2.1"),
)

_EXTENSIONS = (
    _error("extension_unknown_critical", "A critical extension is unknown", "RFC 5280 4.2"),
    _error(
        "extension_forbidden",
        "An extension is present that the profile forbids",
        "the profile; dirName name constraints are always fatal to common verifiers",
    ),
    _error(
        "extension_criticality_wrong",
        "An extension that must not be critical is",
        "RFC 5280 4.2.1.1, 4.2.1.2, 4.2.2.1; RFC 6960 4.2.2.2.1",
    ),
    _error("basic_constraints_absent", "basicConstraints is absent (NO_BC)", "RFC 5280 4.2.1.9"),
    _error(
        "basic_constraints_not_critical", "basicConstraints is not critical", "RFC 5280 4.2.1.9"
    ),
    _error(
        "basic_constraints_wrong",
        "cA is true on an end entity or false on a certificate authority",
        "RFC 5280 4.2.1.9",
    ),
    _error(
        "path_length_wrong",
        "pathLenConstraint is not 1 on a first, 0 on a second sub-CA, absent elsewhere",
        "public V2G PKI configurations; ISO 15118-2 Annex F (unverified)",
    ),
    _error("key_usage_absent", "keyUsage is absent (NO_KU)", "RFC 5280 4.2.1.3"),
    _error(
        "key_usage_not_critical",
        "keyUsage is not critical",
        "ISO 15118-2 Table F.2, quoted in EVerest PR #2096",
    ),
    _error("key_usage_wrong", "keyUsage lacks a bit the role needs", "RFC 5280 4.2.1.3"),
    _error(
        "key_usage_extra",
        "keyUsage has a bit the role does not need (SUBCA_EXTRA_KU)",
        "public V2G PKI configurations; ISO 15118-2 Table F.2 (unverified)",
    ),
    _error(
        "extended_key_usage_on_root",
        "A root carries an extendedKeyUsage (EKU_ON_ROOT)",
        "two public V2G roots; EcoG-io/iso15118#430",
        "do not apply it: anchors are trusted for what their owner says",
    ),
    _error(
        "ocsp_signing_on_ca",
        "A certificate authority carries OCSPSigning",
        "RFC 6960 4.2.2.2; mozilla.dev.security.policy, July 2020",
    ),
    _error(
        "extended_key_usage_wrong",
        "extendedKeyUsage lacks a purpose the role needs or has one it must not",
        "RFC 5280 4.2.1.12; RFC 6960 4.2.2.2",
    ),
    _error("subject_key_id_absent", "subjectKeyIdentifier is absent", "RFC 5280 4.2.1.2"),
    _remark(
        "subject_key_id_short",
        Severity.NOTICE,
        "subjectKeyIdentifier has fewer than 20 octets (SKI_SHORT)",
        "RFC 5280 4.2.1.2 method 2; all Hubject certificates",
    ),
    _error("authority_key_id_absent", "authorityKeyIdentifier is absent", "RFC 5280 4.2.1.1"),
    _error(
        "authority_key_id_wrong",
        "authorityKeyIdentifier is not the issuer's subjectKeyIdentifier",
        "RFC 5280 4.2.1.1",
    ),
    _error(
        "ocsp_url_absent",
        "No OCSP address, so nobody can ask whether it is revoked (NO_OCSP_AIA, CRL_DP_ONLY)",
        "ISO 15118-2 Annex F (unverified); real sub-CAs and leaves; EVerest/libocpp PR #652",
    ),
    _error(
        "ocsp_url_forbidden",
        "A root names an OCSP address",
        "real roots carry none",
    ),
    _error("crl_url_forbidden", "A root names a CRL distribution point", "real roots carry none"),
    _error("url_malformed", "An address is not an http or https URL", "RFC 5280 4.2.1.13, 4.2.2.1"),
    _error(
        "ocsp_nocheck_absent",
        "An OCSP delegate lacks ocsp-nocheck, so its own status would have to be asked",
        "RFC 6960 4.2.2.2.1",
    ),
    _error(
        "ocsp_nocheck_misplaced",
        "ocsp-nocheck stands on a certificate that is no OCSP delegate",
        "RFC 6960 4.2.2.2.1",
    ),
)

_NAMES = (
    _error("common_name_absent", "The subject has no common name, or several", "X.520 6.2.2"),
    _error(
        "common_name_wrong",
        "The common name is not the identifier the role bears",
        "ISO 15118-2 Annex F (unverified): eMAID, PCID, EVSEID or SECCID",
    ),
    _remark(
        "common_name_check_digit",
        Severity.WARNING,
        "The check digit of the identifier in the common name is wrong (CHECK_CHAR)",
        "ISO 15118-2 Annex H (unverified); wrong in several real contracts",
    ),
    _error(
        "domain_component_absent",
        "The subject lacks the role's domain component (NO_DC_MO, NO_DC_OEM)",
        "[V2G2-925], [V2G2-875] as quoted in EVerest/EVerest#2119",
    ),
    _error(
        "domain_component_wrong",
        "The subject's domain component is not the role's (DC_FOREIGN)",
        "[V2G2-925] as quoted in EVerest/EVerest#2119",
    ),
    _error(
        "organization_absent",
        "The subject names no organisation where the role asks for one",
        "OCPP 2.0.1 part 2 A00 (number unverified): O names a charging station's operator",
    ),
    _remark(
        "country_absent",
        Severity.NOTICE,
        "The subject names no country (NO_C)",
        "optional in contract certificates; absent from every real one",
    ),
    _remark(
        "name_attribute_unexpected",
        Severity.NOTICE,
        "The subject has an attribute the profile does not know (EMAIL_IN_DN among others)",
        "public provisioning certificates carry emailAddress, L and ST",
    ),
    _remark(
        "name_utf8",
        Severity.NOTICE,
        "A name attribute is a UTF8String where a PrintableString would do (UTF8_DN)",
        "RFC 5280 4.1.2.4 allows both; compare by RFC 5280 7.1",
    ),
)

_VALIDITY = (
    _error("validity_inverted", "The certificate ends before it begins", "RFC 5280 4.1.2.5"),
    _error(
        "validity_too_long",
        "The validity is longer than the role's rule",
        "ISO 15118-2 as quoted in RISE-V2G scripts",
    ),
    _error(
        "validity_too_short",
        "The validity is shorter than the role's rule",
        "ISO 15118-2 as quoted in RISE-V2G scripts",
    ),
    _remark(
        "validity_odd",
        Severity.NOTICE,
        "The validity begins before 2000 or ends in 9999 (VALIDITY_ODD)",
        "BMW PnC-OEM-RootCA-2021",
    ),
    _error(
        "outlives_issuer",
        "The certificate ends after its issuer",
        "shell model: every certificate of a chain is valid at the same moment",
    ),
    _error("issuer_name_wrong", "The issuer name is not the issuer's subject", "RFC 5280 6.1.3"),
)

_ISSUANCE = (
    _refusal("lint", "The drafted certificate breaks its profile", "the findings beside it"),
    _refusal(
        "request_malformed", "A requested value cannot stand in a certificate", "RFC 5280 4.1"
    ),
    _refusal(
        "issuer_wrong",
        "The issuer is no certificate authority that may issue this profile",
        "RFC 5280 4.2.1.9, 4.2.1.3; the profile's issuers",
    ),
    _refusal(
        "draft_used",
        "The draft was signed before",
        "one intent, one signature",
        "draft again with a new serial number",
    ),
    _refusal(
        "signer_mismatch",
        "The signing key is not the issuer's",
        "RFC 5280 6.1.3",
        "use the key the issuer's certificate was made for",
    ),
    _refusal(
        "signature_invalid",
        "The signer's answer does not verify under the issuer's key",
        "RFC 5280 4.1.1.3",
        "stop using the signer and look at it",
    ),
    _refusal(
        "bytes_changed",
        "The certificate read back is not the one that was linted",
        "operations: TBS byte-equal before anything is recorded",
        "report it: this is a bug",
    ),
)

ENTRIES: tuple[Entry, ...] = (*_ENCODING, *_EXTENSIONS, *_NAMES, *_VALIDITY, *_ISSUANCE)
