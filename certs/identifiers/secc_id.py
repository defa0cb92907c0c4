"""The SECC identifier of ISO 15118-20: which communication controller of which operator."""

import re
from dataclasses import dataclass, field
from typing import Self

from certs.errors import MalformedIdentifier

CHARACTERS_MAX = 255  # identifierType of the -20 schema; a certificate's common name holds 64
_FORM = re.compile(
    r"[A-Za-z]{2}[A-Za-z0-9]{3}[Ss][A-Za-z0-9]{32,249}"
    r"|[A-Za-z]{2}-[A-Za-z0-9]{3}-[Ss]-[A-Za-z0-9]{32,248}(?:-[A-Za-z0-9])?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SECCID:
    """A SECC identifier, made by ``SECCID.parse``; two are equal when their canonical forms are.

    ``canonical`` is every character in upper case without separators, a check character
    included: how it is computed is not public, and without separators it cannot be told from the
    controller's last character.
    """

    canonical: str
    as_received: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read country, operator, ``S``, 32 to 248 characters of the controller and perhaps a
        check character, with ``-`` between all of them or none, in any letter case.

        Raises MalformedIdentifier.
        """
        if len(text) > CHARACTERS_MAX:
            raise MalformedIdentifier(
                f"SECC identifier of {len(text)} characters, at most {CHARACTERS_MAX}"
            )
        if _FORM.fullmatch(text) is None:
            raise MalformedIdentifier(
                "not a SECC identifier: two letters of a country, three characters of an "
                "operator, S and 32 to 248 of a controller, with '-' between all of them or none"
            )
        return cls(canonical=text.replace("-", "").upper(), as_received=text)

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
    def controller(self) -> str:
        """Everything behind the type ``S``, a check character included."""
        return self.canonical[6:]

    def __str__(self) -> str:
        return self.canonical
