"""A station of PyPI ocpp's making gets and shows its certificates; our own PKI signs them."""

import asyncio
import contextlib
import secrets
from base64 import b64decode, b64encode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as x509_ocsp
from ocpp.routing import on
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call21
from ocpp.v21 import call_result as result21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201

from certs import pem
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm, of, to_ocpp
from exi.codec import decode
from exi.iso2.certificate import CertificateInstallationRes
from exi.protocol import Protocol
from pki.app import open_doors
from plugward.serve import Door, in_background, listen
from tests.authz_house import TENANT, hash_data, house
from tests.contract_pool import NAMESPACE, ContractPool, installation_request
from tests.pki_house import TENANT as PKI_TENANT
from tests.pki_house import furnished_house
from tests.signing_authority import csr
from tests.stations import served
from tests.world import valid_world

SECC = "DE*ICE*E45B*78C"
CS = "CS-1"


def station(base, result):
    """A ChargePoint that keeps what it is given."""

    class Station(base):
        def __init__(self, *given):
            super().__init__(*given)
            self.signed = asyncio.get_running_loop().create_future()
            self.roots = {}

        @on("CertificateSigned")
        async def certificate_signed(self, certificate_chain, **more):
            self.signed.set_result((certificate_chain, more))
            return result.CertificateSigned(status="Accepted")

        @on("InstallCertificate")
        async def install(self, certificate_type, certificate):
            (root,) = pem.parse_chain(certificate)
            data = to_ocpp(of(root, root, HashAlgorithm.SHA384, responder_url=""))
            del data["responderURL"]
            self.roots[data["serialNumber"]] = (certificate_type, data)
            return result.InstallCertificate(status="Accepted")

        @on("GetInstalledCertificateIds")
        async def installed(self, **_types):
            chains = [
                {"certificate_type": kind, "certificate_hash_data": data}
                for kind, data in self.roots.values()
            ]
            if not chains:
                return result.GetInstalledCertificateIds(status="NotFound")
            return result.GetInstalledCertificateIds(
                status="Accepted", certificate_hash_data_chain=chains
            )

        @on("DeleteCertificate")
        async def delete(self, certificate_hash_data):
            known = self.roots.pop(certificate_hash_data["serial_number"], None)
            return result.DeleteCertificate(status="Accepted" if known else "NotFound")

    return Station


@contextlib.contextmanager
def pki_served(tmp_path):
    """Our own PKI over the boring world, and a key that may issue chargers' certificates."""
    with furnished_house(f"sqlite:///{tmp_path}/pki.db") as pki:
        key = pki.authority.new_api_key(tenant=PKI_TENANT, name="authz", scopes=["issue:*"])
        with listen("127.0.0.1", 0) as listening:
            door = Door("pki", listening, lambda: open_doors(pki))
            with in_background([door]):
                yield door.url, key


@pytest.mark.parametrize(
    ("base", "call", "result", "version"),
    [
        pytest.param(ChargePoint201, call201, result201, "ocpp2.0.1", id="2.0.1"),
        pytest.param(ChargePoint21, call21, result21, "ocpp2.1", id="2.1"),
    ],
)
def test_a_strangers_station_from_its_request_to_a_contract(tmp_path, base, call, result, version):
    """A02, M01 (TC_M_26), M03 (TC_M_18, 19), M04 (TC_M_20), M05 (TC_M_03), M06 (TC_M_24)."""
    (tmp_path / "pki").mkdir()
    (tmp_path / "authz").mkdir()
    world = valid_world()
    file = tmp_path / "sub-cas.pem"
    file.write_text(pem.encode(world[Role.SECC].chain[1:]))
    with contextlib.ExitStack() as stack:
        pki_url, key = stack.enter_context(pki_served(tmp_path / "pki"))
        key_file = tmp_path / "pki-key"
        key_file.write_text(f"{key}\n")
        pool = stack.enter_context(
            ContractPool(world, now=lambda: h.clock.now, random_bytes=secrets.token_bytes)
        )
        settings = {
            "certificate_authority": {"url": pki_url, "api_key_file": str(key_file)},
            "secc_names": [{"tenant": TENANT, "station": CS, "names": [SECC]}],
            "contract_service": {"url": pool.origin},
            "authority_files": [str(file)],
            "plain_station_networks": ["127.0.0.0/8"],
        }
        h = stack.enter_context(house(tmp_path / "authz", **settings))
        s = stack.enter_context(served(h, answering=None))
        s.register(CS)
        request = csr(SECC, curve=ec.SECP256R1())

        async def manage(method, path, **more):
            return await asyncio.to_thread(s.manage, method, f"/v1/stations/{CS}{path}", **more)

        async def story(point):
            # A02: the CSR, and the chain that our PKI made of it
            asked = {"request_id": 7} if version == "ocpp2.1" else {}
            told = await point.call(
                call.SignCertificate(csr=request, certificate_type="V2GCertificate", **asked)
            )
            assert told.status == "Accepted"
            chain, more = await point.signed
            assert pem.parse_chain(chain)[0].common_name == SECC
            assert more == {"certificate_type": "V2GCertificate", **asked}
            # M05, M03, M04: a root in, listed, and out again by the station's own hash data
            root = {
                "certificateType": "V2GRootCertificate",
                "certificate": world[Role.V2G_ROOT].pem,
            }
            assert (await manage("GET", "/certificates")).json() == {"status": "NotFound"}
            installed = await manage("POST", "/certificates", json=root)
            assert installed.json() == {"status": "Accepted"}
            listed = (await manage("GET", "/certificates")).json()
            (one,) = listed["certificateHashDataChain"]
            assert one["certificateHashData"]["hashAlgorithm"] == "SHA384"
            for expected in ("Accepted", "NotFound"):
                body = {"certificate": root["certificate"]}
                gone = await manage("POST", "/certificates/delete", json=body)
                assert gone.json() == {"status": expected}
            # M06: the staples of the charger's chain
            for data in hash_data(world[Role.SECC], url="http://ocsp.example/"):
                told = await point.call(call.GetCertificateStatus(ocsp_request_data=data))
                assert told.status == "Accepted"
                response = x509_ocsp.load_der_ocsp_response(b64decode(told.ocsp_result))
                assert format(response.serial_number, "x") == data["serialNumber"]
            # M01: a contract
            asking = call.Get15118EVCertificate
            schema = next(f for f in asking.__dataclass_fields__ if f.endswith("schema_version"))
            exi_request = b64encode(installation_request(world)).decode()
            told = await point.call(
                asking(action="Install", exi_request=exi_request, **{schema: NAMESPACE})
            )
            exi = decode(b64decode(told.exi_response), Protocol.ISO_2)
            assert isinstance(exi.Body.BodyElement, CertificateInstallationRes)

        async def whole():
            async with s.connect(CS, versions=[version]) as socket:
                point = station(base, result)(CS, socket)
                listening = asyncio.create_task(point.start())
                try:
                    async with asyncio.timeout(60):
                        await story(point)
                finally:
                    listening.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await listening

        asyncio.run(whole())
        path = f"{s.url}/v1/stations/{CS}/certificate-requests"
        (kept,) = httpx.get(path, headers=h.headers(), timeout=30).json()["requests"]
        assert kept["state"] == "delivered"
