"""Requests that others have to approve, as commands ask for them and show them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from plugward import terminal
from plugward.desk import open_desk
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="the request's number")]


def vote(
    number: str,
    verdict: str,
    *,
    directory: str | None,
    url: str | None,
    api_key_file: str | None,
    passphrase_file: str | None,
    as_json: bool,
) -> int:
    """One approver's word on a request."""
    if api_key_file is None and url is None:
        raise Complaint(
            "whoever approves says who it is", hint="--api-key-file FILE; plugward caller add"
        )
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        told = desk.ask("POST", f"/v1/approvals/{number}/{verdict}")
    if as_json:
        terminal.data_json(told)
    else:
        show([told])
    return ExitCode.YES


def show(approvals: Sequence[Mapping[str, Any]]) -> None:
    """A line a request."""
    terminal.table(
        [
            (
                each["number"],
                each["undertaking"],
                each["role"],
                each["progress"],
                f"{_approved(each)} of {each['needed']} approvals",
                each["common_name"] or each["serial"],
            )
            for each in approvals
        ]
    )


def announce(told: Mapping[str, Any], *, as_json: bool) -> None:
    """A request just made, and what to do next."""
    if as_json:
        terminal.data_json(told)
    else:
        show([told])
    if told["progress"] == "pending":
        panel = ", ".join(told["panel"])
        terminal.say(f"nothing is signed before {told['needed']} of these approve: {panel}")
        terminal.say(f"next: plugward approval approve {told['number']} --api-key-file FILE")


def _approved(told: Mapping[str, Any]) -> int:
    return sum(each["verdict"] == "approve" for each in told["votes"])
