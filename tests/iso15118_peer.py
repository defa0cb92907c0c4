"""The peer (PyPI iso15118 0.31.2) as a whole EVCC or SECC, in a network namespace of its own.

``write_pki(world, home)`` gives the peer our world's certificates; ``PeerSide("evcc" | "secc",
...)`` runs it.
"""

import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from certs import pem
from certs.profiles.rules import Role
from ev_emulator.session.events import MessageSent
from exi.protocol import Protocol
from tests import exi_peer
from tests.ev_pair import Pair, wallet

DRIVER = Path(__file__).with_name("iso15118_peer_driver.py")
START_SECONDS = 90

_CERTIFICATES = {
    Role.V2G_ROOT: "v2gRootCACert",
    Role.CPO_SUB_1: "cpoSubCA1Cert",
    Role.CPO_SUB_2: "cpoSubCA2Cert",
    Role.SECC: "seccLeafCert",
    Role.MO_ROOT: "moRootCACert",
    Role.MO_SUB_1: "moSubCA1Cert",
    Role.MO_SUB_2: "moSubCA2Cert",
    Role.CONTRACT: "contractLeafCert",
    Role.OEM_ROOT: "oemRootCACert",
    Role.OEM_SUB_1: "oemSubCA1Cert",
    Role.OEM_SUB_2: "oemSubCA2Cert",
    Role.OEM_PROVISIONING: "oemLeafCert",
    Role.CPS_SUB_1: "cpsSubCA1Cert",
    Role.CPS_SUB_2: "cpsSubCA2Cert",
    Role.CPS: "cpsLeafCert",
}
_KEYS = {
    Role.SECC: ("seccLeaf.key", "seccLeafPassword.txt"),
    Role.OEM_PROVISIONING: ("oemLeaf.key", "oemLeafPassword.txt"),
    Role.CONTRACT: ("contractLeaf.key", "contractLeafPassword.txt"),
    Role.CPS: ("cpsLeaf.key", "cpsLeafPassword.txt"),
    Role.MO_SUB_2: ("moSubCA2.key", "moSubCA2LeafPassword.txt"),
}


def write_pki(world, home, **identities):
    """The peer's PKI folder with a world's certificates and keys, keys not encrypted.

    ``contract=identity`` takes another contract than the world's first.
    """
    certificates = home / "iso15118_2" / "certs"
    private_keys = home / "iso15118_2" / "private_keys"
    certificates.mkdir(parents=True)
    private_keys.mkdir(parents=True)
    chosen = {role: identities.get(role.name.lower(), world[role]) for role in _CERTIFICATES}
    for role, name in _CERTIFICATES.items():
        certificate = chosen[role].certificate
        (certificates / f"{name}.der").write_bytes(certificate.der)
        (certificates / f"{name}.pem").write_text(pem.encode([certificate]))
    for name, role in (("cpoCertChain", Role.SECC), ("oemCertChain", Role.OEM_PROVISIONING)):
        (certificates / f"{name}.pem").write_text(pem.encode(chosen[role].chain))
    for role, (key, password) in _KEYS.items():
        octets = chosen[role].private_key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        (private_keys / key).write_bytes(octets)
        (private_keys / password).write_text("")
    return home


def warm_up_messages():
    """Payloads of a whole session with installation and receipt, AC, as [hex, namespace]."""
    pair = Pair(wallet=wallet())
    from tests.ev_pair import EVSE, PCID, Offer, outlet

    pair = Pair(
        wallet=wallet(), outlet=outlet(pair.clock, offer=Offer(evse_id=EVSE, receipt_every=2))
    )
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    pair.run()
    return [
        [
            event.payload.hex(),
            (Protocol.SAP if event.name.startswith("supported") else Protocol.ISO_2).value,
        ]
        for event in [*pair.ev, *pair.charger]
        if isinstance(event, MessageSent)
    ]


class PeerSide:
    """A running peer, ``there`` on the link or at our end of it (``here=True``).

    ``answer(question) -> answer`` serves what a charger asks its backend.
    """

    def __init__(self, role, link, pki, *, log, answer=None, here=False, **settings):
        self._role, self._pki, self._log = role, pki, log
        self._namespace = link.ours if here else link.namespace
        self._interface = link.here if here else link.there
        self._answer, self._settings = answer, settings
        self._events = queue.Queue()

    def __enter__(self):
        self._stderr = self._log.open("w")
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", self._namespace, exi_peer.python(), DRIVER, self._role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            cwd=self._pki,
            env={
                **os.environ,
                "_JAVA_OPTIONS": "-Xmx400m",
                "PKI_PATH": f"{self._pki}/",
                "NETWORK_INTERFACE": self._interface,
                "LOG_LEVEL": "DEBUG",
                "PEER_WARM_UP": json.dumps(warm_up_messages()),
                **self._settings,
            },
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.wait_for("ready", seconds=START_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._reader.join(timeout=5)
        self._process.stdin.close()
        self._process.stdout.close()
        self._stderr.close()

    def visit(self, *, seconds=40, **wants):
        """Let the vehicle plug in; wait_for("ended") says how it went."""
        self._write({"visit": wants, "seconds": seconds})

    def set(self, **settings):
        """Change the charger's configuration from the next session on."""
        self._write({"set": settings})

    def wait_for(self, event, *, seconds):
        """The next event of this name; earlier others are passed over."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self._events.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {event}; see {self._log}:\n{self._tail()}") from None
            if line is None:
                raise AssertionError(f"the peer has died; see {self._log}:\n{self._tail()}")
            if line["event"] == event:
                return line

    def _tail(self):
        return "\n".join(self._log.read_text().splitlines()[-30:])

    def _write(self, line):
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def _read(self):
        for text in self._process.stdout:
            line = json.loads(text)
            if "ask" in line:
                self._write({"answer": self._answer(line["ask"])})
            else:
                self._events.put(line)
        self._events.put(None)
