"""Two processes over one database: what one revokes, the other says within five seconds."""

import contextlib
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from cryptography.x509 import ocsp

from certs.profiles.rules import Role
from pki.authority.entries import Reason
from tests.pki_house import DATABASES, Clock, database, furnished_house, issue, issuer_id, someone
from tests.pki_wire import question
from tests.world import valid_world

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
HEARD_SECONDS = 5  # issue 5; a poll a second
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
# A process of its own that serves the pki house with the world's keys, and ends with its parent.
SERVING = """
import sys
from datetime import UTC, datetime
from pki.app import open_doors
from plugward.serve import Door, in_background, listen
from tests.pki_house import Clock, MemoryKeys, authorities_of, empty_house
from tests.world import NOW

keys = MemoryKeys()
for identity in authorities_of():
    keys.store(identity.private_key, role=identity.role.value)
begun = datetime.now(UTC)

class Running(Clock):
    def __call__(self):
        return NOW + (datetime.now(UTC) - begun)

with empty_house(sys.argv[1], keys=keys, clock=Running(), migrate_at_start=False) as house:
    listening = listen("127.0.0.1", 0)
    with in_background([Door(name="pki", listening=listening, make=lambda: open_doors(house))]):
        print(listening.getsockname()[1], flush=True)
        sys.stdin.read()
    listening.close()
"""


@contextlib.contextmanager
def serving(url):
    """The port of a process that serves the house in this database."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVING, url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            with selectors.DefaultSelector() as ready:
                ready.register(process.stdout, selectors.EVENT_READ)
                assert ready.select(READY_SECONDS), "not ready"
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            try:
                process.wait(READY_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def ask(client, port, request):
    answer = client.post(f"http://127.0.0.1:{port}/ocsp", content=request)
    assert answer.status_code == 200
    return ocsp.load_der_ocsp_response(answer.content)


@pytest.mark.parametrize("kind", DATABASES)
def test_revocation_is_told_by_another_process_within_five_seconds_and_for_good(kind, tmp_path):
    with database(kind, tmp_path) as url, furnished_house(url, clock=Clock()) as house:
        issued = issue(house)
        fresh = question(issued.certificate, valid_world()[Role.MO_SUB_2].certificate)
        with serving(url) as port, httpx.Client() as client:
            for request in (question(), fresh):
                assert ask(client, port, request).certificate_status is GOOD
            house.authority.revoke(
                issued.issuer,
                issued.certificate.serial,
                Reason.KEY_COMPROMISE,
                caller=someone(house),
            )
            committed = time.monotonic()
            while ask(client, port, fresh).certificate_status is GOOD:
                assert time.monotonic() - committed < HEARD_SECONDS
            # From then on it is not good by any form of the question, nor is another one revoked.
            nonced = question(
                issued.certificate, valid_world()[Role.MO_SUB_2].certificate, nonce=b"n" * 16
            )
            for request in (fresh, nonced, fresh):
                assert ask(client, port, request).certificate_status is REVOKED
            assert ask(client, port, question()).certificate_status is GOOD
            # This process told it at once.
            told = ocsp.load_der_ocsp_response(house.answer(fresh).der)
            assert told.certificate_status is REVOKED
            assert issued.issuer == issuer_id()
