"""An authority on loopback that signs chargers' requests as Plugward's own does over HTTP."""

import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certs.edition import Edition
from certs.hierarchy import World
from certs.profiles.rules import Role
from tests.json_service import JsonService
from tests.world import valid_world

KEY = "a-key-of-a-test-authority"
SECC = "DE*PLW*E12345"


def csr(name=SECC, *, curve=None, key=None, names=None, operators=()):
    """A station's certification request in PEM."""
    key = key or ec.generate_private_key(curve or ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, one) for one in names or [name]]
    attributes += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, one) for one in operators]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class SigningAuthority(JsonService):
    """Answers POST /v1/certificates with chains of a world of its own, or of one that is given."""

    def __init__(self, world: World | None = None):
        super().__init__(status=201)
        self.name = None  # instead of the one asked for
        self.world = world
        self.issued = []

    def answer(self, asked):
        return json.dumps({"chain": self.chain(asked)}).encode()

    def chain(self, asked):
        request = x509.load_pem_x509_csr(asked["csr"].encode())
        (name,) = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        world = self.world or valid_world(Edition(asked["edition"]), name="signing")
        own = {"common_name": self.name or name.value, "key": request.public_key()}
        for operator in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME):
            own["organization"] = operator.value
        leaf = world.issue(Role(asked["role"]), **own)
        self.issued.append(leaf)
        return leaf.pem
