"""NIST PKITS, every case, with each key exchanged for a P-256 one so that our own algorithms judge.

The suite's certificates and CRLs come with cryptography-vectors. Their RSA keys are no Plug &
Charge keys, and a validator that refuses every key passes any suite. So each public key is
replaced by one derived from it, and everything a CA signed, certificate or CRL, is signed anew by
that CA's new key over otherwise equal octets; signatures that were broken stay broken.

A case is accepted when path validation finds no error and every certificate below the root has a
good status from a CRL of its issuer. Settings are the suite's default: any policy, none required.
tests/vectors/pkits.json lists every case whose answer is not NIST's, with the reason. A false
accept fails, an unlisted false reject fails, and so does a listed one that no longer is one.
"""

import json
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from certs import der, keys, names
from certs.certificate import parse
from certs.chain import checks
from certs.chain.link import Budget, issued
from certs.chain.path import errors, search
from certs.errors import Malformed
from certs.keys import KeyKind
from certs.revocation import crl as crls
from certs.revocation.status import Good

DATA = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
NOW = datetime(2011, 4, 15, 12, tzinfo=UTC)
ALGORITHM = keys.SIGNATURE_ALGORITHMS[KeyKind.P256]
RSA = bytes.fromhex("06092a864886f70d010101")  # rsaEncryption
LISTED = json.loads((Path(__file__).parent / "pkits.json").read_text())


def _new_key(spki):
    return keys.derive(KeyKind.P256, b"pkits" + sha256(spki).digest())


def _elements(data, at=0, stop=None):
    """The elements inside the SEQUENCE at ``at``."""
    start, end = der.expect(data, at, len(data) if stop is None else stop, der.SEQUENCE)
    return [data[begin:finish] for _, begin, _, finish in der.children(data, start, end, 20)]


def _rekeyed(data, signer, *, algorithm_at, key_at=None):
    """A certificate or CRL with its own key and its signer's exchanged; ``signer`` None: forged."""
    fields = _elements(_elements(data)[0])
    fields[algorithm_at] = ALGORITHM
    if key_at is not None:
        fields[key_at] = keys.spki(_new_key(fields[key_at]).public_key())
    tbs = der.encode(der.SEQUENCE, b"".join(fields))
    made = keys.sign(_new_key(signer or b"forger"), tbs, deterministic=True)
    signature = der.encode(der.BIT_STRING, b"\x00" + made)
    return der.encode(der.SEQUENCE, tbs + ALGORITHM + signature)


def _signer(data, candidates):
    """The SPKI of the RSA key that made the signature; None where none of them did."""
    tbs, _, signature = _elements(data)
    value = signature[der.expect(signature, 0, len(signature), der.BIT_STRING)[0] + 1 :]
    algorithm = hashes.SHA256()
    for spki, key in candidates:
        try:
            key.verify(value, tbs, padding.PKCS1v15(), algorithm)
        except InvalidSignature:
            continue
        return spki
    return None


@cache
def suite():
    """Root, every other certificate by file name, every CRL: re-keyed. What cannot be read: why."""
    raw = {path.name: path.read_bytes() for path in sorted((DATA / "certs").iterdir())}
    lists = [path.read_bytes() for path in sorted((DATA / "crls").iterdir())]
    authorities = {}
    for name, data in raw.items():
        fields = _elements(_elements(data)[0])
        spki = fields[6]
        if not name.endswith("EE.crt") and RSA in spki:
            key = serialization.load_der_public_key(spki)
            authorities.setdefault(names.comparable(fields[5]), {})[spki] = key
    certificates, unreadable = {}, {}
    for name, data in raw.items():
        fields = _elements(_elements(data)[0])
        signer = _signer(data, authorities.get(names.comparable(fields[3]), {}).items())
        try:
            parse(data)  # what is refused as it stands is refused, whoever signed it
            made = _rekeyed(data, signer, algorithm_at=2, key_at=6 if RSA in fields[6] else None)
            certificates[name] = parse(made)
        except Malformed as bad:
            unreadable[name] = bad.code
    rekeyed_lists = []
    for data in lists:
        fields = _elements(_elements(data)[0])
        signer = _signer(data, authorities.get(names.comparable(fields[2]), {}).items())
        rekeyed_lists.append((fields[2], _rekeyed(data, signer, algorithm_at=1)))
    root = certificates.pop("TrustAnchorRootCertificate.crt")
    return root, certificates, tuple(rekeyed_lists), unreadable


def _good(certificate, issuer, lists):
    """Whether some CRL of the issuer says that the certificate is good."""
    return any(
        isinstance(crls.judge(data, certificate=certificate, issuer=issuer, now=NOW), Good)
        for name, data in lists
        if names.same(name, certificate.issuer)
    )


def answer(name):
    """Accepted or refused, and by which codes."""
    root, certificates, lists, unreadable = suite()
    if name in unreadable:
        return "refused", (unreadable[name],)
    pool = [c for file, c in certificates.items() if not file.endswith("EE.crt")]
    path, findings = search(
        certificates[name],
        pool,
        roots=lambda asked: (root,) if names.same(asked, root.subject) else (),
        judge=lambda path: (*checks.authorities(path, NOW), *checks.end_entity(path[0], NOW)),
        budget=Budget(issued, left=64),
        certificates_max=10,
    )
    if not path or errors(findings):
        return "refused", tuple(dict.fromkeys(f.code for f in findings))
    for certificate, issuer in pairwise(path):
        if not _good(certificate, issuer, lists):
            return "refused", ("revocation",)
    return "accepted", ()


CASES = sorted(path.name for path in (DATA / "certs").iterdir() if path.name.endswith("EE.crt"))


def expected(name):
    """NIST's answer under default settings. Names say it; the few that do not are listed."""
    if name.startswith("Invalid"):
        return "refused"
    if name.startswith("Valid"):
        return "accepted"
    return LISTED["unnamed"][name]


@pytest.mark.parametrize("name", CASES)
def test_pkits_case(name):
    got, codes = answer(name)
    if expected(name) == "refused":
        assert got == "refused", "false accept"
    elif name in LISTED["false_rejects"]:
        assert (got, list(codes)) == ("refused", LISTED["false_rejects"][name]["codes"])
    else:
        assert got == "accepted", codes


def test_every_listed_case_exists_and_every_false_reject_has_its_reason():
    assert set(LISTED["unnamed"]) | set(LISTED["false_rejects"]) <= set(CASES)
    assert all(case["reason"] in LISTED["reasons"] for case in LISTED["false_rejects"].values())
    assert len(CASES) == 223
