"""What the pages show is what the commands print.

After a change in output: ``python -m tests.console_blocks docs/PAGE.md``.
"""

from importlib import import_module
from pathlib import Path

import pytest

from plugward import cli
from plugward.deferred import Command, Group
from plugward.exit_codes import MEANINGS
from tests.console_blocks import filled

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md") if "```console" in path.read_text())


@pytest.mark.parametrize("page", PAGES)
def test_every_console_block_prints_what_it_shows(page):
    text = (DOCS / page).read_text()
    assert filled(text) == text


def test_exit_statuses_of_the_page_are_the_code_s():
    table = [f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items()]
    assert "\n".join(table) in (DOCS / "cli.md").read_text()


def every(commands: tuple[Command, ...], prefix: str = "plugward"):
    for command in commands:
        name = f"{prefix} {command.name}"
        if isinstance(command, Group):
            yield from every(import_module(command.module).COMMANDS, name)
        else:
            yield name, command.summary


def test_every_command_stands_on_the_page():
    page = (DOCS / "cli.md").read_text()
    missing = [
        name for name, summary in every(cli.COMMANDS) if f"| `{name}` | {summary} |" not in page
    ]
    assert missing == []
