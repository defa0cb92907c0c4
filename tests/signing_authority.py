"""An authority on loopback that signs chargers' requests as Plugward's own does over HTTP."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certs.edition import Edition
from certs.profiles.rules import Role
from tests.world import valid_world

KEY = "a-key-of-a-test-authority"
SECC = "DE*PLW*E12345"


def csr(name=SECC, *, curve=None, key=None, names=None):
    """A charger's certification request in PEM, and its key."""
    key = key or ec.generate_private_key(curve or ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, one) for one in names or [name]]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class SigningAuthority:
    """Answers POST /v1/certificates with chains of a world of its own."""

    def __init__(self):
        self.asked = []
        self.headers = []
        self.status = 201
        self.body = None  # instead of an answer
        self.name = None  # instead of the one asked for
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                authority.asked.append((self.path, asked))
                authority.headers.append(dict(self.headers))
                octets = authority.body if authority.body is not None else authority.answer(asked)
                self.send_response(authority.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, asked):
        return json.dumps({"chain": self.chain(asked)}).encode()

    def chain(self, asked):
        request = x509.load_pem_x509_csr(asked["csr"].encode())
        (name,) = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        world = valid_world(Edition(asked["edition"]), name="signing")
        leaf = world.issue(Role.SECC, common_name=self.name or name.value, key=request.public_key())
        return leaf.pem
