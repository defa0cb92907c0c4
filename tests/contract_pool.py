"""A contract certificate pool on loopback that speaks OPCP, with every bad habit a test may ask."""

import json
from base64 import b64decode, b64encode

from certs.profiles.rules import Role
from ev_emulator import signatures
from ev_emulator.stand_in.provisioning import ProvisioningService
from exi.codec import encode
from exi.iso2.body import BodyBaseType
from exi.iso2.certificate import (
    CertificateChainType,
    CertificateInstallationReq,
    CertificateUpdateReq,
    ListOfRootCertificateIDsType,
    SubCertificatesType,
)
from exi.iso2.header import MessageHeaderType
from exi.iso2.message import BodyType, V2G_Message
from exi.xmldsig import X509IssuerSerialType
from tests.json_service import JsonService

NAMESPACE = "urn:iso:15118:2:2013:MsgDef"
KEY = "a-key-of-a-test"


class ContractPool(JsonService):
    """Answers as ``answer`` says: by default the real thing, made by the stand-in of the EV."""

    def __init__(self, world, *, now, random_bytes):
        super().__init__(status=200)
        self.contents = None  # a list of (emaid, exi) instead of one
        contract = world[Role.CONTRACT]
        self._service = ProvisioningService(
            cps=world[Role.CPS],
            anchors=world.anchors(),
            oem_authorities=world[Role.OEM_PROVISIONING].chain[1:],
            contract_for=lambda _: contract,
            random_bytes=random_bytes,
        )
        self._now = now

    def provide(self, exi):
        return self._service.answer(exi, now=self._now())

    def answer(self, asked):
        contents = self.contents
        if contents is None:
            exi = self.provide(b64decode(asked["certificateInstallationReq"]))
            contents = [("DE8AA001234567", b64encode(exi).decode())]
        return json.dumps(
            {
                "CCPResponse": {
                    "emaidContent": [
                        {"messageDef": {"certificateInstallationRes": exi, "emaid": emaid}}
                        for emaid, exi in contents
                    ]
                }
            }
        ).encode()


def installation_request(world):
    """A vehicle's CertificateInstallationReq, signed: EXI octets."""
    oem = world[Role.OEM_PROVISIONING]
    body = CertificateInstallationReq(
        Id="id1",
        OEMProvisioningCert=oem.certificate.der,
        ListOfRootCertificateIDs=_roots(),
    )
    return _message(body, oem)


def update_request(world):
    """A vehicle's CertificateUpdateReq, signed with its contract: EXI octets."""
    contract = world[Role.CONTRACT]
    above = tuple(certificate.der for certificate in contract.chain[1:])
    body = CertificateUpdateReq(
        Id="id1",
        ContractSignatureCertChain=CertificateChainType(
            Certificate=contract.certificate.der,
            SubCertificates=SubCertificatesType(Certificate=above),
        ),
        eMAID=contract.certificate.common_name,
        ListOfRootCertificateIDs=_roots(),
    )
    return _message(body, contract)


def _roots():
    return ListOfRootCertificateIDsType(
        RootCertificateID=(X509IssuerSerialType(X509IssuerName="CN=root", X509SerialNumber=1),)
    )


def _message(body: BodyBaseType, identity):
    message = V2G_Message(
        Header=MessageHeaderType(SessionID=bytes(8)), Body=BodyType(BodyElement=body)
    )
    return encode(signatures.signed(message, identity.signer))
