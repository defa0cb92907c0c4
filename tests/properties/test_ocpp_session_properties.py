"""Whatever a station does: one call answered at a time, one asked, each answered once."""

import json
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion
from authz.ocpp.session import (
    ANSWERS_KEPT_MAX,
    ASKS_WAITING_MAX,
    CALLS_WAITING_MAX,
    Begin,
    Close,
    Failed,
    Say,
    Session,
    Told,
)

IDS = st.sampled_from([f"id-{n}" for n in range(6)])


class Conversation(RuleBasedStateMachine):
    """A station, a service, and the session between them."""

    def __init__(self):
        super().__init__()
        numbers = count(1)
        self.session = Session(OcppVersion.V21, new_id=lambda: f"ours-{next(numbers)}")
        self.answering = None
        self.open = set()  # ids of calls that wait for an answer
        self.asked = []  # our calls that the station saw and has not answered
        self.tickets = {}  # open tickets
        self.next_ticket = 0
        self.now = 0.0
        self.closed = False

    def take(self, events):
        for event in events:
            match event:
                case Begin(call=call):
                    assert self.answering is None
                    self.answering = call
                case Say(octets=octets):
                    kind, message_id, *_ = json.loads(octets)
                    if kind == 2:
                        assert self.asked == []
                        self.asked.append(message_id)
                case Told(ticket=ticket) | Failed(ticket=ticket):
                    del self.tickets[ticket]
                case Close():
                    self.closed = True

    @precondition(lambda self: not self.closed)
    @rule(message_id=IDS, whole=st.booleans())
    def station_calls(self, message_id, whole):
        payload = {} if whole else {"more": 1}
        octets = json.dumps([2, message_id, "Heartbeat", payload]).encode()
        self.take(self.session.hear(octets, now=self.now))

    @precondition(lambda self: self.answering is not None)
    @rule(soundly=st.booleans())
    def service_answers(self, soundly):
        call, self.answering = self.answering, None
        if soundly:
            events = self.session.answer(
                call, b'{"currentTime":"2026-11-21T05:00:00Z"}', now=self.now
            )
        else:
            refusal = CallRefused(CallErrorCode.INTERNAL_ERROR)
            events = self.session.refuse(call, refusal, now=self.now)
        first = json.loads(events[0].octets)
        assert first[:2] == [3 if soundly else 4, call.message_id]
        self.take(events)

    @rule()
    def service_asks(self):
        self.next_ticket += 1
        try:
            events = self.session.ask(self.next_ticket, "Reset", b'{"type":"Immediate"}')
        except CallRefused:
            assert len(self.tickets) > ASKS_WAITING_MAX
            return
        self.tickets[self.next_ticket] = True
        self.take(events)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def service_gives_up(self, data):
        ticket = data.draw(st.sampled_from(sorted(self.tickets)))
        del self.tickets[ticket]
        if ticket == min([ticket, *self.tickets]) and self.asked:
            self.asked.pop()
        self.take(self.session.give_up(ticket))

    @rule(payload=st.sampled_from([{"status": "Accepted"}, {"status": "?"}, {}, None]))
    def station_answers(self, payload):
        message_id = self.asked.pop() if self.asked else "ours-0"
        self.take(self.session.hear(json.dumps([3, message_id, payload]).encode(), now=self.now))

    @precondition(lambda self: not self.closed)
    @rule(octets=st.binary(max_size=40))
    def station_babbles(self, octets):
        self.take(self.session.hear(octets, now=self.now))

    @rule(seconds=st.floats(0, 300))
    def time_passes(self, seconds):
        self.now += seconds

    @invariant()
    def everything_is_bounded(self):
        assert len(self.session._calls) <= CALLS_WAITING_MAX
        assert len(self.session._asks) <= ASKS_WAITING_MAX
        assert len(self.session._kept) <= ANSWERS_KEPT_MAX
        assert self.session._kept_octets == sum(
            len(kept.octets) for kept in self.session._kept.values()
        )

    @invariant()
    def nothing_is_forgotten(self):
        assert (self.session._answering is None) == (self.answering is None)
        waiting = len(self.session._asks) + (self.session._asked is not None)
        assert waiting == len(self.tickets)


Conversation.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestConversation = Conversation.TestCase
