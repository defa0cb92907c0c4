"""Signs and verifies whole messages: which elements of which message are signed."""

from collections.abc import Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from exi.codec import protocol_of
from exi.declaration import Complex
from exi.protocol import Protocol
from exi.schema_set import Fragment
from exi.signature.keys import SigningKey, VerifyingKey
from exi.signature.signing import NotSignable, id_of, sign_elements
from exi.signature.verdict import Failed, Verdict
from exi.signature.verification import verify_elements
from exi.xmldsig import SignatureType

Path: TypeAlias = tuple[str, ...]
Message = TypeVar("Message", bound=Complex)

_BODY: Final = ("Body", "BodyElement")
# All four, of CertificateInstallationRes and CertificateUpdateRes alike; the chain of the CPS
# itself, SAProvisioningCertificateChain, is not signed.
_INSTALLATION: Final = tuple(
    (*_BODY, name)
    for name in (
        "ContractSignatureCertChain",
        "ContractSignatureEncryptedPrivateKey",
        "DHpublickey",
        "eMAID",
    )
)
_CPS: Final = (*_BODY, "SAProvisioningCertificateChain", "Certificate")
# Where the signed elements are, from the message downwards: fields by name, every item of a list.
# -2 messages are known by the name of their body element. -20 CertificateInstallationReq: the text
# says the body element [V2G20-1548], but only the chain has an Id to refer to.
SIGNED: Mapping[tuple[Protocol, str], tuple[Path, ...]] = MappingProxyType(
    {
        (Protocol.ISO_2, "AuthorizationReq"): (_BODY,),
        (Protocol.ISO_2, "CertificateInstallationReq"): (_BODY,),
        (Protocol.ISO_2, "CertificateUpdateReq"): (_BODY,),
        (Protocol.ISO_2, "MeteringReceiptReq"): (_BODY,),
        (Protocol.ISO_2, "CertificateInstallationRes"): _INSTALLATION,
        (Protocol.ISO_2, "CertificateUpdateRes"): _INSTALLATION,
        (Protocol.ISO_2, "ChargeParameterDiscoveryRes"): (
            (*_BODY, "SASchedules", "SAScheduleTuple", "SalesTariff"),
        ),
        (Protocol.ISO_20_COMMON, "AuthorizationReq"): (("PnC_AReqAuthorizationMode",),),
        (Protocol.ISO_20_COMMON, "CertificateInstallationReq"): (
            ("OEMProvisioningCertificateChain",),
        ),
        (Protocol.ISO_20_COMMON, "CertificateInstallationRes"): (("SignedInstallationData",),),
        (Protocol.ISO_20_COMMON, "MeteringConfirmationReq"): (("SignedMeteringData",),),
    }
)

# Where a message carries the certificate of whoever signs it; the others rely on one sent before
# (the contract's, in PaymentDetailsReq) or known otherwise (the mobility operator's sub-CA 2).
SIGNERS: Mapping[tuple[Protocol, str], Path] = MappingProxyType(
    {
        (Protocol.ISO_2, "CertificateInstallationReq"): (*_BODY, "OEMProvisioningCert"),
        (Protocol.ISO_2, "CertificateUpdateReq"): (
            *_BODY,
            "ContractSignatureCertChain",
            "Certificate",
        ),
        (Protocol.ISO_2, "CertificateInstallationRes"): _CPS,
        (Protocol.ISO_2, "CertificateUpdateRes"): _CPS,
        (Protocol.ISO_20_COMMON, "AuthorizationReq"): (
            "PnC_AReqAuthorizationMode",
            "ContractCertificateChain",
            "Certificate",
        ),
        (Protocol.ISO_20_COMMON, "CertificateInstallationReq"): (
            "OEMProvisioningCertificateChain",
            "Certificate",
        ),
        (Protocol.ISO_20_COMMON, "CertificateInstallationRes"): (
            "CPSCertificateChain",
            "Certificate",
        ),
    }
)


def signed_elements(message: Complex) -> tuple[Fragment, ...]:
    """The elements of a message that a signature has to cover; none where it is never signed.

    Raises NotEncodable for what is no message.
    """
    return tuple(
        Fragment(_named(path, element), element)
        for path in _paths(message)
        for element in _at(message, path)
    )


def sign_message(message: Message, key: SigningKey) -> Message:
    """The message with a Signature in its header, instead of any that was there.

    Elements that have no Id get "id1", "id2" and so on. Raises NotSignable: nothing in the message
    is ever signed, its Ids are not its elements' own, or the key does not sign in this edition;
    NotEncodable.
    """
    protocol = protocol_of(type(message))
    identified = _identified(_signed_by(message, None))
    elements = signed_elements(identified)
    if not elements:
        raise NotSignable(f"{_name(message)} has no element that is signed")
    if repeated := _repeated_id(identified):
        raise NotSignable(f"the Id {repeated} stands twice in the message")
    signature = sign_elements(elements, key=key, protocol=protocol)
    return _signed_by(identified, signature)


def verify_message(message: Complex, key: VerifyingKey) -> Verdict:
    """Whether the header's Signature is the key's over all that has to be signed, and only that.

    Whose key that is, and whether its certificate is good, is for the caller to know. In -2 only
    the first AuthorizationReq is signed: those that repeat it while the answer is Ongoing give
    signature.missing [V2G2-684]. Never raises for decoded messages.
    """
    elements = signed_elements(message)
    if not elements:
        return Failed(code="signature.nothing_signed", detail=_name(message))
    if repeated := _repeated_id(message):
        return Failed(code="signature.id_duplicate", detail=repeated)
    signature = getattr(_child(message, "Header"), "Signature", None)
    return verify_elements(signature, elements, key=key, protocol=protocol_of(type(message)))


def signer_certificate(message: Complex) -> bytes | None:
    """The certificate (DER) that a message carries of its signer; None where it carries none.

    A signature that this one's key verifies says that the sender has the key, not who that is.
    Raises NotEncodable for what is no message.
    """
    found: object = message
    for name in SIGNERS.get((protocol_of(type(message)), _name(message)), ()):
        found = getattr(found, name, None)
    return found if isinstance(found, bytes) else None


def _child(element: Complex, name: str) -> Complex:
    child: Complex = getattr(element, name)
    return child


def _root(message: Complex) -> Complex:
    """What names the message: the body element in -2, itself in -20."""
    if protocol_of(type(message)) is not Protocol.ISO_2:
        return message
    return getattr(_child(message, "Body"), "BodyElement", None) or message


def _name(message: Complex) -> str:
    return str(type(_root(message)).declared.element)


def _paths(message: Complex) -> tuple[Path, ...]:
    return SIGNED.get((protocol_of(type(message)), _name(message)), ())


def _named(path: Path, element: Complex) -> str:
    """An element's name: of its own where another could stand in its place, else of its field."""
    return type(element).declared.element or path[-1]


def _at(element: object, path: Path) -> Iterator[Complex]:
    """The elements that are there at ``path``."""
    if isinstance(element, tuple):
        for item in element:
            yield from _at(item, path)
    elif isinstance(element, Complex):
        if path:
            yield from _at(getattr(element, path[0], None), path[1:])
        else:
            yield element


def _with(element: Message, **changes: object) -> Message:
    """The element with some fields changed."""
    held = {name: getattr(element, name) for name in type(element).declared.defaults}
    return type(element)(**{**held, **changes})


def _signed_by(message: Message, signature: SignatureType | None) -> Message:
    return _with(message, Header=_with(_child(message, "Header"), Signature=signature))


def _identified(message: Message) -> Message:
    """The message with an Id on each element to be signed."""
    taken = set(_ids(message))
    fresh = (name for n in count(1) if (name := f"id{n}") not in taken)
    for path in _paths(message):
        message = _filled(message, path, fresh)
    return message


def _filled(element: Message, path: Path, fresh: Iterator[str]) -> Message:
    if not path:
        if id_of(element) is None:
            return _with(element, Id=next(fresh))
        return element
    held = getattr(element, path[0], None)
    if isinstance(held, tuple):
        return _with(element, **{path[0]: tuple(_filled(item, path[1:], fresh) for item in held)})
    if isinstance(held, Complex):
        return _with(element, **{path[0]: _filled(held, path[1:], fresh)})
    return element


def _ids(element: object) -> Iterator[str]:
    """All Ids in an element; an empty one is none."""
    if isinstance(element, tuple):
        for item in element:
            yield from _ids(item)
    elif isinstance(element, Complex):
        for name in type(element).declared.defaults:
            held = getattr(element, name)
            if name == "Id" and isinstance(held, str) and held:
                yield held
            else:
                yield from _ids(held)


def _repeated_id(message: Complex) -> str | None:
    seen: set[str] = set()
    for name in _ids(message):
        if name in seen:
            return name
        seen.add(name)
    return None
