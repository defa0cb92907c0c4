"""The one command: its table of sub-commands, and how it ends."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.main import get_command

from plugward import terminal
from plugward.deferred import CONTEXT_SETTINGS, Command, Deferred, Group, Verb
from plugward.exit_codes import ExitCode

# A new sub-command is one line here.
COMMANDS: tuple[Command, ...] = (
    Verb("demo", "plugward.commands.demo", "a V2G world grown, served and asked, in seconds"),
    Verb("init", "plugward.commands.init", "grow a V2G world for development"),
    Verb("serve", "plugward.commands.serve", "serve the PKI, the authorization service, or both"),
    Verb("check-config", "plugward.commands.check_config", "read the settings and show them"),
    Verb("authorize", "plugward.commands.authorize", "ask whether a contract may charge"),
    Group("contract", "plugward.commands.contract.group", "keep contracts in the registry"),
    Group("ev", "plugward.commands.ev.group", "vehicles and chargers that speak ISO 15118"),
    Group("cert", "plugward.commands.cert.group", "read, check, issue and revoke certificates"),
    Group("caller", "plugward.commands.caller.group", "who may call the PKI"),
    Group("approval", "plugward.commands.approval.group", "authorities that others approve"),
    Group("policy", "plugward.commands.policy.group", "who may have which certificates"),
    Group("key", "plugward.commands.key.group", "private keys of authorities and OCSP signers"),
    Group("ocsp", "plugward.commands.ocsp.group", "ask OCSP responders"),
    Group("crl", "plugward.commands.crl.group", "read certificate revocation lists"),
    Group("exi", "plugward.commands.exi.group", "read, write and check ISO 15118 messages"),
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands an option's value over so
    if wanted:
        terminal.data(f"plugward {version('plugward')}")
        raise typer.Exit


def _root(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="print the version"),
    ] = False,
) -> None:
    """Plug & Charge: a V2G PKI, an authorization service, and the tools around them."""


def command() -> TyperGroup:
    """The root command; what is below it is imported when it is asked for."""
    app = typer.Typer(
        name="plugward",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=CONTEXT_SETTINGS,
    )
    app.callback()(_root)
    made = get_command(app)
    assert isinstance(made, TyperGroup)  # a callback makes a group
    for entry in COMMANDS:
        made.add_command(Deferred(entry))
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status (plugward.exit_codes)."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        status = command().main(arguments, prog_name="plugward", standalone_mode=False)
        terminal.flush()
    except typer.TyperException as wrong:
        context = getattr(wrong, "ctx", None)
        text = wrong.format_message().removesuffix(".")
        hint = "" if context is None else f"{context.command_path} --help"
        terminal.error(text[:1].lower() + text[1:], hint=hint)
        return ExitCode.ASKED_WRONGLY
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except terminal.ReaderLeft:
        # What is still buffered goes nowhere, or the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.YES
    except Exception as raised:  # noqa: BLE001 - the edge: ours are translated, the rest are bugs
        from plugward.translation import complain

        return complain(raised)
    return int(status or ExitCode.YES)
