"""The OCSP door's front before HTTP's: what memory has is written without an ASGI task.

Requests are parsed as all others are. One that is posted to the responder is held back until its
last octet, if it comes at once, and looked up; whatever is not found, or not simple, goes the way
of all requests.
"""

from threading import Event
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pki.api.ocsp_memory import PATH, FromMemory
from pki.ocsp.request import REQUEST_OCTETS_MAX

_PATH = PATH.encode()
_HEAD = (
    b"content-type: application/ocsp-response\r\ncache-control: no-store\r\ncontent-length: %d\r\n"
)


class _Answered:
    """As much of uvicorn's request cycle as is asked of one that is over."""

    response_complete = True
    message_event = Event()


_ANSWERED: Any = _Answered()


class OcspProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol over an application whose ``front`` is a FromMemory."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*given, **named)
        front: FromMemory = self.config.app.front  # type: ignore[union-attr]  # see the class
        self._front = front
        self._held: bytes | None = None

    def on_headers_complete(self) -> None:
        if self.url == _PATH and self._simple():
            self._held = b""
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._held is None:
            super().on_body(body)
            return
        self._held += body
        if len(self._held) > REQUEST_OCTETS_MAX:
            self._release()

    def on_message_complete(self) -> None:
        if self._held is not None:
            answer = self._front.posted(self._held)
            if answer is not None:
                self._held = None
                self._write(answer)
                if not self._begun():
                    self.cycle = _ANSWERED
            else:
                self._release()
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._held is not None:
            # The rest may never come: from here on the application's own deadline counts.
            self._release()

    def _simple(self) -> bool:
        """Whether an answer may be written at once: nothing before it, nothing to be agreed on."""
        return (
            self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and not self.root_path
            and not self._crowded()
            and self._idle()
            and not self.pipeline
            and not self.flow.write_paused
        )

    def _begun(self) -> bool:
        cycle: Any = self.cycle  # None before the first, whatever its type says
        return cycle is not None

    def _idle(self) -> bool:
        return not self._begun() or self.cycle.response_complete

    def _crowded(self) -> bool:
        limit = self.limit_concurrency
        return limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit)

    def _release(self) -> None:
        """To the application, with what there is of the body."""
        held, self._held = self._held, None
        super().on_headers_complete()
        if held:
            super().on_body(held)

    def _write(self, der: bytes) -> None:
        told = [b"HTTP/1.1 200 OK\r\n"]
        for name, value in self.server_state.default_headers:
            told += (name, b": ", value, b"\r\n")
        told += (_HEAD % len(der), b"\r\n", der)
        self.transport.write(b"".join(told))
        self.on_response_complete()
