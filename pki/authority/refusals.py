"""Every code by which issuance declines, with what it says and what to do; permanent."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a code says, and what whoever is refused does about it."""

    says: str
    remedy: str


REFUSALS: Mapping[str, Refusal] = MappingProxyType(
    {
        "caller.scope_missing": Refusal(
            "the API key has no scope for this", "ask with a key that has the scope named"
        ),
        "caller.scope_unknown": Refusal(
            "there is no such scope", "spell it as the scopes are listed"
        ),
        "registration.policy_absent": Refusal(
            "the tenant has no issuance policy", "an operator sets one: plugward policy set"
        ),
        "registration.profile_not_permitted": Refusal(
            "no grant of the tenant's policy is for this role and edition",
            "ask for what the policy grants, or have a grant added",
        ),
        "registration.identity_not_permitted": Refusal(
            "the common name lies below none of the prefixes that are granted",
            "check the WMI, provider or operator in the common name, or have its prefix granted",
        ),
        "registration.name_not_registered": Refusal(
            "the policy asks for registered common names and this one is not open",
            "have it registered, for this role and edition: plugward policy register",
        ),
        "registration.names_too_many": Refusal(
            "too many names, or none, in one registration", "register them in parts"
        ),
        "registration.profile_unknown": Refusal(
            "the edition has no profile of this role and variant", "see the list of profiles"
        ),
        "registration.role_not_on_request": Refusal(
            "authorities and OCSP signers are not issued like leaves",
            "authorities are asked for with approvals, OCSP signers are appointed by themselves",
        ),
        "registration.key_kind": Refusal(
            "the key is of another edition's kind", "P-256 for ISO 15118-2; P-521 or Ed448 for -20"
        ),
        "registration.key_is_an_authority": Refusal(
            "the key belongs to one of our authorities", "make a key of your own"
        ),
        "registration.key_of_another": Refusal(
            "another subject has had a certificate for this key",
            "make a new key: one key stands for one subject, role and tenant",
        ),
        "registration.key_reused": Refusal(
            "the subject has had a certificate for this key and its policy asks for new ones",
            "make a new key",
        ),
        "registration.key_blocked": Refusal(
            "the key is known to be lost, or was blocked by an operator", "make a new key"
        ),
        "registration.key_published": Refusal(
            "the private key is printed in a standard or guessed at once", "make a random key"
        ),
        "registration.reason_malformed": Refusal(
            "the reason for blocking is no line of text", "1 to 200 printable characters"
        ),
        "registration.identity_rate": Refusal(
            "the identity has had its certificates for now", "wait for Retry-After seconds"
        ),
        "registration.tenant_rate": Refusal(
            "the tenant asks faster than it may", "wait for Retry-After seconds"
        ),
        "registration.no_authority": Refusal(
            "the tenant has no active authority for this profile now",
            "check that its sub-CA is taken in, valid and not revoked",
        ),
        "renewal.not_a_leaf": Refusal(
            "authorities and OCSP signers are not renewed by a call",
            "ask for a new authority; OCSP signers renew themselves",
        ),
        "renewal.not_issued": Refusal(
            "the serial was intended and never became a certificate", "ask for a new certificate"
        ),
        "renewal.revoked": Refusal(
            "the certificate is revoked", "ask for a new certificate, with a new key"
        ),
        "renewal.expired": Refusal("the certificate has ended", "ask for a new certificate"),
        "renewal.too_early": Refusal(
            "more of its life is left than the window allows", "come again at the moment named"
        ),
        "renewal.done_already": Refusal(
            "a renewal for another key stands", "use it, renew that one, or revoke it first"
        ),
        "pair.editions": Refusal(
            "not one SECC leaf for each edition", "one of ISO 15118-2 and one of ISO 15118-20"
        ),
        "pair.operators_differ": Refusal(
            "the two common names belong to two operators", "ask for one charger at a time"
        ),
        "approval.needed": Refusal(
            "authorities are revoked when others have approved",
            "ask for it: plugward approval revoke, or POST /v1/approvals",
        ),
        "approval.not_an_authority": Refusal(
            "leaves are issued and revoked without approvals", "ask for the leaf itself"
        ),
        "approval.approvers_too_few": Refusal(
            "fewer approvers, beside who asks, than are needed",
            "make API keys of scope approve for others",
        ),
        "approval.approvers_too_many": Refusal(
            "more approvers than the settings' n", "withdraw keys of scope approve, or raise n"
        ),
        "approval.not_on_panel": Refusal(
            "who asked, or who became an approver later, has no say", "let one of the panel decide"
        ),
        "approval.voted_already": Refusal(
            "the approver said the opposite before", "a vote stands; ask anew"
        ),
        "approval.concluded": Refusal("the request is decided", "see what became of it"),
        "approval.expired": Refusal("the request waited too long", "ask anew"),
        "keys.needed": Refusal(
            "an unexpired authority, or its OCSP signer, needs the key",
            "give it a successor first: plugward key rotate; or destroy it by --force",
        ),
        "keys.requested": Refusal(
            "an approved request for an authority is to have the key",
            "let the request end first: plugward approval list",
        ),
        "keys.no_passphrase": Refusal(
            "the keys are in no files", "change the token's PIN with its own tools"
        ),
        "keys.reason": Refusal("the reason is no line of text", "1 to 200 printable characters"),
        "issuance.second_opinion": Refusal(
            "pkilint finds something wrong that is not explained in the allow-list",
            "mend the request; where the linter is wrong, explain it in pki.authority.opinions",
        ),
        "issuance.batch_too_large": Refusal("too many requests in one batch", "ask in parts"),
        "issuance.request_malformed": Refusal(
            "a name, moment or address that fits no certificate", "see the detail"
        ),
        "issuance.lint": Refusal(
            "the certificate would break a rule of its profile", "see the findings"
        ),
    }
)


def table() -> str:
    """The catalogue as the rows of a Markdown table, in alphabetical order."""
    return "\n".join(
        f"| `{code}` | {refusal.says} | {refusal.remedy} |"
        for code, refusal in sorted(REFUSALS.items())
    )
