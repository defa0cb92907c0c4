"""What the authorization house raises beside what ``certs`` raises."""

from certs.errors import Malformed


class MalformedBody(Malformed):
    """A body that is not JSON, or JSON that two readers would read differently."""

    code = "malformed.body"


class MalformedQuestion(Malformed):
    """JSON that lacks a field, has one too many, or one of another form."""

    code = "malformed.body_fields"


class KeyReused(MalformedQuestion):
    """An Idempotency-Key that came with another body before."""

    code = "idempotency.key_reused"


class MalformedIdempotencyKey(Malformed):
    """An Idempotency-Key header that holds no key."""

    code = "malformed.idempotency_key"


class UnsupportedBody(Malformed):
    """A body in a form or a compression that is not taken here."""

    code = "malformed.body_form"


class UnfinishedBody(Malformed):
    """A body that did not arrive in time."""

    code = "malformed.body_unfinished"


class Unauthenticated(Exception):  # noqa: N818 - the house names kinds, not errors
    """No API key, or none that is in use. Which of the two is never told."""

    code = "caller.unauthenticated"
    detail = "an API key in use is needed: Authorization: Bearer pnc_live_..."


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
