"""The catalogue's revocation codes."""

from certs.findings.finding import Entry

ENTRIES: tuple[Entry, ...] = ()
