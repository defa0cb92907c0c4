"""uvicorn's connections with the deadlines and caps that uvicorn does not have.

Whoever sends a request's head or body too slowly, or takes its answer too slowly, is let go: a
few thousand such clients would hold every connection there is (slowloris).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEAD_SECONDS_MAX = 10.0
BODY_SECONDS_MAX = 30.0
TAKING_SECONDS_MAX = 30.0  # for an answer that does not fit into the socket's buffers
HEAD_OCTETS_MAX = 65_536  # names, values and the URL; llhttp itself has no limit
HEADERS_MAX = 128

# An extension of ASGI: writes an answer's head and body at once (Http._answer).
WHOLE_ANSWER = "plugward.whole_answer"

_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)
_GOING_AWAY = 1001  # RFC 6455 7.4.1


class Http(HttpToolsProtocol):
    """An HTTP connection that does not wait for ever."""

    _deadline: asyncio.TimerHandle | None = None
    _due: float | None = None  # when whoever sends is let go; None while nothing is awaited
    _taking: asyncio.TimerHandle | None = None
    _reading = False
    _head_octets = 0
    _heads = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it alike
        super().connection_made(transport)
        self._wait(HEAD_SECONDS_MAX)

    def data_received(self, data: bytes) -> None:
        if self._due is None and not self._reading:
            self._wait(HEAD_SECONDS_MAX)  # of the next request; empty lines before it count
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading = True
        self._head_octets = self._heads = 0
        self._wait(HEAD_SECONDS_MAX)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._heads += 1
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        if not self.transport.is_closing():
            super().on_headers_complete()
            self.scope["extensions"] = {WHOLE_ANSWER: self._answer}  # type: ignore[dict-item]  # ASGI lets a server have its own
            self._wait(BODY_SECONDS_MAX)

    def on_message_complete(self) -> None:
        if not self.transport.is_closing():
            super().on_message_complete()
        self._reading = False
        self._rest()

    def _answer(self, scope: object, head: bytes, body: bytes) -> bool:
        """Writes an answer at once, its status line and headers up to the empty line in ``head``.

        False, and nothing is written, where that is not all there is to do; then it is sent in
        ASGI's own way. uvicorn looks at every header and makes two writes of an answer.
        """
        cycle = self.cycle
        if (
            # Not the newest request's: it is asked for, and not held, so that a request is no part
            # of a circle and goes away with the next one instead of with ten thousand others.
            getattr(cycle, "scope", None) is not scope
            or cycle.response_started
            or cycle.disconnected
            or cycle.waiting_for_100_continue
            or not cycle.keep_alive
            or self.flow.write_paused
        ):
            return False
        told = [head]
        for name, value in cycle.default_headers:
            told += (name, b": ", value, b"\r\n")
        told += (b"\r\n", body)
        self.transport.write(b"".join(told))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()
        return True

    def handle_websocket_upgrade(self) -> None:
        self._rest()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(TAKING_SECONDS_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._taking is not None:
            self._taking.cancel()
        super().connection_lost(exc)

    def _count(self, octets: int) -> None:
        self._head_octets += octets
        if self._head_octets > HEAD_OCTETS_MAX or self._heads > HEADERS_MAX:
            self._drop(_TOO_LARGE)

    def _wait(self, seconds: float) -> None:
        # Three deadlines a request, none of which is met as a rule: one timer looks now and then.
        self._due = self.loop.time() + seconds
        if self._deadline is not None and self._deadline.when() > self._due:
            self._deadline.cancel()
            self._deadline = None
        if self._deadline is None:
            self._deadline = self.loop.call_at(self._due, self._look)

    def _rest(self) -> None:
        self._due = None

    def _look(self) -> None:
        self._deadline = None
        if self._due is None:
            return
        if self.loop.time() < self._due:
            self._deadline = self.loop.call_at(self._due, self._look)
        else:
            self._drop(_LATE)

    def _drop(self, words: bytes) -> None:
        """Says why where nothing else was said, and hangs up."""
        self._rest()
        if self.transport.is_closing():
            return
        answering = self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]  # uvicorn's None until the first request
        if not answering:
            self.transport.write(words)
        self.transport.close()


class WebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that says that the service goes, and does not wait for ever for its reader."""

    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        chain: tuple[str, ...] | None = transport.get_extra_info("client_cert_chain")
        if chain is not None:
            self._app, self.app = self.app, self._with_tls
            self._chain = chain

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # The head comes whole, from HTTP's parser. Where the WebSocket's own refuses it, uvicorn
        # would wait for ever.
        if not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    async def _with_tls(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - uvicorn's own types
        # The TLS extension of ASGI: what the connection itself has shown, and no header.
        scope["extensions"]["tls"] = {"client_cert_chain": self._chain}
        await self._app(scope, receive, send)

    def shutdown(self) -> None:
        if not self.handshake_complete or self.close_sent:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": _GOING_AWAY})
        self.conn.send_close(_GOING_AWAY, "the service ends")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(TAKING_SECONDS_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._taking is not None:
            self._taking.cancel()
        super().connection_lost(exc)
