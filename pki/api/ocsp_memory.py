"""The OCSP door's front: what memory has is given without waking the rest of the house."""

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from certs.errors import Malformed
from pki.api.caching import KEPT_SECONDS_MAX, validators
from pki.errors import Unavailable
from pki.house import House
from pki.ocsp.request import parse_path
from pki.ocsp.responder import Answer

PATH = "/ocsp"
_TYPE = (b"content-type", b"application/ocsp-response")
_UNKEPT = (b"cache-control", b"no-store")


class FromMemory:
    """Raw ASGI around the application: one look-up in a dictionary, or on to the application.

    A request in the address that names an entity tag goes on: the door behind compares it.
    """

    def __init__(self, app: ASGIApp, *, house: House, counted: Counter) -> None:
        self._app = app
        self._house = house
        self._given = counted.labels("successful")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PATH):
            if scope["method"] == "POST" and scope["path"] == PATH:
                first = await receive()
                if first["type"] == "http.request" and not first.get("more_body", False):
                    answer = self._find(first.get("body", b""))
                    if answer is not None:
                        await self._give(answer, [_UNKEPT], send)
                        return
                receive = _again(first, receive)
            elif scope["method"] == "GET":
                answer = self._addressed(scope)
                if answer is not None:
                    await self._give(answer, _headers(answer), send)
                    return
        await self._app(scope, receive, send)

    def posted(self, request: bytes) -> bytes | None:
        """What memory answers to these octets, which is counted; None where it has nothing."""
        answer = self._find(request)
        if answer is None:
            return None
        self._given.inc()
        return answer.der

    def _find(self, request: bytes) -> Answer | None:
        try:
            return self._house.answering.kept.find(request, now=self._house.clock.now())
        except Unavailable:
            return None

    def _addressed(self, scope: Scope) -> Answer | None:
        if any(name == b"if-none-match" for name, _ in scope["headers"]):
            return None
        try:
            return self._find(parse_path(scope["path"][len(PATH) :]))
        except Malformed:
            return None

    async def _give(self, answer: Answer, headers: list[tuple[bytes, bytes]], send: Send) -> None:
        self._given.inc()
        length = (b"content-length", b"%d" % len(answer.der))
        await send(
            {"type": "http.response.start", "status": 200, "headers": [_TYPE, length, *headers]}
        )
        await send({"type": "http.response.body", "body": answer.der})


def _headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    """The validators of an answer of which at least a quarter is left (see KeptAnswers)."""
    if answer.this_update is None or answer.next_update is None:
        return [_UNKEPT]
    quarter = (answer.next_update - answer.this_update).total_seconds() / 4
    told = validators(
        answer.der,
        age=min(KEPT_SECONDS_MAX, int(quarter)),
        this_update=answer.this_update,
        next_update=answer.next_update,
    )
    return [(name.lower().encode(), value.encode()) for name, value in told.items()]


def _again(first: Message, receive: Receive) -> Receive:
    """The same messages once more, the first having been taken."""
    taken = [first]

    async def replayed() -> Message:
        return taken.pop() if taken else await receive()

    return replayed
