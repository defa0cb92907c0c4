"""The approval commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("list", "plugward.commands.approval.list", "list the requests for authorities"),
    Verb("approve", "plugward.commands.approval.approve", "approve a request"),
    Verb("reject", "plugward.commands.approval.reject", "reject a request, for good"),
    Verb("revoke", "plugward.commands.approval.revoke", "ask for an authority's end"),
)
