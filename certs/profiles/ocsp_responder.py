"""The delegate that signs a certificate authority's OCSP answers."""

from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.profiles.families import YEAR_DAYS, delegate
from certs.profiles.rules import KeyUsageRule, Role, ValidityRule

CERTIFICATE_AUTHORITIES = frozenset(
    {
        Role.V2G_ROOT,
        Role.CPO_SUB_1,
        Role.CPO_SUB_2,
        Role.MO_ROOT,
        Role.MO_SUB_1,
        Role.MO_SUB_2,
        Role.OEM_ROOT,
        Role.OEM_SUB_1,
        Role.OEM_SUB_2,
        Role.CPS_SUB_1,
        Role.CPS_SUB_2,
        Role.STATION_ROOT,
        Role.STATION_SUB,
    }
)

PROFILES = tuple(
    delegate(
        Role.OCSP_RESPONDER,
        edition,
        key_usage=KeyUsageRule(
            citation="RFC 6960 4.2.2.2; RFC 5280 4.2.1.3",
            issued=KeyUsage.DIGITAL_SIGNATURE,
            required=KeyUsage.DIGITAL_SIGNATURE,
        ),
        issuers=CERTIFICATE_AUTHORITIES,
        # Nobody can revoke it, so it should not live long (RFC 6960 4.2.2.2.1); the number is ours.
        validity=ValidityRule(
            citation="RFC 6960 4.2.2.2.1: short with ocsp-nocheck; the number is ours",
            issued_days=90,
            longest_days=YEAR_DAYS,
        ),
    )
    for edition in Edition
)
