"""A certificate provisioning service in memory: a request's EXI in, a response's EXI out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from certs.certificate import Certificate, parse
from certs.chain.anchors import AnchorSet
from certs.chain.roles import Use
from certs.chain.verification import verify
from certs.contract_key import iso_2
from certs.edition import Edition
from certs.errors import Malformed
from certs.hierarchy import Identity
from certs.keys import Signer
from ev_emulator import signatures
from ev_emulator.session.iso_2 import answers
from exi.codec import decode, encode
from exi.iso2.body import BodyBaseType
from exi.iso2.certificate import (
    CertificateChainType,
    CertificateInstallationReq,
    CertificateInstallationRes,
    CertificateUpdateReq,
    CertificateUpdateRes,
    ContractSignatureEncryptedPrivateKeyType,
    DiffieHellmanPublickeyType,
    EMAIDType,
    SubCertificatesType,
)
from exi.iso2.header import MessageHeaderType
from exi.iso2.message import BodyType, V2G_Message
from exi.iso2.simple_types import responseCodeType
from exi.protocol import Protocol

RETRY_DAYS = -1  # RetryCounter of a refusal: do not ask again


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningService:
    """Who may have contracts, and the keys to make them.

    ``contract_for`` gives the contract of a PCID (installation) or of an eMAID (update), with its
    private key, or None where there is none. ``oem_authorities`` are the sub-CAs that an OEM chain
    is completed with: the -2 request carries the leaf alone.
    """

    cps: Identity
    anchors: AnchorSet
    oem_authorities: tuple[Certificate, ...]
    contract_for: Callable[[str], Identity | None] = field(repr=False)
    random_bytes: Callable[[int], bytes] = field(repr=False)

    def answer(self, exi: bytes, *, now: datetime) -> bytes:
        """The response to a request, good or failing; raises exi's Malformed for what is none."""
        request = decode(exi, Protocol.ISO_2)
        session_id = request.Header.SessionID
        body = request.Body.BodyElement
        match body:
            case CertificateInstallationReq():
                outcome = self._install(request, body, now)
            case CertificateUpdateReq():
                outcome = self._update(request, body, now)
            case _:
                return _failing("CertificateInstallationReq", "FAILED", session_id)
        if isinstance(outcome, str):
            return _failing(type(body).__name__, outcome, session_id)
        message = V2G_Message(
            Header=MessageHeaderType(SessionID=session_id), Body=BodyType(BodyElement=outcome)
        )
        return encode(signatures.signed(message, self._signer))

    @property
    def _signer(self) -> Signer:
        return self.cps.signer

    def _install(
        self, message: V2G_Message, request: CertificateInstallationReq, now: datetime
    ) -> BodyBaseType | str:
        """A contract for a provisioning certificate, or the code that refuses one."""
        try:
            leaf = parse(request.OEMProvisioningCert)
            public_key = leaf.public_key()
        except Malformed:
            return "FAILED_CertChainError"
        verdict = verify(
            (leaf, *self.oem_authorities),
            use=Use.OEM_PROVISIONING,
            anchors=self.anchors,
            now=now,
            edition=Edition.ISO_2,
        )
        # EVerest and Josev answer a foreign OEM's request as badly signed
        if not verdict.valid or signatures.objection(message, public_key):
            return "FAILED_SignatureError"
        contract = self.contract_for(leaf.common_name or "")
        if contract is None or not isinstance(public_key, ec.EllipticCurvePublicKey):
            return "FAILED_NoCertificateAvailable"
        return CertificateInstallationRes(**self._bundle(contract, public_key))

    def _update(
        self, message: V2G_Message, request: CertificateUpdateReq, now: datetime
    ) -> BodyBaseType | str:
        """A contract's successor, sealed for the contract's own key."""
        chain = request.ContractSignatureCertChain
        above = chain.SubCertificates.Certificate if chain.SubCertificates else ()
        try:
            presented = tuple(parse(der) for der in (chain.Certificate, *above))
            public_key = presented[0].public_key()
        except Malformed:
            return "FAILED_CertChainError"
        verdict = verify(
            presented, use=Use.CONTRACT, anchors=self.anchors, now=now, edition=Edition.ISO_2
        )
        if not verdict.valid:
            return "FAILED_CertChainError"
        if signatures.objection(message, public_key):
            return "FAILED_SignatureError"
        contract = self.contract_for(request.eMAID)
        if contract is None or not isinstance(public_key, ec.EllipticCurvePublicKey):
            return "FAILED_ContractCanceled"
        return CertificateUpdateRes(**self._bundle(contract, public_key))

    def _bundle(self, contract: Identity, recipient: ec.EllipticCurvePublicKey) -> dict[str, Any]:
        """What both responses hold: chains, the sealed key, the eMAID."""
        private_key = contract.private_key
        if not isinstance(private_key, ec.EllipticCurvePrivateKey):
            raise TypeError("ISO 15118-2 contracts have P-256 keys")
        sealed = iso_2.seal(
            private_key, recipient=recipient, ephemeral=iso_2.fresh(self.random_bytes)
        )
        return {
            "ResponseCode": responseCodeType.OK,
            "SAProvisioningCertificateChain": _chain(self.cps.chain),
            "ContractSignatureCertChain": _chain(contract.chain, name="id1"),
            "ContractSignatureEncryptedPrivateKey": ContractSignatureEncryptedPrivateKeyType(
                Id="id2", value=sealed.encrypted_private_key
            ),
            "DHpublickey": DiffieHellmanPublickeyType(Id="id3", value=sealed.dh_public_key),
            "eMAID": EMAIDType(Id="id4", value=contract.certificate.common_name or ""),
        }


def _chain(chain: tuple[Certificate, ...], *, name: str | None = None) -> CertificateChainType:
    return CertificateChainType(
        Id=name,
        Certificate=chain[0].der,
        SubCertificates=SubCertificatesType(Certificate=tuple(ca.der for ca in chain[1:])),
    )


def _failing(request: str, word: str, session_id: bytes) -> bytes:
    body = answers.FAILING[request](answers.word(request, word))
    if isinstance(body, CertificateUpdateRes):
        body = replace(body, RetryCounter=RETRY_DAYS)
    return encode(
        V2G_Message(Header=MessageHeaderType(SessionID=session_id), Body=BodyType(BodyElement=body))
    )
