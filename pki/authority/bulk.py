"""Many certificates in one go: a transaction a batch, and begun again where it broke off.

The key is what makes it resumable: a request whose key already has the certificate it asks for is
given that one, so that a script that died runs again from its beginning and issues nothing twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from certs.certificate import Certificate, Reading, parse
from certs.errors import Refused
from pki.authority import registration
from pki.authority.admission import Admission
from pki.authority.directory import Directory
from pki.authority.issuance import Issuance
from pki.authority.policy import Policy
from pki.authority.registration import Approved
from pki.authority.request import IssuanceRequest
from pki.callers import Caller
from pki.ports import Inventory

BATCH_MAX = 1_000  # drafts in memory, rows in one transaction

# What two requests have in common that ask for one certificate: authority, key, name, profile.
_Wish = tuple[str, str, str, str]


def issue(
    requests: Sequence[IssuanceRequest],
    *,
    caller: Caller,
    directory: Directory,
    policies: Mapping[str, Policy],
    admission: Admission,
    issuance: Issuance,
    inventory: Inventory,
    now: datetime,
) -> list[tuple[Approved, Certificate] | Refused]:
    """What came of each request, in their order; a refusal is told in its place.

    Raises Refused for more than BATCH_MAX of them, Unavailable as Issuance does: what was issued
    by then is found again when the same batch is asked for again.
    """
    if len(requests) > BATCH_MAX:
        raise Refused("issuance.batch_too_large", f"at most {BATCH_MAX} at once")
    permitted = [_permit(request, caller, directory, policies, now) for request in requests]
    wishes = {_wish(each): each for each in permitted if isinstance(each, Approved)}
    granted: dict[_Wish, Certificate | Refused] = {}
    for issuer, wished in groupby(sorted(wishes), key=lambda wish: wish[0]):
        granted |= _standing(issuer, frozenset(wished), caller.tenant, inventory, now)
        missing = [wish for wish in wishes if wish[0] == issuer and wish not in granted]
        granted |= _newly({wish: wishes[wish] for wish in missing}, admission, issuance, now)
    return [
        each if isinstance(each, Refused) else _told(each, granted[_wish(each)])
        for each in permitted
    ]


def _newly(
    wishes: Mapping[_Wish, Approved], admission: Admission, issuance: Issuance, now: datetime
) -> dict[_Wish, Certificate | Refused]:
    """What comes of the wishes, all for one authority, that nothing stands for yet."""
    admitted = admission.admit(list(wishes.values()), now=now) if wishes else []
    granted: dict[_Wish, Certificate | Refused] = {}
    pending: dict[_Wish, Approved] = {}
    for wish, outcome in zip(wishes, admitted, strict=True):
        if isinstance(outcome, Refused):
            granted[wish] = outcome
        else:
            pending[wish] = outcome
    if pending:
        outcomes = issuance.issue_batch(list(pending.values()))
        granted |= dict(zip(pending, outcomes, strict=True))
    return granted


def _told(
    approved: Approved, outcome: Certificate | Refused
) -> tuple[Approved, Certificate] | Refused:
    return outcome if isinstance(outcome, Refused) else (approved, outcome)


def _permit(
    request: IssuanceRequest,
    caller: Caller,
    directory: Directory,
    policies: Mapping[str, Policy],
    now: datetime,
) -> Approved | Refused:
    try:
        return registration.permit(
            request, caller=caller, directory=directory, policies=policies, now=now
        )
    except Refused as refused:
        return refused


def _standing(
    issuer: str, wished: frozenset[_Wish], tenant: str, inventory: Inventory, now: datetime
) -> dict[_Wish, Certificate]:
    """Those of the wishes that were granted before and still stand."""
    entries = inventory.issued_for(issuer, {key for _, key, _, _ in wished})
    found: dict[_Wish, Certificate] = {}
    for key, entry in entries:
        wish = (issuer, key, entry.common_name, entry.profile)
        stands = entry.revocation is None and entry.not_after > now
        if wish in wished and stands and entry.tenant == tenant and entry.certificate:
            found[wish] = parse(entry.certificate, Reading.STRICT)
    return found


def standing(approved: Approved, *, inventory: Inventory, now: datetime) -> Certificate | None:
    """The tenant's own certificate that stands for this very request, if there is one."""
    wish = _wish(approved)
    found = _standing(approved.issuer.key_id, frozenset({wish}), approved.tenant, inventory, now)
    return found.get(wish)


def _wish(approved: Approved) -> _Wish:
    return (
        approved.issuer.key_id,
        approved.subject_key_id,
        approved.request.common_name,
        approved.profile.name,
    )
