"""What is begun at once is what would have been awaited: results, errors, cancellations alike."""

import asyncio

import pytest

from authz.begun import begun


async def told(*waits: asyncio.Future) -> list[object]:
    return [await wait for wait in waits]


def test_what_needs_no_waiting_is_finished():
    first = begun(told())
    assert first.finished
    assert first.result == []


def test_what_waits_goes_on_where_it_stopped():
    async def story():
        loop = asyncio.get_running_loop()
        one, other = loop.create_future(), loop.create_future()
        first = begun(told(one, other))
        assert not first.finished
        loop.call_soon(one.set_result, 1)
        loop.call_later(0.01, other.set_result, 2)
        assert await first == [1, 2]

    asyncio.run(story())


def test_error_at_the_first_step_and_at_a_later_one_is_raised():
    async def broken(wait: asyncio.Future | None) -> None:
        if wait is not None:
            await wait
        raise KeyError("broken")

    async def story():
        with pytest.raises(KeyError):
            begun(broken(None))
        loop = asyncio.get_running_loop()
        wait = loop.create_future()
        first = begun(broken(wait))
        loop.call_soon(wait.set_result, None)
        with pytest.raises(KeyError):
            await first

    asyncio.run(story())


def test_cancellation_reaches_what_was_begun():
    cleaned = []

    async def waits(wait: asyncio.Future) -> None:
        try:
            await wait
        except asyncio.CancelledError:
            cleaned.append(True)
            raise

    async def story():
        first = begun(waits(asyncio.get_running_loop().create_future()))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await first

    asyncio.run(story())
    assert cleaned == [True]


def test_cancellation_may_be_outlived():
    async def stubborn(wait: asyncio.Future, last: asyncio.Future) -> object:
        try:
            await wait
        except asyncio.CancelledError:
            return await last
        return None

    async def story():
        loop = asyncio.get_running_loop()
        last = loop.create_future()
        first = begun(stubborn(loop.create_future(), last))

        async def whole():
            return await first

        task = asyncio.create_task(whole())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        last.set_result("in the end")
        assert await task == "in the end"

    asyncio.run(story())


def test_awaitable_that_is_no_coroutine_is_awaited():
    async def story():
        wait = asyncio.get_running_loop().create_future()
        first = begun(wait)
        assert not first.finished
        wait.set_result(7)
        assert await first == 7

    asyncio.run(story())
