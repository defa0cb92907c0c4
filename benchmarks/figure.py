"""One measured figure beside the limit or peer it is compared with."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """``value`` in ``unit``; ``ratio`` to ``reference``, which was measured in the same run.

    ``reference`` says what it is and what it measured, or that the peer is absent. ``goal`` is a
    bound on ``ratio``, with its direction in ``at_least``; None where nothing was promised.
    """

    name: str
    value: float
    unit: str
    reference: str
    ratio: float | None = None
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the goal was reached; None without one, or without the peer."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    def as_json(self) -> dict[str, object]:
        written = asdict(self)
        del written["at_least"]
        return {**written, "met": self.met}
