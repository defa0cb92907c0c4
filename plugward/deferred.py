"""Commands that are imported when they run, so that help is quick."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass(frozen=True, slots=True)
class Verb:
    """A command: its name, the module whose function ``run`` it is, a line of help."""

    name: str
    module: str
    summary: str


@dataclass(frozen=True, slots=True)
class Group:
    """Commands of one subject: its name, the module whose ``COMMANDS`` they are, a line of help."""

    name: str
    module: str
    summary: str


Command = Verb | Group


class Deferred(TyperCommand):
    """A command of which only name and summary are known until it is asked for."""

    def __init__(self, command: Command) -> None:
        super().__init__(name=command.name, help=command.summary, short_help=command.summary)
        self.command = command

    def make_context(self, info_name: str | None, args: list[str], **extra: Any) -> Any:  # type: ignore[override]  # noqa: ANN401 - typer passes parent by name, and its context type is private
        return load(self.command).make_context(info_name, args, **extra)


def load(command: Command) -> TyperCommand | TyperGroup:
    """A command's own module, imported and made into what typer runs."""
    module = import_module(command.module)
    match command:
        case Verb(name=name):
            return _verb(name, module.run)
        case Group(name=name, summary=summary):
            return group(name, summary, module.COMMANDS)


def _verb(name: str, run: Callable[..., int]) -> TyperCommand | TyperGroup:
    app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
    app.command(name, context_settings=CONTEXT_SETTINGS)(run)
    made = get_command(app)
    assert isinstance(made, TyperCommand)
    return made


def group(name: str, summary: str, commands: Sequence[Command]) -> TyperGroup:
    """A group that imports a command of its own when that is asked for."""
    return TyperGroup(
        name=name,
        help=summary,
        commands={command.name: Deferred(command) for command in commands},
        rich_markup_mode=None,
        context_settings=CONTEXT_SETTINGS,
    )
