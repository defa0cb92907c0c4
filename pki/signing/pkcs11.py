"""Private keys in a PKCS#11 token: born there, signing there, never coming out.

A key is a private and a public object with CKA_ID the key id's 20 octets and CKA_LABEL its role.
"""

from collections.abc import Mapping
from hashlib import sha256, sha384, sha512
from types import MappingProxyType
from typing import cast

from cryptography.hazmat.primitives.asymmetric import ed448
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, PrivateKey, Session
from pkcs11.exceptions import MechanismInvalid, NoSuchKey

from certs import der
from certs import keys as certs_keys
from certs.errors import Malformed, Refused
from certs.keys import KeyKind, PublicKey, Signer
from pki.errors import Conflict, NotFound, SignerUnavailable
from pki.signing.store import KeptKey, name_of
from pki.signing.token import TokenPlace, TokenSession

_KEY_ID_OCTETS = 20
_UNNAMED = b"plugward-unnamed"  # the CKA_ID between a key's birth and its naming
_LABEL = "plugward "

# CKA_EC_PARAMS: the named curve's OBJECT IDENTIFIER, whole.
_PARAMETERS: Mapping[KeyKind, bytes] = MappingProxyType(
    {
        KeyKind.P256: bytes.fromhex("06082a8648ce3d030107"),
        KeyKind.P521: bytes.fromhex("06052b81040023"),
        KeyKind.ED448: bytes.fromhex("06032b6571"),
    }
)
_KINDS = {parameters: kind for kind, parameters in _PARAMETERS.items()}
_SHA = {KeyKind.P256: sha256, KeyKind.P384: sha384, KeyKind.P521: sha512}


class TokenKeys:
    """pki.signing.store.KeyStore and Custody over a token. Nothing is opened until asked."""

    def __init__(self, place: TokenPlace) -> None:
        self._place = place
        self._handles: dict[str, tuple[PrivateKey, KeptKey]] = {}
        self._session = TokenSession(place, renewed=self._handles.clear)

    def __repr__(self) -> str:
        return f"<TokenKeys {self._place.token}>"

    def generate(self, kind: KeyKind, *, role: str) -> KeptKey:
        return self._session.call(lambda session: _generate(session, kind, role))

    def store(self, key: certs_keys.PrivateKey, *, role: str) -> str:
        """Copies a key that has lived elsewhere into the token; only where settings allow it."""
        if not self._place.import_allowed:
            raise Refused(
                "keys.import_refused", "keys are born in the token; pkcs11_import_allowed is off"
            )
        kept = KeptKey(key_id=name_of(key.public_key()), role=role, public_key=key.public_key())
        if self.holds(kept.key_id):
            raise Conflict("the token has a key of this key id", code="conflict.key")
        self._session.call(lambda session: _take_in(session, key, kept))
        return kept.key_id

    def holds(self, key_id: str) -> bool:
        octets = _octets(key_id)
        return self._session.call(lambda session: _private(session, octets) is not None)

    def signer(self, key_id: str) -> Signer:
        return _TokenSigner(self, self._known(key_id))

    def role_of(self, key_id: str) -> str:
        return self._known(key_id).role

    def listed(self) -> tuple[KeptKey, ...]:
        return self._session.call(_kept)

    def destroy(self, key_id: str) -> None:
        octets = _octets(key_id)

        def destroy(session: Session) -> bool:
            self._handles.pop(key_id, None)
            private = _private(session, octets)
            if private is None:
                return False
            private.destroy()
            for public in list(session.get_objects(_named(ObjectClass.PUBLIC_KEY, octets))):
                public.destroy()
            return True

        if not self._session.call(destroy):
            raise NotFound("the token has no key of this key id")

    def sign(self, key_id: str, data: bytes) -> bytes:
        """A signature as certs.keys.Signer makes them; hashes here, for tokens know few hashes."""
        octets = _octets(key_id)

        def sign(session: Session) -> bytes:
            private, kept = self._handle(session, key_id, octets)
            kind = certs_keys.kind_of(kept.public_key)
            if kind is KeyKind.ED448:
                return bytes(private.sign(data, mechanism=Mechanism.EDDSA))  # type: ignore[attr-defined]  # the class is made of mixins at run time
            digest = _SHA[kind](data).digest()
            return _der(bytes(private.sign(digest, mechanism=Mechanism.ECDSA)))  # type: ignore[attr-defined]  # the same

        return self._session.call(sign)

    def _known(self, key_id: str) -> KeptKey:
        known = self._handles.get(key_id)
        if known is not None:
            return known[1]
        octets = _octets(key_id)
        return self._session.call(lambda session: self._handle(session, key_id, octets)[1])

    def _handle(self, session: Session, key_id: str, octets: bytes) -> tuple[PrivateKey, KeptKey]:
        known = self._handles.get(key_id)
        if known is None:
            private = _private(session, octets)
            if private is None:
                raise NoSuchKey
            known = self._handles[key_id] = (private, _told(session, private))
        return known


class _TokenSigner:
    """The door to one key of a token."""

    __slots__ = ("_kept", "_keys")

    def __init__(self, keys: TokenKeys, kept: KeptKey) -> None:
        self._keys = keys
        self._kept = kept

    @property
    def public_key(self) -> PublicKey:
        return self._kept.public_key

    def sign(self, data: bytes) -> bytes:
        return self._keys.sign(self._kept.key_id, data)


def _generate(session: Session, kind: KeyKind, role: str) -> KeptKey:
    parameters = _PARAMETERS.get(kind)
    if parameters is None:
        raise SignerUnavailable(f"token: no {kind.value} keys are kept there")
    edwards = kind is KeyKind.ED448
    way = Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else Mechanism.EC_KEY_PAIR_GEN
    domain = session.create_domain_parameters(
        KeyType.EC_EDWARDS if edwards else KeyType.EC,
        {Attribute.EC_PARAMS: parameters},
        local=True,
    )
    try:
        public, private = domain.generate_keypair(
            mechanism=way,
            store=True,
            id=_UNNAMED,
            label=_LABEL + role,
            capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
            private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
        )
    except MechanismInvalid as bad:
        raise SignerUnavailable(f"token: makes no {kind.value} keys") from bad
    if not private[Attribute.SENSITIVE] or private[Attribute.EXTRACTABLE]:
        private.destroy()
        public.destroy()
        raise SignerUnavailable("token: the key it made would come out again")
    made = _public_key(public)
    kept = KeptKey(key_id=name_of(made), role=role, public_key=made)
    # The public half first: a private key with a name is one that can be used.
    for half in (public, private):
        half[Attribute.ID] = bytes.fromhex(kept.key_id)
    return kept


def _take_in(session: Session, key: certs_keys.PrivateKey, kept: KeptKey) -> None:
    kind = certs_keys.kind_of(key)
    parameters = _PARAMETERS.get(kind)
    if parameters is None:
        raise SignerUnavailable(f"token: no {kind.value} keys are kept there")
    _, point = certs_keys.kind_of_spki(certs_keys.spki(kept.public_key))
    if isinstance(key, ed448.Ed448PrivateKey):
        secret = key.private_bytes_raw()
    else:
        secret = key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")
    shared = {
        Attribute.KEY_TYPE: KeyType.EC_EDWARDS if kind is KeyKind.ED448 else KeyType.EC,
        Attribute.EC_PARAMS: parameters,
        Attribute.ID: bytes.fromhex(kept.key_id),
        Attribute.LABEL: _LABEL + kept.role,
        Attribute.TOKEN: True,
    }
    public = session.create_object(
        {
            **shared,
            Attribute.CLASS: ObjectClass.PUBLIC_KEY,
            Attribute.EC_POINT: der.encode(der.OCTET_STRING, point),
            Attribute.VERIFY: True,
        }
    )
    try:
        session.create_object(
            {
                **shared,
                Attribute.CLASS: ObjectClass.PRIVATE_KEY,
                Attribute.VALUE: secret,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.SIGN: True,
            }
        )
    except BaseException:
        public.destroy()
        raise


def _kept(session: Session) -> tuple[KeptKey, ...]:
    found = []
    for private in list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})):
        label, name = private[Attribute.LABEL], private[Attribute.ID]
        if len(name) == _KEY_ID_OCTETS and str(label).startswith(_LABEL):
            found.append(_told(session, cast("PrivateKey", private)))
    return tuple(sorted(found, key=lambda kept: kept.key_id))


def _private(session: Session, octets: bytes) -> PrivateKey | None:
    found = list(session.get_objects(_named(ObjectClass.PRIVATE_KEY, octets)))
    return cast("PrivateKey", found[0]) if found else None


def _told(session: Session, private: PrivateKey) -> KeptKey:
    """What the token says of a key; SignerUnavailable where its objects are not a pair of ours."""
    name = bytes(private[Attribute.ID])
    halves = list(session.get_objects(_named(ObjectClass.PUBLIC_KEY, name)))
    label = str(private[Attribute.LABEL])
    if not halves or not label.startswith(_LABEL):
        raise SignerUnavailable("token: the key was not made by us")
    public = _public_key(halves[0])
    if name_of(public) != name.hex():
        raise SignerUnavailable("token: the key is not the one of this name")
    return KeptKey(key_id=name.hex(), role=label.removeprefix(_LABEL), public_key=public)


def _public_key(public: object) -> PublicKey:
    kind = _KINDS.get(bytes(public[Attribute.EC_PARAMS]))  # type: ignore[index]  # attributes by item
    point = bytes(public[Attribute.EC_POINT])  # type: ignore[index]  # the same
    if kind is None:
        raise SignerUnavailable("token: the key is on a curve that is not ours")
    try:
        start, stop = der.whole(point, der.OCTET_STRING)
        return certs_keys.load(kind, point[start:stop])
    except Malformed as bad:
        raise SignerUnavailable("token: the public key cannot be read") from bad


def _named(kind: ObjectClass, octets: bytes) -> dict[Attribute, object]:
    return {Attribute.CLASS: kind, Attribute.ID: octets}


def _octets(key_id: str) -> bytes:
    try:
        octets = bytes.fromhex(key_id)
    except ValueError:
        octets = b""
    if len(octets) != _KEY_ID_OCTETS or octets.hex() != key_id:
        raise SignerUnavailable("not a key id")
    return octets


def _der(pair: bytes) -> bytes:
    """The r and s of equal length, as PKCS#11 has them, as an Ecdsa-Sig-Value (RFC 3279 2.2.3)."""
    middle = len(pair) // 2
    return der.encode(der.SEQUENCE, b"".join(map(_integer, (pair[:middle], pair[middle:]))))


def _integer(octets: bytes) -> bytes:
    value = int.from_bytes(octets, "big")
    return der.encode(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))
