"""Coverage-guided fuzzing of every reader of foreign octets: a value or Malformed, nothing else.

    python tests/fuzz/readers.py corpus/ -max_total_time=600      (needs atheris 3.0.0)

The first octet chooses the reader. What a certificate's reader takes must lint, verify and read
again alike; what pyca's reader takes as well has the same serial number and moments there.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from cryptography import x509

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if __name__ == "__main__":
    import atheris

    watched = atheris.instrument_imports(include=["certs", "pki.ocsp", "pki.authority", "authz"])
else:
    watched = nullcontext()

with watched:
    from authz.authorize_request import read_question
    from authz.ocpp.frames import parse_frame
    from certs import certificate, pem
    from certs.certificate import Reading
    from certs.chain.roles import Use
    from certs.chain.verification import verify
    from certs.errors import Malformed
    from certs.linting import lint
    from certs.profiles import catalogue
    from certs.profiles.rules import Role
    from certs.revocation import certificate_list, ocsp_request, ocsp_response
    from pki.authority.request import parse_csr
    from pki.ocsp.request import parse as parse_ocsp_request
    from tests.world import NOW, valid_world

WORLD = valid_world()
ANCHORS = WORLD.anchors()
PROFILES = catalogue.PROFILES


def _certificate(data: bytes) -> None:
    """A certificate, its lint under every profile, and its verdict as a chain of one."""
    read = certificate.parse(data, Reading.TOLERANT)
    for profile in PROFILES:
        lint(read, profile)
    verify((read,), anchors=ANCHORS, use=Use.CONTRACT, now=NOW)
    strict = certificate.parse(data, Reading.STRICT)
    try:
        other = x509.load_der_x509_certificate(data)
    except ValueError:
        return  # it knows rules of text that ours leaves to lint; what both read must be alike
    told = (other.serial_number, other.not_valid_before_utc, other.not_valid_after_utc)
    if told != (strict.serial, strict.not_before, strict.not_after):
        raise AssertionError(f"read otherwise by another reader: {told}")


def _pem(data: bytes) -> None:
    chain = pem.parse_chain(data)
    verify(chain, anchors=ANCHORS, use=Use.CONTRACT, now=NOW)


def _list(data: bytes) -> None:
    certificate_list.read(data)


def _frame(data: bytes) -> None:
    parse_frame(data, octets_max=65_536)


READERS: tuple[Callable[[bytes], object], ...] = (
    _certificate,
    _pem,
    _list,
    ocsp_response.read,
    ocsp_request.decode_request,
    parse_ocsp_request,
    parse_csr,
    read_question,
    _frame,
)


def corpus() -> list[bytes]:
    """Something whole for every reader, behind its choosing octet."""
    from tests.pki_wire import csr, question

    leaf = WORLD[Role.CONTRACT]
    status = bytes.fromhex("30030a0101")
    wholes = [
        *((0, identity.certificate.der) for identity in WORLD),
        (1, leaf.pem.encode()),
        (3, status),
        (4, question()),
        (5, question(nonce=bytes(32))),
        (6, csr()),
        (7, b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"}}'),
        (8, b'[2,"1","Authorize",{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"}}]'),
        (8, b'[3,"1",{"status":"Accepted"}]'),
        (8, b'[4,"1","InternalError","",{}]'),
    ]
    return [bytes([reader]) + whole for reader, whole in wholes]


def one_input(data: bytes) -> None:
    """What must hold for any octets; raises for what does not."""
    if not data:
        return
    try:
        READERS[data[0] % len(READERS)](data[1:])
    except Malformed:
        return


def main() -> None:
    """Runs the campaign; needs atheris."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".interop/fuzz-readers"
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        for index, seed in enumerate(corpus()):
            (folder / f"whole-{index:02}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(folder), *sys.argv[2:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
