"""``plugward contract import``."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from plugward import inputs, options, terminal
from plugward.commands.contract import asking
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

LINES_MAX = 1_000  # that the service takes at once
BATCH_OCTETS_MAX = 7 * 1024 * 1024


def run(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="one JSON object a line; - reads standard input")
    ],
    *,
    url: asking.Url,
    batch: Annotated[
        int, typer.Option(min=1, max=LINES_MAX, help="lines that are kept together or not at all")
    ] = 500,
    from_line: Annotated[
        int, typer.Option(min=1, help="begin here, where an earlier run stopped")
    ] = 1,
    api_key_file: options.ApiKeyFile = None,
    as_json: options.Json = False,
) -> int:
    """Keep many contracts: each line is what PUT takes, with its emaid.

    A batch is one transaction. Where one is refused, what came before it stays kept, and the line
    to go on from is told. Lines that are kept again change nothing, so a line too early is no harm.
    """
    service = asking.service(url, api_key_file)
    numbered = enumerate(inputs.read(file).splitlines(), start=1)
    lines = [(at, line) for at, line in numbered if at >= from_line and line.strip()]
    kept = created = 0
    for some in _batches(lines, batch):
        first = some[0][0]
        try:
            told = service.send(
                "/v1/contracts",
                b"\n".join(line for _, line in some),
                media_type="application/x-ndjson",
            )
        except Complaint as refused:
            raise Complaint(
                f"lines {first} to {some[-1][0]}: {refused.text}",
                hint=f"{kept} are kept; mend it and go on with --from-line {first}",
                exit_code=refused.exit_code,
            ) from refused
        kept += int(str(told["kept"]))
        created += int(str(told["created"]))
        terminal.say(f"kept up to line {some[-1][0]}")
    if as_json:
        terminal.data_json({"kept": kept, "created": created})
    else:
        terminal.pairs([("kept", str(kept)), ("new", str(created))])
    return ExitCode.YES


_Line = tuple[int, bytes]  # its number in the file, and its octets


def _batches(lines: Sequence[_Line], count: int) -> Iterator[list[_Line]]:
    """Lines in their order, at most ``count`` together and no more than is taken."""
    some: list[_Line] = []
    octets = 0
    for number, line in lines:
        if some and (len(some) == count or octets + len(line) >= BATCH_OCTETS_MAX):
            yield some
            some, octets = [], 0
        some.append((number, line))
        octets += len(line) + 1
    if some:
        yield some
