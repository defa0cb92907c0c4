"""Whether a vehicle believes a contract that it is given, and the opening of its key.

What must hold: the CPS chain leads to a V2G root that the vehicle trusts; the CPS leaf signed all
four elements; the contract's leaf names the eMAID; the opened key is the leaf's. Nothing is stored
before all of it does.
"""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from certs import names
from certs.certificate import Certificate, parse
from certs.chain import checks
from certs.chain.anchors import AnchorSet
from certs.chain.roles import Use
from certs.chain.verification import verify
from certs.contract_key import iso_2
from certs.edition import Edition
from certs.errors import Malformed, Refused
from certs.findings.finding import Finding
from certs.identifiers.binding import bind
from certs.identifiers.emaid import EMAID
from certs.keys import PrivateKey
from ev_emulator import signatures
from ev_emulator.reasons import Failure, of_findings
from ev_emulator.vehicle.wallet import Contract
from exi.iso2.certificate import (
    CertificateChainType,
    CertificateInstallationRes,
    CertificateUpdateRes,
)
from exi.iso2.message import V2G_Message

_EDITION = Edition.ISO_2
_COMMON_NAME = "2.5.4.3"
# What a vehicle without the mobility operator's root cannot help finding: most have V2G roots only.
_WITHOUT_MO_ROOT = frozenset({"chain.anchor_unknown", "chain.issuer_missing"})


def accept(
    message: V2G_Message,
    response: CertificateInstallationRes | CertificateUpdateRes,
    *,
    anchors: AnchorSet,
    recipient_private_key: PrivateKey,
    now: datetime,
) -> Contract | Failure:
    """The contract in a response, with its opened key; or why the vehicle does not believe it.

    ``response`` is the body of ``message``, whose header holds the signature.
    """
    try:
        provisioning = _chain(response.SAProvisioningCertificateChain)
        chain = _chain(response.ContractSignatureCertChain)
        emaid = EMAID.parse(response.eMAID.value, edition=_EDITION)
        public_key = chain[0].public_key()
    except Malformed as bad:
        return Failure(code="installation.rejected", detail=bad.detail)
    verdict = verify(provisioning, use=Use.CPS, anchors=anchors, now=now, edition=_EDITION)
    failure = of_findings(verdict.findings, edition=_EDITION)
    if failure is not None or not verdict.valid:
        return failure or Failure(code="installation.rejected", detail="provisioning chain")
    objection = signatures.objection(message, verdict.path[0].public_key())
    if objection:
        return Failure(code="signature.invalid", detail=objection)
    failure = of_findings(_contract_findings(chain, emaid, anchors, now), edition=_EDITION)
    if failure is not None:
        return failure
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(
        recipient_private_key, ec.EllipticCurvePrivateKey
    ):
        return Failure(code="installation.rejected", detail="not a P-256 key")
    sealed = iso_2.Sealed(
        dh_public_key=response.DHpublickey.value,
        encrypted_private_key=response.ContractSignatureEncryptedPrivateKey.value,
    )
    try:
        private_key = iso_2.open(
            sealed, recipient_private_key=recipient_private_key, contract_public_key=public_key
        )
    except (Malformed, Refused) as bad:
        return Failure(code="installation.rejected", detail=bad.detail)
    return Contract(emaid=emaid, chain=chain, private_key=private_key)


def _chain(presented: CertificateChainType) -> tuple[Certificate, ...]:
    above = presented.SubCertificates.Certificate if presented.SubCertificates else ()
    return tuple(parse(der) for der in (presented.Certificate, *above))


def _contract_findings(
    chain: tuple[Certificate, ...], emaid: EMAID, anchors: AnchorSet, now: datetime
) -> tuple[Finding, ...]:
    """What speaks against a contract chain, as far as the vehicle's own roots can tell."""
    common_names = names.values(chain[0].subject, _COMMON_NAME)
    findings = bind(common_names, presented=emaid, edition=_EDITION).findings
    verdict = verify(chain, use=Use.CONTRACT, anchors=anchors, now=now, edition=_EDITION)
    if verdict.path:
        return findings + verdict.findings
    findings += tuple(each for each in verdict.findings if each.code not in _WITHOUT_MO_ROOT)
    for index, certificate in enumerate(chain):
        findings += checks.validity(certificate, now, checks.position(index, len(chain) + 1))
    return findings
