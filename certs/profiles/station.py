"""An operator's own root and sub-CA, and the leaf by which its charging stations log in.

The leaf is the TLS client certificate of OCPP's security profile 3. It belongs to no V2G PKI: the
operator's central system trusts this root, and no vehicle does.
"""

from collections.abc import Iterator

from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.profiles.families import YEAR_DAYS, leaf, root, sub_ca
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

_OCPP = "OCPP 2.0.1 part 2 A00, properties of the certificates (numbers unverified)"
_OURS = "OCPP leaves it to the operator; the number is ours"
_COMPONENTS = {Edition.ISO_2: "CPO", Edition.ISO_20: "CSO"}
# OCPP asks for no domain component. Ours has the operator's, by which chains of stations are told
# from others'; the variant is for central systems that want the names OCPP lists and no more.
_VARIANTS = {"": True, "no-dc": False}


def _profiles(edition: Edition) -> Iterator[Profile]:
    yield root(
        Role.STATION_ROOT,
        edition,
        dc=_COMPONENTS[edition],
        validity=ValidityRule(citation=_OURS, issued_days=7305),
    )
    dc = DomainComponentRule(citation="ours; OCPP asks for none", issued=_COMPONENTS[edition])
    yield sub_ca(
        Role.STATION_SUB,
        edition,
        path_length=0,
        dc=dc,
        issuers=frozenset({Role.STATION_ROOT}),
        validity=ValidityRule(citation=_OURS, issued_days=3652),
    )
    for variant, named in _VARIANTS.items():
        yield leaf(
            Role.CHARGING_STATION,
            edition,
            variant=variant,
            key_usage=KeyUsageRule(
                citation=f"keyUsage restricts; {_OCPP}",
                issued=KeyUsage.DIGITAL_SIGNATURE,
                required=KeyUsage.DIGITAL_SIGNATURE,
            ),
            extended_key_usage=ExtendedKeyUsageRule(
                citation="RFC 5280 4.2.1.12: a TLS client, and no server that a vehicle talks to",
                issued=(CLIENT_AUTH,),
            ),
            dc=dc if named else DomainComponentRule(citation=_OCPP, issued=None),
            subject=SubjectRule(
                citation=f"CN its serial number, O its operator: {_OCPP}",
                form=NameForm.STATION,
                organization_expected=True,
            ),
            issuers=frozenset({Role.STATION_SUB}),
            validity=ValidityRule(citation=_OURS, issued_days=365, longest_days=3 * YEAR_DAYS),
        )


PROFILES = tuple(profile for edition in Edition for profile in _profiles(edition))
