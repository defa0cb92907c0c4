"""A simulated meter: what was delivered since it was switched on."""

from ev_emulator.clock import Clock


class Meter:
    """Counts watt-hours by a clock, ``speed`` times faster than it runs.

    Mutable, as a meter is. ``reading_wh`` never decreases.
    """

    __slots__ = ("_clock", "_since", "_speed", "_watts", "_wh", "meter_id")

    def __init__(
        self, meter_id: str, *, clock: Clock, start_wh: int = 0, speed: float = 1.0
    ) -> None:
        self.meter_id = meter_id
        self._clock = clock
        self._speed = speed
        self._wh = float(start_wh)
        self._watts = 0
        self._since = clock.seconds()

    @property
    def reading_wh(self) -> int:
        """The reading now, in whole watt-hours."""
        return int(self._wh + self._flowed())

    @property
    def watts(self) -> int:
        """The power that flows now."""
        return self._watts

    def switch(self, watts: int) -> None:
        """Let so much power flow from now on; 0 switches off."""
        self._wh += self._flowed()
        self._since = self._clock.seconds()
        self._watts = watts

    def _flowed(self) -> float:
        return self._watts * (self._clock.seconds() - self._since) * self._speed / 3600
