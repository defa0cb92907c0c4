"""The charge point operator's sub-CAs and the charging station's leaf."""

from collections.abc import Iterator

from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.profiles.families import SCRIPTS, VALIDITY_QUOTED, YEAR_DAYS, leaf, sub_ca
from certs.profiles.rules import (
    NO_BITS,
    SERVER_AUTH,
    DomainComponentRule,
    ExtendedKeyUsageRule,
    KeyUsageRule,
    NameForm,
    Profile,
    Role,
    SubjectRule,
    ValidityRule,
)

# Disputed: scripts and Hubject G1.1 say V2G, EVerest's profiles say CPO, Hubject G1.2 has none.
_SUB_CA_COMPONENTS = {"": "V2G", "dc-cpo": "CPO", "no-dc": None}

# Disputed: RISE-V2G PR #6 "must be set" against libevse-security PR #106 "must not be present,
# Table F.2". We issue it, because static ECDH of TLS 1.2 needs it, and take either.
_SECC_KEY_USAGES = {
    "": (KeyUsage.KEY_AGREEMENT, NO_BITS, KeyUsage.KEY_AGREEMENT),
    "with-key-agreement": (KeyUsage.KEY_AGREEMENT, KeyUsage.KEY_AGREEMENT, NO_BITS),
    "without-key-agreement": (NO_BITS, NO_BITS, NO_BITS),
}
_SECC_COMPONENTS = {Edition.ISO_2: "CPO", Edition.ISO_20: "CSO"}
_SECC_NAMES = {Edition.ISO_2: NameForm.CHARGER, Edition.ISO_20: NameForm.SECCID}


def _sub_cas(edition: Edition) -> Iterator[Profile]:
    for variant, component in _SUB_CA_COMPONENTS.items():
        dc = DomainComponentRule(
            citation="disputed: scripts V2G, EVerest CPO, Hubject G1.2 none", issued=component
        )
        yield sub_ca(
            Role.CPO_SUB_1,
            edition,
            variant=variant,
            path_length=1,
            dc=dc,
            issuers=frozenset({Role.V2G_ROOT}),
            validity=ValidityRule(
                citation=VALIDITY_QUOTED, issued_days=1461, longest_days=4 * YEAR_DAYS
            ),
        )
        yield sub_ca(
            Role.CPO_SUB_2,
            edition,
            variant=variant,
            path_length=0,
            dc=dc,
            issuers=frozenset({Role.CPO_SUB_1}),
            validity=ValidityRule(
                citation=VALIDITY_QUOTED,
                issued_days=730,
                shortest_days=365,
                longest_days=2 * YEAR_DAYS,
            ),
        )


def _leaves(edition: Edition) -> Iterator[Profile]:
    for variant, (issued, required, optional) in _SECC_KEY_USAGES.items():
        yield leaf(
            Role.SECC,
            edition,
            variant=variant,
            key_usage=KeyUsageRule(
                citation="keyAgreement disputed: RISE-V2G PR #6, libevse-security PR #106",
                issued=KeyUsage.DIGITAL_SIGNATURE | issued,
                required=KeyUsage.DIGITAL_SIGNATURE | required,
                optional=optional,
            ),
            extended_key_usage=ExtendedKeyUsageRule(
                citation=SCRIPTS, optional=frozenset({SERVER_AUTH})
            ),
            dc=DomainComponentRule(
                citation="CPO in -2, CSO in -20: EVerest/EVerest PR #2683, #2119",
                issued=_SECC_COMPONENTS[edition],
            ),
            subject=SubjectRule(
                citation="-2 EVSEID or SECCID, -20 SECCID; Annex F, B (unverified)",
                form=_SECC_NAMES[edition],
            ),
            issuers=frozenset({Role.CPO_SUB_2}),
            validity=ValidityRule(
                citation=f"2 to 3 months, {VALIDITY_QUOTED}",
                issued_days=60,
                shortest_days=59,
                longest_days=92,
            ),
        )


PROFILES = tuple(
    profile for edition in Edition for family in (_sub_cas, _leaves) for profile in family(edition)
)
