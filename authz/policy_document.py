"""A tenant's policy as a JSON document: how it is kept, sent and shown."""

from typing import Annotated

import msgspec
from msgspec import Meta

from authz.policy import (
    CACHE_SECONDS_DEFAULT,
    CACHE_SECONDS_MAX,
    Policy,
    RelayRule,
    UnprovenToken,
)
from certs.identifiers.emaid import CheckDigit

KEY_ID_OCTETS = 20  # RFC 5280 4.2.1.2 method 1
_KeyId = Annotated[str, Meta(pattern=f"^[0-9A-Fa-f]{{{2 * KEY_ID_OCTETS}}}$")]
_ProviderId = Annotated[str, Meta(pattern="^[A-Za-z0-9]{5}$")]


class PolicyDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """``permittedProviders`` maps a certificate authority's key identifier (hexadecimal, 40 digits)
    to the provider ids, like "DE8AA", that contracts below it may name.
    """

    check_digit: CheckDigit = CheckDigit.WARN
    unproven_token: UnprovenToken = UnprovenToken.REFUSE
    relay: RelayRule = RelayRule.FLAG
    cache_seconds: Annotated[int, Meta(ge=0, le=CACHE_SECONDS_MAX)] = CACHE_SECONDS_DEFAULT
    permitted_providers: dict[_KeyId, list[_ProviderId]] = {}


def to_policy(document: PolicyDocument) -> Policy:
    """The policy that a document describes, which its decoding has checked."""
    return Policy(
        check_digit=document.check_digit,
        unproven_token=document.unproven_token,
        relay=document.relay,
        cache_seconds=document.cache_seconds,
        permitted_providers={
            bytes.fromhex(key_id): frozenset(provider.upper() for provider in providers)
            for key_id, providers in document.permitted_providers.items()
        },
    )


def from_policy(policy: Policy) -> PolicyDocument:
    """A policy as its document."""
    return PolicyDocument(
        check_digit=policy.check_digit,
        unproven_token=policy.unproven_token,
        relay=policy.relay,
        cache_seconds=policy.cache_seconds,
        permitted_providers={
            key_id.hex(): sorted(providers)
            for key_id, providers in sorted(policy.permitted_providers.items())
        },
    )
