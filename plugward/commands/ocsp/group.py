"""The OCSP commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("query", "plugward.commands.ocsp.query", "ask a responder about a certificate"),
)
