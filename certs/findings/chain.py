"""The catalogue's chain codes."""

from certs.findings.finding import Entry

ENTRIES: tuple[Entry, ...] = ()
