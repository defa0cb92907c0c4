"""The peer (PyPI iso15118 0.31.2) as a whole EVCC or SECC, in a network namespace of its own.

``Link()`` makes two namespaces and a veth pair between them;
``write_pki(world, home)`` gives the peer
our world's certificates; ``PeerSide("evcc" | "secc", ...)`` runs it.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import queue
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
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
CLONE_NEWNET = 0x40000000

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


class Link:
    """Two namespaces joined by a veth pair, ours and the peer's: ``here`` and ``there`` are the
    interfaces. ``run(coroutine function)`` runs a coroutine of ours inside our namespace.
    """

    def __init__(self):
        mark = f"{os.getpid() % 100_000:05}"
        self._ours, self.namespace = f"plugward{mark}a", f"plugward{mark}b"
        self.here, self.there = f"pwa{mark}", f"pwb{mark}"

    def __enter__(self):
        ends = ((self._ours, self.here), (self.namespace, self.there))
        try:
            for namespace, _ in ends:
                _ip("netns", "add", namespace)
            _ip("link", "add", self.here, "type", "veth", "peer", "name", self.there)
            for namespace, interface in ends:
                _ip("link", "set", interface, "netns", namespace)
                inside = ("netns", "exec", namespace)
                _ip(*inside, "sysctl", "-qw", f"net.ipv6.conf.{interface}.accept_dad=0")
                _ip(*inside, "ip", "link", "set", "lo", "up")
                _ip(*inside, "ip", "link", "set", interface, "up")
            time.sleep(1)  # until the link-local addresses are there
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in (self._ours, self.namespace):  # the veth pair goes with them
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "del", namespace)

    def run(self, main):
        """The result of ``await main()``, run by a thread that has entered our namespace."""

        def inside():
            with Path(f"/run/netns/{self._ours}").open() as namespace:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(namespace.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return asyncio.run(main())

        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(inside).result()


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


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
    """A running peer. ``answer(question) -> answer`` serves what a charger asks its backend."""

    def __init__(self, role, link, pki, *, log, answer=None, **settings):
        self._role, self._link, self._pki, self._log = role, link, pki, log
        self._answer, self._settings = answer, settings
        self._events = queue.Queue()

    def __enter__(self):
        self._stderr = self._log.open("w")
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", self._link.namespace, exi_peer.python(), DRIVER, self._role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            cwd=self._pki,
            env={
                **os.environ,
                "_JAVA_OPTIONS": "-Xmx400m",
                "PKI_PATH": f"{self._pki}/",
                "NETWORK_INTERFACE": self._link.there,
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
