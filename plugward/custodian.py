"""The custodian of a home's private keys, and how people are asked before a key ends."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from certs.keys import kind_of
from pki.custody import Custodian
from pki.house import assemble
from pki.signing.store import KeptKey
from plugward import clock, home, terminal
from plugward.configuration import Places, pki_settings
from plugward.errors import Complaint
from plugward.hardening import harden

ACTOR = "operator"  # whom the audit names: who may run this may do anything


@contextmanager
def custody(
    directory: str | None, settings: str | None, passphrase_file: str | None
) -> Iterator[Custodian]:
    """The custodian of a home directory's keys, in this process, which is hardened first (K02).

    Files that are handed over as descriptors (`/dev/stdin`) are read before this: what nobody else
    may read, the system gives us by no path either.
    """
    places = Places(home=home.directory(directory), pki=settings)
    loaded = pki_settings(places, passphrase_file)
    for missing in harden():
        terminal.say(missing)
    house = assemble(loaded, clock=clock.now_exactly)
    try:
        yield house.custodian
    finally:
        house.close()


def facts(kept: KeptKey) -> dict[str, object]:
    """A key for programs."""
    return {"keyId": kept.key_id, "role": kept.role, "kind": kind_of(kept.public_key).value}


def demand_consent(question: str, *, yes: bool) -> None:
    """Goes on where ``yes`` was given or somebody types it; a complaint otherwise."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Complaint("this cannot be undone, and nobody is here to be asked", hint="--yes")
    terminal.say(f"{question}; this cannot be undone. Type yes to go on")
    if sys.stdin.readline().strip() != "yes":
        raise Complaint("nothing was done")
