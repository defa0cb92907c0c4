"""Paused sessions, so that the vehicle that paused one can join it again."""

from collections import OrderedDict
from dataclasses import dataclass

from ev_emulator.charger.offer import Payment

PAUSED_MAX = 64  # one outlet has few; the oldest are forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedSession:
    """What must be the same when the session is joined: the vehicle, and how it pays."""

    evcc_id: bytes
    payment: Payment


class PausedSessions:
    """An outlet's paused sessions by their identifiers; mutable and bounded."""

    def __init__(self, *, sessions_max: int = PAUSED_MAX) -> None:
        self._sessions: OrderedDict[bytes, PausedSession] = OrderedDict()
        self._sessions_max = sessions_max

    def __len__(self) -> int:
        return len(self._sessions)

    def keep(self, session_id: bytes, session: PausedSession) -> None:
        """Remember a session that was paused."""
        self._sessions[session_id] = session
        while len(self._sessions) > self._sessions_max:
            self._sessions.popitem(last=False)

    def join(self, session_id: bytes, *, evcc_id: bytes) -> PausedSession | None:
        """Take a session out for the vehicle that paused it; None for any other vehicle.

        Another vehicle that names the identifier neither joins nor ends the session.
        """
        session = self._sessions.get(session_id)
        if session is None or session.evcc_id != evcc_id:
            return None
        return self._sessions.pop(session_id)
