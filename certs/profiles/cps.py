"""The certificate provisioning service's sub-CAs and leaf."""

from collections.abc import Iterator

from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.profiles.families import SCRIPTS, VALIDITY_QUOTED, YEAR_DAYS, leaf, sub_ca
from certs.profiles.rules import (
    DomainComponentRule,
    KeyUsageRule,
    NameForm,
    Profile,
    Role,
    SubjectRule,
    ValidityRule,
)

_DC = DomainComponentRule(citation=SCRIPTS, issued="CPS")


def _profiles(edition: Edition) -> Iterator[Profile]:
    yield sub_ca(
        Role.CPS_SUB_1,
        edition,
        path_length=1,
        dc=_DC,
        issuers=frozenset({Role.V2G_ROOT}),
        # Real ones: G1.1 keeps to the rule, G1.2 has 16 years.
        validity=ValidityRule(
            citation=VALIDITY_QUOTED, issued_days=1461, longest_days=4 * YEAR_DAYS
        ),
    )
    yield sub_ca(
        Role.CPS_SUB_2,
        edition,
        path_length=0,
        dc=_DC,
        issuers=frozenset({Role.CPS_SUB_1}),
        # Real ones: 4 and 8 years.
        validity=ValidityRule(
            citation=VALIDITY_QUOTED,
            issued_days=730,
            shortest_days=365,
            longest_days=2 * YEAR_DAYS,
        ),
    )
    yield leaf(
        Role.CPS,
        edition,
        key_usage=KeyUsageRule(
            citation=SCRIPTS,
            issued=KeyUsage.DIGITAL_SIGNATURE,
            required=KeyUsage.DIGITAL_SIGNATURE,
        ),
        dc=_DC,
        subject=SubjectRule(citation=SCRIPTS, form=NameForm.TEXT),
        issuers=frozenset({Role.CPS_SUB_2}),
        # No rule is quoted: scripts issue 90 days, real ones 1.2 to 4 years.
        validity=ValidityRule(citation="scripts issue 90 days; rule (unverified)", issued_days=90),
    )


PROFILES = tuple(profile for edition in Edition for profile in _profiles(edition))
