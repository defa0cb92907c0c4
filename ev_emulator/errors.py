"""What ev_emulator raises: what the peer did wrong, what we did, and what could not be reached."""

from collections.abc import Sequence

from certs.findings.finding import Finding


class MalformedFrame(ValueError):  # noqa: N818 - a kind of input, named as the house names it
    """Octets that are not the V2GTP frame or SDP message they claim to be.

    ``code`` is permanent and dotted; ``detail`` is for people.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class RemoteProtocolError(Exception):
    """The peer broke the protocol, or says what is not believed.

    ``code`` is a reason of session/reasons.py or a finding's; ``findings`` are those behind it.
    """

    def __init__(self, code: str, detail: str = "", findings: Sequence[Finding] = ()) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.findings = tuple(findings)


class LocalProtocolError(Exception):
    """We were about to break the protocol: a bug on this side, never the peer's doing."""


class Unavailable(Exception):  # noqa: N818 - the house's word
    """Something outside could not be reached, or not in time; ``what`` names it."""

    def __init__(self, what: str, detail: str = "") -> None:
        super().__init__(f"{what}: {detail}" if detail else what)
        self.what = what
        self.detail = detail
