"""``plugward policy show``."""

from collections.abc import Mapping
from typing import Annotated

import typer

from plugward import home, options, terminal
from plugward.desk import open_desk
from plugward.exit_codes import ExitCode

Tenant = Annotated[str, typer.Option(help="whose policy")]


def run(
    *,
    tenant: Tenant = home.TENANT,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Show what a tenant may have: roles, editions, identities.

    The JSON is what `plugward policy set` reads, and holds the earlier versions too.
    """
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        told = desk.ask("GET", f"/v1/policies/{tenant}")
    if as_json:
        terminal.data_json(told)
    else:
        show(told["current"])
    return ExitCode.YES


def show(policy: object) -> None:
    """A policy's version and moment, and a line a grant."""
    assert isinstance(policy, Mapping)
    terminal.pairs(
        [
            ("tenant", str(policy["tenant"])),
            ("version", str(policy["version"])),
            ("set at", str(policy["set_at"])),
            ("set by", str(policy["set_by"])),
        ]
    )
    terminal.table(
        [
            (
                str(grant["role"]),
                " ".join(grant.get("editions") or ()),
                " ".join(grant["prefixes"]),
                "registered names only" if grant.get("registered") else "any name",
                "keys may stay" if grant.get("key_reuse", True) else "new keys only",
            )
            for grant in policy["grants"]
        ],
        indent=2,
    )
