"""The CRL commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("show", "plugward.commands.crl.show", "verify a CRL and show what it lists"),
)
