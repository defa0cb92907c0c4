"""docs/contract-keys.md names every choice and every default."""

from dataclasses import fields
from pathlib import Path

from certs.contract_key.scheme import DEFAULT, Scheme

PAGE = (Path(__file__).parents[2] / "docs" / "contract-keys.md").read_text(encoding="utf-8")


def test_the_page_names_every_choice_and_its_default():
    for choice in fields(Scheme):
        assert f"| `{choice.name}` |" in PAGE
        default = getattr(DEFAULT, choice.name)
        for value in type(default):
            said = f"`{value.value}` (default)" if value is default else f"`{value.value}` |"
            assert said in PAGE
