"""The catalogue's identity codes."""

from certs.findings.finding import Entry

ENTRIES: tuple[Entry, ...] = ()
