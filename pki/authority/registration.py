"""Who may have which certificate, from which authority."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from certs.errors import Refused
from certs.keys import SIGNING_KEYS, key_identifier, kind_of_spki
from certs.profiles import catalogue
from certs.profiles.rules import Profile, Role
from pki.authority.directory import Directory
from pki.authority.entries import Holder, Issuer, Related
from pki.authority.identity import demand_printable, identify
from pki.authority.policy import Policy, grant_for
from pki.authority.request import IssuanceRequest
from pki.callers import Caller, issue_scope


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may be fulfilled: by which profile, from which authority, for whom.

    ``registered`` asks for a registered name, whose number ``registration`` is once it is found;
    ``key_reuse`` lets the subject's own key be certified again.
    """

    request: IssuanceRequest
    profile: Profile
    issuer: Issuer
    actor: str
    holder: Holder
    subject_key_id: str
    registered: bool = False
    key_reuse: bool = True
    registration: int | None = None
    related: Related | None = None

    @property
    def tenant(self) -> str:
        """Whose certificate it is."""
        return self.holder.tenant


def permit(
    request: IssuanceRequest,
    *,
    caller: Caller,
    directory: Directory,
    policies: Mapping[str, Policy],
    now: datetime,
) -> Approved:
    """Approves a request, or raises Refused with a ``registration.`` or ``caller.`` code.

    Authorities and OCSP signers are not issued on request: authorities come by import, OCSP
    signers are appointed by the authority itself.
    """
    caller.demand(issue_scope(request.role))
    try:
        profile = catalogue.profile(request.role, request.edition, request.variant)
    except KeyError:
        raise Refused(
            "registration.profile_unknown",
            f"{request.edition.value} has no {request.role.value} of that variant",
        ) from None
    if profile.basic_constraints.ca or profile.role is Role.OCSP_RESPONDER:
        raise Refused("registration.role_not_on_request", "no authority is issued on request")
    kind, key = kind_of_spki(request.spki)
    if kind not in SIGNING_KEYS[request.edition]:
        raise Refused("registration.key_kind", f"no {kind.value} keys in {request.edition.value}")
    demand_printable(request.common_name)
    identity = identify(request.common_name, profile)
    grant = grant_for(policies.get(caller.tenant), profile, identity)
    key_id = key_identifier(key).hex()
    if key_id in directory.by_key_id:
        raise Refused("registration.key_is_an_authority", "this is the key of an authority of ours")
    issuer = directory.issuing(
        profile.issuer.roles, edition=request.edition, tenant=caller.tenant, now=now
    )
    if issuer is None:
        raise Refused(
            "registration.no_authority",
            f"this tenant has no active authority for {profile.name} now",
        )
    return Approved(
        request=request,
        profile=profile,
        issuer=issuer,
        actor=caller.identity,
        holder=Holder(tenant=caller.tenant, role=profile.role, identity=identity.canonical),
        subject_key_id=key_id,
        registered=grant.registered,
        key_reuse=grant.key_reuse,
    )


def subject_key_id(request: IssuanceRequest) -> str:
    """The RFC 5280 method 1 key id of the requested key, in hex."""
    _, value = kind_of_spki(request.spki)
    return key_identifier(value).hex()
