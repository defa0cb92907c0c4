"""A tenant's policy as a JSON document: how it is kept, sent and shown."""

import msgspec

from authz.errors import MalformedQuestion
from authz.policy import (
    CACHE_SECONDS_DEFAULT,
    CACHE_SECONDS_MAX,
    Policy,
    UnprovenToken,
)
from certs.identifiers.emaid import CheckDigit

KEY_ID_OCTETS = 20  # RFC 5280 4.2.1.2 method 1


class PolicyDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """``permittedProviders`` maps a certificate authority's key identifier (hexadecimal, 40 digits)
    to the provider ids, like "DE8AA", that contracts below it may name.
    """

    check_digit: CheckDigit = CheckDigit.WARN
    unproven_token: UnprovenToken = UnprovenToken.REFUSE
    cache_seconds: int = CACHE_SECONDS_DEFAULT
    permitted_providers: dict[str, list[str]] = {}


def to_policy(document: PolicyDocument) -> Policy:
    """The policy that a document describes; MalformedQuestion where it describes none."""
    if not 0 <= document.cache_seconds <= CACHE_SECONDS_MAX:
        raise MalformedQuestion(f"cacheSeconds is 0 to {CACHE_SECONDS_MAX}")
    permitted: dict[bytes, frozenset[str]] = {}
    for key_id, providers in document.permitted_providers.items():
        try:
            octets = bytes.fromhex(key_id)
        except ValueError as bad:
            raise MalformedQuestion("permittedProviders: a key that is not hexadecimal") from bad
        if len(octets) != KEY_ID_OCTETS:
            raise MalformedQuestion(f"permittedProviders: key ids have {2 * KEY_ID_OCTETS} digits")
        if not all(len(p) == 5 and p.isascii() and p.isalnum() for p in providers):
            raise MalformedQuestion("permittedProviders: provider ids are like DE8AA")
        permitted[octets] = frozenset(provider.upper() for provider in providers)
    return Policy(
        check_digit=document.check_digit,
        unproven_token=document.unproven_token,
        cache_seconds=document.cache_seconds,
        permitted_providers=permitted,
    )


def from_policy(policy: Policy) -> PolicyDocument:
    """A policy as its document."""
    return PolicyDocument(
        check_digit=policy.check_digit,
        unproven_token=policy.unproven_token,
        cache_seconds=policy.cache_seconds,
        permitted_providers={
            key_id.hex(): sorted(providers)
            for key_id, providers in sorted(policy.permitted_providers.items())
        },
    )
