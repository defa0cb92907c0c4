"""What the authorization house raises beside what ``certs`` raises."""

from certs.errors import Malformed


class MalformedJson(Malformed):
    """Bytes that are not JSON as RFC 8259 writes it, or that name a member twice."""

    code = "malformed.json"


class MalformedQuestion(Malformed):
    """JSON that is not the message this door takes."""

    code = "malformed.request"


class Unauthenticated(Exception):  # noqa: N818 - the house names kinds, not errors
    """No API key, or none that is in use. Which of the two is never told."""

    code = "caller.unauthenticated"


class NotFound(Exception):  # noqa: N818
    """Nothing of this name belongs to the caller's tenant."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Conflict(Exception):  # noqa: N818
    """The change clashes with what is stored."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Unavailable(Exception):  # noqa: N818
    """Something this needs is not reachable now; ``what`` names it for people and metrics."""

    def __init__(self, what: str, detail: str = "") -> None:
        super().__init__(f"{what}: {detail}" if detail else what)
        self.code = f"unavailable.{what}"
        self.what = what
        self.detail = detail or f"{what} is not available"
