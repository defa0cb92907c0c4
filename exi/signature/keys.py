"""What signing and verifying ask of a key; whoever handles keys provides it."""

from typing import Protocol


class SigningKey(Protocol):
    """A private key; ``curve`` is "P-256", "P-521" or "Ed448"."""

    @property
    def curve(self) -> str: ...

    def sign(self, data: bytes) -> bytes:
        """The numbers r and s side by side, each as long as the curve's field; or Ed448's octets.

        Big-endian; hashes inside: SHA-256 with P-256, SHA-512 with P-521.
        """
        ...


class VerifyingKey(Protocol):
    """A public key; ``curve`` as in SigningKey, or another name, whose signatures are refused."""

    @property
    def curve(self) -> str: ...

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether ``signature``, in the form of SigningKey.sign, is this key's over ``data``.

        Called only with signatures of the curve's exact length; never raises for a bad one.
        """
        ...
