"""What may seal one contract key and no second one: a key pair and an initialisation vector."""

from typing import Generic, TypeVar

from certs.errors import Refused

Key = TypeVar("Key")


class Ephemeral(Generic[Key]):
    """An ephemeral private key and an initialisation vector, spent by the first seal.

    No dataclass: it must change when spent, and must not show or compare what it holds. Made by
    ``iso_2.fresh`` and ``iso_20.fresh``; by hand only for known answers.
    """

    __slots__ = ("_unspent",)

    def __init__(self, private_key: Key, *, iv: bytes) -> None:
        self._unspent = [(private_key, iv)]

    def spend(self) -> tuple[Key, bytes]:
        """Private key and initialisation vector, once; then Refused("contract_key.spent").

        A key pair used twice would give two ciphertexts under one key; [V2G20-2496], from
        third-party text, has it destroyed after use. Popping a list is one step, also with threads.
        """
        try:
            return self._unspent.pop()
        except IndexError:
            raise Refused("contract_key.spent", "ephemeral key and IV seal one key only") from None
