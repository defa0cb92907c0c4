"""Who is calling: the API key of a request, as the caller it belongs to."""

import asyncio
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pki.callers import Caller, identity_of
from pki.errors import Unauthenticated
from pki.house import House

_bearer = HTTPBearer(auto_error=False, description="an API key, as printed when it was made")


async def house_of(request: Request) -> House:
    """The house behind this door. A coroutine: FastAPI would give a plain function a thread."""
    house: House = request.app.state.house
    return house


async def caller_of(
    house: Annotated[House, Depends(house_of)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """The caller of a request; Unauthenticated, in the same words, for whatever is wrong."""
    key = credentials.credentials if credentials is not None else ""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(house.authority_threads, authenticate, house, key)


def authenticate(house: House, key: str) -> Caller:
    """The caller whose API key this is; Unauthenticated for all others."""
    identity = identity_of(key)
    if identity is None:
        raise Unauthenticated("an API key is needed")
    caller = house.stores.callers.by_id(identity)
    if caller is None:
        sha256(key.encode()).digest()  # an unknown id takes as long as a wrong secret
        raise Unauthenticated("an API key is needed")
    if not caller.admits(key, now=house.clock.now()):
        raise Unauthenticated("an API key is needed")
    return caller


FromHouse = Annotated[House, Depends(house_of)]
FromCaller = Annotated[Caller, Depends(caller_of)]
