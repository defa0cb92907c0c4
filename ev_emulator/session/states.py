"""State tables as data, and the walk of one conversation along its table.

A session is a strict exchange of requests and responses, so both sides share one table: a state
says which requests may come next, and where each outcome of the exchange leads. The file does not
know which side it serves, nor which edition: both sides are held to the same rules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from certs.edition import Edition
from ev_emulator.errors import LocalProtocolError
from ev_emulator.framing.v2gtp import PayloadType

# state -> request -> outcome -> next state
Table = Mapping[str, Mapping[str, Mapping[str, str]]]

ENDED = "ended"
PAUSED = "paused"
FINAL = frozenset({ENDED, PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All that the session core must know of an edition, as data. Seconds everywhere.

    ``response_seconds``: how long an EVCC waits for the response to a request; ``dwell_seconds``:
    how long it may stay in a state, polls included; ``sequence_seconds``: how long a SECC waits
    for the next request. ``payload_types`` names the requests that are not of type EXI.
    """

    edition: Edition
    namespace: str
    version: tuple[int, int]
    first: str
    table: Table
    responses: Mapping[str, str]
    payload_types: Mapping[str, PayloadType]
    response_seconds: Mapping[str, float]
    dwell_seconds: Mapping[str, float]
    sequence_seconds: float

    def __post_init__(self) -> None:
        for state, requests in self.table.items():
            for request, outcomes in requests.items():
                if request not in self.responses or request not in self.response_seconds:
                    raise LocalProtocolError(f"{request} has no response or no timeout")
                for target in outcomes.values():
                    if target not in FINAL and target not in self.table:
                        raise LocalProtocolError(f"{state}: {request} leads to nowhere ({target})")


class Walk:
    """Where one conversation is in its table."""

    __slots__ = ("rulebook", "state")

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.state = rulebook.first

    @property
    def over(self) -> bool:
        """Whether the session was stopped or paused."""
        return self.state in FINAL

    def permits(self, request: str) -> bool:
        """Whether this request may come now."""
        return not self.over and request in self.rulebook.table[self.state]

    def knows(self, request: str, outcome: str) -> bool:
        """Whether this exchange may end so now."""
        return self.permits(request) and outcome in self.rulebook.table[self.state][request]

    def advance(self, request: str, outcome: str) -> None:
        """Go where the exchange leads; LocalProtocolError where the table has no way."""
        if not self.knows(request, outcome):
            raise LocalProtocolError(f"{self.state}: no way for {request} ({outcome})")
        self.state = self.rulebook.table[self.state][request][outcome]


def mermaid(table: Table, *, first: str, keep: Callable[[str], bool] = lambda _: True) -> str:
    """The table as a Mermaid state diagram; ``keep`` says which states are drawn.

    A way to the end is drawn where the session can be paused as well: the others are ways out.
    """
    lines = ["stateDiagram-v2", f"    [*] --> {first}"]
    for state, requests in table.items():
        if not keep(state):
            continue
        for request, outcomes in requests.items():
            short = request.removesuffix("Req")
            way_out = set(outcomes.values()) == {ENDED}
            for outcome, target in outcomes.items():
                if way_out or not (target in FINAL or keep(target)):
                    continue
                label = short if outcome == "ok" else f"{short}, {outcome}"
                shown = "[*]" if target in FINAL else target
                lines.append(f"    {state} --> {shown}: {label}")
    return "\n".join(lines) + "\n"
