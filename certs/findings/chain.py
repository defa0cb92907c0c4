"""The catalogue's chain codes: what path validation can say."""

from functools import partial

from certs.findings.finding import Entry, Severity

# C07.FR.17: what cannot be verified is CertChainError and Invalid.
_UNVERIFIABLE = partial(
    Entry,
    severity=Severity.ERROR,
    certificate_status="CertChainError",
    id_token_status="Invalid",  # noqa: S106 - an OCPP word
    iso_2="FAILED_CertChainError",
    iso_20="WARNING_CertificateValidationError",
)
# C07.FR.15, and [V2G2-824]: not yet valid is answered as expired.
_OUTSIDE_VALIDITY = partial(
    Entry,
    severity=Severity.ERROR,
    certificate_status="CertificateExpired",
    id_token_status="Expired",  # noqa: S106 - an OCPP word
    iso_2="FAILED_CertificateExpired",
)

ENTRIES: tuple[Entry, ...] = (
    _OUTSIDE_VALIDITY(
        code="chain.expired",
        title="A certificate of the chain has expired",
        citation="RFC 5280 6.1.3 (a)(2); OCPP 2.0.1 C07.FR.15",
        action="Renew the certificate; for a contract, have the vehicle install a new one",
        iso_20="WARNING_CertificateExpired",
    ),
    _OUTSIDE_VALIDITY(
        code="chain.not_yet_valid",
        title="A certificate of the chain is not valid yet",
        citation="RFC 5280 6.1.3 (a)(2); [V2G2-824]",
        action="Check the clock of this machine, then the certificate's notBefore",
        iso_20="WARNING_CertificateNotYetValid",
    ),
    _UNVERIFIABLE(
        code="chain.signature_invalid",
        title="A certificate's signature does not verify under its issuer's key",
        citation="RFC 5280 6.1.3 (a)(1)",
        action="The certificate was altered or forged, or its issuer was exchanged: refuse it",
    ),
    _UNVERIFIABLE(
        code="chain.anchor_unknown",
        title="The chain ends at a root that is not trusted",
        citation="RFC 5280 6.1.1 (d)",
        action="If this root should be trusted, import it with its purpose",
        iso_2="FAILED_NoCertificateAvailable",
    ),
    _UNVERIFIABLE(
        code="chain.issuer_missing",
        title="The certificate of an issuer is neither in the chain nor among the anchors",
        citation="RFC 5280 6.1",
        action="Send the whole chain: leaf, sub-CA 2, sub-CA 1",
    ),
    _UNVERIFIABLE(
        code="chain.not_a_ca",
        title="An issuer's certificate is not a CA's",
        citation="RFC 5280 6.1.4 (k)",
        action="Refuse: an end entity's key signed a certificate",
    ),
    _UNVERIFIABLE(
        code="chain.path_length_exceeded",
        title="More intermediate CAs follow than pathLenConstraint allows",
        citation="RFC 5280 6.1.4 (l), (m)",
        action="Refuse: a CA issued below its limit",
    ),
    _UNVERIFIABLE(
        code="chain.key_usage_wrong",
        title="keyUsage does not allow what the key was used for",
        citation="RFC 5280 6.1.4 (n), 4.2.1.3",
        action="Have the certificate issued anew with the keyUsage of its profile",
    ),
    _UNVERIFIABLE(
        code="chain.extended_key_usage_wrong",
        title="extendedKeyUsage does not allow what the certificate is presented for",
        citation="RFC 5280 4.2.1.12",
        action="Have the certificate issued anew without extendedKeyUsage, or with the right one",
    ),
    _UNVERIFIABLE(
        code="chain.unknown_critical_extension",
        title="A critical extension is not understood",
        citation="RFC 5280 4.2",
        action="Refuse: what is critical and not understood may forbid this very use",
    ),
    _UNVERIFIABLE(
        code="chain.name_constraints_unsupported",
        title="A CA carries name constraints, which are not processed and no V2G profile uses",
        citation="RFC 5280 4.2.1.10",
        action="Scope mobility operators by their provider ids instead",
    ),
    _UNVERIFIABLE(
        code="chain.policy_constraints_unsupported",
        title="A CA carries policy constraints, which are not processed",
        citation="RFC 5280 4.2.1.11",
        action="Have the CA issued anew without policy constraints",
    ),
    _UNVERIFIABLE(
        code="chain.algorithm_not_allowed",
        title="A key or signature algorithm is not one of this edition's",
        citation="[V2G2-007], [V2G20-2473] as quoted in public code (unverified)",
        action="-2: P-256 with SHA-256; -20: P-521 with SHA-512, or Ed448",
    ),
    _UNVERIFIABLE(
        code="chain.key_malformed",
        title="A public key is not a point on its curve",
        citation="SEC 1 3.2.2.1",
        action="Refuse the certificate",
    ),
    _UNVERIFIABLE(
        code="chain.certificate_too_large",
        title="A certificate exceeds the edition's size on the wire",
        citation="ISO 15118-2 certificateType maxLength 800; -20 1600",
        action="Shorten names and URLs: 800 DER octets for -2, 1600 for -20",
    ),
    _UNVERIFIABLE(
        code="chain.too_long",
        title="More certificates than a Plug & Charge chain has",
        citation="ISO 15118-2 SubCertificates maxOccurs 4; OCPP childCertificateHashData 1..4",
        action="Send leaf, sub-CA 2 and sub-CA 1 only",
    ),
    _UNVERIFIABLE(
        code="chain.budget_exhausted",
        title="Path building was stopped: too many signatures to check",
        citation="Own limit; see CVE-2024-0567 and the pathological cases of x509-limbo",
        action="Refuse: honest chains need four signatures",
    ),
    _UNVERIFIABLE(
        code="chain.leaf_is_ca",
        title="A CA's certificate is presented as an end entity's",
        citation="ISO 15118-2 certificate profiles: end entities have cA FALSE",
        action="Refuse: present the leaf",
    ),
    _UNVERIFIABLE(
        code="chain.role_confused",
        title="The chain belongs to another role than the one it is presented for",
        citation="[V2G2-875], [V2G2-925] as quoted in EVerest/EVerest#2119",
        action="Refuse: present the certificate of the right role",
    ),
    _UNVERIFIABLE(
        code="chain.role_unknown",
        title="Nothing but the leaf's own text says which role this chain has",
        citation="Roles come from anchor and sub-CA, never from leaf text",
        action="Record the sub-CA's role with its anchor, if you know it",
    ),
    _UNVERIFIABLE(
        code="chain.domain_component_missing",
        title="The leaf lacks the domain component of its role",
        citation="[V2G2-925] as quoted in EVerest/EVerest#2119",
        action="Tolerate it for this root, if its operator issues so",
    ),
    _UNVERIFIABLE(
        code="chain.leaf_without_basic_constraints",
        title="The leaf has no basicConstraints",
        citation="ISO 15118-2 certificate profiles",
        action="Tolerated by default as an end entity, never as an issuer",
    ),
    _UNVERIFIABLE(
        code="chain.leaf_without_key_usage",
        title="The leaf has no keyUsage",
        citation="ISO 15118-2 certificate profiles",
        action="Tolerated by default as an end entity, never as an issuer",
    ),
    _UNVERIFIABLE(
        code="chain.encoding_not_der",
        title="A certificate writes a default out, which DER forbids",
        citation="X.690 11.5",
        action="Tolerated by default: several operators issue so",
    ),
    Entry(
        code="chain.basic_constraints_not_critical",
        severity=Severity.WARNING,
        title="A CA's basicConstraints is not critical",
        citation="RFC 5280 4.2.1.9: CAs must mark it so; readers process it either way",
        action="Tell the issuer; our own certificates are refused by the linter for it",
    ),
    Entry(
        code="chain.key_identifier_mismatch",
        severity=Severity.WARNING,
        title="authorityKeyIdentifier names another key than the one that signed",
        citation="RFC 5280 4.2.1.1: an aid to path building",
        action="Tell the issuer: path builders that trust the identifier will fail",
    ),
)
