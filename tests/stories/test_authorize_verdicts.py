"""Contracts at the door: each story is one plug-in and the pair of statuses it is answered with."""

from datetime import timedelta

import pytest

from certs.edition import Edition
from certs.hierarchy import grow
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm
from tests.authz_house import (
    EVSE,
    OTHER_TENANT,
    another_contract,
    finding_codes,
    hash_data,
    house,
    key_id_of,
    verdict,
)
from tests.world import CONTRACT_CN, DAY, NOW, SECOND, crooked, expired, valid_world

ACCEPTED = ("Accepted", "Accepted", "accepted")
OTHER = "DE8AA009876543"


def test_valid_contract_may_charge(tmp_path):
    with house(tmp_path) as h:
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == ACCEPTED
        assert finding_codes(answer) == {"identity.emaid_check_digit_missing"}
        evidence = answer.json()["evidence"]
        assert [one["where"] for one in evidence] == ["leaf", "sub_ca_2", "sub_ca_1"]
        assert {(one["source"], one["status"], one["ageSeconds"]) for one in evidence} == {
            ("ocsp", "good", 0)
        }
        expiry = answer.json()["idTokenInfo"]["cacheExpiryDateTime"]
        assert expiry == (NOW + timedelta(hours=1)).isoformat().replace("+00:00", "Z")


def test_contract_certificate_once_seen_is_known_by_its_hashes(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(hashes=h.contract))[2] == "identity.hash_data_unknown"
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        answer = h.ask(hashes=hash_data(h.contract))
        assert verdict(answer) == ACCEPTED
        assert {one["source"] for one in answer.json()["evidence"]} == {"cache"}


@pytest.mark.parametrize(
    "algorithm", [HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512]
)
def test_tc_c_50_registered_certificate_is_known_by_its_hashes(tmp_path, algorithm):
    with house(tmp_path) as h:
        h.register(chain=h.contract)
        assert verdict(h.ask(hashes=hash_data(h.contract, algorithm))) == ACCEPTED
        assert verdict(h.ask(hashes=hash_data(h.contract, algorithm)[:1])) == ACCEPTED


def test_refused_chain_teaches_the_registry_nothing(tmp_path):
    with house(tmp_path) as h:
        h.register(state="Blocked")
        assert verdict(h.ask(chain=h.contract))[2] == "contract.blocked"
        h.register(state="Active")
        assert verdict(h.ask(hashes=h.contract))[2] == "identity.hash_data_unknown"


def test_k20_emaid_with_another_contracts_hashes_is_refused(tmp_path):
    """The most valuable single test: A's eMAID and the hash data of B's good certificate."""
    with house(tmp_path) as h:
        theirs = another_contract(h.world, OTHER)
        h.responder.knows(theirs)
        h.register(chain=h.contract)
        h.register(OTHER, chain=theirs)
        assert verdict(h.ask(hashes=h.contract)) == ACCEPTED
        assert verdict(h.ask(emaid=OTHER, hashes=theirs)) == ACCEPTED
        refused = ("CertChainError", "Invalid", "identity.emaid_mismatch")
        assert verdict(h.ask(emaid=CONTRACT_CN, hashes=theirs)) == refused
        assert verdict(h.ask(emaid=OTHER, hashes=h.contract)) == refused
        both = [*hash_data(h.contract)[:1], *hash_data(theirs)[:1]]
        assert verdict(h.ask(hashes=both))[2] == "contract.hash_unmatched"
        assert verdict(h.ask(emaid=OTHER, hashes=both))[2] == "identity.emaid_mismatch"


def test_x11_emaid_with_another_contracts_chain_is_refused(tmp_path):
    with house(tmp_path) as h:
        theirs = another_contract(h.world, OTHER)
        h.responder.knows(theirs)
        h.register(OTHER)
        assert verdict(h.ask(emaid=CONTRACT_CN, chain=theirs)) == (
            "CertChainError",
            "Invalid",
            "identity.emaid_mismatch",
        )
        assert verdict(h.ask(emaid=OTHER, hashes=theirs))[2] == "identity.hash_data_unknown"


@pytest.mark.parametrize("text", ["de8aa001234567", "DE-8AA-001234567"])
def test_x11_spelling_of_the_emaid_does_not_matter(tmp_path, text):
    with house(tmp_path) as h:
        assert verdict(h.ask(emaid=text, chain=h.contract)) == ACCEPTED
        assert verdict(h.ask(emaid=text, hashes=h.contract)) == ACCEPTED


def test_x11_check_character_is_the_tenants_to_judge(tmp_path):
    with house(tmp_path) as h:
        expected = EMAID.parse(CONTRACT_CN).check_expected
        wrong = CONTRACT_CN + next(c for c in "0123456789" if c != expected)
        assert verdict(h.ask(emaid=wrong, chain=h.contract)) == ACCEPTED
        assert h.manage("PUT", "/v1/policy", json={"checkDigit": "enforce"}).status_code == 200
        assert verdict(h.ask(emaid=wrong, chain=h.contract)) == (
            "CertChainError",
            "Invalid",
            "identity.emaid_check_digit",
        )
        assert verdict(h.ask(emaid=CONTRACT_CN + expected, chain=h.contract)) == ACCEPTED


def test_x10_sub_ca_that_names_another_operators_customer_is_refused(tmp_path):
    with house(tmp_path) as h:
        key_id = key_id_of(h.world[Role.MO_SUB_2])
        own = {"permittedProviders": {key_id: ["DE8AA"]}}
        other = {"permittedProviders": {key_id: ["DEABC"]}}
        assert h.manage("PUT", "/v1/policy", json=own).status_code == 200
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        assert h.manage("PUT", "/v1/policy", json=other).status_code == 200
        refused = ("CertChainError", "Invalid", "identity.provider_not_permitted")
        assert verdict(h.ask(chain=h.contract)) == refused
        assert verdict(h.ask(hashes=h.contract)) == refused


def test_expired_contract_is_refused_by_chain_and_by_hashes(tmp_path):
    with house(tmp_path) as h:
        old = expired(h.contract)
        h.responder.knows(old)
        answer = ("CertificateExpired", "Expired", "chain.expired")
        assert verdict(h.ask(chain=old)) == answer
        h.register(chain=old)
        assert verdict(h.ask(hashes=old)) == answer


def test_contract_expires_while_it_is_remembered(tmp_path):
    with house(tmp_path) as h:
        brief = crooked(h.contract, not_after=NOW + timedelta(minutes=10))
        h.responder.knows(brief)
        assert verdict(h.ask(chain=brief)) == ACCEPTED
        h.clock.move(timedelta(minutes=10))
        assert verdict(h.ask(chain=brief)) == ACCEPTED  # its last second is part of it
        h.clock.move(SECOND)
        answer = ("CertificateExpired", "Expired", "chain.expired")
        assert verdict(h.ask(chain=brief)) == answer
        assert verdict(h.ask(hashes=brief)) == answer


@pytest.mark.parametrize(
    "role",
    [
        Role.SECC,
        Role.OEM_PROVISIONING,
        Role.CPS,
        Role.MO_SUB_2,
        Role.MO_SUB_1,
        Role.CPO_SUB_2,
        Role.OEM_SUB_2,
        Role.CPS_SUB_2,
        Role.MO_ROOT,
        Role.V2G_ROOT,
    ],
)
def test_x09_nothing_but_a_contract_certificate_is_one(tmp_path, role):
    with house(tmp_path) as h:
        answer = verdict(h.ask(chain=h.world[role]))
        assert answer[:2] == ("CertChainError", "Invalid")
        assert answer[2].startswith(("chain.", "identity."))


def test_x09_ocsp_signer_is_no_contract_certificate(tmp_path):
    with house(tmp_path) as h:
        answer = verdict(h.ask(chain=h.world.responder(Role.MO_SUB_2)))
        assert answer[:2] == ("CertChainError", "Invalid")


def test_foreign_root_is_refused(tmp_path):
    with house(tmp_path) as h:
        foreign = valid_world(name="foreign")[Role.CONTRACT]
        answer = verdict(h.ask(chain=foreign))
        assert answer[:2] == ("CertChainError", "Invalid")
        assert answer[2] in {"chain.anchor_unknown", "chain.issuer_missing"}
        assert h.responder.asked == []  # nobody is asked about what leads nowhere


def test_x31_unrelated_root_in_the_chain_is_never_trusted(tmp_path):
    with house(tmp_path) as h:
        foreign = valid_world(name="foreign")
        own_root = foreign[Role.CONTRACT].pem + foreign[Role.MO_ROOT].pem
        assert verdict(h.ask(chain=own_root))[:2] == ("CertChainError", "Invalid")
        assert verdict(h.ask(chain=h.contract.pem + foreign[Role.MO_ROOT].pem)) == ACCEPTED
        assert verdict(h.ask(chain=h.contract.pem + h.world[Role.MO_ROOT].pem)) == ACCEPTED


def test_x32_line_ends_and_byte_order_mark_do_not_matter(tmp_path):
    with house(tmp_path) as h:
        crlf = h.contract.pem.replace("\n", "\r\n")
        assert verdict(h.ask(chain=crlf)) == ACCEPTED
        assert verdict(h.ask(chain="\ufeff" + h.contract.pem)) == ACCEPTED


def test_chain_wins_where_hashes_come_too(tmp_path):
    with house(tmp_path) as h:
        foreign = valid_world(name="foreign")[Role.CONTRACT]
        assert verdict(h.ask(chain=h.contract, hashes=foreign)) == ACCEPTED
        answer = verdict(h.ask(chain=foreign, hashes=h.contract))
        assert answer[:2] == ("CertChainError", "Invalid")


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ("Blocked", ("ContractCancelled", "Blocked", "contract.blocked")),
        ("Suspended", ("ContractCancelled", "Blocked", "contract.suspended")),
        ("NoCredit", ("Accepted", "NoCredit", "contract.no_credit")),
    ],
)
def test_contract_state_counts_at_once(tmp_path, state, answer):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        patched = h.manage("PATCH", f"/v1/contracts/{CONTRACT_CN}", json={"state": state})
        assert patched.status_code == 200
        assert verdict(h.ask(chain=h.contract)) == answer
        assert verdict(h.ask(hashes=h.contract)) == answer


def test_contract_that_nobody_registered_is_unknown(tmp_path):
    with house(tmp_path) as h:
        stranger = another_contract(h.world, "DE8AA005555555")
        h.responder.knows(stranger)
        assert verdict(h.ask(emaid="DE8AA005555555", chain=stranger)) == (
            "ContractCancelled",
            "Unknown",
            "contract.unknown",
        )


def test_contract_charges_only_where_it_may(tmp_path):
    with house(tmp_path) as h:
        h.register(evseIds=[EVSE])
        assert verdict(h.ask(chain=h.contract, evseId=EVSE)) == ACCEPTED
        assert verdict(h.ask(chain=h.contract, evseId=EVSE.lower().replace("*", ""))) == ACCEPTED
        elsewhere = ("Accepted", "NotAtThisLocation", "contract.not_at_this_location")
        assert verdict(h.ask(chain=h.contract, evseId="DE*PLW*E000002")) == elsewhere
        assert verdict(h.ask(chain=h.contract)) == elsewhere


def test_contract_charges_only_in_its_term(tmp_path):
    with house(tmp_path) as h:
        h.register(notBefore=NOW.isoformat(), notAfter=(NOW + 7 * DAY).isoformat())
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        h.clock.move(7 * DAY + SECOND)
        assert verdict(h.ask(chain=h.contract))[:2] == ("ContractCancelled", "Expired")


def test_emaid_without_proof_is_refused_unless_the_tenant_wants_it(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask()) == ("CertChainError", "Invalid", "contract.proof_missing")
        assert h.manage("PUT", "/v1/policy", json={"unprovenToken": "by_contract"}).is_success
        assert verdict(h.ask()) == (None, "Accepted", "accepted")
        assert verdict(h.ask(emaid=OTHER)) == (None, "Unknown", "contract.unknown")


def test_other_tokens_are_not_held_here(tmp_path):
    with house(tmp_path) as h:
        token = {"idToken": "04A2B3C4", "type": "ISO14443"}
        answer = h.ask(idToken=token)
        assert verdict(answer) == (None, "Unknown", "contract.token_not_held")
        assert verdict(h.ask(idToken=token, certificate=h.contract.pem))[2] == (
            "contract.token_type_wrong"
        )


def test_h02_another_tenant_trusts_and_knows_for_itself(tmp_path):
    with house(tmp_path) as h:
        h.register(chain=h.contract)
        assert verdict(h.ask(chain=h.contract, tenant=OTHER_TENANT))[:2] == (
            "CertChainError",
            "Invalid",
        )
        assert verdict(h.ask(hashes=h.contract, tenant=OTHER_TENANT))[2] == (
            "identity.hash_data_unknown"
        )
        h.trust(h.world[Role.MO_ROOT], "mo", tenant=OTHER_TENANT)
        assert verdict(h.ask(chain=h.contract, tenant=OTHER_TENANT))[:2] == (
            "ContractCancelled",
            "Unknown",
        )


def test_root_that_is_no_longer_trusted_ends_every_contract_below_it(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        root = h.world[Role.MO_ROOT].certificate.fingerprint.hex()
        assert h.manage("DELETE", f"/v1/anchors/{root}").status_code == 204
        assert verdict(h.ask(chain=h.contract))[:2] == ("CertChainError", "Invalid")
        assert verdict(h.ask(hashes=h.contract))[:2] == ("CertChainError", "Invalid")


def test_second_edition_is_judged_by_the_same_door(tmp_path):
    with house(tmp_path, world=valid_world(Edition.ISO_20)) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        assert verdict(h.ask(hashes=h.contract)) == ACCEPTED


def test_x33_clock_that_goes_back_ends_all_answers(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        h.clock.move(-timedelta(hours=1))
        refused = h.ask(chain=h.contract)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable.clock")
        assert h.client.get("/readyz").status_code == 503
        h.clock.move(timedelta(hours=1))
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
    h.clock.move(-365 * DAY)
    with house(tmp_path, clock=h.clock, boring=False) as again:
        assert again.ask(chain=again.contract).json()["code"] == "unavailable.clock"
    with house(tmp_path, clock=h.clock, boring=False, trust_clock=True) as checked:
        assert checked.ask(chain=checked.contract).status_code == 200


def test_fresh_world_of_random_keys_is_judged_alike(tmp_path):
    world = grow(seed=None, now=NOW)
    with house(tmp_path, world=world) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
