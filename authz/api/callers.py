"""Who calls a door: the Authorization header, and what its key is good for."""

from starlette.types import Scope as AsgiScope

from authz.api.bodies import header
from authz.callers import Caller, Scope
from authz.errors import Unauthenticated
from authz.ports import Callers
from authz.steady_clock import SteadyClock

_SCHEME = "bearer "


class Doorkeeper:
    """Lets callers in by ``Authorization: Bearer <API key>``, and nobody otherwise."""

    def __init__(self, callers: Callers, clock: SteadyClock) -> None:
        self._callers = callers
        self._clock = clock

    async def admit(self, asgi_scope: AsgiScope, scope: Scope) -> Caller:
        """Who calls; Unauthenticated without a key in use, Refused without the scope."""
        authorization = header(asgi_scope, b"authorization")
        if not authorization[: len(_SCHEME)].lower() == _SCHEME:
            raise Unauthenticated
        key = authorization[len(_SCHEME) :].strip()
        caller = await self._callers.identify(key, now=self._clock.moment())
        if caller is None:
            raise Unauthenticated
        caller.demand(scope)
        return caller
