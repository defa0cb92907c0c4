"""The catalogue's profile codes."""

from certs.findings.finding import Entry

ENTRIES: tuple[Entry, ...] = ()
