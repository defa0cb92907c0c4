"""``plugward ev load``."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from certs.hierarchy import grow
from ev_emulator import load as loads
from ev_emulator.charger.offer import Offer
from ev_emulator.driving.plug_in import Direct, Target, Vehicle
from ev_emulator.driving.station import Station
from ev_emulator.load import Plan, Progress, Report
from ev_emulator.scenarios.scenario import Carries
from ev_emulator.scenarios.stage import EVSE, charger_of, wallet_of
from ev_emulator.stand_in.backend import StandIn
from ev_emulator.vehicle.intentions import Intentions
from plugward import options, terminal
from plugward.clock import Running
from plugward.commands.ev.options import MODES, Loops, Mode, Modes
from plugward.exit_codes import ExitCode

_HEAD = ("message", "count", "p50 ms", "p90 ms", "p99 ms", "most ms")


def run(
    *,
    evs: Annotated[int, typer.Option(min=1, max=10_000, help="vehicles at once")] = 20,
    chargers: Annotated[int, typer.Option(min=1, max=1_000, help="they share")] = 4,
    visits: Annotated[int, typer.Option(min=1, max=10_000, help="of each vehicle")] = 5,
    mode: Modes = Mode.AC,
    loops: Loops = 1,
    as_json: options.Json = False,
) -> int:
    """Let many vehicles plug in at many chargers at once, all in this process, over real TLS.

    Tells sessions a second, how long each response took, and what went wrong by code. Exit status
    0 where every session ended in good order.
    """
    clock = Running()
    console = Console(stderr=True)
    columns = (
        TextColumn("plugward:"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("sessions", total=evs * visits, rate="")

        def progress(now: Progress) -> None:
            rate = f"{now.done / now.seconds:.0f}/s" if now.seconds else ""
            wrong = now.done - now.good
            told = f"{rate}, {wrong} failed" if wrong else rate
            bar.update(task, completed=now.done, rate=told)

        intentions = Intentions(mode=MODES[mode], loops=loops)
        report = asyncio.run(
            _run(clock, evs=evs, chargers=chargers, visits=visits, wants=intentions, told=progress)
        )
    if as_json:
        terminal.data_json(_facts(report))
    else:
        _show(report)
    return ExitCode.YES if report.good == report.visits else ExitCode.NO


async def _run(
    clock: Running,
    *,
    evs: int,
    chargers: int,
    visits: int,
    wants: Intentions,
    told: Callable[[Progress], None],
) -> Report:
    world = grow(seed=None, now=clock.now())
    backend = StandIn(world, now=clock.now, random_bytes=secrets.token_bytes)
    offer = Offer(evse_id=EVSE, asks_tariffs=False)
    wallet = wallet_of(Carries.CONTRACT, world, now=clock.now())
    async with AsyncExitStack() as stack:
        targets: list[Target] = []
        for _ in range(chargers):
            charger = charger_of(world, backend, offer=offer, clock=clock, note=_unheard)
            station = await stack.enter_async_context(Station(charger))
            targets.append(Direct(host="127.0.0.1", port=station.tls_port))
        plan = Plan(
            vehicles=evs,
            visits_each=visits,
            vehicle=lambda _number: Vehicle(wallet=wallet, intentions=wants),
            chargers=targets,
        )
        return await loads.run(plan, clock=clock, progress=told)


def _unheard(_session: int, _event: object) -> None:
    """The vehicles tell enough."""


def _facts(report: Report) -> dict[str, object]:
    return {
        "visits": report.visits,
        "good": report.good,
        "seconds": round(report.seconds, 3),
        "sessionsPerSecond": round(report.sessions_per_second, 1),
        "latenciesMs": {
            name: {
                "count": each.count,
                "p50": round(each.p50_ms, 2),
                "p90": round(each.p90_ms, 2),
                "p99": round(each.p99_ms, 2),
                "max": round(each.most_ms, 2),
            }
            for name, each in report.latencies.items()
        },
        "errors": report.errors,
    }


def _show(report: Report) -> None:
    rows = [
        (
            name,
            str(each.count),
            *(f"{ms:8.1f}" for ms in (each.p50_ms, each.p90_ms, each.p99_ms, each.most_ms)),
        )
        for name, each in report.latencies.items()
    ]
    terminal.table([_HEAD, *rows])
    terminal.data()
    terminal.pairs(
        [
            ("sessions", f"{report.good} of {report.visits} in good order"),
            ("seconds", f"{report.seconds:.1f}"),
            ("rate", f"{report.sessions_per_second:.1f} sessions/s"),
        ]
    )
    if report.errors:
        terminal.data()
        terminal.table([(str(count), code) for code, count in report.errors.items()])
