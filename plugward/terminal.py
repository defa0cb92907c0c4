"""Every word to the terminal: data to stdout; errors, hints and progress to stderr.

Words are lower case and without a full stop, and begin with ``plugward:``. Whatever comes from
outside is stripped of control characters first, so that no certificate writes to the terminal.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO, TypeVar

from plugward.settings import colour_unwanted

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


class ReaderLeft(Exception):  # noqa: N818 - not an error: ``| head`` has seen enough
    """Whoever read our data has closed the other end."""


def flush() -> None:
    """Hands all data over; ReaderLeft where nobody takes it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError as left:
        raise ReaderLeft from left


def _write(text: str) -> None:
    # translated here: typer would leave the process at a broken pipe, with status 1
    try:
        sys.stdout.write(text)
    except BrokenPipeError as left:
        raise ReaderLeft from left


def printable(text: str) -> str:
    """The text with every character a terminal might obey replaced by U+FFFD."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def data(text: str = "") -> None:
    """A line of data."""
    _write(text + "\n")


def data_json(value: object) -> None:
    """Data for programs: one JSON value."""
    _write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def data_pem(text: str) -> None:
    """Data that ends in a line feed of its own."""
    _write(text)


def say(text: str) -> None:
    """Progress, or what was done and where it is."""
    sys.stderr.write(f"plugward: {printable(text)}\n")
    sys.stderr.flush()


def aside(text: str) -> None:
    """A line beside the data, such as a trace's: to stderr, as it is."""
    sys.stderr.write(f"{printable(text)}\n")


def error(text: str, *, hint: str = "") -> None:
    """What went wrong, and what to do about it."""
    sys.stderr.write(paint(f"plugward: error: {printable(text)}", "red", sys.stderr) + "\n")
    if hint:
        sys.stderr.write(f"plugward: hint: {printable(hint)}\n")


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """The text in a colour, where a terminal will show it and NO_COLOR does not forbid it."""
    stream = sys.stdout if stream is None else stream
    if colour_unwanted() or not stream.isatty():
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def pairs(rows: Iterable[tuple[str, str]], *, indent: int = 0) -> None:
    """Names and values, the values in one column; a row without a value is left out."""
    kept = [(name, printable(value)) for name, value in rows if value]
    width = max((len(name) for name, _ in kept), default=0)
    for name, value in kept:
        data(f"{' ' * indent}{name:<{width}}  {value}")


def widths(rows: Iterable[Sequence[str]]) -> list[int]:
    """How wide each column of these rows is."""
    return [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]


def row(cells: Sequence[str], columns: Sequence[int], *, indent: int = 0) -> str:
    """One line of a table; the last column is as long as it is."""
    padded = [f"{printable(cell):<{width}}" for cell, width in zip(cells, columns, strict=True)]
    return " " * indent + "  ".join(padded).rstrip()


def table(rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
    """Rows of equally many cells in columns."""
    columns = widths(rows) if rows else []
    for cells in rows:
        data(row(cells, columns, indent=indent))


_SEVERITIES = {"error": "red", "warning": "yellow", "notice": "dim"}


def findings(rows: Sequence[Sequence[str]]) -> None:
    """Findings as a table: severity, code, where, detail."""
    columns = widths(rows) if rows else []
    for cells in rows:
        data(paint(row(cells, columns), _SEVERITIES[cells[0]]))


T = TypeVar("T")


def progress(items: Sequence[T], what: str, *, weight: Callable[[T], int]) -> Iterator[T]:
    """The items, one by one, and on a terminal a bar on stderr that says how far they are."""
    if not sys.stderr.isatty() or not items:
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), f"[default]{what}", TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=sum(map(weight, items)))
        for item in items:
            yield item
            bar.advance(task, weight(item))
