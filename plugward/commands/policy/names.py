"""``plugward policy names``."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from plugward import options, terminal
from plugward.desk import Desk, open_desk
from plugward.exit_codes import ExitCode


def run(
    *,
    withdraw: Annotated[
        list[int] | None, typer.Option(metavar="NUMBER", help="end this name first; repeatable")
    ] = None,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """List the registered common names: open, used up, withdrawn."""
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        for number in withdraw or ():
            desk.ask("DELETE", f"/v1/registered-names/{number}")
        names = list(_pages(desk))
    if as_json:
        terminal.data_json(names)
    else:
        show(names)
    return ExitCode.YES


def _pages(desk: Desk) -> Iterator[Any]:
    after: object = 0
    while after is not None:
        told = desk.ask("GET", f"/v1/registered-names?after={after}")
        names = told["names"]
        assert isinstance(names, list)
        yield from names
        after = told["after"]


def show(names: Any) -> None:  # noqa: ANN401 - decoded JSON
    """A line a name."""
    terminal.table(
        [
            (
                str(name["number"]),
                name["role"],
                name["edition"],
                name["common_name"],
                "standing" if name["standing"] else "once",
                "used"
                if name["used_at"]
                else "withdrawn"
                if name["withdrawn_at"]
                else f"until {name['expires_at']}"
                if name["expires_at"]
                else "open",
            )
            for name in names
        ]
    )
