"""The mobility operator's root and sub-CAs, and the contract's leaf."""

from collections.abc import Iterator

from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.profiles.families import (
    OWNER_CHOICE,
    SCRIPTS,
    VALIDITY_QUOTED,
    YEAR_DAYS,
    leaf,
    root,
    sub_ca,
)
from certs.profiles.rules import (
    DomainComponentRule,
    KeyUsageRule,
    NameForm,
    Profile,
    Role,
    SubjectRule,
    ValidityRule,
)

_DC = DomainComponentRule(
    citation="[V2G2-925] as quoted in EVerest/EVerest#2119; absent from real contracts",
    issued="MO",
)
# Disputed: public configurations have all four bits; RFC 8813 3 forbids keyEncipherment on EC keys.
_CONTRACT_BITS = (
    KeyUsage.DIGITAL_SIGNATURE
    | KeyUsage.CONTENT_COMMITMENT
    | KeyUsage.KEY_ENCIPHERMENT
    | KeyUsage.KEY_AGREEMENT
)
_CONTRACT_VARIANTS = {
    "": _CONTRACT_BITS,
    "without-key-encipherment": _CONTRACT_BITS & ~KeyUsage.KEY_ENCIPHERMENT,
}


def _profiles(edition: Edition) -> Iterator[Profile]:
    yield root(
        Role.MO_ROOT,
        edition,
        dc="MO",
        validity=ValidityRule(citation=OWNER_CHOICE, issued_days=14_610),
    )
    yield sub_ca(
        Role.MO_SUB_1,
        edition,
        path_length=1,
        dc=_DC,
        issuers=frozenset({Role.MO_ROOT, Role.V2G_ROOT}),
        validity=ValidityRule(citation=OWNER_CHOICE, issued_days=7305),
    )
    yield sub_ca(
        Role.MO_SUB_2,
        edition,
        path_length=0,
        dc=_DC,
        issuers=frozenset({Role.MO_SUB_1}),
        validity=ValidityRule(citation=OWNER_CHOICE, issued_days=3652),
        # Scripts and Hubject's MO Sub2 G1.2.1 have these two, G1.1.1 has not.
        also_signs=KeyUsage.DIGITAL_SIGNATURE | KeyUsage.CONTENT_COMMITMENT,
    )
    for variant, bits in _CONTRACT_VARIANTS.items():
        yield leaf(
            Role.CONTRACT,
            edition,
            variant=variant,
            key_usage=KeyUsageRule(
                citation=f"{SCRIPTS}; keyEncipherment disputed: RFC 8813 3",
                issued=bits,
                required=KeyUsage.DIGITAL_SIGNATURE,
                optional=bits & ~KeyUsage.DIGITAL_SIGNATURE,
            ),
            dc=_DC,
            subject=SubjectRule(
                citation="eMAID, ISO 15118-2 Annex H (unverified); C optional",
                form=NameForm.EMAID,
                country_expected=True,
            ),
            issuers=frozenset({Role.MO_SUB_2}),
            validity=ValidityRule(
                citation=f"4 weeks to 2 years, never past the contract's end, {VALIDITY_QUOTED}",
                issued_days=730,
                shortest_days=28,
                longest_days=2 * YEAR_DAYS,
            ),
        )


PROFILES = tuple(profile for edition in Edition for profile in _profiles(edition))
