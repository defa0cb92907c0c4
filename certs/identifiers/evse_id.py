"""The EVSE identifier: which power outlet of which operator."""

import re
from dataclasses import dataclass, field
from typing import Self

from certs.errors import MalformedIdentifier

CHARACTERS_MAX = 39  # 37 (the -2 schema) and the separators behind country and operator
_FORM = re.compile(
    r"([A-Za-z]{2})(\*?)([A-Za-z0-9]{3})\2[Ee]([A-Za-z0-9][A-Za-z0-9*]{0,30})", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EVSEID:
    """An EVSE identifier, made by ``EVSEID.parse``; two are equal when their canonical forms are.

    ``canonical`` is upper case without any ``*``, also those within the outlet: separators are
    there for people (ISO 15118-2 H.2). It has 7 to 37 characters and no check digit.
    """

    canonical: str
    as_received: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``DE*ICE*E45B*78C`` or ``DEICEE45B78C``, in any letter case.

        Raises MalformedIdentifier.
        """
        if len(text) > CHARACTERS_MAX:
            raise MalformedIdentifier(
                f"EVSE identifier of {len(text)} characters, at most {CHARACTERS_MAX}"
            )
        if _FORM.fullmatch(text) is None:
            raise MalformedIdentifier(
                "not an EVSE identifier: two letters of a country, three characters of an "
                "operator, E and 1 to 31 of an outlet, with '*' behind country and operator or not"
            )
        return cls(canonical=text.replace("*", "").upper(), as_received=text)

    @property
    def country(self) -> str:
        """Two letters, upper case."""
        return self.canonical[:2]

    @property
    def operator(self) -> str:
        """Three characters of the charge point operator."""
        return self.canonical[2:5]

    @property
    def operator_id(self) -> str:
        """Country and operator, ``DEICE``: the prefix that operators are permitted by."""
        return self.canonical[:5]

    @property
    def outlet(self) -> str:
        """The operator's own part, behind the type ``E``."""
        return self.canonical[6:]

    def __str__(self) -> str:
        return self.canonical
