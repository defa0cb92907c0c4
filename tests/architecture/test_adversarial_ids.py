"""Every item of the adversarial list is named by a test, or says why none does."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
LIST = (Path(__file__).with_name("adversarial_ids.txt")).read_text().splitlines()
FAMILIES = [re.fullmatch(r"([A-Z]) (\d+)  .+", line) for line in LIST]
EXCEPTIONS = dict(line[2:].split(" ", 1) for line in LIST if line.startswith("- "))
IDS = [
    f"{family[1]}{number:02}"
    for family in FAMILIES
    if family is not None
    for number in range(1, int(family[2]) + 1)
]


STRING = re.compile(r'"([^"]{1,120})"')
WORD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]\d\d(?![A-Za-z0-9])")


def words() -> set[str]:
    """Whatever could be an id in the tests' names and texts, and in their vectors' short strings.

    Certificates in vectors are long and hold any three characters by chance.
    """
    found: set[str] = set()
    for path in sorted(TESTS.rglob("*")):
        if path.suffix == ".py" and path != Path(__file__):
            found |= set(WORD.findall(path.read_text()))
        elif path.suffix == ".json":
            for text in STRING.findall(path.read_text()):
                found |= set(WORD.findall(text))
    return {word.upper() for word in found}


NAMED = words()


def test_the_list_is_read_whole():
    assert len(IDS) == 142
    assert len(EXCEPTIONS) < 20
    assert set(EXCEPTIONS) <= set(IDS)


@pytest.mark.parametrize("name", IDS)
def test_every_item_is_a_test_or_says_why_not(name):
    assert name in NAMED or EXCEPTIONS.get(name)
