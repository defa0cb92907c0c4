"""The contract commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("get", "plugward.commands.contract.get", "show a contract of the registry"),
    Verb("put", "plugward.commands.contract.put", "keep a contract in the registry"),
    Verb("suspend", "plugward.commands.contract.suspend", "let a contract charge no more"),
    Verb("import", "plugward.commands.contract.importing", "keep many contracts from a file"),
)
