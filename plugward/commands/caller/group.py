"""The caller commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("add", "plugward.commands.caller.add", "make an API key of the PKI"),
)
