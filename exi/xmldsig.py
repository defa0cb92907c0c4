"""XML signatures (XML-DSig core schema): what ISO 15118 puts into headers, and the rest of it.

ISO 15118 uses SignedInfo and SignatureValue. KeyInfo and Object are declared because they take
part in the grammars; foreign elements inside them (``Wildcard``) are refused.
"""

from typing import Annotated

from exi.datatypes import BASE64, STRING
from exi.declaration import (
    ALTERNATIVES,
    ATTRIBUTE,
    CONTENT,
    REF,
    UNBOUNDED,
    Choice,
    Complex,
    Occurs,
    Schema,
    Sequence,
    Wildcard,
    maybe,
)
from exi.xsd import ID, anyURI, base64Binary, integer

XMLDSIG = Schema("http://www.w3.org/2000/09/xmldsig#", attributes_qualified=False)
XMLDSIG.simple["DigestValue"] = BASE64
XMLDSIG.simple["MgmtData"] = STRING
XMLDSIG.simple["KeyName"] = STRING


class CanonicalizationMethodType(
    Complex,
    schema=XMLDSIG,
    element="CanonicalizationMethod",
    mixed=True,
    content=Wildcard(),
):
    """How SignedInfo becomes octets; in ISO 15118 always canonical EXI."""

    Algorithm: Annotated[anyURI, ATTRIBUTE]


class SignatureMethodType(
    Complex,
    schema=XMLDSIG,
    element="SignatureMethod",
    mixed=True,
    content=Sequence(maybe("HMACOutputLength"), Wildcard()),
):
    """How SignedInfo's octets are signed."""

    Algorithm: Annotated[anyURI, ATTRIBUTE]
    HMACOutputLength: integer | None = None


class TransformType(
    Complex,
    schema=XMLDSIG,
    element="Transform",
    mixed=True,
    content=Choice(Wildcard(1, 1), "XPath", minimum=0, maximum=UNBOUNDED),
):
    """A step from an element to the octets digested; in ISO 15118 always canonical EXI."""

    Algorithm: Annotated[anyURI, ATTRIBUTE]
    XPath: Annotated[tuple[str, ...], Occurs(1, 1)] = ()


class TransformsType(Complex, schema=XMLDSIG, element="Transforms"):
    """The steps from an element to the octets digested."""

    Transform: Annotated[tuple[TransformType, ...], REF, Occurs(1, UNBOUNDED)]


class DigestMethodType(
    Complex, schema=XMLDSIG, element="DigestMethod", mixed=True, content=Wildcard()
):
    """The hash of a reference."""

    Algorithm: Annotated[anyURI, ATTRIBUTE]


class ReferenceType(Complex, schema=XMLDSIG, element="Reference"):
    """A signed element: where it is (URI: '#' and its Id), and its digest."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    URI: Annotated[anyURI, ATTRIBUTE] | None = None
    Type: Annotated[anyURI, ATTRIBUTE] | None = None
    Transforms: Annotated[TransformsType, REF] | None = None
    DigestMethod: Annotated[DigestMethodType, REF]
    DigestValue: base64Binary


class SignedInfoType(Complex, schema=XMLDSIG, element="SignedInfo"):
    """What is signed: algorithms and references."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    CanonicalizationMethod: Annotated[CanonicalizationMethodType, REF]
    SignatureMethod: Annotated[SignatureMethodType, REF]
    Reference: Annotated[tuple[ReferenceType, ...], REF, Occurs(1, UNBOUNDED)]


class SignatureValueType(Complex, schema=XMLDSIG, element="SignatureValue"):
    """The signature's octets; in ISO 15118 r and s side by side."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    value: Annotated[base64Binary, CONTENT]


class DSAKeyValueType(
    Complex,
    schema=XMLDSIG,
    element="DSAKeyValue",
    content=Sequence(maybe("P", "Q"), maybe("G"), "Y", maybe("J"), maybe("Seed", "PgenCounter")),
):
    """A DSA public key."""

    P: base64Binary | None = None
    Q: base64Binary | None = None
    G: base64Binary | None = None
    Y: base64Binary
    J: base64Binary | None = None
    Seed: base64Binary | None = None
    PgenCounter: base64Binary | None = None


class RSAKeyValueType(Complex, schema=XMLDSIG, element="RSAKeyValue"):
    """An RSA public key."""

    Modulus: base64Binary
    Exponent: base64Binary


class KeyName(Complex, schema=XMLDSIG, local=True, element="KeyName"):
    """The name of a key, as one of the alternatives in KeyInfo."""

    value: Annotated[str, CONTENT]


class MgmtData(Complex, schema=XMLDSIG, local=True, element="MgmtData"):
    """Key agreement data, as one of the alternatives in KeyInfo."""

    value: Annotated[str, CONTENT]


class KeyValueType(
    Complex,
    schema=XMLDSIG,
    element="KeyValue",
    mixed=True,
    content=Choice("DSAKeyValue", "RSAKeyValue", Wildcard(1, 1)),
):
    """A public key."""

    DSAKeyValue: Annotated[DSAKeyValueType, REF] | None = None
    RSAKeyValue: Annotated[RSAKeyValueType, REF] | None = None


class RetrievalMethodType(Complex, schema=XMLDSIG, element="RetrievalMethod"):
    """Where a key is found."""

    URI: Annotated[anyURI, ATTRIBUTE] | None = None
    Type: Annotated[anyURI, ATTRIBUTE] | None = None
    Transforms: Annotated[TransformsType, REF] | None = None


class X509IssuerSerialType(Complex, schema=XMLDSIG, local=True, element="X509IssuerSerial"):
    """A certificate by its issuer (RFC 4514 text) and serial number, of any size."""

    X509IssuerName: str
    X509SerialNumber: integer


class X509SKI(Complex, schema=XMLDSIG, local=True, element="X509SKI"):
    """A subject key identifier, as one of the alternatives in X509Data."""

    value: Annotated[base64Binary, CONTENT]


class X509SubjectName(Complex, schema=XMLDSIG, local=True, element="X509SubjectName"):
    """A subject, as one of the alternatives in X509Data."""

    value: Annotated[str, CONTENT]


class X509Certificate(Complex, schema=XMLDSIG, local=True, element="X509Certificate"):
    """A certificate (DER), as one of the alternatives in X509Data."""

    value: Annotated[base64Binary, CONTENT]


class X509CRL(Complex, schema=XMLDSIG, local=True, element="X509CRL"):
    """A revocation list (DER), as one of the alternatives in X509Data."""

    value: Annotated[base64Binary, CONTENT]


class X509DataType(
    Complex,
    schema=XMLDSIG,
    element="X509Data",
    content=Choice("items", Wildcard(1, 1), maximum=UNBOUNDED),
):
    """What is known of a certificate."""

    items: Annotated[
        tuple[X509IssuerSerialType | X509SKI | X509SubjectName | X509Certificate | X509CRL, ...],
        ALTERNATIVES,
        Occurs(1, 1),
    ]


class PGPDataType(
    Complex,
    schema=XMLDSIG,
    element="PGPData",
    content=Choice(
        Sequence("PGPKeyID", maybe("PGPKeyPacket"), Wildcard()),
        Sequence("PGPKeyPacket", Wildcard()),
    ),
):
    """A PGP key."""

    PGPKeyID: base64Binary | None = None
    PGPKeyPacket: base64Binary | None = None


class SPKIDataType(
    Complex,
    schema=XMLDSIG,
    element="SPKIData",
    content=Sequence("SPKISexp", Wildcard(0, 1), maximum=UNBOUNDED),
):
    """An SPKI key."""

    SPKISexp: Annotated[tuple[base64Binary, ...], Occurs(1, 1)]


class KeyInfoType(
    Complex,
    schema=XMLDSIG,
    element="KeyInfo",
    mixed=True,
    content=Choice("items", Wildcard(1, 1), maximum=UNBOUNDED),
):
    """Which key signed; ISO 15118 leaves it out."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    items: Annotated[
        tuple[
            KeyName
            | KeyValueType
            | RetrievalMethodType
            | X509DataType
            | PGPDataType
            | SPKIDataType
            | MgmtData,
            ...,
        ],
        ALTERNATIVES,
        Occurs(1, 1),
    ]


class ObjectType(Complex, schema=XMLDSIG, element="Object", mixed=True, content=Wildcard()):
    """Data inside the signature; ISO 15118 has none."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    MimeType: Annotated[str, ATTRIBUTE] | None = None
    Encoding: Annotated[anyURI, ATTRIBUTE] | None = None


class SignatureType(Complex, schema=XMLDSIG, element="Signature"):
    """A signature over elements of the message."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    SignedInfo: Annotated[SignedInfoType, REF]
    SignatureValue: Annotated[SignatureValueType, REF]
    KeyInfo: Annotated[KeyInfoType, REF] | None = None
    Object: Annotated[tuple[ObjectType, ...], REF, Occurs(0, UNBOUNDED)] = ()


class ManifestType(Complex, schema=XMLDSIG, element="Manifest"):
    """References that are not checked with the signature."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    Reference: Annotated[tuple[ReferenceType, ...], REF, Occurs(1, UNBOUNDED)]


class SignaturePropertyType(
    Complex,
    schema=XMLDSIG,
    element="SignatureProperty",
    mixed=True,
    content=Choice(Wildcard(1, 1), maximum=UNBOUNDED),
):
    """A statement about a signature."""

    Target: Annotated[anyURI, ATTRIBUTE]
    Id: Annotated[ID, ATTRIBUTE] | None = None


class SignaturePropertiesType(Complex, schema=XMLDSIG, element="SignatureProperties"):
    """Statements about signatures."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    SignatureProperty: Annotated[tuple[SignaturePropertyType, ...], REF, Occurs(1, UNBOUNDED)]


SCHEMAS = (XMLDSIG,)
