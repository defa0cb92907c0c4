"""Contract identifiers as DIN SPEC 91286 wrote them, and their way to eMAIDs and back."""

import re
from dataclasses import dataclass, field
from typing import Self

from certs.errors import MalformedIdentifier
from certs.identifiers.check_character import ALPHABET
from certs.identifiers.emaid import EMAID

CHARACTERS_MAX = 15  # 12 and three separators
_FORM = re.compile(
    r"([A-Za-z]{2})([*-]?)([A-Za-z0-9]{3})\2([A-Za-z0-9]{6})(?:\2([0-9Xx]))?", re.ASCII
)
_EMI3 = "C0"  # eMI3: type C, and a zero to fill nine characters
_LEGACY = "00"  # the earlier mapping into ISO 15118-2


def check_digit(code: str) -> str:
    """The check digit, ``0`` to ``9`` or ``X``, of 11 upper-case ASCII letters and digits.

    Decimal digits of every character's value (A = 10 ... Z = 35) are weighted with rising powers
    of two; the sum modulo 11, where ten is written X.
    """
    total = 0
    weight = 1
    for character in code:
        tens, units = divmod(ALPHABET.index(character), 10)
        if tens:
            total += tens * weight
            weight *= 2
        total += units * weight
        weight *= 2
    return "0123456789X"[total % 11]


@dataclass(frozen=True, slots=True, kw_only=True)
class DinContractId:
    """A DIN SPEC 91286 contract identifier; two are equal when their canonical forms are.

    ``canonical`` is country, provider and six characters in upper case without separators;
    ``check`` the check digit where one was given.
    """

    canonical: str
    check: str | None = field(default=None, compare=False)
    as_received: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one in any letter case, with ``*`` or ``-`` between all its parts or none.

        Raises MalformedIdentifier. The check digit may be absent and is not judged here.
        """
        if len(text) > CHARACTERS_MAX:
            raise MalformedIdentifier(
                f"DIN contract identifier of {len(text)} characters, at most {CHARACTERS_MAX}"
            )
        form = _FORM.fullmatch(text)
        if form is None:
            raise MalformedIdentifier(
                "not a DIN SPEC 91286 contract identifier: two letters of a country, three "
                "characters of a provider, six of an instance and perhaps a check digit or X, "
                "with '*' or '-' between all of them or none"
            )
        country, _, provider, instance, check = form.groups()
        return cls(
            canonical=f"{country}{provider}{instance}".upper(),
            check=check and check.upper(),
            as_received=text,
        )

    @classmethod
    def of(cls, emaid: EMAID) -> Self | None:
        """The identifier that an eMAID was made from by ``emi3`` or ``legacy_iso``; None if it
        was not: another type, or a last character that is not the DIN check digit.
        """
        instance = emaid.instance
        if len(instance) != len(_EMI3) + 6 + 1 or instance[:2] not in {_EMI3, _LEGACY}:
            return None
        canonical = emaid.provider_id + instance[2:8]
        if check_digit(canonical) != instance[8]:
            return None
        return cls(canonical=canonical, check=instance[8], as_received=emaid.as_received)

    @property
    def check_expected(self) -> str:
        """The check digit that belongs to this identifier."""
        return check_digit(self.canonical)

    @property
    def check_ok(self) -> bool | None:
        """Whether the check digit is right; None where none was given."""
        return None if self.check is None else self.check == self.check_expected

    def emi3(self) -> EMAID:
        """The eMI3 eMAID, ``NL-TNM-012204-5`` to ``NLTNMC00122045K``, with its check character.

        A wrong check digit is carried over as it came, not mended: the eMAID then matches no
        contract, rather than a stranger's.
        """
        return self._emaid(_EMI3)

    def legacy_iso(self) -> EMAID:
        """The earlier ISO 15118-2 mapping, ``NL-TNM-012204-5`` to ``NLTNM000122045U``."""
        return self._emaid(_LEGACY)

    def _emaid(self, filling: str) -> EMAID:
        last = self.check or self.check_expected
        return EMAID.parse(self.canonical[:5] + filling + self.canonical[5:] + last).with_check()

    def __str__(self) -> str:
        return self.canonical + (self.check or "")
