"""``plugward demo``."""

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from certs.edition import Edition
from plugward import options, terminal
from plugward.exit_codes import ExitCode

if TYPE_CHECKING:
    from plugward.demo.drive import PlugIn
    from plugward.demo.story import Stage, Told

_PLUG_IN_HEAD = ("plug-in", "the vehicle", "ResponseCode", "reason", "latency")
_PLUG_IN_COLUMNS = [37, 47, 25, 18, 9]
_HEAD = ("case", "certificateStatus", "idTokenInfo.status", "reason", "latency")


def run(
    *,
    edition: Annotated[Edition, typer.Option(help="of ISO 15118")] = Edition.ISO_2,
    as_json: options.Json = False,
) -> int:
    """Tell the whole story in seconds: grow a V2G world, serve it on loopback, authorize contracts.

    Then a vehicle without a contract plugs in: it installs one, charges and signs a receipt; the
    contract is revoked, and its next plug-in is refused. Everything happens in a temporary
    directory and on free ports; nothing stays. Exit status 0 where all of it ends as it must.
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
        answers: list[Told] = []
        for told in stage.ask():
            answers.append(told)
            if not as_json:
                terminal.data(_row(told, columns))
                terminal.flush()
        plug_ins = asyncio.run(_drive(stage, as_json=as_json)) if edition is Edition.ISO_2 else []
    expected = sum(told.expected for told in answers)
    drove = sum(each.expected for each in plug_ins)
    if as_json:
        terminal.data_json(
            {
                "answers": [_facts(told) for told in answers],
                "plugIns": [_plug_in_facts(each) for each in plug_ins],
            }
        )
    terminal.say(f"{expected} of {len(CASES)} answers as expected")
    if plug_ins:
        terminal.say(f"{drove} of {len(plug_ins)} plug-ins as expected")
    good = expected == len(CASES) and drove == len(plug_ins)
    return ExitCode.YES if good else ExitCode.NO


async def _drive(stage: "Stage", *, as_json: bool) -> "list[PlugIn]":
    """The vehicle's half of the story."""
    from plugward.demo.drive import driven

    terminal.say("a vehicle plugs in: ISO 15118-2 over TLS, at a charger that asks these services")
    told: list[PlugIn] = []
    with driven(stage) as drive:
        async for plug_in in drive.plug_ins():
            if not as_json:
                if not told:
                    terminal.data()
                    head = terminal.row(_PLUG_IN_HEAD, _PLUG_IN_COLUMNS)
                    terminal.data(terminal.paint(head, "bold"))
                terminal.data(_plug_in_row(plug_in))
                _say_marks(plug_in)
                terminal.flush()
            told.append(plug_in)
    return told


def _say_marks(plug_in: "PlugIn") -> None:
    marks = plug_in.outcome.marks
    terminal.say(", ".join(f"{name} after {at * 1000:.1f} ms" for name, at in marks.items()))


def _did(plug_in: "PlugIn") -> str:
    outcome = plug_in.outcome
    did = [("installed", outcome.installed), ("authorized", outcome.authorized)]
    did += [("charged", outcome.good), ("receipt signed", plug_in.receipts > 0)]
    return ", ".join(word for word, so in did if so) or "refused"


def _plug_in_row(plug_in: "PlugIn") -> str:
    cells = (
        plug_in.name,
        _did(plug_in),
        plug_in.outcome.response_code or "OK",
        plug_in.reason,
        f"{plug_in.outcome.marks.get('ended', 0.0) * 1000:6.1f} ms",
    )
    line = terminal.row(cells, _PLUG_IN_COLUMNS)
    if not plug_in.expected:
        return terminal.paint(f"{line}  unexpected", "red")
    return terminal.paint(line, "green") if plug_in.outcome.good else line


def _plug_in_facts(plug_in: "PlugIn") -> dict[str, object]:
    from plugward.ev import telling

    return {
        "plugIn": plug_in.name,
        "expected": plug_in.expected,
        "reason": plug_in.reason,
        "receipts": plug_in.receipts,
        **telling.facts(plug_in.outcome),
    }


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
