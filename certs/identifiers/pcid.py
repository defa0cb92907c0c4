"""The provisioning certificate identifier: which vehicle."""

import re
from dataclasses import dataclass, field
from typing import Self

from certs.edition import Edition
from certs.errors import MalformedIdentifier

CHARACTERS_MAX = {
    Edition.ISO_2: 18,  # VDE-AR-E 2802-100-1, as the pools quote it: WMI, 14, check character
    Edition.ISO_20: 255,  # identifierType of the -20 schema
}
_FORMS = {
    Edition.ISO_2: re.compile(r"[A-Za-z0-9]{17,18}", re.ASCII),
    # ISO 15118-20 C.2, from third-party text: WMI, type P, own identifier of 13 to 250
    # characters, optional check character; the pools' 17 and 18 characters stay welcome.
    Edition.ISO_20: re.compile(
        r"[A-Za-z0-9]{17,18}"
        r"|[A-Za-z0-9]{3}[Pp][A-Za-z0-9]{13,251}"
        r"|[A-Za-z0-9]{3}-[Pp]-[A-Za-z0-9]{13,250}(?:-[A-Za-z0-9])?",
        re.ASCII,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PCID:
    """A PCID, made by ``PCID.parse``; two are equal when their canonical forms are.

    ``canonical`` is every character in upper case without separators, a check character
    included: how it is computed is not public, so it is part of the name and never judged.
    """

    canonical: str
    as_received: str = field(compare=False)

    @classmethod
    def parse(cls, text: str, *, edition: Edition = Edition.ISO_2) -> Self:
        """Read a PCID in any letter case: 17 or 18 letters and digits, more in ISO 15118-20.

        Raises MalformedIdentifier.
        """
        if len(text) > CHARACTERS_MAX[edition]:
            raise MalformedIdentifier(
                f"PCID of {len(text)} characters, at most {CHARACTERS_MAX[edition]}"
            )
        if _FORMS[edition].fullmatch(text) is None:
            raise MalformedIdentifier(
                "not a PCID: three characters of a manufacturer and 14 or 15 more letters or digits"
            )
        return cls(canonical=text.replace("-", "").upper(), as_received=text)

    @property
    def wmi(self) -> str:
        """World Manufacturer Identifier, three characters: the prefix that OEMs are permitted by
        (hubject/opcp: PCID[:3]). Real test vehicles use words instead (``HUB``).
        """
        return self.canonical[:3]

    def __str__(self) -> str:
        return self.canonical
