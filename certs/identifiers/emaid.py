"""The e-mobility account identifier: whose contract pays."""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Self, assert_never

from certs.edition import Edition
from certs.errors import MalformedIdentifier
from certs.findings.catalogue import found
from certs.findings.finding import Finding, Severity
from certs.identifiers.check_character import CHECKED_CHARACTERS, check_character

CHARACTERS_MAX = {
    Edition.ISO_2: 18,  # 15 (eMAIDType of the -2 schema) and three separators
    Edition.ISO_20: 255,  # identifierType of the -20 schema; pools stop at 36 (OPNC emaidParam)
}

# Country, provider, instance, check character; the separator between all of them or none.
# ASCII classes, no IGNORECASE: in Unicode mode \w and \d admit foreign letters and digits, and
# case folding lets U+212A pass for K. fullmatch: $ would let a line feed pass.
_FORM = re.compile(
    r"([A-Za-z]{2})(-?)([A-Za-z0-9]{3})\2([A-Za-z0-9]{9,})(?:\2([A-Za-z0-9]))?", re.ASCII
)


class CheckDigit(Enum):
    """What an operator wants of an eMAID whose check character is wrong."""

    OFF = "off"  # nobody looks
    WARN = "warn"  # recorded, does not refuse
    ENFORCE = "enforce"  # refuses


@dataclass(frozen=True, slots=True, kw_only=True)
class EMAID:
    """An eMAID, made by ``EMAID.parse``; two are equal when their canonical forms are.

    ``canonical`` is country, provider and instance in upper case without separators: 14
    characters, or 16 and more for the longer identifiers of ISO 15118-20. ``check`` is the check
    character, upper case, where there is one; the longer forms keep all their characters in
    ``canonical``, because nobody has published how theirs is computed and without separators it
    cannot be told from the instance. ``as_received`` is the text that was parsed.
    """

    canonical: str
    check: str | None = field(default=None, compare=False)
    as_received: str = field(compare=False)

    @classmethod
    def parse(cls, text: str, *, edition: Edition = Edition.ISO_2) -> Self:
        """Read an eMAID in any letter case, with ``-`` between all its parts or none.

        ISO 15118-2 and eMI3: 14 characters and an optional check character. ISO 15118-20: these,
        and longer ones. Raises MalformedIdentifier, also for digits and letters outside ASCII.
        The check character is not judged here; see ``findings``.
        """
        if len(text) > CHARACTERS_MAX[edition]:
            raise MalformedIdentifier(
                f"eMAID of {len(text)} characters, at most {CHARACTERS_MAX[edition]}"
            )
        form = _FORM.fullmatch(text)
        if form is None:
            raise MalformedIdentifier(
                "not an eMAID: two letters of a country, three characters of a provider, nine of "
                "an instance and perhaps a check character, with '-' between all of them or none"
            )
        country, separator, provider, instance, check = form.groups()
        whole = f"{country}{provider}{instance}{check or ''}".upper()
        if separator and len(instance) == 10 and check is None:
            # DE-8AA-0123456789 is DE8AA0123456789 on the wire, where it reads as the contract
            # DE8AA012345678 with check character 9: somebody else's.
            raise MalformedIdentifier(
                "an instance of ten characters cannot be told from nine and a check character"
            )
        if len(whole) <= CHECKED_CHARACTERS + 1:
            return cls(
                canonical=whole[:CHECKED_CHARACTERS],
                check=whole[CHECKED_CHARACTERS:] or None,
                as_received=text,
            )
        if edition is Edition.ISO_2:
            raise MalformedIdentifier(f"eMAID of {len(whole)} letters and digits, at most 15")
        return cls(canonical=whole, as_received=text)

    def is_written(self, text: str, edition: Edition) -> bool:
        """Whether this is what ``parse`` would read in a text; False where that is not known."""
        return text == self.as_received and (
            edition is Edition.ISO_20 or len(self.canonical) == CHECKED_CHARACTERS
        )

    @property
    def country(self) -> str:
        """Two letters, upper case. Not every one in use is in ISO 3166 (UK, EM)."""
        return self.canonical[:2]

    @property
    def provider(self) -> str:
        """Three characters that the country's issuing office gave the mobility operator."""
        return self.canonical[2:5]

    @property
    def provider_id(self) -> str:
        """Country and provider, ``DE8AA``: the prefix that mobility operators are permitted by."""
        return self.canonical[:5]

    @property
    def instance(self) -> str:
        """The mobility operator's own part: nine characters, more in ISO 15118-20."""
        return self.canonical[5:]

    @property
    def check_expected(self) -> str | None:
        """The check character that belongs to 14 characters; None for the longer forms."""
        if len(self.canonical) != CHECKED_CHARACTERS:
            return None
        return check_character(self.canonical)

    @property
    def check_ok(self) -> bool | None:
        """Whether the check character is right; None where there is none to judge."""
        return None if self.check is None else self.check == self.check_expected

    @property
    def hyphenated(self) -> str:
        """The form for people, ``DE-8AA-C12345678-5``."""
        parts = (self.country, self.provider, self.instance, self.check)
        return "-".join(part for part in parts if part)

    def with_check(self) -> Self:
        """This eMAID with the check character that belongs to it, if it is one of 14 characters."""
        check = self.check_expected
        return type(self)(
            canonical=self.canonical, check=check, as_received=self.canonical + (check or "")
        )

    def __str__(self) -> str:
        return self.canonical + (self.check or "")


def findings(emaid: EMAID, policy: CheckDigit, *, where: str = "") -> tuple[Finding, ...]:
    """What an operator's policy says about an eMAID's check character.

    A missing one is only noticed, whatever the policy: ISO 15118-2 H.1 makes it optional and the
    pools drop it (hubject/opcp 05_handling-of-ids). A wrong one warns or refuses.
    """
    match policy:
        case CheckDigit.OFF:
            return ()
        case CheckDigit.WARN:
            severity = Severity.WARNING
        case CheckDigit.ENFORCE:
            severity = Severity.ERROR
        case _:
            assert_never(policy)
    if emaid.check is None:
        return (found("identity.emaid_check_digit_missing", where=where),)
    if emaid.check_ok:
        return ()
    return (
        found(
            "identity.emaid_check_digit",
            where=where,
            detail=f"ends in {emaid.check}, computed {emaid.check_expected}",
            severity=severity,
        ),
    )
