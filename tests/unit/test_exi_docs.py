"""docs/exi.md: its trace, its JSON, its table of codes and its example are what the code does."""

import json
import re
from pathlib import Path

from exi.codec import MESSAGE_OCTETS_MAX, decode
from exi.datatypes import UNBOUNDED_GROUPS_MAX
from exi.errors import CODES
from exi.inspection import inspect_message, render
from exi.json_form import to_json
from exi.protocol import Protocol

PAGE = Path(__file__).resolve().parents[2] / "docs" / "exi.md"
TEXT = PAGE.read_text()


def _after(mark: str) -> str:
    """What stands between a mark and the next blank line after it that ends the block."""
    found = re.search(rf"<!-- {mark} -->\n(.*?)\n\n", TEXT, re.DOTALL)
    assert found is not None, mark
    return found[1]


def trace() -> str:
    data = bytes.fromhex("80980220b6e8e913b5b96e50100100")
    return "\n".join(("```", *render(inspect_message(data, Protocol.ISO_2)), "```"))


def shown() -> str:
    data = bytes.fromhex("80980220b6e8e913b5b96e50100100")
    return "```json\n" + json.dumps(to_json(decode(data, Protocol.ISO_2)), indent=1) + "\n```"


def codes() -> str:
    rows = (f"| `{code}` | {meaning} |" for code, meaning in CODES.items())
    return "\n".join(("| code | what it says |", "|---|---|", *rows))


def test_the_trace_is_the_inspections():
    assert _after("inspect 80980220b6e8e913b5b96e50100100") == trace()


def test_the_json_is_the_json_forms():
    assert _after("json 80980220b6e8e913b5b96e50100100") == shown()


def test_the_table_of_codes_is_whole():
    assert _after("codes") == codes()


def test_the_limits_are_the_codes():
    assert f"{MESSAGE_OCTETS_MAX} octets a message" in TEXT
    assert f"{UNBOUNDED_GROUPS_MAX} groups of seven bits" in TEXT


def test_the_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {})
