"""Charging stations come to a served house: who is let in, how, and what ends a connection."""

import asyncio
import json
from contextlib import ExitStack

import pytest
from websockets.exceptions import InvalidStatus

from tests.authz_house import OTHER_TENANT, TENANT, house
from tests.stations import NOW, PASSWORDS, basic, call, closed, served

pytestmark = pytest.mark.filterwarnings("ignore:ssl")


@pytest.fixture(scope="module")
def s(tmp_path_factory):
    with house(tmp_path_factory.mktemp("stations")) as h, served(h) as one:
        one.register()
        yield one


def refused(s, **how):
    """The HTTP status of a refused connection, its headers and its body."""

    async def story():
        with pytest.raises(InvalidStatus) as declined:
            async with s.connect(**how):
                pass
        return declined.value.response

    return asyncio.run(story())


def test_a_station_is_let_in_and_answered(s):
    async def story():
        async with s.connect() as socket:
            assert socket.subprotocol == "ocpp2.0.1"
            assert await call(socket, "Heartbeat", {}) == [3, "1", {"currentTime": NOW}]
            told = s.manage("GET", "/v1/stations/CS-1").json()
            assert (told["connected"], told["version"]) == (True, "ocpp2.0.1")
            assert "pnc_stations_connected 1.0" in s.metrics()

    asyncio.run(story())
    assert 'pnc_station_calls_total{action="Heartbeat",result="answered"}' in s.metrics()


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        (["ocpp1.6"], "ocpp1.6"),
        (["ocpp1.6", "ocpp2.0.1"], "ocpp2.0.1"),
        (["ocpp2.0.1", "ocpp2.1", "ocpp1.6"], "ocpp2.1"),
        (["ocpp3.0", "ocpp1.6"], "ocpp1.6"),
    ],
)
def test_the_newest_common_version_is_spoken(s, offered, agreed):
    async def story():
        async with s.connect(versions=offered) as socket:
            assert socket.subprotocol == agreed

    asyncio.run(story())


@pytest.mark.parametrize("offered", [[], ["ocpp1.5"], ["OCPP2.0.1"]])
def test_without_a_common_version_the_handshake_ends_in_a_close(s, offered):
    async def story():
        async with s.connect(versions=offered) as socket:
            assert socket.subprotocol is None
            assert (await closed(socket))[0] == 1002

    asyncio.run(story())


@pytest.mark.parametrize(
    "how",
    [
        {"password": "the-wrong-password-1"},
        {"password": None},
        {"identity": "CS-9"},
        {"identity": "CS-9", "password": None},
        {"identity": "%00%ff"},
        {"identity": "x" * 49},
        {"identity": "a:b"},
        {"tenant": OTHER_TENANT},
        {"tenant": "nobody"},
        {"authorization": "Bearer x"},
        {"authorization": "Basic ####"},
        {"authorization": basic("CS-2", PASSWORDS[0])},
        {"authorization": "Basic " + "A" * 4_000},
    ],
    ids="-".join,
)
def test_h02_who_proves_nothing_is_answered_alike(s, how):
    answer = refused(s, **how)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="ocpp"'
    assert not answer.body


def test_h14_a_head_that_is_too_large_is_refused_at_once(s):
    assert refused(s, authorization="Basic " + "A" * 10_000).status_code == 431


@pytest.mark.parametrize("header", ["X-SSL-Client-Cert", "X-Forwarded-Client-Cert"])
def test_h11_a_header_is_no_certificate_and_no_tls(s, header):
    s.register("CS-mtls", profile=3, password=None)
    s.register("CS-tls", profile=2)
    believed = {
        header: s.house.contract.pem.replace("\n", " "),
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "10.0.0.1",
        "Forwarded": "for=10.0.0.1;proto=https",
    }
    assert refused(s, identity="CS-mtls", password=None, headers=believed).status_code == 401
    assert refused(s, identity="CS-tls", headers=believed).status_code == 403


def test_a_newer_connection_takes_the_place_of_the_older(s):
    async def story():
        async with s.connect() as older, s.connect() as newer:
            code, reason = await closed(older)
            assert (code, reason) == (1008, "replaced by a newer connection of this identity")
            assert (await call(newer, "Heartbeat", {}))[0] == 3
        assert s.manage("GET", "/v1/stations/CS-1").json()["connected"] is False

    asyncio.run(story())


def test_one_identity_of_two_tenants_is_two_stations(s):
    s.register(tenant=OTHER_TENANT, password=PASSWORDS[1])

    async def story():
        async with (
            s.connect() as one,
            s.connect(tenant=OTHER_TENANT, password=PASSWORDS[1]) as other,
        ):
            assert (await call(one, "Heartbeat", {}))[0] == 3
            assert (await call(other, "Heartbeat", {}))[0] == 3

    asyncio.run(story())
    assert refused(s, password=PASSWORDS[1]).status_code == 401
    assert s.manage("DELETE", "/v1/stations/CS-1", tenant=OTHER_TENANT).status_code == 204


def test_binary_and_too_large_messages_end_the_connection(s):
    async def story():
        async with s.connect() as socket:
            await socket.send(b'[2,"1","Heartbeat",{}]')
            assert (await closed(socket))[0] == 1003
        async with s.connect() as socket:
            await socket.send('[2,"1","Heartbeat",{' + " " * 65_536 + "}]")
            assert (await closed(socket))[0] == 1009
        async with s.connect() as socket:
            await socket.send('[2,"1","Heartbeat",{' + " " * 65_500 + "}]")
            assert json.loads(await socket.recv())[0] == 3

    asyncio.run(story())


def test_a_peer_that_speaks_something_else_is_left(s):
    async def story():
        async with s.connect() as socket:
            for _ in range(17):
                await socket.send("hello")
            assert (await closed(socket))[0] == 1008

    asyncio.run(story())


@pytest.mark.parametrize("want", ["unavailable", "bug", "unfit"])
def test_h13_what_cannot_be_answered_grants_nothing_and_tells_nothing(s, want):
    custom = {"customData": {"vendorId": "test", "want": want}}

    async def story():
        async with s.connect() as socket:
            told = await call(socket, "Heartbeat", custom)
            assert told[:3] == [4, "1", "InternalError"]
            assert "secret" not in json.dumps(told)
            assert (await call(socket, "Heartbeat", {}, "2"))[0] == 3

    asyncio.run(story())


def test_calls_are_answered_in_their_order_while_one_waits(s):
    async def story():
        s.twin.gate.clear()
        async with s.connect() as socket:
            wait = {"customData": {"vendorId": "test", "wait": True}}
            await socket.send(json.dumps([2, "slow", "Heartbeat", wait]))
            await socket.send(json.dumps([2, "quick", "Heartbeat", {}]))
            await socket.ping()
            s.twin.gate.set()
            order = [json.loads(await socket.recv())[1] for _ in range(2)]
            assert order == ["slow", "quick"]

    asyncio.run(story())


def test_a_changed_registration_ends_the_connection_and_the_old_password(s):
    s.register("CS-2")

    async def story():
        async with s.connect("CS-2") as socket:
            s.register("CS-2", password=PASSWORDS[1])
            assert (await closed(socket))[0] == 1008
        async with s.connect("CS-2", password=PASSWORDS[1]) as socket:
            assert s.manage("DELETE", "/v1/stations/CS-2").status_code == 204
            assert (await closed(socket))[0] == 1008

    asyncio.run(story())
    assert refused(s, identity="CS-2").status_code == 401


def test_a_registration_that_another_process_changed_ends_the_connection(s, monkeypatch):
    from authz.stations import hub

    monkeypatch.setattr(hub, "SWEEP_SECONDS", 0.1)
    with served(s.house) as other:  # it has its own stations, over the same database
        for change in (
            lambda: s.register("CS-7", password=PASSWORDS[1]),
            lambda: s.manage("DELETE", "/v1/stations/CS-7"),
        ):
            s.register("CS-7")

            async def story(change=change):
                async with other.connect("CS-7") as kept, other.connect() as untouched:
                    assert (await call(kept, "Heartbeat", {}))[0] == 3
                    await asyncio.to_thread(change)
                    assert await closed(kept) == (1008, "its registration changed")
                    assert (await call(untouched, "Heartbeat", {}))[0] == 3

            asyncio.run(story())


def test_a_station_with_a_certificate_is_given_no_password(s):
    s.register("CS-8", profile=3, password=None)
    answer = s.manage("POST", "/v1/stations/CS-8/password")
    assert (answer.status_code, answer.json()["code"]) == (409, "station.no_password")


def test_a_made_password_is_shown_once(s):
    made = s.register("CS-3", password=None)
    assert len(made["password"]) == 32
    assert "password" not in s.manage("GET", "/v1/stations/CS-3").json()
    assert "password" not in s.register("CS-3", password=None)
    renewed = s.manage("POST", "/v1/stations/CS-3/password").json()["password"]

    async def story():
        async with s.connect("CS-3", password=renewed) as socket:
            assert (await call(socket, "Heartbeat", {}))[0] == 3

    asyncio.run(story())
    assert refused(s, identity="CS-3", password=made["password"]).status_code == 401


def test_an_authorization_key_of_1_6_comes_as_octets(s):
    """OCPP 1.6's AuthorizationKey is told in hexadecimal and used as the octets it stands for."""
    key = "00112233445566778899AABBCCDDEEFF01234567"
    s.register("CS-4", password=key)

    async def story():
        async with s.connect("CS-4", password=bytes.fromhex(key), versions=["ocpp1.6"]) as socket:
            assert (await call(socket, "Heartbeat", {}))[0] == 3
        async with s.connect("CS-4", password=key) as socket:
            assert (await call(socket, "Heartbeat", {}))[0] == 3

    asyncio.run(story())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"password": "short"}, 422),
        ({"password": "x" * 41}, 422),
        ({"password": "aaaaaaaaaaaaaaaaaaaa"}, 422),
        ({"password": "p\u00e4ssword-p\u00e4ssword-1"}, 422),
        ({"securityProfile": 0}, 422),
        ({"securityProfile": 3, "password": PASSWORDS[0]}, 422),
        ({"tenant": OTHER_TENANT}, 422),
    ],
)
def test_h03_what_no_station_has_is_refused(s, body, status):
    answer = s.manage("PUT", "/v1/stations/CS-5", json=body)
    assert answer.status_code == status
    assert s.manage("GET", "/v1/stations/CS-5").status_code == 404


def test_stations_are_listed_page_by_page(tmp_path, monkeypatch):
    from authz.api import stations

    monkeypatch.setattr(stations, "PAGE", 2)
    with house(tmp_path) as h:
        for number in range(5):
            assert h.manage("PUT", f"/v1/stations/CS-{number}", json={}).status_code == 201
        seen, path = [], "/v1/stations"
        while path:
            told = h.manage("GET", path).json()
            seen += [one["identity"] for one in told["stations"]]
            path = f"/v1/stations?after={told['next']}" if "next" in told else None
        assert seen == [f"CS-{number}" for number in range(5)]


def test_guessing_ends_in_429_and_harms_no_other_station(tmp_path):
    with house(tmp_path) as h, served(h) as s:
        s.register()
        s.register("CS-2", password=PASSWORDS[1])
        statuses = [refused(s, password="the-wrong-password-1").status_code for _ in range(11)]
        assert statuses == [401] * 10 + [429]
        answer = refused(s)  # the right password comes too soon
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 7
        unknown = [refused(s, identity="CS-9").status_code for _ in range(11)]
        assert unknown == statuses  # a name that nobody has runs out alike

        async def story():
            async with s.connect("CS-2", password=PASSWORDS[1]) as socket:
                assert (await call(socket, "Heartbeat", {}))[0] == 3

        asyncio.run(story())
        assert 'pnc_stations_turned_away_total{reason="not_proved"} 20.0' in s.metrics()


def test_profile_2_does_not_come_without_tls(s):
    s.register("CS-6", profile=2)
    assert refused(s, identity="CS-6").status_code == 403


def test_without_tls_only_listed_networks_come(tmp_path):
    with house(tmp_path, plain_station_networks=["10.0.0.0/8"]) as h, served(h) as s:
        s.register()
        for identity in ("CS-1", "CS-9"):
            assert refused(s, identity=identity).status_code == 403


def test_behind_the_operator_s_own_proxy_profile_2_comes(tmp_path):
    networks = ["127.0.0.0/8"]
    with (
        house(tmp_path, plain_station_networks=[], tls_proxy_networks=networks) as h,
        served(h) as s,
    ):
        s.register(profile=2)

        async def story():
            async with s.connect() as socket:
                assert (await call(socket, "Heartbeat", {}))[0] == 3

        asyncio.run(story())


def test_the_end_of_the_service_is_going_away(tmp_path):
    async def story(stack, s):
        async with s.connect() as socket:
            assert (await call(socket, "Heartbeat", {}))[0] == 3
            await asyncio.to_thread(stack.close)
            assert (await closed(socket))[0] == 1001

    with house(tmp_path) as h, ExitStack() as stack:
        s = stack.enter_context(served(h))
        s.register()
        asyncio.run(story(stack, s))


def test_tenant_names_are_not_told_apart(s):
    answers = [refused(s, tenant=tenant) for tenant in ("nobody", OTHER_TENANT)]
    assert len({answer.status_code for answer in answers}) == 1
    assert TENANT not in str([answer.headers for answer in answers])
