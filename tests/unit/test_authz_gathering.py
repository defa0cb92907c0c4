"""Gathering: one deadline for everything, and silence as a value."""

import asyncio

import pytest

from authz import gathering
from authz.contract import Contract, ContractState
from authz.errors import Unavailable
from authz.evidence import ChainProof, NoProof, NotKnown, NotTold, Source
from authz.gathering import Gatherer
from authz.policy import Policy
from authz.question import Question
from authz.relay import Sighting
from authz.restrictions import UNRESTRICTED, PowerType, Restrictions
from authz.told import Told
from authz.trust import Trust
from certs.chain.verifier import ChainVerifier
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.profiles.rules import Role
from certs.revocation.status import Unknown
from tests.world import CONTRACT_CN, NOW, valid_world

OWN = EMAID.parse(CONTRACT_CN)
SLOW = 30.0


class Registry:
    """The memory twin of a registry that may be slow or gone."""

    def __init__(
        self, *, seconds: float = 0.0, gone: bool = False, bound: Restrictions = UNRESTRICTED
    ) -> None:
        self.bound = bound
        self.seconds = seconds
        self.gone = gone

    def recall(self, _tenant: str, _emaid: EMAID) -> Contract | None:
        return None

    async def find(self, _tenant: str, emaid: EMAID) -> Contract | None:
        await asyncio.sleep(self.seconds)
        if self.gone:
            raise Unavailable("database")
        return Contract(emaid=emaid, state=ContractState.ACTIVE, restrictions=self.bound)

    async def named_by(self, _tenant, _hashes):
        raise Unavailable("database")


class Evses:
    """EVSEs of which nothing is told, after a while or by nobody."""

    def __init__(self, *, seconds: float = 0.0, gone: bool = False) -> None:
        self.seconds = seconds
        self.gone = gone
        self.asked = 0

    async def find(self, _tenant, _evse_id):
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.gone:
            raise Unavailable("database")


class Sightings:
    """Nobody was seen anywhere; after a while or by nobody."""

    def __init__(self, *, seconds: float = 0.0, gone: bool = False) -> None:
        self.seconds = seconds
        self.gone = gone
        self.asked = 0

    async def elsewhere(self, _tenant, _emaid, *, evse_id, station):
        assert evse_id is not None or station is not None
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.gone:
            raise Unavailable("database")
        position = (52.5, 13.4)
        return (Sighting(place="DEPLWE9", seen_at=NOW, running=False, position=position),)


class Sources:
    """Sources that never answer, or at once without knowing anything."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.asked = 0
        self.cancelled = 0

    async def ask(self, _certificate, _issuer, *, offered=(), now):  # noqa: ARG002 - the port's
        self.asked += 1
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Told(status=Unknown("revocation.source_missing"))


class Memory:
    """A memory that forgets everything, or is gone."""

    def __init__(self, *, gone: bool = False) -> None:
        self.gone = gone

    def recall(self, _certificate, _issuer, *, now):  # noqa: ARG002 - the port's
        return None

    async def recall_kept(self, _certificate, _issuer, *, now):  # noqa: ARG002 - the port's
        if self.gone:
            raise Unavailable("database")

    async def remember(self, _certificate, _issuer, told, *, now):  # noqa: ARG002 - the port's
        return told.status


def gathered(
    *,
    registry=None,
    evses=None,
    sightings=None,
    sources=None,
    memory=None,
    question=None,
    seconds: float = 0.05,
    times=1,
):
    trust = Trust(
        tenant="cpo-one",
        generation=0,
        policy=Policy(),
        verifier=ChainVerifier(valid_world().anchors()),
    )
    asked = question or Question(
        token_type="eMAID", emaid=OWN, chain_pem=valid_world()[Role.CONTRACT].pem
    )

    async def story():
        gatherer = Gatherer(
            contracts=registry or Registry(),
            evses=evses or Evses(),
            sightings=sightings or Sightings(),
            sources=sources or Sources(),
            memory=memory or Memory(),
            deadline_seconds=seconds,
        )
        try:
            return await asyncio.gather(
                *(gatherer.gather(trust, asked, now=NOW) for _ in range(times))
            )
        finally:
            await gatherer.close()

    return asyncio.run(story())[0]


def codes_of(evidence) -> set[tuple[str, Source]]:
    return {(one.status.code, one.source) for one in evidence.proof.statuses}


def test_slow_registry_is_not_waited_for():
    told = gathered(registry=Registry(seconds=SLOW))
    assert told.standing == NotTold(reason="the registry did not answer in time")


def test_registry_that_is_gone_is_silence():
    assert gathered(registry=Registry(gone=True)).standing == NotTold(reason="database")


@pytest.mark.parametrize("evses", [Evses(seconds=SLOW), Evses(gone=True)], ids=["slow", "gone"])
def test_evse_that_nobody_tells_of_in_time_is_silence(evses):
    asked = Question(token_type="eMAID", emaid=OWN, evse_id=EVSEID.parse("DE*PLW*E1"))
    bound = Registry(bound=Restrictions(power_types=frozenset({PowerType.DC})))
    assert gathered(registry=bound, evses=evses, question=asked).evse is None
    assert evses.asked == 1


@pytest.mark.parametrize(
    "sightings", [Sightings(seconds=SLOW), Sightings(gone=True)], ids=["slow", "gone"]
)
def test_sightings_that_nobody_tells_of_in_time_are_none(sightings):
    asked = Question(token_type="eMAID", emaid=OWN, station="CS-1")
    assert gathered(sightings=sightings, question=asked).sightings == ()
    assert sightings.asked == 1


def test_k18_where_a_contract_was_is_asked_only_of_a_question_that_says_where_it_is():
    sightings, evses = Sightings(), Evses()
    told = gathered(sightings=sightings, question=Question(token_type="eMAID", emaid=OWN))
    assert (told.sightings, sightings.asked) == ((), 0)
    here = Question(token_type="eMAID", emaid=OWN, evse_id=EVSEID.parse("DE*PLW*E1"))
    assert len(gathered(sightings=sightings, evses=evses, question=here).sightings) == 1
    assert evses.asked == 1  # where it is now counts, too


def test_evse_is_asked_for_only_where_the_contract_is_bound_to_a_kind():
    evses = Evses()
    asked = Question(token_type="eMAID", emaid=OWN, evse_id=EVSEID.parse("DE*PLW*E1"))
    gathered(evses=evses, sightings=Sightings(gone=True), question=asked)
    assert evses.asked == 0


def test_registry_that_cannot_say_which_certificate_is_meant_ends_the_question():
    hashes = Question(token_type="eMAID", emaid=OWN, hashes=((),))
    with pytest.raises(Unavailable):
        gathered(question=hashes)


def test_slow_sources_are_not_waited_for_and_not_left_behind():
    sources = Sources(seconds=SLOW)
    told = gathered(sources=sources)
    assert isinstance(told.proof, ChainProof)
    assert codes_of(told) == {("revocation.source_unreachable", Source.NONE)}
    assert sources.cancelled == sources.asked == 3


def test_equal_questions_are_asked_once():
    sources = Sources(seconds=0.01)
    gathered(sources=sources, times=5, seconds=1)
    assert sources.asked == 3


def test_memory_that_is_gone_is_silence():
    assert codes_of(gathered(memory=Memory(gone=True))) == {("revocation.unknown", Source.NONE)}


def test_too_many_open_questions_are_silence(monkeypatch):
    monkeypatch.setattr(gathering, "ASKING_MAX", 1)
    sources = Sources()
    assert ("revocation.source_unreachable", Source.NONE) in codes_of(gathered(sources=sources))
    assert sources.asked == 1


def test_nothing_is_asked_where_nothing_is_proved():
    sources = Sources()
    token = Question(token_type="ISO14443", emaid=None)
    told = gathered(sources=sources, question=token)
    assert (told.proof, told.standing) == (NoProof(), NotKnown())
    foreign = Question(
        token_type="eMAID", emaid=OWN, chain_pem=valid_world(name="foreign")[Role.CONTRACT].pem
    )
    assert gathered(sources=sources, question=foreign).proof.statuses == ()
    assert sources.asked == 0
