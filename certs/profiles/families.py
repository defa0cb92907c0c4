"""What the roots, the sub-CAs and the leaves of every role have in common, per edition."""

from collections.abc import Mapping
from types import MappingProxyType

from certs import extensions
from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.keys import SIGNING_KEYS
from certs.profiles.rules import (
    NO_BITS,
    AddressesRule,
    Algorithms,
    BasicConstraintsRule,
    DomainComponentRule,
    Encoding,
    ExtendedKeyUsageRule,
    ExtensionsRule,
    IssuerRule,
    KeyIdentifiersRule,
    KeyUsageRule,
    NameForm,
    OcspNoCheckRule,
    Presence,
    Profile,
    Role,
    SubjectRule,
    ValidityRule,
)

REVISION = "2026-11"  # the month the data was last gone over; it moves when a rule does

YEAR_DAYS = 366  # a rule of n years admits the leap days among them

SIGNS_CERTIFICATES = KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN

# What public V2G PKI scripts agree on; the tables of the standard itself are not public.
SCRIPTS = "RISE-V2G and EcoG-io/iso15118 PKI configurations; ISO 15118 Annex F, B (unverified)"
VALIDITY_QUOTED = "ISO 15118-2 as quoted in RISE-V2G generateCertificates.sh; -20 (unverified)"
OWNER_CHOICE = "its owner's choice, RISE-V2G generateCertificates.sh; -20 (unverified)"

_KEY_CITATIONS: Mapping[Edition, str] = MappingProxyType(
    {
        Edition.ISO_2: "[V2G2-007] secp256r1, ecdsa-with-SHA256 (number unverified)",
        Edition.ISO_20: "secp521r1 with SHA-512 [V2G20-1000], or Ed448",
    }
)
# Octets of DER, not characters of base64 (V2G_CI_MsgDataTypes.xsd, certificateType).
OCTETS_MAX: Mapping[Edition, int] = MappingProxyType({Edition.ISO_2: 800, Edition.ISO_20: 1600})

_KNOWN = frozenset(
    {
        extensions.BASIC_CONSTRAINTS,
        extensions.KEY_USAGE,
        extensions.EXTENDED_KEY_USAGE,
        extensions.SUBJECT_KEY_IDENTIFIER,
        extensions.AUTHORITY_KEY_IDENTIFIER,
        extensions.AUTHORITY_INFORMATION_ACCESS,
        extensions.CRL_DISTRIBUTION_POINTS,
        extensions.CERTIFICATE_POLICIES,
        extensions.SUBJECT_ALTERNATIVE_NAME,
        extensions.OCSP_NO_CHECK,
    }
)
_EXTENSIONS = ExtensionsRule(
    citation="RFC 5280 4.2; nameConstraints: common verifiers cannot judge dirName",
    known=_KNOWN,
    never_critical=frozenset(
        {
            extensions.SUBJECT_KEY_IDENTIFIER,
            extensions.AUTHORITY_KEY_IDENTIFIER,
            extensions.AUTHORITY_INFORMATION_ACCESS,
            extensions.OCSP_NO_CHECK,
        }
    ),
    forbidden=frozenset({extensions.NAME_CONSTRAINTS}),
)
_NO_NO_CHECK = OcspNoCheckRule(citation="RFC 6960 4.2.2.2.1", presence=Presence.FORBIDDEN)


def encoding(edition: Edition) -> Encoding:
    """Size and encoding, the same for every role of an edition."""
    return Encoding(
        citation="X.690; RFC 5280 4.1; certificateType maxLength of the message schemas",
        octets_max=OCTETS_MAX[edition],
        serial_bits_min=64,
    )


def algorithms(edition: Edition) -> Algorithms:
    """Keys and signatures, the same for every role of an edition."""
    return Algorithms(citation=_KEY_CITATIONS[edition], keys=SIGNING_KEYS[edition])


def root(role: Role, edition: Edition, *, dc: str, validity: ValidityRule) -> Profile:
    """A trust anchor: self-signed, without purposes, depth or addresses."""
    return Profile(
        role=role,
        edition=edition,
        revision=REVISION,
        encoding=encoding(edition),
        algorithms=algorithms(edition),
        basic_constraints=BasicConstraintsRule(citation=SCRIPTS, ca=True),
        key_usage=KeyUsageRule(
            citation=SCRIPTS, issued=SIGNS_CERTIFICATES, required=SIGNS_CERTIFICATES
        ),
        extended_key_usage=ExtendedKeyUsageRule(citation="EcoG-io/iso15118#430"),
        domain_component=DomainComponentRule(citation=SCRIPTS, issued=dc),
        subject=SubjectRule(citation=SCRIPTS, form=NameForm.TEXT),
        validity=validity,
        addresses=AddressesRule(
            citation="absent from real roots", ocsp=Presence.FORBIDDEN, crl=Presence.FORBIDDEN
        ),
        key_identifiers=KeyIdentifiersRule(
            citation="RFC 5280 4.2.1.1, 4.2.1.2", authority=Presence.OPTIONAL
        ),
        ocsp_nocheck=_NO_NO_CHECK,
        extensions=_EXTENSIONS,
        issuer=IssuerRule(citation="self-signed", roles=frozenset()),
    )


def sub_ca(
    role: Role,
    edition: Edition,
    *,
    path_length: int,
    dc: DomainComponentRule,
    issuers: frozenset[Role],
    validity: ValidityRule,
    variant: str = "",
    also_signs: KeyUsage = NO_BITS,
) -> Profile:
    """An intermediate certificate authority."""
    return Profile(
        role=role,
        edition=edition,
        variant=variant,
        revision=REVISION,
        encoding=encoding(edition),
        algorithms=algorithms(edition),
        basic_constraints=BasicConstraintsRule(citation=SCRIPTS, ca=True, path_length=path_length),
        key_usage=KeyUsageRule(
            citation=SCRIPTS,
            issued=SIGNS_CERTIFICATES | also_signs,
            required=SIGNS_CERTIFICATES,
            optional=also_signs,
        ),
        extended_key_usage=ExtendedKeyUsageRule(
            citation="RFC 6960 4.2.2.2; mozilla.dev.security.policy, July 2020"
        ),
        domain_component=dc,
        subject=SubjectRule(citation=SCRIPTS, form=NameForm.TEXT),
        validity=validity,
        addresses=AddressesRule(
            citation="OCSP in every real sub-CA; CRL beside it is the operator's choice",
            ocsp=Presence.REQUIRED,
            crl=Presence.OPTIONAL,
        ),
        key_identifiers=KeyIdentifiersRule(
            citation="RFC 5280 4.2.1.1, 4.2.1.2", authority=Presence.REQUIRED
        ),
        ocsp_nocheck=_NO_NO_CHECK,
        extensions=_EXTENSIONS,
        issuer=IssuerRule(citation="public V2G PKI configurations", roles=issuers),
    )


def leaf(
    role: Role,
    edition: Edition,
    *,
    key_usage: KeyUsageRule,
    dc: DomainComponentRule,
    subject: SubjectRule,
    issuers: frozenset[Role],
    validity: ValidityRule,
    variant: str = "",
    extended_key_usage: ExtendedKeyUsageRule | None = None,
) -> Profile:
    """An end entity whose status is asked for at its issuer."""
    return Profile(
        role=role,
        edition=edition,
        variant=variant,
        revision=REVISION,
        encoding=encoding(edition),
        algorithms=algorithms(edition),
        basic_constraints=BasicConstraintsRule(citation=SCRIPTS, ca=False),
        key_usage=key_usage,
        extended_key_usage=extended_key_usage or ExtendedKeyUsageRule(citation=SCRIPTS),
        domain_component=dc,
        subject=subject,
        validity=validity,
        addresses=AddressesRule(
            citation="real leaves; CRL beside OCSP as EVerest profiles have it (unverified)",
            ocsp=Presence.REQUIRED,
            crl=Presence.OPTIONAL,
        ),
        key_identifiers=KeyIdentifiersRule(
            citation="RFC 5280 4.2.1.1, 4.2.1.2", authority=Presence.REQUIRED
        ),
        ocsp_nocheck=_NO_NO_CHECK,
        extensions=_EXTENSIONS,
        issuer=IssuerRule(citation="public V2G PKI configurations", roles=issuers),
    )


def delegate(
    role: Role,
    edition: Edition,
    *,
    key_usage: KeyUsageRule,
    issuers: frozenset[Role],
    validity: ValidityRule,
) -> Profile:
    """An end entity that answers for its issuer and is itself never asked about."""
    return Profile(
        role=role,
        edition=edition,
        revision=REVISION,
        encoding=encoding(edition),
        algorithms=algorithms(edition),
        basic_constraints=BasicConstraintsRule(citation="RFC 5280 4.2.1.9", ca=False),
        key_usage=key_usage,
        extended_key_usage=ExtendedKeyUsageRule(
            citation="RFC 6960 4.2.2.2", issued=(extensions.OCSP_SIGNING,)
        ),
        domain_component=DomainComponentRule(
            citation="no rule known", issued=None, others_allowed=True
        ),
        subject=SubjectRule(citation="no rule known", form=NameForm.TEXT),
        validity=validity,
        addresses=AddressesRule(
            citation="RFC 6960 4.2.2.2.1: with ocsp-nocheck nobody asks",
            ocsp=Presence.OPTIONAL,
            crl=Presence.OPTIONAL,
        ),
        key_identifiers=KeyIdentifiersRule(
            citation="RFC 5280 4.2.1.1, 4.2.1.2", authority=Presence.REQUIRED
        ),
        ocsp_nocheck=OcspNoCheckRule(citation="RFC 6960 4.2.2.2.1", presence=Presence.REQUIRED),
        extensions=_EXTENSIONS,
        issuer=IssuerRule(citation="RFC 6960 4.2.2.2: the CA it answers for", roles=issuers),
    )
