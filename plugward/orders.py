"""The list of a batch: one certificate a line, in CSV or JSON lines."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from plugward import inputs
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

ORDERS_MAX = 1_000_000
_COLUMNS = {"common_name", "csr", "organization", "country"}
_SAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One certificate of a list; ``csr`` is PEM, None where a key is to be made."""

    common_name: str
    csr: str | None
    organization: str | None
    country: str | None

    @property
    def file_name(self) -> str:
        """The common name as a file's name; what no file's name holds becomes %XX."""
        name = _SAFE.sub(
            lambda odd: "".join(f"%{octet:02X}" for octet in odd[0].encode()), self.common_name
        )
        return f"%2E{name[1:]}" if name.startswith(".") else name


def read(name: str) -> list[Line]:
    """The lines of a .csv or .jsonl file; complaints name the line.

    The columns are common_name, and csr (a file beside the list), organization and country.
    """
    text = inputs.read(name).decode("utf-8", "replace")
    rows = _csv(text) if name.endswith(".csv") else _json_lines(text, name)
    lines: list[Line] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        line = _line(row, f"{name}, entry {number}", Path(name).parent)
        if line.file_name.lower() in seen:
            raise Complaint(f"{name}, entry {number}: {line.common_name} stands twice")
        seen.add(line.file_name.lower())
        lines.append(line)
        if len(lines) > ORDERS_MAX:
            raise Complaint(f"{name}: over {ORDERS_MAX} lines")
    if not lines:
        raise Complaint(f"{name} names nobody")
    return lines


def _csv(text: str) -> Iterable[Mapping[str, object]]:
    return csv.DictReader(io.StringIO(text), restkey="")


def _json_lines(text: str, name: str) -> Iterable[Mapping[str, object]]:
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        try:
            told = json.loads(line)
        except ValueError as bad:
            raise Complaint(
                f"{name}, entry {number}: not JSON", exit_code=ExitCode.MALFORMED
            ) from bad
        if not isinstance(told, dict):
            raise Complaint(f"{name}, entry {number}: no object", exit_code=ExitCode.MALFORMED)
        yield told


def _line(row: Mapping[str, object], where: str, beside: Path) -> Line:
    unknown = set(row) - _COLUMNS
    if unknown:
        raise Complaint(
            f"{where}: unknown columns {', '.join(sorted(unknown)) or 'beyond the header'}",
            hint=f"known are {', '.join(sorted(_COLUMNS))}",
        )
    given = {key: value for key, value in row.items() if value not in {None, ""}}
    if any(not isinstance(value, str) for value in given.values()) or "common_name" not in given:
        raise Complaint(f"{where}: a common_name, and texts throughout")
    texts = {key: str(value) for key, value in given.items()}
    csr = texts.get("csr")
    return Line(
        common_name=texts["common_name"],
        csr=None if csr is None else inputs.read(str(beside / csr)).decode("utf-8", "replace"),
        organization=texts.get("organization"),
        country=texts.get("country"),
    )
