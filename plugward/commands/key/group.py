"""The key commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("list", "plugward.commands.key.listing", "show the keys and what needs them"),
    Verb("generate", "plugward.commands.key.generate", "make a key where it will live"),
    Verb("import", "plugward.commands.key.importing", "take in a key that lived elsewhere"),
    Verb("rotate", "plugward.commands.key.rotate", "give a key its successor"),
    Verb("destroy", "plugward.commands.key.destroy", "end a key for good"),
)
