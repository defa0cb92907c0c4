"""A coroutine that is begun at once, and waited for only where it has something to wait for."""

from collections.abc import Awaitable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


@dataclass(slots=True)
class Begun(Generic[T]):
    """What became of a coroutine's first step: its ``result``, or something to await."""

    _coroutine: Coroutine[Any, Any, T] | Awaitable[T]
    _awaited: object = None
    finished: bool = False
    _result: T | None = None

    @property
    def result(self) -> T:
        """What a finished one returned; None of one that is not."""
        return cast("T", self._result)

    def __await__(self) -> Generator[Any, Any, T]:
        """Goes on where the first step stopped."""
        coroutine = self._coroutine
        if not isinstance(coroutine, Coroutine):
            return (yield from coroutine.__await__())
        awaited = self._awaited
        try:
            while True:
                try:
                    told = yield awaited
                except BaseException as thrown:  # noqa: BLE001 - a cancellation is the coroutine's to see
                    awaited = coroutine.throw(thrown)
                else:
                    awaited = coroutine.send(told)
        except StopIteration as done:
            result: T = done.value
            return result


def begun(coroutine: Awaitable[T]) -> Begun[T]:
    """Takes the first step of a coroutine; on an event loop, as ``await`` would.

    ``asyncio.timeout`` costs more than most bodies, which are there already; so only what has to
    be waited for is put under one.
    """
    if not isinstance(coroutine, Coroutine):
        return Begun(coroutine)
    try:
        return Begun(coroutine, coroutine.send(None))
    except StopIteration as done:
        return Begun(coroutine, None, finished=True, _result=done.value)
