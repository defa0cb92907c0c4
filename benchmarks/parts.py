"""What verifying and issuing are made of, each part beside the library's own."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from benchmarks.chain import leaves
from benchmarks.figure import Figure
from benchmarks.timing import microseconds
from certs import keys
from certs.certificate import parse
from certs.hierarchy import Identity, World, grow
from certs.issuing import Drafter, Request, sign
from certs.keys import KeyKind
from certs.profiles.catalogue import profile
from certs.profiles.rules import Role
from certs.revocation.ocsp import judge_response
from certs.revocation.ocsp_request import question_for
from certs.revocation.status import Good

LEAVES = 300
NOW = datetime.now(UTC).replace(microsecond=0)  # the library dates responses by its own clock
_ECDSA = ec.ECDSA(hashes.SHA256())


def _as_much(data: bytes) -> None:
    """What parse() tells of a certificate, asked of the library."""
    read = x509.load_der_x509_certificate(data)
    _ = (
        read.serial_number,
        read.issuer,
        read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME),
        read.not_valid_before_utc,
        read.not_valid_after_utc,
        list(read.extensions),
        read.signature,
        read.tbs_certificate_bytes,
    )


def _reading(contracts: list[Identity]) -> list[Figure]:
    spent = microseconds(
        {"ours": parse, "load": x509.load_der_x509_certificate, "as much": _as_much},
        [leaf.certificate.der for leaf in contracts],
    )
    return [
        Figure(
            name=f"certificate read, beside {what}",
            value=round(spent["ours"], 1),
            unit="us",
            reference=f"{peer}: {spent[key]:.1f} us",
            ratio=round(spent["ours"] / spent[key], 2),
        )
        for what, key, peer in (
            ("the library's load", "load", "pyca load_der_x509_certificate, fields unread"),
            ("the same facts of it", "as much", "pyca load and the fields that are read here"),
        )
    ]


def _response(leaf: Identity) -> bytes:
    issuer = leaf.issuer
    assert issuer is not None
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.certificate.x509(),
        issuer=issuer.certificate.x509(),
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=NOW - timedelta(hours=1),
        next_update=NOW + timedelta(hours=24),
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate.x509())
    assert issuer.private_key is not None
    return builder.sign(issuer.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def _ocsp(contracts: list[Identity]) -> Figure:
    issuer = contracts[0].issuer
    assert issuer is not None
    authority = issuer.certificate
    key: Any = authority.public_key()
    items = [(_response(leaf), question_for(leaf.certificate, authority)) for leaf in contracts]

    def judge(item: Any) -> Any:
        return judge_response(
            item[0], question=item[1], issuer=authority, now=NOW + timedelta(minutes=1)
        )

    def library(item: Any) -> None:
        read = ocsp.load_der_ocsp_response(item[0])
        key.verify(read.signature, read.tbs_response_bytes, _ECDSA)

    if not isinstance(judge(items[0]), Good):
        raise RuntimeError("the benchmark's own response is not believed")  # noqa: TRY004 - no type is wrong
    spent = microseconds({"ours": judge, "library": library}, items)
    return Figure(
        name="OCSP response judged",
        value=round(spent["ours"], 1),
        unit="us",
        reference=f"pyca parse and verify, nothing judged: {spent['library']:.1f} us",
        ratio=round(spent["ours"] / spent["library"], 2),
    )


def _issuing(world: World, contracts: list[Identity]) -> Figure:
    issuer = world[Role.MO_SUB_2]
    drafter = Drafter(issuer.certificate, issuer_role=issuer.role)
    rules = profile(Role.CONTRACT, world.edition)
    signer = issuer.signer
    requests = [
        Request(
            common_name=f"DE8AA{nth:09d}",
            organization="Mobility Operator",
            country="DE",
            public_key=leaf.certificate.public_key(),
            serial=leaf.certificate.serial,
            not_before=leaf.certificate.not_before,
            not_after=leaf.certificate.not_after,
            ocsp_url="http://ocsp.v2g.example",
        )
        for nth, leaf in enumerate(contracts)
    ]

    def issue(item: Any) -> None:
        sign(drafter.draft(item[0], rules), signer)

    assert issuer.private_key is not None
    raw = partial(keys.sign, issuer.private_key)
    items = [(req, leaf.certificate.tbs) for req, leaf in zip(requests, contracts, strict=True)]
    spent = microseconds({"ours": issue, "raw": lambda item: raw(item[1])}, items)
    return Figure(
        name="contract drafted, linted, signed",
        value=round(spent["ours"], 1),
        unit="us",
        reference=f"pyca sign: {spent['raw']:.1f} us",
        ratio=round(spent["ours"] / spent["raw"], 1),
    )


def measure() -> list[Figure]:
    """Reading, OCSP and issuing on P-256."""
    world = grow(seed=None, now=NOW, key_kind=KeyKind.P256)
    contracts = leaves(world, LEAVES)
    return [*_reading(contracts), _ocsp(contracts), _issuing(world, contracts)]
