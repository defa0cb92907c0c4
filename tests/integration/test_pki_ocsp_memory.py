"""The OCSP door gives from memory what it signed once, by POST and by address."""

import base64

import anyio
import httpx
import pytest

from certs.profiles.rules import Role
from pki.app import open_doors
from pki.authority.entries import Reason
from tests.pki_house import (
    Clock,
    MemoryKeys,
    empty_house,
    furnished_house,
    issuer_id,
    place_of,
    someone,
)
from tests.pki_wire import question
from tests.world import valid_world

ADDRESS = "/ocsp/" + base64.b64encode(question()).decode().replace("/", "%2F")


@pytest.fixture
def house(tmp_path):
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=Clock(), keys=MemoryKeys()) as house:
        yield house


def call(house, *calls):
    """What one app answers to several requests."""

    async def all_of():
        transport = httpx.ASGITransport(open_doors(house), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://pki") as client:
            return [await client.request(method, path, **given) for method, path, given in calls]

    return anyio.run(all_of)


def wreck(house):
    """From here on nothing can be signed: what is still answered comes from memory."""
    place = place_of(house)
    place.broken = set(place.kept)


def test_posted_question_is_answered_from_memory(house):
    (signed,) = call(house, ("POST", "/ocsp", {"content": question()}))
    wreck(house)
    given, metrics = call(
        house, ("POST", "/ocsp", {"content": question()}), ("GET", "/metrics", {})
    )
    assert (given.status_code, given.content) == (200, signed.content)
    assert given.headers["content-type"] == "application/ocsp-response"
    assert given.headers["cache-control"] == "no-store"
    assert 'pnc_ocsp_responses_total{status="successful"} 1.0' in metrics.text


def test_question_in_the_address_is_answered_with_the_same_validators(house):
    (signed,) = call(house, ("GET", ADDRESS, {}))
    wreck(house)
    (given,) = call(house, ("GET", ADDRESS, {}))
    assert given.content == signed.content
    for name in ("etag", "cache-control", "last-modified", "expires", "content-length"):
        assert given.headers[name] == signed.headers[name]
    (known,) = call(house, ("GET", ADDRESS, {"headers": {"If-None-Match": given.headers["etag"]}}))
    assert known.status_code == 304


def test_caches_hold_a_kept_answer_no_longer_than_it_lasts(house):
    call(house, ("GET", ADDRESS, {}))
    house.clock._clock.forward(seconds=2_699)
    (given,) = call(house, ("GET", ADDRESS, {}))
    assert "max-age=300," in given.headers["cache-control"]


def test_body_in_pieces_is_read_by_the_door_behind(house):
    async def pieces():
        yield question()[:10]
        yield question()[10:]

    (answer,) = call(house, ("POST", "/ocsp", {"content": pieces()}))
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert len(answer.content) > 300


@pytest.mark.parametrize("path", ["/ocsp/%00", "/ocspx", "/ocsp"])
def test_other_addresses_go_to_the_door_behind(house, path):
    (answer,) = call(house, ("GET", path, {}))
    assert answer.status_code in {200, 404, 405}


def test_wrong_clock_silences_memory_too(house):
    call(house, ("POST", "/ocsp", {"content": question()}))
    house.clock._clock.forward(days=-1)
    (answer,) = call(house, ("POST", "/ocsp", {"content": question()}))
    assert answer.content == bytes.fromhex("30030a0103")  # tryLater


def test_open_house_hears_within_five_seconds_what_another_process_revoked(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    leaf = valid_world()[Role.CONTRACT].certificate

    async def answers_change(serving, other):
        app = open_doors(serving)
        async with app.router.lifespan_context(app):
            first = serving.answer(question())
            other.authority.revoke(
                issuer_id(), leaf.serial, Reason.KEY_COMPROMISE, caller=someone(other)
            )
            with anyio.fail_after(5):
                while serving.answer(question()) is first:  # noqa: ASYNC110 - no event crosses
                    await anyio.sleep(0.05)

    # Two houses that share nothing but the database and the keys.
    keys = MemoryKeys()
    with (
        furnished_house(url, keys=keys) as serving,
        empty_house(url, keys=keys, migrate_at_start=False) as other,
    ):
        anyio.run(answers_change, serving, other)
