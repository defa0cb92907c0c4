"""docs/signatures.md says what the tables say, and its example is really signed."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from certs.edition import Edition
from certs.hierarchy import grow
from certs.keys import SoftwareSigner
from certs.profiles.rules import Role
from certs.raw_signatures import RawSigner
from exi.codec import encode
from exi.protocol import Protocol
from exi.signature.algorithms import ALGORITHMS, CANONICAL_EXI
from exi.signature.messages import SIGNED, sign_message
from exi.signature.verdict import CODES
from tests.signed_messages import ISO_2
from tests.world import NOW

PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text(encoding="utf-8")
EDITIONS = {Protocol.ISO_2: "-2", Protocol.ISO_20_COMMON: "-20"}


def test_every_code_stands_on_the_page():
    rows = [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    assert "\n".join(rows) in PAGE


@pytest.mark.parametrize(
    ("protocol", "name"), SIGNED, ids=lambda value: getattr(value, "name", value)
)
def test_every_signed_message_stands_on_the_page(protocol, name):
    elements = [path[-1] for path in SIGNED[protocol, name]]
    said = "the body element" if elements == ["BodyElement"] else ", ".join(elements)
    assert f"| {EDITIONS[protocol]} {name} | {said} | " in PAGE


def test_the_algorithms_of_the_page_are_those_of_the_code():
    known = [each for keys in ALGORITHMS.values() for each in keys.values()]
    for row, values in {
        "SignatureMethod": [f"`{each.signature_method}`" for each in known],
        "DigestMethod": [f"`{each.digest_method}`" for each in known],
        "octets of a SignatureValue": [str(each.signature_octets) for each in known],
    }.items():
        assert f"| {row} | {' | '.join(values)} |" in PAGE
    assert CANONICAL_EXI in PAGE


def test_the_pages_example_is_signed_with_the_key_of_its_world():
    """``plugward init --seed docs`` has the same contract key; the page verifies by it."""
    world = grow(seed=sha256(b"docs").digest(), now=NOW, edition=Edition.ISO_2)
    key = world[Role.CONTRACT].private_key
    signer = RawSigner(SoftwareSigner(key, deterministic=True))
    sent = encode(sign_message(ISO_2["AuthorizationReq"], signer))
    assert b64encode(sent).decode() in PAGE
