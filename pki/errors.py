"""What pki raises beside certs' Malformed and Refused: absent, clashing, unreachable, unknown."""

from certs.errors import Refused


class PkiError(Exception):
    """A failure the house knows; ``code`` is permanent, ``detail`` for people, without secrets."""

    code = "pki"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class NotFound(PkiError):  # noqa: N818 - the house's word
    """What was asked for is not here, or not this tenant's, which is told the same way."""

    code = "not_found"


class Conflict(PkiError):  # noqa: N818 - the house's word
    """What was asked for clashes with what is recorded."""

    code = "conflict"


class SerialTaken(Conflict):
    """The serial is already reserved under this issuer: draw another."""

    code = "conflict.serial_taken"


class KeyTaken(Conflict):
    """Another request was given this key, or it was blocked, between check and intent."""

    code = "conflict.key_taken"


class RegistrationUsed(Conflict):
    """The registered name was used, or withdrawn, between check and intent."""

    code = "conflict.registration_used"


class RateExceeded(Refused):
    """Too many in too short a time: to be asked again after some seconds."""

    def __init__(self, code: str, detail: str, *, retry_after_seconds: int = 60) -> None:
        super().__init__(code, detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(PkiError):  # noqa: N818 - the house's word
    """The database, a key or the clock cannot be relied upon now: nothing was done."""

    code = "unavailable"


class SignerUnavailable(Unavailable):
    """The private key cannot be reached or opened."""

    code = "unavailable.signer"


class SigningRefused(SignerUnavailable):
    """The octets are not what the key was asked to sign: a defect of ours, or worse than one."""

    code = "unavailable.signing_refused"


class SigningRateExceeded(SignerUnavailable):
    """The key has signed as often as it may in a minute."""

    code = "unavailable.signing_rate"

    def __init__(self, detail: str, *, retry_after_seconds: int = 60) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class ClockUnreliable(Unavailable):
    """The clock went backwards: nothing is signed until it has caught up."""

    code = "unavailable.clock"


class Unauthenticated(PkiError):  # noqa: N818 - the house's word
    """No API key, or one that is unknown, expired or withdrawn; which of them is not told."""

    code = "caller.unauthenticated"


class ConfigurationRefused(PkiError):  # noqa: N818 - the house's word
    """Settings, a schema or a durability switch with which the house does not start."""

    code = "configuration.refused"
