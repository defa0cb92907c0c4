"""Plugging in over real connections: TLS, stapling, discovery, and chargers that stay up."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from certs.edition import Edition
from certs.profiles.rules import Role
from ev_emulator.driving.plug_in import Direct, Discovered, plug_in
from ev_emulator.driving.station import Station
from ev_emulator.errors import Unavailable
from ev_emulator.framing import sdp, v2gtp
from ev_emulator.framing.sdp import Security
from ev_emulator.framing.v2gtp import PayloadType
from ev_emulator.network import channel as tcp
from ev_emulator.network import tls, udp
from ev_emulator.network.tls import TlsIdentity
from ev_emulator.ports import Phase
from ev_emulator.session.events import MessageSent, SessionEnded, SessionFailed
from ev_emulator.stand_in import ocsp
from ev_emulator.vehicle.intentions import Installation, Intentions, Payment
from ev_emulator.vehicle.trust import Staple, objection_to_charger
from tests.ev_link import CLOCK, ONE_LOOP, backend, charger, come, vehicle, visit, world
from tests.ev_pair import PCID, told, wallet
from tests.world import expired, valid_world

FOREIGN = valid_world(name="foreign")


def test_contract_is_charged_over_tls():
    events, ours = [], backend()
    outcome = visit(where=charger(events, ours=ours))
    assert outcome.good
    assert outcome.authorized
    assert list(outcome.marks) == ["discovered", "connected", "secured", "authorized", "ended"]
    assert len(told(events, SessionEnded)) == 1
    phases = [report.phase for report in ours.reports]
    assert phases == [Phase.BEGAN, Phase.METERED, Phase.ENDED]


def test_first_contract_is_installed_over_tls():
    ours = backend()
    ours.assign(PCID, "DE8AA00TESTCAR")
    outcome = visit(vehicle(wallet=wallet(world=world())), where=charger(ours=ours))
    assert outcome.good
    assert outcome.installed
    assert {str(report.emaid) for report in ours.reports} == {"DE8AA00TESTCAR"}


def test_session_is_paused_and_joined_over_tls():
    async def run():
        async with Station(charger()) as station:
            first = await come(vehicle(intentions=Intentions(loops=1, pause=True)), station)
            second = await come(vehicle(resume=first.paused_session), station)
            return first, second

    first, second = asyncio.run(run())
    assert first.paused_session is not None
    assert second.good
    assert second.paused_session is None


# Whom the vehicle believes


class Unstapled:
    """A backend that has no OCSP responses."""

    def __init__(self):
        self._ours = backend()

    def __getattr__(self, name):
        return getattr(self._ours, name)

    async def certificate_status(self, _certificate, _issuer):
        raise Unavailable("ocsp")


def test_charger_without_staple_is_refused_where_one_is_required():
    outcome = visit(where=charger(ours=Unstapled()))
    assert (outcome.failure.code, outcome.at) == ("link.staple_missing", "tls")


def test_charger_without_staple_is_accepted_where_the_vehicle_says_so():
    assert visit(vehicle(staple=Staple.ACCEPT_ABSENT), where=charger(ours=Unstapled())).good


@pytest.mark.parametrize("policy", Staple)
def test_revoked_charger_is_refused_before_any_word_is_said(policy):
    ours, said, heard = backend(), [], []
    ours.revoke(world()[Role.SECC].certificate)
    outcome = visit(vehicle(staple=policy), where=charger(said, ours=ours), events=heard)
    assert outcome.failure.code == "revocation.revoked"
    assert told(heard, MessageSent) == []
    assert told(said, MessageSent) == []


@pytest.mark.parametrize(
    ("identity", "codes"),
    [
        (lambda: FOREIGN[Role.SECC], {"chain.anchor_unknown", "chain.issuer_missing"}),
        (lambda: expired(world()[Role.SECC], by=timedelta(days=1)), {"chain.expired"}),
        (
            lambda: world()[Role.CONTRACT],
            {"chain.role_confused", "chain.domain_component_missing"},
        ),
        (lambda: world()[Role.CPS], {"chain.role_confused", "chain.domain_component_missing"}),
    ],
    ids=["foreign", "expired", "X09-contract", "X09-cps"],
)
def test_charger_that_is_none_is_refused(identity, codes):
    outcome = visit(where=charger(identity=identity(), ours=Unstapled()))
    assert outcome.failure.code in codes
    assert outcome.at == "tls"


def judged(staple, **changes):
    secc = world()[Role.SECC]
    return objection_to_charger(
        **{
            "chain": [certificate.der for certificate in secc.chain],
            "staple": staple,
            "anchors": world().anchors(),
            "now": CLOCK.now(),
            "policy": Staple.REQUIRE,
            "edition": Edition.ISO_2,
            **changes,
        }
    )


def stapled(certificate=None, *, role=Role.CPO_SUB_2, **changes):
    return ocsp.respond(
        certificate or world()[Role.SECC].certificate,
        delegate=world().responder(role),
        **{"now": CLOCK.now(), **changes},
    )


def test_staple_must_be_about_this_charger_fresh_and_of_its_issuer():
    assert judged(stapled()) is None
    day = timedelta(days=1)
    assert judged(stapled(now=CLOCK.now() - day)).code == "revocation.ocsp_stale"
    assert judged(stapled(now=CLOCK.now() + day)).code.startswith("revocation.ocsp_")
    other = world()[Role.CPO_SUB_2].certificate
    assert judged(stapled(other, role=Role.CPO_SUB_1)).code.startswith("revocation.ocsp_")
    assert judged(b"no response").code.startswith("revocation.ocsp_")
    assert judged(stapled(), chain=[b"no certificate"]).code == "link.charger_not_trusted"
    assert judged(stapled(), chain=[]).code.startswith("chain.")


def test_stand_in_answers_for_nobody_without_a_key():
    delegate = replace(world().responder(Role.CPO_SUB_2), private_key=None)
    with pytest.raises(ValueError, match="private key"):
        ocsp.respond(world()[Role.SECC].certificate, delegate=delegate, now=CLOCK.now())
    root = world()[Role.V2G_ROOT]
    with pytest.raises(ValueError, match="nobody"):
        ocsp.respond(world()[Role.SECC].certificate, delegate=root, now=CLOCK.now())


# K15: no way down


def test_k15_contract_is_not_paid_with_over_plain_tcp():
    async def run():
        async with Station(charger(plain=True)) as station:
            target = Direct(host="127.0.0.1", port=station.plain_port, security=Security.NONE)
            contract = await plug_in(vehicle(), target, clock=CLOCK)
            wants = Intentions(payment=Payment.EXTERNAL, loops=1)
            external = await plug_in(vehicle(intentions=wants), target, clock=CLOCK)
            return contract, external

    contract, external = asyncio.run(run())
    assert contract.failure.code == "link.not_secured"
    assert external.good


def test_k15_plain_words_to_a_tls_door_are_refused():
    async def run():
        async with Station(charger()) as station:
            target = Direct(host="127.0.0.1", port=station.tls_port, security=Security.NONE)
            wants = Intentions(payment=Payment.EXTERNAL)
            return await plug_in(vehicle(intentions=wants), target, clock=CLOCK)

    assert asyncio.run(run()).failure.code in {"session.closed", "frame.malformed"}


def test_charger_that_is_not_there_is_told():
    async def run():
        return await plug_in(vehicle(), Direct(host="127.0.0.1", port=9), clock=CLOCK)

    assert asyncio.run(run()).failure.code == "link.refused"


async def serving(serve):
    """A server on loopback; its connections are served in tasks that end with the loop."""
    tasks = set()
    return await tcp.listen(
        "127.0.0.1", 0, lambda link: tasks.add(asyncio.create_task(serve(link)))
    )


def test_door_that_is_no_tls_is_told():
    async def shout(link):
        await link.read()
        await link.write(b"220 mail.example ESMTP\r\n")
        await link.close()

    async def run():
        server = await serving(shout)
        port = server.sockets[0].getsockname()[1]
        outcome = await plug_in(vehicle(), Direct(host="127.0.0.1", port=port), clock=CLOCK)
        server.close()
        return outcome

    outcome = asyncio.run(run())
    assert outcome.failure.code == "link.handshake"


# V23: a charger that stays up


async def garbage_plain(station):
    link = await tcp.connect("127.0.0.1", station.tls_port, within_seconds=5)
    await link.write(b"GET / HTTP/1.1\r\n\r\n")
    await link.read()
    await link.close()


async def garbage_behind_tls(station):
    link = await tcp.connect("127.0.0.1", station.tls_port, within_seconds=5)
    secured = await tls.secure(link, tls.client_context(edition=Edition.ISO_2), server=False)
    await secured.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await secured.read() == b""
    await secured.close()
    await secured.close()
    await secured.write(b"more")


async def raw_octets_after_tls(station):
    link = await tcp.connect("127.0.0.1", station.tls_port, within_seconds=5)
    secured = await tls.secure(link, tls.client_context(edition=Edition.ISO_2), server=False)
    await link.write(b"\xff" * 300)
    await secured.read()
    await link.close()


async def abrupt(station):
    link = await tcp.connect("127.0.0.1", station.tls_port, within_seconds=5)
    await link.close()


async def lying_length(station):
    link = await tcp.connect("127.0.0.1", station.tls_port, within_seconds=5)
    secured = await tls.secure(link, tls.client_context(edition=Edition.ISO_2), server=False)
    await secured.write(bytes.fromhex("01fe8001ffffffff"))
    assert await secured.read() == b""
    await secured.close()


async def nonsense(station):
    link = await tcp.connect("127.0.0.1", station.tls_port, within_seconds=5)
    secured = await tls.secure(link, tls.client_context(edition=Edition.ISO_2), server=False)
    await secured.write(v2gtp.encode(PayloadType.EXI, b"\x80" * 2000))
    assert await secured.read() == b""
    await secured.close()


@pytest.mark.parametrize(
    "misbehave",
    [garbage_plain, garbage_behind_tls, raw_octets_after_tls, abrupt, lying_length, nonsense],
)
def test_v23_charger_serves_the_next_vehicle_after_a_bad_one(misbehave):
    events = []

    async def run():
        async with Station(charger(events)) as station:
            await misbehave(station)
            return await come(vehicle(), station)

    assert asyncio.run(run()).good
    (failed,) = told(events, SessionFailed)
    assert failed.failure.code in {
        "link.handshake",
        "frame.malformed",
        "message.malformed",
        "session.closed",
    }


def test_v23_many_vehicles_at_once_are_all_served():
    async def run():
        async with Station(charger()) as station:
            return await asyncio.gather(*(come(vehicle(), station) for _ in range(8)))

    assert [outcome.good for outcome in asyncio.run(run())] == [True] * 8


def test_connections_beyond_the_most_are_closed_at_once():
    async def run():
        async with Station(charger(connections_max=1)) as station:
            first = await tcp.connect("127.0.0.1", station.tls_port, within_seconds=5)
            await asyncio.sleep(0.05)  # it sits there
            second = await come(vehicle(), station)
            await first.close()
            await asyncio.sleep(0.05)
            third = await come(vehicle(), station)
            return second, third

    second, third = asyncio.run(run())
    assert second.failure.code == "link.handshake"
    assert third.good


def test_bug_in_one_session_ends_that_session_alone():
    events = []
    broken = iter([True])
    good = charger(events)

    def outlet_for():
        if next(broken, False):
            raise KeyError("a bug")
        return good.outlet_for()

    async def run():
        async with Station(replace(good, outlet_for=outlet_for)) as station:
            return await come(vehicle(), station), await come(vehicle(), station)

    first, second = asyncio.run(run())
    assert not first.good
    assert second.good
    assert [failed.failure.code for failed in told(events, SessionFailed)] == ["session.broken"]


def test_silent_peer_does_not_hold_the_handshake_open():
    async def silence(link):
        try:
            await asyncio.sleep(60)
        finally:
            await link.close()

    async def run():
        server = await serving(silence)
        port = server.sockets[0].getsockname()[1]
        link = await tcp.connect("127.0.0.1", port, within_seconds=5)
        context = tls.client_context(edition=Edition.ISO_2)
        with pytest.raises(Unavailable):
            await tls.secure(link, context, server=False, within_seconds=0.1)
        await link.close()
        server.close()

    asyncio.run(run())


def test_endless_handshake_is_cut_short():
    class Endless:
        async def read(self):
            return b"\x16\x03\x03\x40\x00" + bytes(0x4000)

        async def write(self, data):
            pass

        async def close(self):
            pass

    async def run():
        context = tls.client_context(edition=Edition.ISO_2)
        with pytest.raises(Unavailable) as caught:
            await tls.secure(Endless(), context, server=False)
        assert caught.value.what == "tls"

    asyncio.run(run())


# TLS as the editions have it


def shake_hands(edition, key_world, *, client=None):
    """The evidence of both sides of one handshake."""
    secc = key_world[Role.SECC]
    identity = TlsIdentity(chain=secc.chain, private_key=secc.private_key)
    staple = ocsp.respond(
        secc.certificate, delegate=key_world.responder(Role.CPO_SUB_2), now=key_world.now
    )

    async def run():
        accepted = asyncio.get_running_loop().create_future()
        context = tls.server_context(identity, edition=edition, staple=lambda: staple)

        async def accept(link):
            secured = await tls.secure(link, context, server=True)
            accepted.set_result(secured.evidence)
            await secured.read()
            await secured.close()

        server = await serving(accept)
        port = server.sockets[0].getsockname()[1]
        link = await tcp.connect("127.0.0.1", port, within_seconds=5)
        secured = await tls.secure(
            link, tls.client_context(edition=edition, identity=client), server=False
        )
        theirs = await accepted
        await secured.close()
        server.close()
        return secured.evidence, theirs, staple

    return asyncio.run(run())


def test_iso_2_speaks_tls_1_2_with_its_suite_and_staples():
    ours, _, staple = shake_hands(Edition.ISO_2, world())
    assert ours.cipher == "ECDHE-ECDSA-AES128-SHA256"
    assert ours.staple == staple
    assert ours.chain == tuple(certificate.der for certificate in world()[Role.SECC].chain)


def test_iso_20_speaks_tls_1_3_with_certificates_of_both():
    there = valid_world(Edition.ISO_20)
    car = there[Role.VEHICLE]
    ours, theirs, staple = shake_hands(
        Edition.ISO_20, there, client=TlsIdentity(chain=car.chain, private_key=car.private_key)
    )
    assert ours.cipher.startswith("TLS_AES")
    assert theirs.chain[0] == car.certificate.der
    assert ours.staple == staple


def test_k17_nothing_is_resumed():
    first, second = (shake_hands(Edition.ISO_2, world())[0] for _ in range(2))
    assert first.chain == second.chain != ()


# Discovery, as far as loopback has it: see test_ev_discovery.py


def free_udp_port():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        return probe.getsockname()[1]


def test_discovery_gives_up_where_nobody_answers():
    async def run():
        target = Discovered(interface="lo", requests_max=1, port=free_udp_port())
        return await plug_in(vehicle(), target, clock=CLOCK)

    assert asyncio.run(run()).failure.code == "link.no_charger"


def test_discovery_says_nothing_to_garbage():
    async def run():
        port = free_udp_port()
        asked = []
        transport = await udp.respond("lo", asked.append, port=port)
        loop = asyncio.get_running_loop()
        asking, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("::1", port)
        )
        asking.sendto(b"who is there?")
        asking.sendto(sdp.encode_request(sdp.Request(security=Security.TLS)))
        await asyncio.sleep(0.1)
        asking.close()
        transport.close()
        return asked

    assert asyncio.run(run()) == [sdp.Request(security=Security.TLS)]


def test_interface_without_link_local_address_is_told():
    with pytest.raises(Unavailable):
        udp.link_local_address("lo")


def test_station_that_cannot_open_its_doors_says_so():
    async def run():
        async with Station(charger()) as station:
            with pytest.raises(OSError, match="in use"):
                async with Station(charger(tls_port=station.tls_port)):
                    pass

    asyncio.run(run())


def test_update_over_tls_replaces_the_contract():
    who = vehicle(intentions=replace(ONE_LOOP, installation=Installation.UPDATE))
    before = who.wallet.contracts
    assert visit(who).good
    assert who.wallet.contracts != before
