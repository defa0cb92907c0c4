"""The certificate commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("inspect", "plugward.commands.cert.inspect", "show what certificates say"),
    Verb("lint", "plugward.commands.cert.lint", "measure a certificate by a profile"),
    Verb("verify", "plugward.commands.cert.verify", "judge a chain against trusted roots"),
    Verb("issue", "plugward.commands.cert.issue", "have a certificate issued"),
    Verb("issue-batch", "plugward.commands.cert.issue_batch", "have many certificates issued"),
    Verb("renew", "plugward.commands.cert.renew", "have a certificate's successor issued"),
    Verb("revoke", "plugward.commands.cert.revoke", "revoke a certificate for good"),
    Verb("hash-data", "plugward.commands.cert.hash_data", "a chain's OCPP certificate hash data"),
)
