"""The work of a certificate authority that is about to be killed, and what it told of it."""

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from certs import der
from certs.edition import Edition
from certs.keys import KeyKind, SoftwareSigner
from certs.profiles.rules import Role
from pki.authority.approval import Terms
from pki.authority.entries import Reason
from pki.authority.failpoints import FAILPOINTS
from pki.errors import SignerUnavailable
from pki.house import assemble
from pki.settings import load
from tests.pki_house import Clock, MemoryKeys, authorities_of, issuer_id, someone, wanted
from tests.torture.losses import digest
from tests.world import NOW

ACTIONS_MAX = 60  # a process that did so much and was not killed ends by itself
BATCH = 5
# The same names are asked for thousands of times, and every answer is due in the next process.
GIVEN = {
    "identity_certificates_max": 0,
    "ocsp_lifetime_seconds": 2,
    "crl_deltas": True,
    "approvals": "*: 0 of 0",
}
PRESIGNED = 10
SUB_CA = Terms(
    role=Role.CPS_SUB_2,
    edition=Edition.ISO_2,
    common_name="CPS Sub-CA 9",
    organization=None,
    country="DE",
    key_kind=KeyKind.P256,
)
_VERSION_3 = bytes.fromhex("a003020102")


class Telling:
    """Lines to a pipe. What is written stands, however the process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __call__(self, *words: object) -> None:
        os.write(self._descriptor, (" ".join(map(str, words)) + "\n").encode())


class WitnessedKeys(MemoryKeys):
    """Keys whose every signature is told of the moment it exists: from then on it may be abroad."""

    def __init__(self, tell: Telling) -> None:
        super().__init__()
        self._tell = tell
        self.failing = False
        for identity in authorities_of():
            self.store(identity.private_key, role=identity.role.value)

    def signer(self, key_id):
        return _WitnessedSigner(super().signer(key_id), key_id, self, self._tell)


class _WitnessedSigner:
    def __init__(self, signer: SoftwareSigner, key_id: str, keys: WitnessedKeys, tell: Telling):
        self._signer, self._key_id, self._keys, self._tell = signer, key_id, keys, tell

    @property
    def public_key(self):
        return self._signer.public_key

    def sign(self, data: bytes) -> bytes:
        if self._keys.failing:
            self._keys.failing = False
            raise SignerUnavailable("the token was pulled")
        signature = self._signer.sign(data)
        start, _ = der.whole(data, der.SEQUENCE)
        if data[start : start + len(_VERSION_3)] == _VERSION_3:
            at, stop = der.expect(data, start + len(_VERSION_3), len(data), der.INTEGER)
            self._tell("signed", self._key_id, f"{der.integer(data[at:stop]):x}", digest(data))
        else:
            self._tell("listed", digest(data))
        return signature


class SigningFirst:
    """The negative control: a register told of a certificate only once it is signed."""

    def __init__(self, register) -> None:
        self._register = register
        self._postponed = []

    def __getattr__(self, name):
        return getattr(self._register, name)

    def intend(self, intents, acts) -> None:
        self._postponed.append((intents, acts))

    def record(self, issued, issuer, acts) -> None:
        for postponed in self._postponed:
            self._register.intend(*postponed)
        self._postponed.clear()
        self._register.record(issued, issuer, acts)

    def abandon(self, issuer, serial, act) -> None:
        for postponed in self._postponed:
            self._register.intend(*postponed)
        self._postponed.clear()
        self._register.abandon(issuer, serial, act)


def work(
    url: str,
    tell: Telling,
    *,
    seed: str,
    cycle: int,
    dying_at: tuple[str, int] | None,
    control: bool,
) -> None:
    """Issues, revokes, publishes, signs ahead, fails and cleans up, until something kills it."""
    left = dict.fromkeys(FAILPOINTS, 0)

    def failpoint(name: str) -> None:
        left[name] += 1
        if dying_at == (name, left[name]):
            os.kill(os.getpid(), signal.SIGKILL)

    drawn = random.Random(seed)
    keys = WitnessedKeys(tell)
    house = assemble(
        load(environ={}, database_url=url, public_url="http://pki.v2g.example", **GIVEN),
        clock=Clock(NOW + timedelta(seconds=cycle)),
        keys=keys,
        failpoint=failpoint,
    )
    if control:
        issuance = house.authority._issuance
        issuance._register = SigningFirst(issuance._register)
    operator = someone(house)
    mine = issuer_id()
    tell("opened", house.authority.reconcile())
    told = []
    for number in range(ACTIONS_MAX):
        action = drawn.choices(
            ("issue", "bulk", "together", "revoke", "publish", "presign", "found", "fail"),
            (5, 2, 2, 2, 2, 2, 2, 1),
            k=1,
        )[0]
        if action == "issue" or (action == "revoke" and not told):
            told.append(_issue(house, operator, tell, number))
        elif action == "bulk":
            batch = [wanted(number * 100 + each) for each in range(BATCH)]
            for issued in house.authority.issue_batch(batch, caller=operator):
                _hand_out(issued, tell)
        elif action == "together":
            with ThreadPoolExecutor(BATCH) as threads:
                numbers = range(number * 100, number * 100 + BATCH)
                list(threads.map(lambda each: _issue(house, operator, tell, each), numbers))
        elif action == "revoke":
            serial = drawn.choice(told).serial
            house.authority.revoke(mine, serial, Reason.SUPERSEDED, caller=operator)
            tell("revoked", mine, f"{serial:x}", "-")
        elif action == "publish":
            issuer = house.authority.directory.by_key_id[mine]
            crl = house.publisher.current(issuer, now=house.clock.now())
            tell("published", mine, crl.number, digest(crl.der))
        elif action == "presign":
            house.presigner.enrol()
            tell("presigned", house.presigner.sign(PRESIGNED))
        elif action == "found":
            at = house.council.request(SUB_CA, caller=operator).outcome
            made = house.stores.register.find(*at).certificate
            tell("told", at[0], f"{at[1]:x}", digest(made))
        else:
            keys.failing = True
            try:
                house.authority.issue(wanted(number), caller=operator)
            except SignerUnavailable:
                tell("failed")
    house.close()


def _issue(house, operator, tell, number):
    """One certificate, told of once it is handed out."""
    issued = house.authority.issue(wanted(number), caller=operator)
    _hand_out(issued, tell)
    return issued.certificate


def _hand_out(issued, tell):
    certificate = issued.certificate
    tell("told", issued.issuer, f"{certificate.serial:x}", digest(certificate.der))
