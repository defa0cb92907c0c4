"""The prefixes by which identifiers belong to an operator or a manufacturer."""

import re

from certs.errors import MalformedIdentifier

_FIVE = re.compile(r"([A-Za-z]{2})[*-]?([A-Za-z0-9]{3})", re.ASCII)
_THREE = re.compile(r"[A-Za-z0-9]{3}", re.ASCII)


def provider_id(text: str) -> str:
    """A mobility operator's country and provider as ``EMAID.provider_id`` gives them: ``DE8AA``.

    Accepts ``DE-8AA`` and ``DE*8AA``, any letter case; raises MalformedIdentifier.
    """
    return _country_and_three(text, "provider")


def operator_id(text: str) -> str:
    """A charge point operator's country and operator as ``EVSEID.operator_id`` and
    ``SECCID.operator_id`` give them: ``DEICE``.

    Accepts ``DE-ICE`` and ``DE*ICE``, any letter case; raises MalformedIdentifier.
    """
    return _country_and_three(text, "operator")


def wmi(text: str) -> str:
    """A World Manufacturer Identifier as ``PCID.wmi`` gives it; raises MalformedIdentifier."""
    if _THREE.fullmatch(text) is None:
        raise MalformedIdentifier("not a world manufacturer identifier: three letters or digits")
    return text.upper()


def _country_and_three(text: str, what: str) -> str:
    form = _FIVE.fullmatch(text)
    if form is None:
        raise MalformedIdentifier(
            f"not a {what} prefix: two letters of a country and three characters of the {what}"
        )
    return "".join(form.groups()).upper()
