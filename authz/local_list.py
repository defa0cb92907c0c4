"""The local authorization list of a tenant's contracts, as charging stations are sent it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from authz.contract import Contract
from authz.decision import AuthorizationStatus
from authz.judgement import offline_status
from authz.ocpp.protocol import OcppVersion
from authz.policy import Policy
from certs.identifiers.emaid import EMAID

ENTRIES_MAX = 20_000  # 4 MB of JSON; stations hold some thousand (LocalAuthListCtrlr.Entries)
TAG_CHARACTERS_MAX = 20  # OCPP 1.6 CiString20: idTag and parentIdTag

_TOKEN_CHARACTERS_MAX = MappingProxyType(
    {OcppVersion.V16: TAG_CHARACTERS_MAX, OcppVersion.V201: 36, OcppVersion.V21: 255}
)
_FULL, _DIFFERENTIAL = "Full", "Differential"

# OCPP 1.6 has fewer words; what it cannot say is no permission.
_IN_1_6: Mapping[AuthorizationStatus, str] = MappingProxyType(
    {
        AuthorizationStatus.ACCEPTED: "Accepted",
        AuthorizationStatus.BLOCKED: "Blocked",
        AuthorizationStatus.EXPIRED: "Expired",
        AuthorizationStatus.CONCURRENT_TX: "ConcurrentTx",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One eMAID whose entry changed; ``contract`` is how it stands now, None where it is gone."""

    emaid: EMAID
    contract: Contract | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChanges:
    """Everything that changed after version ``since``, up to ``version``; from 0 it is the list.

    Versions only grow, by one with each change of a contract, and never repeat.
    """

    since: int
    version: int
    changes: tuple[Change, ...]


def payload(
    told: ListChanges,
    *,
    version: OcppVersion,
    policy: Policy,
    now: datetime,
    group: str | None = None,
) -> dict[str, Any]:
    """A SendLocalList request (OCPP 2.0.1 and 2.1 D01, 1.6 5.15).

    A full list names every contract, what is refused included, so that a station knows it. A
    differential one names what changed: an entry without its info is to be removed (D01.FR.17).
    With a ``group``, contracts outside it are left out, or removed where they may have been in.
    """
    full = told.since == 0
    entries = []
    for change in told.changes:
        contract = change.contract
        inside = contract is not None and (group is None or contract.group == group)
        if len(str(change.emaid)) > _TOKEN_CHARACTERS_MAX[version] or (full and not inside):
            continue  # what a version cannot spell cannot come to its stations either
        encode = _entry_1_6 if version is OcppVersion.V16 else _entry
        entries.append(encode(change.emaid, contract if inside else None, policy, now))
    key = "listVersion" if version is OcppVersion.V16 else "versionNumber"
    made: dict[str, Any] = {key: told.version, "updateType": _FULL if full else _DIFFERENTIAL}
    if entries:
        made["localAuthorizationList"] = entries
    return made


def _entry(
    emaid: EMAID, contract: Contract | None, policy: Policy, now: datetime
) -> dict[str, Any]:
    """AuthorizationData of OCPP 2.0.1 and 2.1."""
    entry: dict[str, Any] = {"idToken": {"idToken": str(emaid), "type": "eMAID"}}
    if contract is None:
        return entry
    status = offline_status(contract, now)
    info: dict[str, Any] = {"status": status.value}
    if status is AuthorizationStatus.ACCEPTED:
        info["cacheExpiryDateTime"] = _expiry(contract, policy, now)
    if contract.group is not None:
        info["groupIdToken"] = {"idToken": contract.group, "type": "Central"}
    return entry | {"idTokenInfo": info}


def _entry_1_6(
    emaid: EMAID, contract: Contract | None, policy: Policy, now: datetime
) -> dict[str, Any]:
    """AuthorizationData of OCPP 1.6."""
    entry: dict[str, Any] = {"idTag": str(emaid)}
    if contract is None:
        return entry
    status = offline_status(contract, now)
    info: dict[str, Any] = {"status": _IN_1_6.get(status, "Invalid")}
    if status is AuthorizationStatus.ACCEPTED:
        info["expiryDate"] = _expiry(contract, policy, now)
    if contract.group is not None and len(contract.group) <= TAG_CHARACTERS_MAX:
        info["parentIdTag"] = contract.group
    return entry | {"idTagInfo": info}


def _expiry(contract: Contract, policy: Policy, now: datetime) -> str:
    """Until when a station may rely on an entry: no longer than on an answer."""
    ends = now + timedelta(seconds=policy.cache_seconds)
    if contract.not_after is not None:
        ends = min(ends, contract.not_after)
    return ends.isoformat().replace("+00:00", "Z")


def listed(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Changes in the order of their eMAIDs, so that equal registries give equal lists."""
    return tuple(sorted(changes, key=lambda change: change.emaid.canonical))
