"""A station's certificate store as an operator sees it: roots by type, and the station's own chain.

OCPP 2.0.1 use cases A02 (update), M03 (list), M04 (delete), M05 (install).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certs import pem
from certs.certificate import Certificate
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.chain.verification import verify
from certs.edition import Edition
from certs.errors import Malformed, MalformedHashData, Refused
from certs.keys import spki
from certs.revocation.hash_data import HashAlgorithm, HashData, of, parse, to_ocpp

ROOTS_MAX = 64  # CertificateEntries of a station with room for every V2G and MO root there is
CERTIFICATE_CHARACTERS_MAX = 5_500  # InstallCertificateRequest.certificate
CHAIN_CHARACTERS_MAX = 10_000  # CertificateSignedRequest.certificateChain

# InstallCertificateUseEnum, and the name that GetInstalledCertificateIds has for each.
LISTED_AS: Mapping[str, str] = MappingProxyType(
    {
        "V2GRootCertificate": "V2GRootCertificate",
        "MORootCertificate": "MORootCertificate",
        "CSMSRootCertificate": "CSMSRootCertificate",
        "ManufacturerRootCertificate": "ManufacturerRootCertificate",
    }
)
_CHAIN = "V2GCertificateChain"
_PURPOSES = {"V2GRootCertificate": Purpose.V2G, "MORootCertificate": Purpose.MO}


@dataclass(frozen=True, slots=True, kw_only=True)
class StationName:
    """The subject that a station asks a certificate for; ``secc_id`` is its common name."""

    secc_id: str
    organization: str
    country: str


class CertificateStore:
    """Mutable; ``changed`` is called after every change of roots or of the station's own chain."""

    def __init__(self, *, changed: Callable[[], None] = lambda: None) -> None:
        self._roots: dict[tuple[str, bytes], Certificate] = {}
        self._changed = changed
        self._asked_key: ec.EllipticCurvePrivateKey | None = None
        self._own_key: ec.EllipticCurvePrivateKey | None = None
        self._own_chain: tuple[Certificate, ...] = ()

    @property
    def secc_chain(self) -> tuple[Certificate, ...]:
        """The station's own chain, leaf first; empty before the operator sent one."""
        return self._own_chain

    @property
    def secc_key(self) -> ec.EllipticCurvePrivateKey | None:
        """The private key of ``secc_chain``'s leaf."""
        return self._own_key

    def anchors(self) -> AnchorSet:
        """The V2G and MO roots that the operator installed."""
        return AnchorSet(
            Anchor(certificate=root, purpose=_PURPOSES[kind])
            for (kind, _), root in self._roots.items()
            if kind in _PURPOSES
        )

    # InstallCertificate, GetInstalledCertificateIds, DeleteCertificate

    def install(self, certificate_type: str, text: str) -> str:
        """InstallCertificateStatusEnum: Rejected for what is no root (M05.FR.07) or finds no room
        (FR.06).
        """
        try:
            (root,) = pem.parse_chain(text, characters_max=CERTIFICATE_CHARACTERS_MAX)
            # a sub-CA installed as a root could never be managed (EVerest/EVerest#2109)
            Anchor(certificate=root, purpose=_PURPOSES.get(certificate_type, Purpose.OEM))
        except (Malformed, Refused, ValueError):
            return "Rejected"
        key = (certificate_type, root.fingerprint)
        if certificate_type not in LISTED_AS or (
            key not in self._roots and len(self._roots) >= ROOTS_MAX
        ):
            return "Rejected"
        self._roots[key] = root
        self._changed()
        return "Accepted"

    def installed(
        self, certificate_types: Collection[str] | None, *, algorithm: HashAlgorithm
    ) -> list[dict[str, object]]:
        """CertificateHashDataChainType of every certificate of these types, or of all."""
        wanted = certificate_types or {*LISTED_AS.values(), _CHAIN}
        listed: list[dict[str, object]] = [
            {
                "certificateType": LISTED_AS[kind],
                "certificateHashData": _hash_data(root, root, algorithm),
            }
            for (kind, _), root in self._roots.items()
            if LISTED_AS[kind] in wanted
        ]
        if _CHAIN in wanted and self._own_path:
            hashed = [
                _hash_data(each, issuer, algorithm) for each, issuer in pairwise(self._own_path)
            ]
            own: dict[str, object] = {"certificateType": _CHAIN, "certificateHashData": hashed[0]}
            if hashed[1:]:
                own["childCertificateHashData"] = hashed[1:]
            listed.append(own)
        return listed

    def delete(self, fields: Mapping[str, object]) -> str:
        """DeleteCertificateStatusEnum; the station's own chain is replaced, never deleted
        (M04.FR.06).
        """
        try:
            named = parse({"responderURL": "", **fields})
        except MalformedHashData:
            return "NotFound"
        for key, root in self._roots.items():
            if _matches(root, root, named):
                del self._roots[key]
                self._changed()
                return "Accepted"
        path = self._own_path
        mine = any(_matches(each, issuer, named) for each, issuer in pairwise(path))
        return "Failed" if mine else "NotFound"

    # SignCertificate, CertificateSigned

    def request(self, name: StationName, private_key: ec.EllipticCurvePrivateKey) -> str:
        """A PKCS #10 request in PEM for this key, which is kept until the certificate comes."""
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, name.country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, name.organization),
                x509.NameAttribute(NameOID.COMMON_NAME, name.secc_id),
                x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "CPO"),
            ]
        )
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        self._asked_key = private_key
        return builder.sign(private_key, SHA256()).public_bytes(Encoding.PEM).decode()

    def signed(self, text: str, *, now: datetime) -> str:
        """CertificateSignedStatusEnum: Accepted for a chain of the requested key that leads to an
        installed V2G root (A02.FR.06).
        """
        key = self._asked_key
        try:
            chain = pem.parse_chain(text, characters_max=CHAIN_CHARACTERS_MAX)
        except Malformed:
            return "Rejected"
        if key is None or chain[0].spki != spki(key.public_key()):
            return "Rejected"
        verdict = verify(
            chain, use=Use.SECC, anchors=self.anchors(), now=now, edition=Edition.ISO_2
        )
        if not verdict.valid:
            return "Rejected"
        self._own_chain, self._own_key, self._asked_key = verdict.path[:-1], key, None
        self._changed()
        return "Accepted"

    @property
    def _own_path(self) -> tuple[Certificate, ...]:
        """The station's own chain with its root, as far as that is still installed."""
        if not self._own_chain:
            return ()
        last = self._own_chain[-1]
        roots = [root for root in self._roots.values() if root.subject == last.issuer]
        return (*self._own_chain, *roots[:1])


def _hash_data(
    certificate: Certificate, issuer: Certificate, algorithm: HashAlgorithm
) -> dict[str, str]:
    """CertificateHashDataType: hash data without the responder."""
    fields = to_ocpp(of(certificate, issuer, algorithm, responder_url=""))
    return {name: text for name, text in fields.items() if name != "responderURL"}


def _matches(certificate: Certificate, issuer: Certificate, named: HashData) -> bool:
    """Whether hash data of any algorithm names this certificate (M04.FR.07)."""
    return of(certificate, issuer, named.hash_algorithm, responder_url="") == named
