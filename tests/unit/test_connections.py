"""An answer that is written at once, and when it is not."""

import asyncio
import gc

import pytest
import uvicorn
from uvicorn.server import ServerState

from plugward.connections import WHOLE_ANSWER, Http

HEAD, BODY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", b"{}"
REQUEST = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"


class Transport(asyncio.Transport):
    def __init__(self):
        super().__init__({"sockname": ("127.0.0.1", 1), "peername": ("127.0.0.1", 2)})
        self.written = b""
        self.is_closed = False

    def write(self, data):
        self.written += data

    def is_closing(self):
        return self.is_closed

    def close(self):
        self.is_closed = True

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


def conversation(*octets, pausing=False):
    """What is written for these octets, and what the door was told of its answers."""
    told = []

    async def door(scope, receive, send):
        await receive()
        told.append(scope["extensions"][WHOLE_ANSWER](scope, HEAD, BODY))
        if not told[-1]:
            headers = [(b"content-length", b"2")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": BODY})

    async def story():
        config = uvicorn.Config(door, lifespan="off", log_config=None)
        config.load()
        protocol, transport = Http(config, ServerState(), {}), Transport()
        protocol.connection_made(transport)
        if pausing:
            protocol.flow.pause_writing()
        for part in octets:
            protocol.data_received(part)
            for _ in range(5):
                await asyncio.sleep(0)
        if pausing:
            protocol.flow.resume_writing()
            for _ in range(5):
                await asyncio.sleep(0)
        protocol.connection_lost(None)
        return transport.written

    return asyncio.run(story()), told


def test_answer_is_written_at_once_head_first():
    written, told = conversation(REQUEST)
    assert told == [True]
    assert written == HEAD + b"\r\n" + BODY


def test_next_request_is_answered_on_the_same_connection():
    written, told = conversation(REQUEST, REQUEST)
    assert written.count(BODY) == 2
    assert told == [True, True]


@pytest.mark.parametrize(
    "octets",
    [
        REQUEST.replace(b"host", b"connection: close\r\nhost"),
        REQUEST.replace(b"1.1", b"1.0"),
    ],
    ids=["close", "http-1.0"],
)
def test_answer_that_ends_the_connection_goes_the_long_way(octets):
    written, told = conversation(octets)
    assert told == [False]
    assert b"connection: close\r\n" in written
    assert written.endswith(BODY)


def test_who_does_not_take_what_was_written_is_waited_for():
    written, told = conversation(REQUEST, pausing=True)
    assert (told, written.endswith(BODY)) == ([False], True)


def test_request_before_the_newest_goes_the_long_way():
    written, told = conversation(REQUEST + REQUEST)  # pipelined
    assert told == [False, True]
    assert written.count(BODY) == 2


def test_answered_requests_leave_no_circles():
    gc.collect()
    gc.disable()
    try:
        conversation(REQUEST)  # what the loop itself leaves
        alone = gc.collect()
        conversation(*[REQUEST] * 20)
        assert gc.collect() - alone < 20
    finally:
        gc.enable()
