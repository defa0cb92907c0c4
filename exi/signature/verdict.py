"""What verification says: verified, or failed and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from exi.schema_set import Fragment

# Permanent: callers and tests compare these, people read the sentence beside them.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "signature.nothing_signed": "the message has no element that is ever signed",
        "signature.missing": "the header has no Signature",
        "signature.key_not_allowed": "a key of a kind that does not sign in this edition",
        "signature.canonicalization_foreign": "CanonicalizationMethod is not canonical EXI",
        "signature.algorithm_foreign": "SignatureMethod is not the one of the key",
        "signature.content_forbidden": "KeyInfo or Object, which the standard does not allow here",
        "signature.id_missing": "an element that has to be signed has no Id",
        "signature.id_duplicate": "an Id that stands twice in the message",
        "signature.reference_foreign": "a Reference that is not '#' and an Id",
        "signature.reference_unexpected": "a Reference to nothing that has to be signed",
        "signature.reference_duplicate": "two References to the same element",
        "signature.reference_missing": "an element that has to be signed is not",
        "signature.transform_foreign": "Transforms that are not exactly canonical EXI",
        "signature.digest_method_foreign": "DigestMethod is not the one of the key",
        "signature.digest_wrong": "an element is not what was signed",
        "signature.value_length": "SignatureValue is not as long as the key's signatures",
        "signature.value_wrong": "SignatureValue is not the key's over SignedInfo",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The signature holds for ``elements``, all that had to be signed; use these and no others."""

    elements: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The signature does not hold; ``code`` is one of CODES, ``detail`` for people."""

    code: str
    detail: str


Verdict: TypeAlias = Verified | Failed
