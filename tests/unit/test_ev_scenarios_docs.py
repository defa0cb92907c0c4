"""docs/ev-scenarios.md shows the offline rules as they are.

Run this file to write that part anew: ``python -m tests.unit.test_ev_scenarios_docs``.
"""

import re
from pathlib import Path

from ev_emulator.backend.ocpp.offline import RULES, Known
from ev_emulator.scenarios.catalogue import BY_NAME

PAGE = Path(__file__).parents[2] / "docs" / "ev-scenarios.md"
_PART = re.compile(r"(<!-- offline -->\n).*?(<!-- /offline -->)", re.DOTALL)
_HEAD = (
    "requirement",
    "ContractValidationOffline",
    "verified by the station",
    "LocalAuthorizeOffline",
    "the eMAID is remembered",
    "OfflineTxForUnknownIdEnabled",
    "answer",
)


def word(fact):
    match fact:
        case None:
            return ""
        case Known():
            return fact.value
        case _:
            return "true" if fact else "false"


def filled(page):
    rows = [
        (
            rule.requirement,
            *map(
                word,
                (rule.validates, rule.verified, rule.looks_up, rule.known, rule.unknown_may),
            ),
            f"`{rule.refusal}`" if rule.refusal else "may charge",
        )
        for rule in RULES
    ]
    table = [_HEAD, ["---"] * len(_HEAD), *rows]
    text = "".join(f"| {' | '.join(row)} |\n" for row in table)
    return _PART.sub(lambda part: part[1] + text + part[2], page)


def test_the_page_shows_the_rules():
    text = PAGE.read_text()
    assert filled(text) == text


def test_the_page_names_only_stories_that_exist():
    named = set(re.findall(r"plugward ev scenario ([a-z][a-z -]*)", PAGE.read_text()))
    words = {word for line in named for word in line.split() if not word.startswith("--")}
    assert words <= set(BY_NAME)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
