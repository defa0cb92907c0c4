"""docs/ev-emulator.md shows the tables and a session as they are.

Run this file to write the generated parts anew: ``python -m tests.unit.test_ev_docs``.
"""

from pathlib import Path

import pytest

from certs.edition import Edition
from ev_emulator.charger.offer import Offer, Patience
from ev_emulator.framing.v2gtp import PayloadType
from ev_emulator.reasons import REASONS
from ev_emulator.session.iso_2.table import RULEBOOK, TABLE
from ev_emulator.session.states import mermaid
from ev_emulator.trace import Recorder, sequence_diagram
from ev_emulator.vehicle.intentions import Intentions
from tests.ev_pair import EVSE, PCID, HandClock, Pair, failure, wallet

PAGE = Path(__file__).parents[2] / "docs" / "ev-emulator.md"
FENCE = "```"


def fenced(text):
    return f"{FENCE}mermaid\n{text.strip()}\n{FENCE}"


def states(other):
    """The table without what only the other kind of charging has."""

    def keep(state):
        return not state.startswith(other) and not (
            other == "dc" and state in {"cable_check", "pre_charge", "pre_charging"}
        )

    return fenced(mermaid(TABLE, first=RULEBOOK.first, keep=keep))


def timeouts():
    by_seconds = {}
    for request, seconds in RULEBOOK.response_seconds.items():
        by_seconds.setdefault(seconds, []).append(request.removesuffix("Req"))
    rows = ["| seconds | a vehicle waits so long for the response to |", "|---|---|"]
    rows += [
        f"| {seconds:g} | {', '.join(names)} |" for seconds, names in sorted(by_seconds.items())
    ]
    rows += ["", "| state | a vehicle stays in it at most (seconds) |", "|---|---|"]
    rows += [f"| `{state}` | {seconds:g} |" for state, seconds in RULEBOOK.dwell_seconds.items()]
    return "\n".join(rows)


def reasons():
    rows = ["| reason | means | ResponseCode (-2) |", "|---|---|---|"]
    for reason in REASONS.values():
        word = f"`{reason.iso_2}`" if reason.iso_2 else "-"
        rows.append(f"| `{reason.code}` | {reason.title} | {word} |")
    return "\n".join(rows)


def payload_types():
    rows = ["| payload type | name |", "|---|---|"]
    rows += [f"| `{each.value:#06x}` | {each.name} |" for each in PayloadType]
    return "\n".join(rows)


def session():
    clock = HandClock()
    recorder = Recorder(clock.now)
    pair = Pair(
        clock=clock,
        wallet=wallet(),
        intentions=Intentions(loops=3),
        offer=Offer(evse_id=EVSE, receipt_every=2),
        recorder=recorder,
    )
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    pair.run()
    assert failure(pair.ev) is None
    return fenced(sequence_diagram(recorder.entries))


PARTS = {
    "ac": lambda: states("dc"),
    "dc": lambda: states("ac"),
    "timeouts": timeouts,
    "reasons": reasons,
    "payload types": payload_types,
    "session": session,
}


def marks(part):
    return f"<!-- {part} -->", f"<!-- /{part} -->"


@pytest.mark.parametrize("part", PARTS)
def test_page_shows_what_the_code_does(part):
    begin, end = marks(part)
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(begin)[1].split(end)[0].strip() == PARTS[part]()


def test_page_names_the_numbers_that_are_data():
    page = PAGE.read_text(encoding="utf-8")
    patience = Patience()
    for sentence in (
        f"{patience.payment_details_seconds:g} s for PaymentDetails",
        f"{patience.certificate_seconds:g} s for an installation",
        f"{patience.authorization_all_seconds:g} s",
        f"{RULEBOOK.sequence_seconds:g} s without a request",
    ):
        assert sentence in page, sentence
    assert RULEBOOK.edition is Edition.ISO_2


def write():
    page = PAGE.read_text(encoding="utf-8")
    for part, make in PARTS.items():
        begin, end = marks(part)
        before, after = page.split(begin)[0], page.split(end)[1]
        page = f"{before}{begin}\n{make()}\n{end}{after}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write()
