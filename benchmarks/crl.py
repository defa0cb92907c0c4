"""A revocation list of a million entries: made, checked, served, read back, and in what memory."""

import json
import multiprocessing
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.figure import Figure
from certs import pem
from certs.hierarchy import grow
from certs.keys import SoftwareSigner
from certs.profiles.rules import Role
from certs.revocation import crl
from certs.revocation.crl import VerifiedCrl
from certs.revocation.status import Revoked
from pki.authority.entries import Extent, Issuer, Listed, PublishedCrl, Reason, Reserved
from pki.crl.publication import ListPolicy, Publisher

ENTRIES = 1_000_000
PEER_ENTRIES = 100_000  # the library's builder keeps an object for every entry
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MEGA = 1024 * 1024
_REASONS = (Reason.UNSPECIFIED, Reason.KEY_COMPROMISE, Reason.SUPERSEDED, Reason.SUPERSEDED)
_UNTOLD = {
    Reason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    Reason.SUPERSEDED: x509.ReasonFlags.superseded,
}
# The goals are ours: checked in no more time than the library needs unchecked, and in no more
# memory than four times the list.
MADE_GOAL = 1.0
MEMORY_GOAL = 4.0


def _drawn(entries: int) -> Any:
    """Revocations as a register has them: sixteen octets of serial, a second of their own."""
    random = Random(1)
    for number in range(entries):
        serial = random.getrandbits(126) | 1 << 126
        yield Listed(serial, NOW - timedelta(seconds=number % 9_000_000), _REASONS[number % 4])


class _Register:
    """The memory twin of register, lists and keys, so that no database is measured here."""

    def __init__(self, entries: int, signer: SoftwareSigner) -> None:
        self._entries, self._signer = entries, signer

    def listed(self, extent: Extent) -> Any:
        assert extent.beyond is None
        return _drawn(self._entries)

    def serials(self, _extent: Extent) -> Any:
        return (each.serial for each in _drawn(self._entries))

    def revision(self, _issuer: str) -> int:
        return self._entries

    def latest(self, _issuer: str, _shard: int, *, beyond: int = 0) -> PublishedCrl | None:
        assert beyond >= 0

    def reserve(self, _issuer: str, _shard: int, **_: object) -> Reserved:
        return Reserved(number=1, revision=self._entries, base=None)

    def publish(self, _crl: PublishedCrl, _act: object) -> None:
        """Kept by nobody."""

    def signer(self, _key_id: str) -> SoftwareSigner:
        return self._signer


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.process_time()
    made = work()
    return made, time.process_time() - begun


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _make(entries: int, told: Any) -> None:
    """Makes and checks one list in a process of its own, whose memory is therefore its own."""
    ca = grow(seed=b"crl", now=NOW)[Role.MO_SUB_2]
    register: Any = _Register(entries, SoftwareSigner(ca.private_key))
    issuer = Issuer(
        key_id="a" * 40,
        role=Role.MO_SUB_2,
        edition=grow(seed=b"crl", now=NOW).edition,
        tenant="default",
        certificate=ca.certificate,
    )
    publisher = Publisher(
        revocations=register,
        lists=register,
        keys=register,
        clock=lambda: NOW,
        policy=ListPolicy(lifetime=timedelta(days=1), public_url="http://pki.example"),
    )
    _, drawing = _timed(lambda: [None for _ in _drawn(entries)] and None)
    before = _peak()
    published, spent = _timed(lambda: publisher.current(issuer, now=NOW))
    # Drawing the entries twice is the benchmark's own work, not the authority's.
    told.send_bytes(published.der)
    told.send((spent - 2 * drawing, _peak() - before))


def _in_a_process(work: Callable[..., None], *given: Any) -> tuple[Any, ...]:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=work, args=(*given, theirs))
    process.start()
    told = [mine.recv_bytes(), *mine.recv()] if work is _make else list(mine.recv())
    process.join()
    return tuple(told)


def _read(path: str, told: Any) -> None:
    """Reads one list back in a process of its own, and asks it about a certificate."""
    ca = grow(seed=b"crl", now=NOW)[Role.MO_SUB_2]
    octets = Path(path).read_bytes()
    before = _peak()
    read, spent = _timed(lambda: crl.read(octets, issuer=ca.certificate, now=NOW))
    assert isinstance(read, VerifiedCrl), read
    kept = _peak() - before
    serial = next(iter(_drawn(1))).serial
    status, asking = _timed(lambda: read.status_of_serial(serial, now=NOW))
    assert isinstance(status, Revoked)
    _, absent = _timed(lambda: read.status_of_serial(serial + 1, now=NOW))
    told.send((spent, kept, max(asking, absent)))


def _library(entries: int) -> float:
    """Processor seconds of cryptography's builder for a list of so many entries."""
    ca = grow(seed=b"crl", now=NOW)[Role.MO_SUB_2]

    def build() -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(ca.certificate.x509().subject)
            .last_update(NOW)
            .next_update(NOW + timedelta(days=1))
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        revoked = []
        for serial, at, reason in _drawn(entries):
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            if reason in _UNTOLD:
                one = one.add_extension(x509.CRLReason(_UNTOLD[Reason(reason)]), critical=False)
            revoked.append(one.build())
        builder = x509.CertificateRevocationListBuilder(
            builder._issuer_name,  # noqa: SLF001 - add_revoked_certificate copies the whole list
            builder._last_update,  # noqa: SLF001 - each time, which would be quadratic
            builder._next_update,  # noqa: SLF001
            builder._extensions,  # noqa: SLF001
            revoked,
        )
        return builder.sign(ca.private_key, hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]

    _, spent = _timed(build)
    return spent


def _openssl(folder: Path, octets: bytes) -> float | None:
    """Processor seconds in which openssl reads the same list and verifies its signature."""
    if shutil.which("openssl") is None:
        return None
    ca = grow(seed=b"crl", now=NOW)[Role.MO_SUB_2]
    (folder / "ca.pem").write_text(pem.encode((ca.certificate,)))
    (folder / "list.crl").write_bytes(octets)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-in", "list.crl", "-CAfile", "ca.pem", "-noout"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    assert b"verify OK" in run.stderr, run.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(entries: int = ENTRIES) -> list[Figure]:
    """Processor seconds and memory of each step, beside the library's and openssl's."""
    octets, made, memory = _in_a_process(_make, entries)
    size = len(octets) / MEGA
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        path = folder / "read.crl"
        path.write_bytes(octets)
        read, kept, asked = _in_a_process(_read, str(path))
        peer = _openssl(folder, octets)
    built = _library(min(PEER_ENTRIES, entries)) * entries / min(PEER_ENTRIES, entries)
    of = f"a list of {entries:,} entries ({size:.1f} MiB)"
    return [
        Figure(
            name=f"{of}: encoded, signed, read back and checked",
            value=round(made, 2),
            unit="s",
            reference=f"pyca's builder, which checks nothing, by {PEER_ENTRIES:,}: {built:.2f} s",
            ratio=round(made / built, 2),
            goal=MADE_GOAL,
        ),
        Figure(
            name=f"{of}: memory of making and checking",
            value=round(memory, 1),
            unit="MiB",
            reference="its octets",
            ratio=round(memory / size, 2),
            goal=MEMORY_GOAL,
        ),
        Figure(
            name=f"{of}: read and verified by certs.revocation.crl",
            value=round(read, 2),
            unit="s",
            reference="no openssl" if peer is None else f"openssl crl -CAfile: {peer:.2f} s",
            ratio=None if peer is None else round(read / peer, 2),
        ),
        Figure(
            name=f"{of}: memory of reading",
            value=round(kept, 1),
            unit="MiB",
            reference="its octets, which are there before",
            ratio=round(kept / size, 2),
        ),
        Figure(
            name=f"{of}: one serial looked up",
            value=round(asked * 1000, 2),
            unit="ms",
            reference="",
        ),
    ]


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure.as_json()))
