"""The car maker's root and sub-CAs, the provisioning leaf and (-20) the vehicle's TLS leaf."""

from collections.abc import Iterator

from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.profiles.families import OWNER_CHOICE, SCRIPTS, leaf, root, sub_ca
from certs.profiles.rules import (
    CLIENT_AUTH,
    DomainComponentRule,
    ExtendedKeyUsageRule,
    KeyUsageRule,
    NameForm,
    Profile,
    Role,
    SubjectRule,
    ValidityRule,
)

_DC = DomainComponentRule(
    citation="public V2G PKI configurations; absent from some real provisioning leaves",
    issued="OEM",
)
_UNDER_SUB_2 = frozenset({Role.OEM_SUB_2})


def _profiles(edition: Edition) -> Iterator[Profile]:
    yield root(
        Role.OEM_ROOT,
        edition,
        dc="OEM",
        validity=ValidityRule(citation=OWNER_CHOICE, issued_days=14_610),
    )
    yield sub_ca(
        Role.OEM_SUB_1,
        edition,
        path_length=1,
        dc=_DC,
        issuers=frozenset({Role.OEM_ROOT, Role.V2G_ROOT}),
        validity=ValidityRule(citation=OWNER_CHOICE, issued_days=7305),
    )
    yield sub_ca(
        Role.OEM_SUB_2,
        edition,
        path_length=0,
        dc=_DC,
        issuers=frozenset({Role.OEM_SUB_1}),
        validity=ValidityRule(citation=OWNER_CHOICE, issued_days=3652),
    )
    yield leaf(
        Role.OEM_PROVISIONING,
        edition,
        key_usage=KeyUsageRule(
            citation=f"signs requests, agrees on the contract key's key; {SCRIPTS}",
            issued=KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT,
            required=KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT,
        ),
        dc=_DC,
        subject=SubjectRule(
            citation="PCID: VDE-AR-E 2802-100-1 as quoted by hubject/opcp", form=NameForm.PCID
        ),
        issuers=_UNDER_SUB_2,
        validity=ValidityRule(citation=f"real leaves 4 years; {OWNER_CHOICE}", issued_days=1461),
    )


_VEHICLE = leaf(
    Role.VEHICLE,
    Edition.ISO_20,
    key_usage=KeyUsageRule(
        citation="TLS client of ISO 15118-20; bits (unverified)",
        issued=KeyUsage.DIGITAL_SIGNATURE,
        required=KeyUsage.DIGITAL_SIGNATURE,
        optional=KeyUsage.KEY_AGREEMENT,
    ),
    extended_key_usage=ExtendedKeyUsageRule(
        citation="(unverified)", optional=frozenset({CLIENT_AUTH})
    ),
    dc=DomainComponentRule(citation="OEM (unverified)", issued="OEM"),
    # A VIN has the same 17 characters as a PCID without check digit, but no source confirms it.
    subject=SubjectRule(citation="VIN-like (unverified), so any name", form=NameForm.TEXT),
    issuers=_UNDER_SUB_2,
    validity=ValidityRule(citation="no rule known (unverified)", issued_days=1461),
)

PROFILES = (*(profile for edition in Edition for profile in _profiles(edition)), _VEHICLE)
