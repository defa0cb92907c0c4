"""SignCertificate: accepted where it may be signed, and brought to the station at last."""

import asyncio
import json
from base64 import b64decode, b64encode
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from authz.actions.asked import asked_by, encoded
from authz.actions.signing import (
    ATTEMPTS_MAX,
    SIGNED_A_DAY_MAX,
    CertificateCourier,
    SigningDesk,
)
from authz.adapters.certificate_authority import HttpCertificateAuthority
from authz.adapters.database import Database
from authz.adapters.outbound import Outbound
from authz.adapters.signing_requests import SigningRequestTable
from authz.adapters.stations import StationBook
from authz.adapters.writer import Writer
from authz.errors import Unavailable
from authz.ocpp.protocol import CallFailed, NotConnected, OcppVersion, Station
from authz.ocpp.schemas import MessageKind, validate
from authz.provisioning import Provisioning
from authz.remote_service import RemoteService
from authz.settings import load
from authz.signing_request import SigningState
from certs import pem
from certs.profiles.rules import Role
from tests.authz_house import TENANT, Clock, house
from tests.scripted_station import VENDOR, ScriptedStation, fits
from tests.signing_authority import KEY, SECC, SigningAuthority, csr
from tests.stations import served
from tests.world import NOW

CS = "CS-1"
SIGNED = (Role.SECC, Role.CHARGING_STATION)
CLIENT = {"certificateType": "ChargingStationCertificate"}


class Line:
    """authz.ports.Stations in memory: one station that answers as it is told."""

    def __init__(self, version=OcppVersion.V201, identity=CS):
        self.station = Station(tenant=TENANT, identity=identity, version=version)
        self.online = True
        self.heard = []
        self.answers = []  # of the next calls; then Accepted

    def connected(self, tenant):
        return (self.station,) if self.online and tenant == TENANT else ()

    def find(self, tenant, identity):
        found = self.connected(tenant)
        return found[0] if found and found[0].identity == identity else None

    async def call(self, tenant, identity, action, payload, *, timeout_seconds):
        assert timeout_seconds > 0
        if not self.online or (tenant, identity) != (TENANT, self.station.identity):
            raise NotConnected
        validate(self.station.version, action, MessageKind.REQUEST, payload)
        fits(self.station.version, action, 2, json.loads(payload))
        self.heard.append((action, json.loads(payload)))
        answer = self.answers.pop(0) if self.answers else {"status": "Accepted"}
        if isinstance(answer, Exception):
            raise answer
        return encoded(answer)


class Office:
    """Desk and courier over a database, with everything else in memory or on loopback."""

    def __init__(self, database, writer, service, line, *, names=None, operators=None, clock=None):
        self.clock = clock or Clock()
        self.line = line
        self.requests = SigningRequestTable(database, writer)
        self.outbound = Outbound()
        authority = HttpCertificateAuthority(self.outbound, dict.fromkeys(SIGNED, service))
        self.courier = CertificateCourier(
            authority=authority, requests=self.requests, stations=line, clock=self.clock
        )
        self.woken = 0
        self.desk = SigningDesk(
            signed_here=SIGNED,
            requests=self.requests,
            register=StationBook(database, writer),
            names=names if names is not None else {(TENANT, CS): frozenset({SECC})},
            operators=operators or {},
            clock=self.clock,
            wake=self._wake,
        )

    def _wake(self):
        self.woken += 1

    async def ask(self, text=None, *, version=None, **more):
        station = self.line.station
        payload = {"csr": text or csr(), **more}
        asked = asked_by(station, json.dumps(payload).encode(), version=version)
        validate(asked.version, "SignCertificate", MessageKind.REQUEST, asked.octets)
        return await self.desk.answer(asked)

    async def states(self):
        found = await self.requests.of_station(TENANT, CS)
        return [request.state for request in found]

    async def latest(self):
        return (await self.requests.of_station(TENANT, CS))[0]


@pytest.fixture
def authority():
    with SigningAuthority() as made:
        yield made


@pytest.fixture
def told(tmp_path, authority):
    """Runs a story at an office; several begin at one database, as after a restart."""
    url = f"sqlite:///{tmp_path}/authz.db"
    with Provisioning(load(environ={}, database_url=url)) as provisioning:
        provisioning.add_tenant(TENANT, now=NOW)
    service = RemoteService.parse(authority.origin, networks=(), api_key=KEY, api_key_file=None)

    @asynccontextmanager
    async def office(line, **more):
        database = Database(url)
        writer = Writer(database)
        writer.start()
        made = Office(database, writer, service, line, **more)
        try:
            yield made
        finally:
            await made.outbound.close()
            await writer.close()
            database.close()

    def tell(story, line=None, **more):
        async def whole():
            async with office(line or Line(), **more) as made:
                await story(made)

        asyncio.run(whole())

    return tell


def leaf_of(payload):
    return pem.parse_chain(payload["certificateChain"])[0]


@pytest.mark.parametrize("version", [OcppVersion.V201, OcppVersion.V21])
def test_a_certificate_is_asked_for_signed_and_brought(told, authority, version):
    async def story(office):
        request = {"certificateType": "V2GCertificate"}
        if version is OcppVersion.V21:
            request["requestId"] = 4_711
        assert await office.ask(**request) == {"status": "Accepted"}
        assert office.woken == 1
        assert await office.states() == [SigningState.ASKED]
        assert await office.courier.work() == 1
        assert await office.states() == [SigningState.DELIVERED]
        ((action, payload),) = office.line.heard
        assert action == "CertificateSigned"
        assert payload.pop("certificateChain").count("BEGIN CERTIFICATE") == 3
        assert payload == request  # A02.FR.25: requestId is echoed
        assert await office.courier.work() == 0

    told(story, Line(version))
    ((path, asked),) = authority.asked
    assert path == "/v1/certificates"
    assert (asked["role"], asked["edition"]) == ("secc", "iso15118-2")
    assert authority.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_v2g20_is_of_the_other_edition_with_its_own_keys(told, authority):
    async def story(office):
        wanted = {"certificateType": "V2G20Certificate"}
        small = await office.ask(**wanted)
        assert small["statusInfo"]["reasonCode"] == "InvalidCSR"
        long_name = "DEPLWS" + "1" * 32
        text = csr(long_name, curve=ec.SECP521R1())
        assert (await office.ask(text, **wanted))["status"] == "Accepted"
        await office.courier.work()
        assert await office.states() == [SigningState.DELIVERED]

    names = {(TENANT, CS): frozenset({SECC, "DEPLWS" + "1" * 32})}
    told(story, Line(OcppVersion.V21), names=names)
    assert authority.asked[0][1]["edition"] == "iso15118-20"


def test_16_asks_and_is_answered_in_data_transfers(told):
    async def story(office):
        asked = await office.ask(version=OcppVersion.V201, certificateType="V2GCertificate")
        assert asked == {"status": "Accepted"}
        office.line.answers = [{"status": "Accepted", "data": '{"status":"Accepted"}'}]
        await office.courier.work()
        ((action, payload),) = office.line.heard
        assert action == "DataTransfer"
        assert (payload["vendorId"], payload["messageId"]) == (VENDOR, "CertificateSigned")
        inner = json.loads(payload["data"])
        fits(OcppVersion.V201, "CertificateSigned", 2, inner)
        assert inner["certificateType"] == "V2GCertificate"
        assert await office.states() == [SigningState.DELIVERED]

    told(story, Line(OcppVersion.V16))


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"text": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END "}, "InvalidCSR"),
        ({"text": "no request"}, "InvalidCSR"),
        ({"text": "\u20ac"}, "InvalidCSR"),
        ({"text": csr("DE*PLW*E99999")}, "NameNotPermitted"),
        ({"text": csr(names=[SECC, "CS-1"])}, "InvalidCSR"),
        ({"text": csr(curve=ec.SECP384R1())}, "InvalidCSR"),
        # another station's, in another spelling, of nobody, of two; the entrance takes one name
        ({"text": csr("CS-2", operators=["Op"]), **CLIENT}, "NameNotPermitted"),
        ({"text": csr("cs1", operators=["Op"]), **CLIENT}, "NameNotPermitted"),
        ({"text": csr(SECC, operators=["Op"]), **CLIENT}, "NameNotPermitted"),
        ({"text": csr(CS), **CLIENT}, "InvalidCSR"),
        ({"text": csr(CS, operators=["Op", "Op"]), **CLIENT}, "InvalidCSR"),
        ({"text": csr(CS, operators=["Op"], curve=ec.SECP384R1()), **CLIENT}, "InvalidCSR"),
    ],
)
def test_a_request_that_may_not_be_signed_is_rejected_at_once(told, authority, request_, reason):
    """A02.FR.21: a station that is Rejected stops offering Plug & Charge, and asks later."""

    async def story(office):
        given = dict(request_)
        answer = await office.ask(given.pop("text", None), **given)
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == reason
        fits(OcppVersion.V201, "SignCertificate", 3, answer)
        assert await office.states() == []

    told(story)
    assert authority.asked == []


def test_a_request_signed_with_another_key_proves_nothing(told):
    """E07: proof of possession."""

    async def story(office):
        text = csr()
        body = text.splitlines()
        lines = "".join(body[1:-1])
        octets = bytearray(b64decode(lines))
        octets[-1] ^= 1
        forged = "\n".join([body[0], b64encode(bytes(octets)).decode(), body[-1], ""])
        answer = await office.ask(forged)
        assert answer["statusInfo"]["reasonCode"] == "InvalidCSR"

    told(story)


@pytest.mark.parametrize("name", ["CS-1", "cs-1", "CS1"])
def test_a_station_may_bear_its_own_name(told, name):
    async def story(office):
        assert (await office.ask(csr(name)))["status"] == "Accepted"

    told(story, names={})


@pytest.mark.parametrize(
    ("curve", "edition"), [(ec.SECP256R1(), "iso15118-2"), (ec.SECP521R1(), "iso15118-20")]
)
def test_a_client_certificate_is_of_the_edition_that_its_key_is_of(told, authority, curve, edition):
    async def story(office):
        text = csr(CS, operators=["Charge Point Operator"], curve=curve)
        assert await office.ask(text, **CLIENT) == {"status": "Accepted"}
        assert await office.courier.work() == 1
        ((_, payload),) = office.line.heard
        assert payload["certificateType"] == "ChargingStationCertificate"
        assert leaf_of(payload).common_name == CS

    told(story)
    ((_, asked),) = authority.asked
    assert (asked["role"], asked["edition"]) == ("charging-station", edition)


def test_a_client_certificate_is_for_the_operators_that_are_listed(told):
    async def story(office):
        other = await office.ask(csr(CS, operators=["Somebody"]), **CLIENT)
        assert other["statusInfo"]["reasonCode"] == "NameNotPermitted"
        assert (await office.ask(csr(CS, operators=["Own"]), **CLIENT))["status"] == "Accepted"

    told(story, operators={TENANT: frozenset({"Own"})})


def test_16_its_own_sign_certificate_is_for_the_client_certificate(told, authority):
    """The security whitepaper's messages, which have room for neither type nor reason."""

    async def story(office):
        refused = await office.ask()  # an SECC's name
        assert refused == {"status": "Rejected"}
        answer = await office.ask(csr(CS, operators=["Charge Point Operator"]))
        assert answer == {"status": "Accepted"}
        for one in (refused, answer):
            fits(OcppVersion.V16, "SignCertificate", 3, one)
        assert await office.courier.work() == 1
        ((action, payload),) = office.line.heard
        assert action == "CertificateSigned"
        assert payload.keys() == {"certificateChain"}
        assert leaf_of(payload).common_name == CS
        assert await office.states() == [SigningState.DELIVERED]

    told(story, Line(OcppVersion.V16))
    assert [asked["role"] for _, asked in authority.asked] == ["charging-station"]


def test_a_station_gets_so_many_certificates_a_day_and_no_more(told, authority):
    """A station that was taken over does not wear out the authority."""

    async def story(office):
        for _ in range(SIGNED_A_DAY_MAX):
            assert (await office.ask())["status"] == "Accepted"
            await office.courier.work()
        answer = await office.ask()
        assert answer["statusInfo"]["reasonCode"] == "TooMany"
        office.clock.move(timedelta(days=1))
        assert (await office.ask())["status"] == "Accepted"

    told(story)
    assert len(authority.asked) == SIGNED_A_DAY_MAX


# Whatever happens --------------------------------------------------------------------------------


def test_a_restart_goes_on_where_it_was(told, authority):
    """Accepted is on disk: a crash before the authority's answer, and one before the station's."""

    async def taken(office):
        await office.ask()

    async def signed(office):
        assert await office.states() == [SigningState.ASKED]
        office.line.online = False
        await office.courier.work()
        assert await office.states() == [SigningState.SIGNED]

    async def brought(office):
        office.clock.move(timedelta(minutes=1))
        assert await office.courier.work() == 1
        assert await office.states() == [SigningState.DELIVERED]

    for story in (taken, signed, brought):
        told(story)
    assert len(authority.asked) == 1


def test_what_one_process_has_taken_up_no_other_takes(told):
    async def story(office):
        await office.ask()
        until = office.clock.now + timedelta(seconds=60)
        claim = {"limit": 8, "now": office.clock.now, "until": until}
        assert len(await office.requests.claim(office.line.connected, **claim)) == 1
        assert await office.requests.claim(office.line.connected, **claim) == ()
        office.clock.move(timedelta(seconds=60))
        assert await office.courier.work() == 1

    told(story)


def test_an_authority_out_of_reach_is_asked_again_later_and_later(told, authority):
    async def story(office):
        authority.status = 503
        await office.ask()
        waits = []
        for _ in range(4):
            assert await office.courier.work() == 1
            request = await office.latest()
            waits.append(request.due_at - office.clock.now)
            assert await office.courier.work() == 0  # not yet
            office.clock.now = request.due_at
        assert waits == [timedelta(seconds=seconds) for seconds in (5, 10, 20, 40)]
        authority.status = 201
        await office.courier.work()
        assert await office.states() == [SigningState.DELIVERED]

    told(story)


def test_nothing_is_tried_for_ever(told, authority):
    async def story(office):
        authority.status = 503
        await office.ask()
        for _ in range(ATTEMPTS_MAX):
            office.clock.now = (await office.latest()).due_at
            await office.courier.work()
        assert await office.states() == [SigningState.ABANDONED]

    told(story)


@pytest.mark.parametrize(
    "failure",
    [NotConnected(), CallFailed("InternalError"), Unavailable("station", "no answer in time")],
)
def test_a_station_that_fails_gets_its_certificate_again(told, authority, failure):
    async def story(office):
        await office.ask()
        office.line.answers = [failure]
        await office.courier.work()
        assert await office.states() == [SigningState.SIGNED]
        office.clock.move(timedelta(seconds=5))
        await office.courier.work()
        assert await office.states() == [SigningState.DELIVERED]
        first, second = ([p for _, p in office.line.heard] * 2)[:2]
        assert first == second

    told(story)
    assert len(authority.asked) == 1  # it is signed once


def test_a_station_that_rejects_its_certificate_ends_the_request(told):
    async def story(office):
        await office.ask()
        office.line.answers = [{"status": "Rejected"}]
        await office.courier.work()
        assert await office.states() == [SigningState.REJECTED]
        office.clock.move(timedelta(days=1))
        assert await office.courier.work() == 0

    told(story)


def test_a_station_that_is_away_costs_no_attempts(told):
    async def story(office):
        await office.ask()
        office.line.online = False
        await office.courier.work()
        for _ in range(3):
            office.clock.move(timedelta(days=1))
            assert await office.courier.work() == 0
        assert (await office.latest()).attempts == 1
        office.line.online = True
        assert await office.courier.work() == 1
        assert await office.states() == [SigningState.DELIVERED]

    told(story)


@pytest.mark.parametrize("status", [400, 403, 409, 422])
def test_an_authority_that_declines_ends_the_request(told, authority, status):
    async def story(office):
        authority.status = status
        await office.ask()
        await office.courier.work()
        assert await office.states() == [SigningState.REFUSED]
        assert office.line.heard == []

    told(story)


@pytest.mark.parametrize("wrong", ["name", "key", "rubbish", "long"])
def test_a_chain_that_is_not_what_was_asked_for_is_never_sent(told, authority, wrong):
    async def story(office):
        if wrong == "name":
            authority.name = "DE*PLW*E99999"
        elif wrong == "key":
            other = csr()
            kept = authority.answer
            authority.answer = lambda asked: kept(asked | {"csr": other})
        else:
            chain = "no chain" if wrong == "rubbish" else "x" * 10_001
            authority.body = json.dumps({"chain": chain}).encode()
        await office.ask()
        await office.courier.work()
        assert (await office.latest()).reason == "certificate.unfit"
        assert office.line.heard == []

    told(story)


def test_a_request_that_is_sent_again_is_kept_once_and_a_new_one_takes_its_place(told):
    async def story(office):
        office.line.online = False
        text = csr()
        for _ in range(2):
            assert (await office.ask(text))["status"] == "Accepted"
        assert await office.states() == [SigningState.ASKED]
        await office.ask(csr())
        assert await office.states() == [SigningState.ASKED, SigningState.SUPERSEDED]

    told(story)


# Through the house -------------------------------------------------------------------------------


def test_without_an_authority_nothing_is_signed(tmp_path):
    with house(tmp_path) as h:
        answer = ScriptedStation(h).ask("SignCertificate", csr=csr())
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == "NoAuthority"


def test_over_a_real_socket_accepted_first_and_the_certificate_after(tmp_path, authority):
    settings = {
        "certificate_authority": {"url": authority.origin, "api_key": KEY},
        "secc_names": [{"tenant": TENANT, "station": CS, "names": [SECC]}],
        "plain_station_networks": ["127.0.0.0/8"],
    }
    with house(tmp_path, **settings) as h, served(h, answering=None) as s:
        s.register(CS)

        async def story():
            async with s.connect(CS) as socket:
                asked = {"csr": csr(), "certificateType": "V2GCertificate"}
                await socket.send(json.dumps([2, "1", "SignCertificate", asked]))
                async with asyncio.timeout(30):
                    assert json.loads(await socket.recv()) == [3, "1", {"status": "Accepted"}]
                    kind, message_id, action, payload = json.loads(await socket.recv())
                    assert (kind, action) == (2, "CertificateSigned")
                    assert leaf_of(payload).common_name == SECC
                    await socket.send(json.dumps([3, message_id, {"status": "Accepted"}]))

        asyncio.run(story())
