"""Whatever an operator answers, a charger charges only where it says yes twice."""

import asyncio
import json

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from certs.edition import Edition
from certs.findings.catalogue import ENTRIES
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from ev_emulator.backend.answers import finding_of, moment_of, of_pair
from ev_emulator.backend.http import Addresses, HttpBackend
from ev_emulator.errors import Unavailable
from ev_emulator.ports import ContractQuestion, Denied, Permitted
from tests.world import valid_world

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(["Accepted", "Blocked", "Invalid", "CertChainError", "ContractCancelled"])
FINDING = st.fixed_dictionaries(
    {"code": JSON | st.sampled_from(sorted(ENTRIES)), "severity": JSON | st.just("error")}
)
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        "idTokenInfo": JSON
        | st.fixed_dictionaries({"status": WORDS | JSON, "cacheExpiryDateTime": JSON}),
        "certificateStatus": WORDS | JSON,
        "findings": JSON | st.lists(FINDING, max_size=3),
    },
)
CONTRACT = valid_world()[Role.CONTRACT]
QUESTION = ContractQuestion(
    emaid=EMAID.parse("DE8AA001234567"),
    chain=CONTRACT.chain,
    path=(),
    evse_id="DE*ICE*E1",
    edition=Edition.ISO_2,
)


def answered(octets):
    """What a charger makes of these octets: an answer, or that there is none."""

    async def story():
        reply = httpx.MockTransport(lambda _request: httpx.Response(200, content=octets))
        async with httpx.AsyncClient(transport=reply) as client:
            backend = HttpBackend(client, Addresses(authorize="http://operator.test"))
            try:
                return await backend.authorize(QUESTION)
            except Unavailable:
                return None

    return asyncio.run(story())


@given(st.binary(max_size=200))
def test_any_octets_are_an_answer_or_none(octets):
    assert answered(octets) is None or isinstance(answered(octets), Denied)


@given(ANSWER)
@example({"findings": [{"code": []}]})
@example({"idTokenInfo": {"status": [], "cacheExpiryDateTime": "0001-01-01T00:00:00+14:00"}})
def test_any_json_charges_only_where_it_says_yes_twice(body):
    told = answered(json.dumps(body).encode())
    info = body.get("idTokenInfo")
    token = info.get("status") if isinstance(info, dict) else None
    yes = token == body.get("certificateStatus") == "Accepted"
    assert isinstance(told, Permitted if yes else Denied)
    assert yes or told.findings


@given(WORDS | JSON, WORDS | JSON)
def test_without_proof_a_certificate_status_may_be_absent_but_not_another(token, certificate):
    told = of_pair(token, certificate, proof_sent=False)
    yes = token == "Accepted" and certificate in ("Accepted", None)
    assert isinstance(told, Permitted if yes else Denied)


@given(JSON)
def test_any_value_is_a_moment_or_none(value):
    moment = moment_of(value)
    assert moment is None or moment.tzinfo is not None


@given(JSON | FINDING)
def test_any_value_is_a_finding_or_none(value):
    finding = finding_of(value)
    assert finding is None or finding.code in ENTRIES
