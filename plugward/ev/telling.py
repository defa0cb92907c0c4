"""What the EV commands say of visits: lines, facts for programs, captures, exit statuses."""

from collections.abc import Iterable
from pathlib import Path

from ev_emulator import pcap, reasons, trace
from ev_emulator.driving.plug_in import Outcome
from ev_emulator.trace import Entry
from plugward import terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

# Nobody was there, or no connection came about: there is no answer.
_UNREACHED = frozenset({"link.no_charger", "link.refused", "link.handshake"})


def exit_code(outcome: Outcome) -> ExitCode:
    """YES for a visit in good order, UNREACHABLE where no charger was met, NO for the rest."""
    if outcome.failure is None:
        return ExitCode.YES
    return ExitCode.UNREACHABLE if outcome.failure.code in _UNREACHED else ExitCode.NO


def facts(outcome: Outcome) -> dict[str, object]:
    """A visit for programs."""
    failure = outcome.failure
    told: dict[str, object] = {
        "good": outcome.good,
        "authorized": outcome.authorized,
        "installed": outcome.installed,
        "marksMs": {name: round(at * 1000, 1) for name, at in outcome.marks.items()},
    }
    if outcome.paused_session is not None:
        told["pausedSession"] = outcome.paused_session.hex().upper()
    if failure is not None:
        told["failure"] = {
            "code": failure.code,
            "title": reasons.title(failure.code),
            "detail": failure.detail,
            "responseCode": outcome.response_code,
            "at": outcome.at,
            "findings": [finding.code for finding in failure.findings],
        }
    return told


def show(outcome: Outcome) -> None:
    """A visit for people."""
    failure = outcome.failure
    marks = ", ".join(f"{name} {at * 1000:.0f} ms" for name, at in outcome.marks.items())
    rows = [("outcome", "charged" if failure is None else "no charging")]
    if failure is not None:
        rows += [
            ("reason", f"{failure.code}: {reasons.title(failure.code)}"),
            ("detail", failure.detail),
            ("ResponseCode", outcome.response_code),
            ("at", outcome.at),
        ]
    if outcome.paused_session is not None:
        rows.append(("paused session", outcome.paused_session.hex().upper()))
    rows += [("installed", "a contract" if outcome.installed else ""), ("marks", marks)]
    terminal.pairs(rows)


def show_trace(entries: Iterable[Entry]) -> None:
    """A capture as text, to stderr: it is told beside the answer."""
    for line in trace.lines(entries):
        terminal.aside(line)


def write_capture(name: str | None, entries: Iterable[Entry]) -> None:
    """A capture for Wireshark in a new file."""
    if name is None:
        return
    try:
        with Path(name).open("xb") as file:
            file.write(pcap.capture(entries))
    except FileExistsError as there:
        raise Complaint(f"{name} is there already", hint="nothing is overwritten") from there
    except OSError as bad:
        raise Complaint(f"{name}: {(bad.strerror or 'cannot be written').lower()}") from bad
    terminal.say(f"the capture is in {name}; Wireshark reads it")
