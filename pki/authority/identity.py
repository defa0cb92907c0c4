"""Whom a common name names, in the one form by which identities are compared and permitted."""

from typing import assert_never

import msgspec

from certs.errors import MalformedIdentifier, Refused
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.identifiers.pcid import PCID
from certs.identifiers.secc_id import SECCID
from certs.profiles.rules import NameForm, Profile

CHARACTERS_MAX = 64  # ub-common-name (RFC 5280 A.1)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A subject's identity: its canonical form, and the prefix that it is permitted by.

    ``prefix`` is the WMI of a PCID, country and provider of an eMAID, country and operator of an
    EVSEID or SECCID; None where the name has no such prefix, or is not the identifier that the
    profile asks for, which lint tells.
    """

    canonical: str
    prefix: str | None


def demand_printable(common_name: str) -> None:
    """Refuses what no common name can be before it is looked up anywhere."""
    if not 0 < len(common_name) <= CHARACTERS_MAX or not common_name.isprintable():
        raise Refused(
            "issuance.request_malformed", f"names are printable, 1 to {CHARACTERS_MAX} characters"
        )


def identify(common_name: str, profile: Profile) -> Identity:
    """The identity a common name stands for in certificates of this profile."""
    try:
        match profile.subject.form:
            case NameForm.EMAID:
                emaid = EMAID.parse(common_name, edition=profile.edition)
                return Identity(canonical=emaid.canonical, prefix=emaid.provider_id)
            case NameForm.PCID:
                pcid = PCID.parse(common_name, edition=profile.edition)
                return Identity(canonical=pcid.canonical, prefix=pcid.wmi)
            case NameForm.CHARGER:
                charger = _charger(common_name)
                return Identity(canonical=charger.canonical, prefix=charger.operator_id)
            case NameForm.SECCID:
                secc = SECCID.parse(common_name)
                return Identity(canonical=secc.canonical, prefix=secc.operator_id)
            case NameForm.TEXT | NameForm.STATION:
                return Identity(canonical=common_name, prefix=None)
            case _:
                assert_never(profile.subject.form)
    except MalformedIdentifier:
        return Identity(canonical=common_name, prefix=None)


def _charger(common_name: str) -> EVSEID | SECCID:
    """A charger of ISO 15118-2 is named by either of the two."""
    try:
        return SECCID.parse(common_name)
    except MalformedIdentifier:
        return EVSEID.parse(common_name)
