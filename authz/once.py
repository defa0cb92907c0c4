"""Questions that are sent again, answered once."""

from collections.abc import Callable
from contextlib import suppress

from authz.callers import Caller
from authz.errors import Unavailable
from authz.idempotency import Reservation, fingerprint
from authz.ports import Reservations
from authz.question import Question
from authz.service import Authorizer, Decided
from authz.steady_clock import SteadyClock

TOKEN_OCTETS = 16


class Once:
    """Decides a question under a key once, whichever process it reaches and however often."""

    def __init__(
        self,
        authorizer: Authorizer,
        reservations: Reservations,
        *,
        clock: SteadyClock,
        random: Callable[[int], bytes],
    ) -> None:
        self._authorizer = authorizer
        self._reservations = reservations
        self._clock = clock
        self._random = random

    async def authorize(
        self, caller: Caller, question: Question, *, key: str, body: bytes
    ) -> Decided | bytes:
        """The decision; or, as octets, the answer that was given under this key before.

        Raises KeyReused where the key came with another body, Conflict while the first request is
        under way, and what Authorizer.authorize raises: then nothing is kept under the key.
        """
        reservation = Reservation(
            tenant=caller.tenant,
            key=key,
            fingerprint=fingerprint(body),
            token=self._random(TOKEN_OCTETS),
        )
        answered = await self._reservations.reserve(reservation, now=self._clock.moment())
        if answered is not None:
            return answered
        settled = False
        try:
            decided = await self._authorizer.authorize(caller, question, reservation=reservation)
            settled = True
        finally:
            if not settled:
                # What is not released lapses.
                with suppress(Unavailable):
                    await self._reservations.release(reservation)
        return decided
