"""Verifies signatures over elements, whatever the message claims about them."""

from collections.abc import Mapping, Sequence
from hmac import compare_digest

from exi.codec import encode_fragment
from exi.protocol import Protocol
from exi.schema_set import Fragment
from exi.signature.algorithms import CANONICAL_EXI, Algorithms, algorithms_for
from exi.signature.keys import VerifyingKey
from exi.signature.signing import digest_of, id_of
from exi.signature.verdict import Failed, Verdict, Verified
from exi.xmldsig import ReferenceType, SignatureType, SignedInfoType, TransformsType


def verify_elements(
    signature: SignatureType | None,
    elements: Sequence[Fragment],
    *,
    key: VerifyingKey,
    protocol: Protocol,
) -> Verdict:
    """Whether ``signature`` is the key's over exactly ``elements``, those that have to be signed.

    Each must be referred to once, nothing else may be (signature wrapping: K08, K12). SignedInfo is
    encoded as it was received: order of References and all attributes. Never raises for decoded
    values, NotEncodable for others that no message can carry.
    """
    if signature is None:
        return _failed("signature.missing")
    algorithms = algorithms_for(protocol, key.curve)
    if algorithms is None:
        return _failed("signature.key_not_allowed", f"{key.curve} in {protocol.name}")
    by_id = _by_id(elements)
    if isinstance(by_id, Failed):
        return by_id
    failed = (
        _foreign(signature, algorithms)
        or _misreferred(signature.SignedInfo, by_id, algorithms, protocol)
        or _altered(signature.SignedInfo, by_id, algorithms, protocol)
        or _not_by(key, signature, algorithms)
    )
    return failed or Verified(elements=tuple(elements))


def _failed(code: str, detail: str = "") -> Failed:
    return Failed(code=code, detail=detail)


def _by_id(elements: Sequence[Fragment]) -> Mapping[str, Fragment] | Failed:
    """What has to be signed, by Id."""
    if not elements:
        return _failed("signature.nothing_signed")
    found: dict[str, Fragment] = {}
    for element in elements:
        name = id_of(element.element)
        if name is None:
            return _failed("signature.id_missing", element.name)
        if name in found:
            return _failed("signature.id_duplicate", f"{name}: {found[name].name}, {element.name}")
        found[name] = element
    return found


def _foreign(signature: SignatureType, algorithms: Algorithms) -> Failed | None:
    """Methods other than the key's, and content that [V2G2-771] and [V2G20-771] forbid.

    The Ids and Types that those forbid as well are harmless: they are signed as received, or not
    looked at, and deployed senders have them (EcoG-io/iso15118#240).
    """
    if signature.KeyInfo is not None or signature.Object:
        return _failed("signature.content_forbidden")
    canonicalization = signature.SignedInfo.CanonicalizationMethod.Algorithm
    if canonicalization != CANONICAL_EXI:
        return _failed("signature.canonicalization_foreign", canonicalization)
    method = signature.SignedInfo.SignatureMethod
    if method.Algorithm != algorithms.signature_method or method.HMACOutputLength is not None:
        return _failed("signature.algorithm_foreign", method.Algorithm)
    return None


def _misreferred(
    signed_info: SignedInfoType,
    by_id: Mapping[str, Fragment],
    algorithms: Algorithms,
    protocol: Protocol,
) -> Failed | None:
    """References that are not, one to one, those of the elements."""
    seen: set[str] = set()
    for reference in signed_info.Reference:
        name = _target(reference)
        if name is None:
            return _failed("signature.reference_foreign", str(reference.URI))
        if name not in by_id:
            return _failed("signature.reference_unexpected", name)
        if name in seen:
            return _failed("signature.reference_duplicate", name)
        seen.add(name)
        if not _only_canonical_exi(reference.Transforms, protocol):
            return _failed("signature.transform_foreign", name)
        if reference.DigestMethod.Algorithm != algorithms.digest_method:
            return _failed("signature.digest_method_foreign", reference.DigestMethod.Algorithm)
    missing = by_id.keys() - seen
    if missing:
        return _failed("signature.reference_missing", ", ".join(sorted(missing)))
    return None


def _target(reference: ReferenceType) -> str | None:
    """The Id that a Reference names; None for everything else that a URI can be."""
    uri = reference.URI or ""
    return uri[1:] if len(uri) > 1 and uri.startswith("#") else None


def _only_canonical_exi(transforms: TransformsType | None, protocol: Protocol) -> bool:
    if transforms is None:
        # [V2G20-767] says "at most one"; deployed -2 has always one.
        return protocol is not Protocol.ISO_2
    return [(step.Algorithm, step.XPath) for step in transforms.Transform] == [(CANONICAL_EXI, ())]


def _altered(
    signed_info: SignedInfoType,
    by_id: Mapping[str, Fragment],
    algorithms: Algorithms,
    protocol: Protocol,
) -> Failed | None:
    """An element that is not what its Reference digested."""
    for reference in signed_info.Reference:
        element = by_id[_target(reference) or ""]
        if not compare_digest(reference.DigestValue, digest_of(element, algorithms, protocol)):
            return _failed("signature.digest_wrong", element.name)
    return None


def _not_by(key: VerifyingKey, signature: SignatureType, algorithms: Algorithms) -> Failed | None:
    """A SignatureValue that is not the key's over SignedInfo as received."""
    value = signature.SignatureValue.value
    if len(value) != algorithms.signature_octets:
        return _failed(
            "signature.value_length", f"{len(value)} octets, not {algorithms.signature_octets}"
        )
    if not key.verifies(value, encode_fragment(signature.SignedInfo, Protocol.XMLDSIG)):
        return _failed("signature.value_wrong")
    return None
