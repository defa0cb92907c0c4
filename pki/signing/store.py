"""What a place that keeps private keys is asked: encrypted files, a token, a cloud's KMS."""

from dataclasses import dataclass
from typing import Protocol

from certs.keys import KeyKind, PrivateKey, PublicKey, Signer, key_identifier, kind_of_spki, spki


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """What is told of a private key: its key id in hex, its role, its public half."""

    key_id: str
    role: str
    public_key: PublicKey


class KeyStore(Protocol):
    """Private keys by key id. Every method raises SignerUnavailable where the place is not reached.

    An adapter signs what it is given: whether it should is asked before, by pki.signing.guard.
    """

    def generate(self, kind: KeyKind, *, role: str) -> KeptKey:
        """Makes a key where it will live; SignerUnavailable where this kind cannot live there."""
        ...

    def store(self, key: PrivateKey, *, role: str) -> str:
        """Takes a key in and returns its key id; Conflict where it is kept already.

        Raises Refused where keys may only be born here.
        """
        ...

    def holds(self, key_id: str) -> bool: ...

    def signer(self, key_id: str) -> Signer:
        """The door to a key; SignerUnavailable where it is absent or does not open."""
        ...

    def role_of(self, key_id: str) -> str:
        """The role a key was made or taken in for; SignerUnavailable as of signer()."""
        ...


class Custody(Protocol):
    """The same place as its custodian sees it. SignerUnavailable as of KeyStore."""

    def listed(self) -> tuple[KeptKey, ...]:
        """Every key here, by key id."""
        ...

    def destroy(self, key_id: str) -> None:
        """Ends a key for good; NotFound where it is not here."""
        ...


def name_of(key: PublicKey) -> str:
    """RFC 5280 4.2.1.2 method 1 over a public key, in hex."""
    _, value = kind_of_spki(spki(key))
    return key_identifier(value).hex()
