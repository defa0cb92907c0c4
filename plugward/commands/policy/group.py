"""The policy commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("show", "plugward.commands.policy.show", "show what a tenant may have"),
    Verb("set", "plugward.commands.policy.set", "set what a tenant may have"),
    Verb("register", "plugward.commands.policy.register", "register common names beforehand"),
    Verb("names", "plugward.commands.policy.names", "list the registered common names"),
    Verb("block-key", "plugward.commands.policy.block_key", "never certify a key again"),
)
