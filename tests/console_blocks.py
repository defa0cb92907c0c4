"""Runs the ```console blocks of a page as a reader would, and fills in what they print.

``python -m tests.console_blocks docs/cli.md`` writes a page anew after a change in output. Commands
run in this process, one page in one empty directory, at NOW. An ellipsis in a page stands for what
differs from run to run, and stays where the rest of its line still fits.
"""

import io
import os
import re
import shlex
import sys
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from plugward.cli import main
from plugward.exit_codes import ExitCode

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
_BLOCK = re.compile(r"(^```console\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "


class _NoTerminal(io.TextIOWrapper):
    """Standard output that is no terminal and has octets beneath."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        return self.buffer.getvalue().decode()


@contextmanager
def _reader(directory: Path):
    """A reader's shell: an empty directory, no variables of ours, the moment NOW."""
    kept = Path.cwd()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PLUGWARD_")}
    os.chdir(directory)
    try:
        with (
            patch.dict(os.environ, clean, clear=True),
            patch("plugward.clock.now", lambda: NOW),
            patch("plugward.clock.now_exactly", lambda: NOW),
        ):
            yield
    finally:
        os.chdir(kept)


def _run(line: str, status: int) -> tuple[str, int]:
    """What a command line prints, words and data in the order written, and its exit status."""
    words = shlex.split(line)
    if words == ["echo", "$?"]:
        return f"{status}\n", 0
    if words[0] == "cat":
        return "".join(Path(name).read_text() for name in words[1:]), 0
    if words[0] == "printf" and words[2] == ">":
        Path(words[3]).write_text(words[1].replace("\\n", "\n"))
        return "", 0
    into = None
    if len(words) > 2 and words[-2] == ">":
        into, words = Path(words[-1]), words[:-2]
    assert words[0] == "plugward", f"a page may not run {words[0]}"
    out, err = _NoTerminal(), _NoTerminal()
    if into is None:
        err = out
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words[1:])
    assert status != ExitCode.BUG, out.text
    if into is None:
        return out.text, status
    into.write_text(out.text)
    return err.text, status


def _fits(written: str, printed: str) -> bool:
    """Whether a line of the page is what was printed, its ellipses standing for anything."""
    pattern = ".*".join(re.escape(part) for part in written.split("…"))
    return re.fullmatch(pattern, printed) is not None


def _commands(body: str) -> list[tuple[str, list[str]]]:
    """The command lines of a block with the lines that follow each; ``\\`` continues a command."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith(_PROMPT):
            found.append((line, []))
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line}", [])
        else:
            found[-1][1].append(line)
    return found


def filled(page: str) -> str:
    """The page with its console blocks as they print today."""
    with tempfile.TemporaryDirectory() as directory, _reader(Path(directory)):
        status = 0

        def fill(block: re.Match[str]) -> str:
            nonlocal status
            lines = []
            for command, written in _commands(block[2]):
                printed, status = _run(command[2:].replace("\\\n", " "), status)
                lines.append(command)
                lines += _merged(written, printed.splitlines())
            return block[1] + "\n".join(lines) + "\n" + block[3]

        return _BLOCK.sub(fill, page)


def _merged(written: list[str], printed: list[str]) -> list[str]:
    """What was printed, in the page's own words where its ellipses allow.

    A line that is one ellipsis stands for any number of lines.
    """
    if not written:
        return printed
    head, *rest = written
    if head == "…":
        for skipped in range(len(printed) + 1):
            tail = _merged(rest, printed[skipped:]) if rest else []
            if tail == rest:
                return [head, *rest]
        return printed
    if printed and _fits(head, printed[0]):
        return [head, *(_merged(rest, printed[1:]) if rest or printed[1:] else [])]
    return printed


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(filled(path.read_text()))
