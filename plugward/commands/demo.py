"""``plugward demo``."""

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from certs.edition import Edition
from plugward import options, terminal
from plugward.exit_codes import ExitCode

if TYPE_CHECKING:
    from plugward.demo.story import Told

_HEAD = ("case", "certificateStatus", "idTokenInfo.status", "reason", "latency")


def run(
    *,
    edition: Annotated[Edition, typer.Option(help="of ISO 15118")] = Edition.ISO_2,
    as_json: options.Json = False,
) -> int:
    """Tell the whole story in seconds: grow a V2G world, serve it on loopback, authorize contracts.

    Everything happens in a temporary directory and on free ports; nothing stays. Exit status 0
    where every answer is the expected one.
    """
    terminal.say(f"growing a V2G world of {edition.value}")
    # Both houses are imported here: it takes a second, and somebody is watching.
    from plugward import logs
    from plugward.demo.cases import CASES
    from plugward.demo.story import staged

    logs.to_stderr(logging.WARNING)  # what goes right is in the table
    with staged(edition) as stage:
        world = stage.founded.world
        terminal.say(
            f"{sum(1 for _ in world)} certificates and their keys in {stage.grown_seconds:.1f} s;"
            f" both houses up in {stage.up_seconds:.1f} s"
        )
        terminal.say(f"PKI at {stage.pki_url}, authorization at {stage.authz_url}")
        terminal.say(f"POST {stage.authz_url}/v1/authorize, eight times")
        columns = terminal.widths(
            [_HEAD, *((case.name, *case.answer, "1234.5 ms") for case in CASES)]
        )
        if not as_json:
            terminal.data(terminal.paint(terminal.row(_HEAD, columns), "bold"))
        answers = []
        for told in stage.ask():
            answers.append(told)
            if not as_json:
                terminal.data(_row(told, columns))
                terminal.flush()
    expected = sum(told.expected for told in answers)
    if as_json:
        terminal.data_json([_facts(told) for told in answers])
    terminal.say(f"{expected} of {len(CASES)} answers as expected")
    return ExitCode.YES if expected == len(CASES) else ExitCode.NO


def _row(told: "Told", columns: list[int]) -> str:
    cells = (told.case.name, *told.answer, f"{told.latency_ms:6.1f} ms")
    line = terminal.row(cells, columns)
    if not told.expected:
        return terminal.paint(f"{line}  unexpected", "red")
    return terminal.paint(line, "green") if told.answer.granted else line


def _facts(told: "Told") -> dict[str, object]:
    return {
        "case": told.case.name,
        "certificateStatus": told.answer.certificate_status,
        "idTokenInfo": {"status": told.answer.id_token_status},
        "reason": told.answer.reason,
        "latencyMs": round(told.latency_ms, 1),
        "expected": told.expected,
    }
