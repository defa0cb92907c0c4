"""``plugward ev scenario``."""

import asyncio
from typing import Annotated

import typer

from certs.hierarchy import grow
from ev_emulator.scenarios.catalogue import BY_NAME, SCENARIOS
from ev_emulator.scenarios.scenario import End
from ev_emulator.scenarios.stage import Seen, Told, tell
from plugward import options, terminal
from plugward.clock import Running
from plugward.commands.ev.options import Pcap, Trace
from plugward.errors import Complaint
from plugward.ev import telling
from plugward.exit_codes import ExitCode

_HEAD = ("scenario", "visit", "vehicle", "charger", "ResponseCode", "")


def run(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="stories; see --list")
    ] = None,
    *,
    listed: Annotated[bool, typer.Option("--list", help="list the stories and stop")] = False,
    every: Annotated[bool, typer.Option("--all", help="tell every story")] = False,
    trace: Trace = False,
    pcap: Pcap = None,
    as_json: options.Json = False,
) -> int:
    """Tell named stories: a vehicle, a charger and an operator on loopback, over real TLS.

    Each visit has one right end: the reason each side gives, and the ResponseCode on the wire. Exit
    status 0 where every visit ended so, also where its end is a refusal, and 1 where one did not.
    """
    if listed:
        return _list(as_json=as_json)
    wanted = [each.name for each in SCENARIOS] if every else names or []
    unknown = [name for name in wanted if name not in BY_NAME]
    if unknown or not wanted:
        what = f"{unknown[0]} is no story" if unknown else "which story?"
        raise Complaint(what, hint="plugward ev scenario --list")
    if pcap is not None and len(wanted) > 1:
        raise Complaint("a capture is of one story", hint="one NAME with --pcap")
    clock = Running()
    world = grow(seed=None, now=clock.now())
    all_told = []
    columns = _columns(wanted)
    if not as_json:
        terminal.data(terminal.paint(terminal.row(_HEAD, columns), "bold"))
    for name in wanted:
        told = asyncio.run(tell(BY_NAME[name], clock=clock, world=world))
        all_told.append(told)
        if not as_json:
            _show(told, columns)
        if trace:
            telling.show_trace(told.recorder.entries)
        telling.write_capture(pcap, told.recorder.entries)
    if as_json:
        terminal.data_json([_facts(told) for told in all_told])
    good = sum(told.expected for told in all_told)
    terminal.say(f"{good} of {len(all_told)} stories ended as they must")
    return ExitCode.YES if good == len(all_told) else ExitCode.NO


def _list(*, as_json: bool) -> int:
    if as_json:
        terminal.data_json(
            [{"name": each.name, "title": each.title, "ids": each.ids} for each in SCENARIOS]
        )
    else:
        terminal.table([(each.name, each.title, " ".join(each.ids)) for each in SCENARIOS])
    return ExitCode.YES


def _columns(names: list[str]) -> list[int]:
    ends = [
        _row(name, number, visit.end)
        for name in names
        for number, visit in enumerate(BY_NAME[name].visits, 1)
    ]
    return terminal.widths([_HEAD, *ends])


def _row(name: str, number: int, end: End) -> tuple[str, str, str, str, str, str]:
    did = [word for word, so in (("installed", end.installed), ("charged", end.authorized)) if so]
    did += ["paused"] if end.paused else []
    did += [f"{end.receipts} receipts"] if end.receipts else []
    return (
        name,
        str(number),
        end.vehicle or ", ".join(did) or "charged",
        end.charger or "-",
        end.response_code or "-",
        "as expected",
    )


def _show(told: Told, columns: list[int]) -> None:
    for number, seen in enumerate(told.seen, 1):
        cells = _row(told.scenario.name, number, seen.end)
        if seen.expected:
            terminal.data(terminal.row(cells, columns))
        else:
            line = terminal.row((*cells[:-1], "UNEXPECTED"), columns)
            terminal.data(terminal.paint(line, "red"))
    terminal.flush()


def _facts(told: Told) -> dict[str, object]:
    return {
        "scenario": told.scenario.name,
        "ids": told.scenario.ids,
        "expected": told.expected,
        "visits": [_visit(seen) for seen in told.seen],
    }


def _visit(seen: Seen) -> dict[str, object]:
    return {
        "expected": seen.expected,
        "charger": seen.end.charger,
        "receipts": seen.end.receipts,
        **telling.facts(seen.outcome),
    }
