"""A station of security profile 3 has its client certificate renewed, and comes back with it."""

import asyncio
import json
import ssl
from contextlib import ExitStack

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.exceptions import InvalidStatus

from certs import keys, pem
from certs.keys import KeyKind
from certs.profiles.rules import Role
from plugward.tls import TlsFiles, context_of
from tests.authz_house import house
from tests.integration.test_stations_tls import openssl
from tests.interop.test_stations_certificates import pki_served
from tests.signing_authority import csr
from tests.stations import call, served
from tests.world import valid_world

IDENTITY = "CS-1"
OLD = valid_world()[Role.CHARGING_STATION]
SERIAL = OLD.certificate.common_name
CLIENT = "ChargingStationCertificate"


def server(folder) -> TlsFiles:
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-days", "2", "-keyout", "key.pem", "-out", "cert.pem", *name),
        cwd=folder,
    )
    (folder / "ca.pem").write_text(pem.encode([valid_world()[Role.STATION_ROOT].certificate]))
    names = {"chain": "cert.pem", "key": "key.pem", "client_authorities": "ca.pem"}
    return TlsFiles(**{field: str(folder / name) for field, name in names.items()})


def shown(folder, key, chain_pem) -> ssl.SSLContext:
    """What a station shows: its own certificate, with its key."""
    context = ssl.create_default_context(cafile=folder / "cert.pem")
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    file = folder / "client.pem"
    file.write_text(octets + chain_pem)
    context.load_cert_chain(file)
    return context


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_station_renews_its_client_certificate_and_reconnects_with_it(tmp_path, version):
    """A02 of OCPP 2.0.1, and of 1.6's security whitepaper."""
    for name in ("pki", "authz"):
        (tmp_path / name).mkdir()
    with ExitStack() as stack:
        url, api_key = stack.enter_context(pki_served(tmp_path / "pki"))
        statuses = [
            {
                "issuer_key_id": valid_world()[role].certificate.subject_key_id.hex(),
                "ocsp": f"{url}/ocsp",
            }
            for role in (Role.STATION_ROOT, Role.STATION_SUB)
        ]
        h = stack.enter_context(
            house(
                tmp_path / "authz",
                certificate_authority={"url": url, "api_key": api_key},
                revocation_sources=statuses,
            )
        )
        tls = context_of(server(tmp_path))
        s = stack.enter_context(served(h, answering=None, tls=tls))
        root = valid_world()[Role.STATION_ROOT]
        h.trust(root, "csms")
        s.register(IDENTITY, profile=3, password=None, certificateCommonName=SERIAL)
        key = keys.generate(KeyKind.P256)
        request = csr(SERIAL, key=key, operators=["Charge Point Operator"])

        async def renewed():
            more = {} if version == "ocpp1.6" else {"certificateType": CLIENT}
            context = shown(tmp_path, OLD.private_key, OLD.pem)
            async with s.connect(
                IDENTITY, password=None, ssl=context, versions=[version]
            ) as socket:
                await socket.send(json.dumps([2, "1", "SignCertificate", {"csr": request, **more}]))
                async with asyncio.timeout(30):
                    assert json.loads(await socket.recv()) == [3, "1", {"status": "Accepted"}]
                    kind, message_id, action, payload = json.loads(await socket.recv())
                    assert (kind, action) == (2, "CertificateSigned")
                    chain = payload.pop("certificateChain")
                    assert payload == more
                    await socket.send(json.dumps([3, message_id, {"status": "Accepted"}]))
                    return chain

        def knock(key, chain):
            async def story():
                context = shown(tmp_path, key, chain)
                try:
                    async with s.connect(
                        IDENTITY, password=None, ssl=context, versions=[version]
                    ) as socket:
                        return (await call(socket, "Heartbeat", {}))[0]
                except InvalidStatus as declined:
                    return declined.response.status_code

            return asyncio.run(story())

        chain = asyncio.run(renewed())
        leaf, *above = pem.parse_chain(chain)
        assert (leaf.common_name, leaf.public_key()) == (SERIAL, key.public_key())
        assert [one.common_name for one in above] == ["Station Sub-CA"]
        assert knock(key, chain) == 3
        assert knock(OLD.private_key, OLD.pem) == 3, "both hold while they overlap"
