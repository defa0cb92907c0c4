"""What a station must be answered to stay connected, and nothing else."""

from collections.abc import Callable
from datetime import datetime

from authz.actions.asked import Asked, Handler, Payload, moment_text
from authz.actions.catalogue import Handling


class Staying:
    """Boot, heartbeat, and everything that is only taken note of."""

    def __init__(self, *, clock: Callable[[], datetime], heartbeat_seconds: int) -> None:
        self._clock = clock
        self._heartbeat_seconds = heartbeat_seconds

    @property
    def handlers(self) -> dict[Handling, Handler]:
        """A handler for each of its handlings."""
        return {
            Handling.BOOT: self._boot,
            Handling.HEARTBEAT: self._heartbeat,
            Handling.NOTED: _answering({}),
            Handling.NO_SCHEDULE: _answering({"status": "Rejected"}),
            Handling.SCHEDULE_NOTED: _answering({"status": "Accepted"}),
            Handling.NO_VENDOR: _answering({"status": "UnknownVendorId"}),
        }

    async def _boot(self, _asked: Asked) -> Payload:
        return {
            "currentTime": moment_text(self._clock()),
            "interval": self._heartbeat_seconds,
            "status": "Accepted",
        }

    async def _heartbeat(self, _asked: Asked) -> Payload:
        return {"currentTime": moment_text(self._clock())}


def _answering(payload: Payload) -> Handler:
    async def answer(_asked: Asked) -> Payload:
        return payload

    return answer
