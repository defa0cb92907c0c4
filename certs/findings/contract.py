"""The catalogue's contract codes."""

from certs.findings.finding import Entry

ENTRIES: tuple[Entry, ...] = ()
