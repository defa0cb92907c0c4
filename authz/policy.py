"""How a tenant wants its contracts judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from certs.identifiers.emaid import CheckDigit

CACHE_SECONDS_DEFAULT = 86_400  # a station may rely on an answer for a day at most
CACHE_SECONDS_MAX = 604_800  # cached OCSP is refreshed within a week (OCPP 2.0.1 M06.FR.10)


class UnprovenToken(Enum):
    """What an eMAID without certificate or hashes is worth."""

    REFUSE = "refuse"  # C07: an eMAID that nothing proves is a number that anybody can copy
    BY_CONTRACT = "by_contract"  # C08: treated as external identification, by its contract's state


class RelayRule(Enum):
    """What becomes of a contract that seems to be in two places, or in another's vehicle."""

    FLAG = "flag"  # the decision says so and stands: a friend may well charge a second vehicle
    REFUSE = "refuse"  # ConcurrentTx


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A tenant's choices. The defaults refuse what is not proved.

    ``permitted_providers`` maps a certificate authority's key identifier (SHA-1 of its public key,
    20 octets) to the provider ids ("DE8AA") that contracts below it may name; an authority that is
    not listed is free to name any (X10).
    """

    check_digit: CheckDigit = CheckDigit.WARN
    unproven_token: UnprovenToken = UnprovenToken.REFUSE
    relay: RelayRule = RelayRule.FLAG
    cache_seconds: int = CACHE_SECONDS_DEFAULT
    permitted_providers: Mapping[bytes, frozenset[str]] = field(
        default_factory=lambda: MappingProxyType({})
    )
