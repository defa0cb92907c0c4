"""The service that contract commands ask, and how they show a contract."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from authz.contract import ContractState
from certs.edition import Edition
from certs.identifiers.emaid import EMAID
from plugward import inputs, terminal
from plugward.authority import API_KEY_VARIABLE
from plugward.errors import Complaint
from plugward.http import Service

Url = Annotated[
    str, typer.Option("--url", metavar="URL", help="the authorization service's address")
]
Emaid = Annotated[str, typer.Argument(metavar="EMAID", help="in any of its forms")]


def service(url: str, api_key_file: str | None) -> Service:
    """The service at an address, with the API key to show there."""
    key = inputs.secret(file=api_key_file, variable=API_KEY_VARIABLE, prompt="API key")
    if key is None:
        raise Complaint(
            "no API key", hint=f"--api-key-file FILE, or {API_KEY_VARIABLE} in the environment"
        )
    return Service(url, key)


def path_of(text: str) -> str:
    """A contract's door; a complaint for a text that is no eMAID."""
    return f"/v1/contracts/{EMAID.parse(text, edition=Edition.ISO_20)}"


def show(told: Mapping[str, Any], *, as_json: bool) -> None:
    """A contract as the service keeps it."""
    if as_json:
        terminal.data_json(told)
        return
    restrictions = told.get("restrictions", {})
    schedule = restrictions.get("schedule", {})
    rows = [
        ("eMAID", str(told["emaid"])),
        ("state", ContractState(told["state"]).value),
        ("not before", str(told.get("notBefore", ""))),
        ("not after", str(told.get("notAfter", ""))),
        ("group", str(told.get("groupId", ""))),
        ("EVSEs", ", ".join((*told["evseIds"], *restrictions.get("evsePrefixes", ())))),
        ("power types", ", ".join(restrictions.get("powerTypes", ()))),
        ("hours", "; ".join(map(_window, schedule.get("windows", ())))),
        ("zone", str(schedule.get("zone", ""))),
        ("certificates", str(len(told["certificates"]))),
    ]
    terminal.pairs([(name, value) for name, value in rows if value])


def _window(window: Mapping[str, Any]) -> str:
    return f"{' '.join(window['days'])} {window['from']}-{window['to']}"
