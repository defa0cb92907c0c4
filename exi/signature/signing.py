"""Makes signatures over elements."""

from collections.abc import Sequence

from exi.codec import encode_fragment
from exi.protocol import Protocol
from exi.schema_set import Fragment
from exi.signature.algorithms import CANONICAL_EXI, Algorithms, algorithms_for
from exi.signature.keys import SigningKey
from exi.xmldsig import (
    CanonicalizationMethodType,
    DigestMethodType,
    ReferenceType,
    SignatureMethodType,
    SignatureType,
    SignatureValueType,
    SignedInfoType,
    TransformsType,
    TransformType,
)


class NotSignable(ValueError):  # noqa: N818 - beside NotEncodable, which it resembles
    """Something that this key, or nobody, can sign."""


def sign_elements(
    elements: Sequence[Fragment], *, key: SigningKey, protocol: Protocol
) -> SignatureType:
    """A signature over ``elements`` in the order given, each by its Id.

    Raises NotSignable: no element, an element without Id or with another's, a key that does not
    sign in this protocol or gives a signature of another length; NotEncodable for values that no
    message can carry.
    """
    algorithms = algorithms_for(protocol, key.curve)
    if algorithms is None:
        raise NotSignable(f"{key.curve} keys do not sign in {protocol.name}")
    ids = [id_of(fragment.element) for fragment in elements]
    if not elements or None in ids or len(set(ids)) < len(ids):
        raise NotSignable("elements are signed by Ids of their own, and there are none")
    signed_info = SignedInfoType(
        CanonicalizationMethod=CanonicalizationMethodType(Algorithm=CANONICAL_EXI),
        SignatureMethod=SignatureMethodType(Algorithm=algorithms.signature_method),
        Reference=tuple(_reference(fragment, algorithms, protocol) for fragment in elements),
    )
    value = key.sign(encode_fragment(signed_info, Protocol.XMLDSIG))
    if len(value) != algorithms.signature_octets:
        raise NotSignable(f"the key gave {len(value)} octets, not {algorithms.signature_octets}")
    return SignatureType(SignedInfo=signed_info, SignatureValue=SignatureValueType(value=value))


def id_of(element: object) -> str | None:
    """An element's Id; None where it has none, or an empty one."""
    return getattr(element, "Id", None) or None


def digest_of(fragment: Fragment, algorithms: Algorithms, protocol: Protocol) -> bytes:
    """The DigestValue of an element."""
    return algorithms.digest(encode_fragment(fragment.element, protocol, name=fragment.name))


def _reference(fragment: Fragment, algorithms: Algorithms, protocol: Protocol) -> ReferenceType:
    return ReferenceType(
        URI=f"#{id_of(fragment.element)}",
        Transforms=TransformsType(Transform=(TransformType(Algorithm=CANONICAL_EXI),)),
        DigestMethod=DigestMethodType(Algorithm=algorithms.digest_method),
        DigestValue=digest_of(fragment, algorithms, protocol),
    )
