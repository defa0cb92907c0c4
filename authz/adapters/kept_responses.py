"""OCSP responses that stations were given, for the time that their responder is silent."""

from collections import OrderedDict
from typing import TYPE_CHECKING

from certs.revocation.hash_data import HashData
from certs.revocation.status import Good, RevocationStatus, Revoked

if TYPE_CHECKING:
    from datetime import datetime

RESPONSES_MAX = 2_000  # of some 1,000 octets, 3,500 with their chains: 7 MB
RESPONSE_OCTETS_MAX = 16_384  # OCPP 2.1 carries 18,000 characters of base64

# A CertID: what a response answers is what it was asked with, hash algorithm and all.
_Key = tuple[str, bytes, bytes, int]


class KeptResponses:
    """The newest believed response to each question; the longest unused are forgotten first.

    Octets alone: whoever recalls them judges them again, under the issuer and at the moment of
    the question that they are to answer.
    """

    def __init__(self, responses_max: int = RESPONSES_MAX) -> None:
        self._responses: OrderedDict[_Key, tuple[bytes, datetime | None]] = OrderedDict()
        self._responses_max = responses_max

    def __len__(self) -> int:
        """How many are held."""
        return len(self._responses)

    def keep(self, data: HashData, response: bytes, status: RevocationStatus) -> None:
        """Keeps a response that was believed, unless a newer one is held."""
        if len(response) > RESPONSE_OCTETS_MAX:
            return
        told_at = status.proof.this_update if isinstance(status, Good | Revoked) else None
        _, held_at = self._responses.get(_key(data), (b"", None))
        if told_at is not None and held_at is not None and told_at < held_at:
            return
        self._responses[_key(data)] = response, told_at
        self._responses.move_to_end(_key(data))
        if len(self._responses) > self._responses_max:
            self._responses.popitem(last=False)

    def recall(self, data: HashData) -> bytes | None:
        """The newest response to this question; None where none is held."""
        held = self._responses.get(_key(data))
        if held is None:
            return None
        self._responses.move_to_end(_key(data))
        return held[0]


def _key(data: HashData) -> _Key:
    return data.hash_algorithm.value, data.issuer_name_hash, data.issuer_key_hash, data.serial
