"""A vehicle and a charger joined in memory, with a clock that the test moves by hand.

``Pair()`` is a boring good pair; a test says only what is odd. ``tamper`` sees every payload on its
way and may change it.
"""

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from datetime import timedelta

from certs.chain.verifier import ChainVerifier
from certs.identifiers.evse_id import EVSEID
from certs.profiles.rules import Role
from ev_emulator.asking import ask
from ev_emulator.charger.contract_check import ContractCheck, UnknownRoot
from ev_emulator.charger.meter import Meter
from ev_emulator.charger.offer import Offer
from ev_emulator.charger.paused import PausedSessions
from ev_emulator.framing import v2gtp
from ev_emulator.framing.v2gtp import FrameReader
from ev_emulator.session.evcc import EvccSession
from ev_emulator.session.events import Asked, MessageReceived, MessageSent, SessionFailed
from ev_emulator.session.iso_2.evcc import Iso2Evcc
from ev_emulator.session.iso_2.secc import Iso2Secc
from ev_emulator.session.iso_2.visit import Outlet
from ev_emulator.session.secc import SeccSession
from ev_emulator.stand_in.backend import StandIn
from ev_emulator.vehicle.intentions import Intentions
from ev_emulator.vehicle.wallet import ProvisioningIdentity, Wallet, contract
from exi.codec import decode, encode
from exi.errors import Malformed
from exi.iso2.message import BodyType, V2G_Message
from exi.protocol import Protocol
from tests.world import NOW, valid_world

WORLD = valid_world()
EVSE = EVSEID.parse("DE*ICE*E45B*78C")
PCID = WORLD[Role.OEM_PROVISIONING].certificate.common_name
STEPS_MAX = 400


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, now=NOW):
        self._now, self._seconds = now, 1000.0

    def seconds(self):
        return self._seconds

    def now(self):
        return self._now + timedelta(seconds=self._seconds - 1000.0)

    def move(self, seconds):
        self._seconds += seconds


class Dice:
    """Octets that never repeat and are the same in every run."""

    def __init__(self):
        self._turn = itertools.count(1)

    def __call__(self, octets):
        return next(self._turn).to_bytes(octets, "big")


def wallet(*contracts, world=WORLD, provisioned=True):
    """A wallet with these contract identities."""
    oem = world[Role.OEM_PROVISIONING]
    identity = ProvisioningIdentity(chain=oem.chain, private_key=oem.private_key)
    return Wallet(
        anchors=world.anchors(),
        provisioning=identity if provisioned else None,
        contracts=[contract(each.chain, each.private_key) for each in contracts],
    )


def outlet(clock, *, offer=None, dice=None, world=WORLD, unknown_root=UnknownRoot.ASK_BACKEND):
    """An outlet whose charger has the world's roots."""
    return Outlet(
        offer=offer or Offer(evse_id=EVSE),
        meter=Meter("METER-0001", clock=clock, start_wh=12_000),
        contract_check=ContractCheck(ChainVerifier(world.anchors()), unknown_root=unknown_root),
        paused=PausedSessions(),
        clock=clock,
        random_bytes=dice or Dice(),
    )


@dataclass
class Pair:
    """Both sides, run until nothing moves any more. ``ev`` and ``charger`` hold their events."""

    intentions: Intentions = field(default_factory=Intentions)
    wallet: Wallet = field(default_factory=lambda: wallet(WORLD[Role.CONTRACT]))
    clock: HandClock = field(default_factory=HandClock)
    offer: Offer = field(default_factory=lambda: Offer(evse_id=EVSE))
    outlet: Outlet | None = None
    backend: StandIn | None = None
    secured: bool = True
    resume: bytes | None = None
    tamper: object = None  # (sender, payload) -> payload, or None to lose it; see on()
    answers: object = None  # (question) -> answer, or None for silence; default: the backend
    portion: int | None = None  # octets per read
    recorder: object = None  # ev_emulator.trace.Recorder

    def __post_init__(self):
        self.backend = self.backend or StandIn(
            WORLD, now=self.clock.now, random_bytes=Dice(), tariffs=True
        )
        self.outlet = self.outlet or outlet(self.clock, offer=self.offer)
        self.evcc = EvccSession(
            speakers=[
                Iso2Evcc(
                    self.intentions,
                    self.wallet,
                    clock=self.clock,
                    secured=self.secured,
                    resume=self.resume,
                )
            ],
            clock=self.clock,
        )
        self.secc = SeccSession(
            speakers=[Iso2Secc(self.outlet, secured=self.secured)], clock=self.clock
        )
        self.ev, self.charger = [], []
        self.asked = []

    def run(self):
        """Until both are over, or nothing would happen however long one waited."""
        self._note_secc(self.secc.begin())
        self._note_ev(self.evcc.begin())
        for _ in range(STEPS_MAX):
            moved = self._carry(self.evcc, self._to_secc) | self._carry(self.secc, self._to_evcc)
            if moved:
                continue
            if self.evcc.over and not self.secc.over:
                self._note_secc(self.secc.connection_lost())
            if self.secc.over and not self.evcc.over:
                self._note_ev(self.evcc.connection_lost())
            if self.evcc.over and self.secc.over:
                return self
            self._wait()
        raise AssertionError(f"no end: {self.evcc.state} / {self.secc.state}")

    def _wait(self):
        """Let the time pass until one of them wakes."""
        due = [each.wakes_at for each in (self.evcc, self.secc) if each.wakes_at is not None]
        self.clock.move(max(0.0, min(due) - self.clock.seconds()))
        self._note_ev(self.evcc.tick())
        self._note_secc(self.secc.tick())

    def _carry(self, sender, deliver):
        data = sender.outgoing()
        if not data:
            return False
        reader = FrameReader()
        for frame in reader.feed(data):
            payload = frame.payload
            if self.tamper is not None:
                payload = self.tamper(sender, payload)
            if payload is not None:
                deliver(v2gtp.encode(frame.payload_type, payload))
        assert reader.failure is None
        return True

    def _portions(self, data):
        size = self.portion or len(data)
        return [data[i : i + size] for i in range(0, len(data), size)]

    def _to_secc(self, data):
        for portion in self._portions(data):
            self._note_secc(self.secc.receive(portion))

    def _to_evcc(self, data):
        for portion in self._portions(data):
            self._note_ev(self.evcc.receive(portion))

    def _note_ev(self, events):
        self.ev += events
        for event in events:
            if self.recorder is not None:
                self.recorder.vehicle(event)

    def _note_secc(self, events):
        self.charger += events
        for event in events:
            if self.recorder is not None:
                self.recorder.charger(event)
            if isinstance(event, Asked):
                self.asked.append(event.question)
                answer = self._answer(event.question)
                if answer is not None:
                    self._note_secc(self.secc.answer(event.question, answer))

    def _answer(self, question):
        if self.answers is not None:
            return self.answers(question)
        return asyncio.run(ask(self.backend, question))


def on(name, change):
    """A ``tamper`` that puts ``change(message)`` in place of each ISO 15118-2 message of a name.

    ``change`` returns a message, or octets, or None to lose it.
    """

    def tamper(_sender, payload):
        try:
            message = decode(payload, Protocol.ISO_2)
        except Malformed:
            return payload
        if type(message.Body.BodyElement).__name__ != name:
            return payload
        made = change(message)
        return encode(made) if isinstance(made, V2G_Message) else made

    return tamper


def with_body(message, **changes):
    """A message with changes in its body element."""
    body = replace(message.Body.BodyElement, **changes)
    return replace(message, Body=BodyType(BodyElement=body))


def told(events, kind):
    """The events of a kind."""
    return [event for event in events if isinstance(event, kind)]


def names(events):
    """The messages of a side, sent and received, in order."""
    return [e.name for e in events if isinstance(e, MessageSent | MessageReceived)]


def failure(events):
    """Code and ResponseCode of the one failure; None where there is none."""
    failed = told(events, SessionFailed)
    assert len(failed) <= 1
    return (failed[0].failure.code, failed[0].response_code) if failed else None
