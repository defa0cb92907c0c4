"""The pure judge: what decides, in which order, and until when an acceptance holds."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from msgspec import structs

from authz.contract import Contract, ContractState
from authz.decision import AuthorizationStatus
from authz.evidence import (
    CertificateEvidence,
    ChainProof,
    Evidence,
    HashProof,
    NoProof,
    NotKnown,
    NotTold,
    Source,
    UnknownHashes,
)
from authz.judgement import judge, sound
from authz.policy import Policy, UnprovenToken
from authz.question import Question
from authz.restrictions import Day, Evse, PowerType, Restrictions, Schedule, Window, parse_zone
from certs.chain.anchors import AnchorSet
from certs.chain.checks import position
from certs.chain.roles import Use
from certs.chain.verification import ChainVerdict, verify
from certs.edition import Edition
from certs.hierarchy import Identity
from certs.identifiers.emaid import EMAID, CheckDigit
from certs.identifiers.evse_id import EVSEID
from certs.keys import key_identifier
from certs.profiles.rules import Role
from certs.revocation import status as statuses
from certs.revocation.hash_data import HashAlgorithm, of, of_chain, to_ocpp
from certs.revocation.hash_data import parse_fields as fields
from certs.revocation.hash_dialects import readings
from certs.revocation.status import Good, Reason, Revoked, Unknown
from tests.world import (
    CONTRACT_CN,
    DAY,
    NOW,
    SECOND,
    codes,
    expired,
    not_yet_valid,
    tampered,
    valid_world,
    with_common_name,
)

OWN = EMAID.parse(CONTRACT_CN)
OTHER = EMAID.parse("DE8AA009876543")
ACTIVE = Contract(emaid=OWN, state=ContractState.ACTIVE)
FRESH_FOR = timedelta(hours=1)
HERE = EVSEID.parse("DE*PLW*E000001")
ELSEWHERE = EVSEID.parse("DE*PLW*E000003")
THERE = EVSEID.parse("DE*PLW*E000002")
NO_CHECK_CHARACTER = "identity.emaid_check_digit_missing"


def good(*, until=NOW + FRESH_FOR, stale: bool = False) -> Good:
    return Good(proof=proof(until=until), stale=stale)


def proof(*, until=NOW + FRESH_FOR) -> statuses.Proof:
    return statuses.Proof(
        source=statuses.Source.OCSP,
        this_update=NOW - FRESH_FOR,
        next_update=until,
        produced_at=NOW - FRESH_FOR,
        number=None,
        signer_fingerprint=bytes(32),
        digest=bytes(32),
    )


REVOKED = Revoked(revoked_at=NOW - DAY, reason=Reason.KEY_COMPROMISE, proof=proof())
UNTOLD = Unknown("revocation.source_unreachable")


def open_on(day: Day, from_minute: int, to_minute: int) -> Restrictions:
    window = Window.make(days=frozenset({day}), from_minute=from_minute, to_minute=to_minute)
    return Restrictions(schedule=Schedule(zone=parse_zone("Europe/Berlin"), windows=(window,)))


@cache
def boring_verdict() -> ChainVerdict:
    return verdict_on(valid_world()[Role.CONTRACT])


def verdict_on(identity: Identity, *, anchors: AnchorSet | None = None) -> ChainVerdict:
    trusted = valid_world().anchors() if anchors is None else anchors
    return verify(identity.chain, use=Use.CONTRACT, anchors=trusted, now=NOW)


def all_good(verdict: ChainVerdict, **odd) -> tuple[CertificateEvidence, ...]:
    """A good status for every certificate but the root; by place, another one."""
    path = verdict.path
    return tuple(
        CertificateEvidence(
            where=position(at, len(path)),
            certificate=certificate,
            status=odd.get(position(at, len(path)), good()),
            source=Source.OCSP,
        )
        for at, certificate in enumerate(path[:-1])
    )


def question(*, emaid: EMAID | None = OWN, evse_id: EVSEID | None = HERE, hashes=()) -> Question:
    kind = "eMAID" if emaid else "ISO14443"
    return Question(token_type=kind, emaid=emaid, evse_id=evse_id, hashes=tuple(hashes))


def chain_proof(verdict: ChainVerdict | None = None, **odd) -> ChainProof:
    verdict = verdict or boring_verdict()
    return ChainProof(verdict=verdict, statuses=all_good(verdict, **odd) if verdict.path else ())


def judged(proof_=None, *, asked=None, standing=ACTIVE, policy=None, now=NOW, evse=None):
    evidence = Evidence(
        question=asked or question(),
        proof=proof_ or chain_proof(),
        standing=standing,
        gathered_at=now,
        evse=evse,
    )
    return judge(evidence, policy or Policy(), now)


def pair(judgement) -> tuple[str | None, str, str]:
    status = judgement.certificate_status
    return status and status.value, judgement.id_token_status.value, judgement.reason


def hashes_of(identity: Identity, **changes):
    """What a station's hash data of a chain may mean."""
    path = (*identity.chain, identity.root)
    sent = [to_ocpp(data) | changes for data in of_chain(path, HashAlgorithm.SHA256)]
    return [readings(fields(entry)) for entry in sent]


# Acceptance --------------------------------------------------------------------------------------


def test_sound_evidence_is_accepted():
    accepted = judged()
    assert pair(accepted) == ("Accepted", "Accepted", "accepted")
    assert accepted.granted
    assert codes(accepted) == {NO_CHECK_CHARACTER}


def test_equal_evidence_is_judged_equally():
    assert judged() == judged()


@pytest.mark.parametrize(
    ("odd", "until"),
    [
        ({}, NOW + FRESH_FOR),
        ({"sub_ca_1": good(until=NOW + SECOND)}, NOW + SECOND),
        ({"leaf": good(until=NOW - SECOND, stale=True)}, NOW),
    ],
    ids=["status", "status of a CA", "stale status allows no caching"],
)
def test_acceptance_ends_with_its_first_evidence(odd, until):
    assert judged(chain_proof(**odd)).valid_until == until


def test_acceptance_ends_with_policy_term_and_certificates():
    far = {place: good(until=NOW + 9_999 * DAY) for place in ("leaf", "sub_ca_1", "sub_ca_2")}
    lasting = chain_proof(**far)
    term = replace(ACTIVE, not_after=NOW + 2 * SECOND)
    patient = Policy(cache_seconds=999 * 86_400)
    not_after = min(certificate.not_after for certificate in boring_verdict().path)
    assert judged(lasting, policy=Policy(cache_seconds=60)).valid_until == NOW + 60 * SECOND
    assert judged(lasting, standing=term).valid_until == NOW + 2 * SECOND
    assert judged(lasting, policy=Policy(cache_seconds=10**9)).valid_until == not_after
    assert judged(lasting, policy=patient).valid_until == min(not_after, NOW + 999 * DAY)


def test_refusal_has_no_end():
    assert judged(standing=NotKnown()).valid_until is None


# The chain ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "answer"),
    [
        (expired, ("CertificateExpired", "Expired", "chain.expired")),
        (not_yet_valid, ("CertificateExpired", "Expired", "chain.not_yet_valid")),
        (tampered, ("CertChainError", "Invalid", "chain.signature_invalid")),
    ],
    ids=["X16-expired", "X16-not yet valid", "tampered"],
)
def test_chain_that_does_not_hold_is_answered_as_ocpp_asks(identity, answer):
    proof_ = chain_proof(verdict_on(identity(valid_world()[Role.CONTRACT])))
    assert pair(judged(proof_)) == answer


def test_foreign_root_is_a_chain_error():
    proof_ = chain_proof(verdict_on(valid_world()[Role.CONTRACT], anchors=AnchorSet()))
    assert pair(judged(proof_))[:2] == ("CertChainError", "Invalid")


def test_verdict_that_says_nothing_is_no_acceptance():
    silent = ChainVerdict(path=(), anchor=None, findings=())
    assert pair(judged(ChainProof(verdict=silent))) == (
        "CertChainError",
        "Invalid",
        "contract.unverified",
    )
    pathless = replace(boring_verdict(), anchor=None)
    assert pair(judged(chain_proof(pathless)))[:2] == ("CertChainError", "Invalid")
    assert not sound(pathless)


def test_chain_without_anchor_and_without_error_is_no_acceptance():
    noticed = judged().findings
    refused = judged(chain_proof(replace(boring_verdict(), anchor=None, findings=noticed)))
    assert pair(refused) == ("CertChainError", "Invalid", "contract.unverified")


@pytest.mark.parametrize("place", ["leaf", "sub_ca_2", "sub_ca_1"])
def test_x28_any_revoked_certificate_of_the_path_refuses(place):
    refused = judged(chain_proof(**{place: REVOKED}))
    assert pair(refused) == ("CertificateRevoked", "Invalid", "revocation.revoked")
    assert [f.where for f in refused.findings if f.code == "revocation.revoked"] == [place]


@pytest.mark.parametrize("place", ["leaf", "sub_ca_2", "sub_ca_1"])
def test_o16_status_that_nobody_told_refuses(place):
    refused = judged(chain_proof(**{place: Unknown("revocation.ocsp_status_unknown")}))
    assert pair(refused) == ("CertChainError", "Invalid", "revocation.ocsp_status_unknown")


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_certificate_that_nobody_asked_about_refuses(missing):
    proof_ = chain_proof()
    some = tuple(s for at, s in enumerate(proof_.statuses) if at != missing)
    refused = judged(structs.replace(proof_, statuses=some))
    assert pair(refused) == ("CertChainError", "Invalid", "revocation.unknown")


# Which of several decides ------------------------------------------------------------------------


def test_unverifiable_chain_proves_nothing_about_expiry():
    both = tampered(expired(valid_world()[Role.CONTRACT]))
    assert pair(judged(chain_proof(verdict_on(both))))[0] == "CertChainError"


def test_revocation_comes_before_expiry():
    verdict = verdict_on(expired(valid_world()[Role.CONTRACT]))
    refused = judged(chain_proof(verdict, leaf=REVOKED))
    assert pair(refused) == ("CertificateRevoked", "Invalid", "revocation.revoked")
    assert {"chain.expired", "revocation.revoked"} <= codes(refused)


def test_expiry_comes_before_a_status_that_nobody_told():
    verdict = verdict_on(expired(valid_world()[Role.CONTRACT]))
    assert pair(judged(chain_proof(verdict, leaf=UNTOLD)))[2] == "chain.expired"


def test_revocation_comes_before_a_status_that_nobody_told():
    assert pair(judged(chain_proof(leaf=UNTOLD, sub_ca_1=REVOKED)))[2] == "revocation.revoked"


def test_certificates_come_before_the_contract():
    blocked = replace(ACTIVE, state=ContractState.BLOCKED)
    refused = judged(chain_proof(leaf=UNTOLD), standing=blocked)
    assert pair(refused)[2] == UNTOLD.code
    assert "contract.blocked" in codes(refused)


def test_mismatch_comes_before_expiry_and_revocation():
    verdict = verdict_on(expired(valid_world()[Role.CONTRACT]))
    refused = judged(chain_proof(verdict, leaf=REVOKED), asked=question(emaid=OTHER))
    assert pair(refused) == ("CertChainError", "Invalid", "identity.emaid_mismatch")


# Who it is ---------------------------------------------------------------------------------------


def test_x11_other_emaid_than_the_certificate_names_is_refused():
    assert pair(judged(asked=question(emaid=OTHER))) == (
        "CertChainError",
        "Invalid",
        "identity.emaid_mismatch",
    )


@pytest.mark.parametrize("text", ["de8aa001234567", "DE-8AA-001234567", "De8aA001234567"])
def test_x11_same_emaid_in_another_spelling_is_the_same(text):
    assert judged(asked=question(emaid=EMAID.parse(text))).granted


@pytest.mark.parametrize(
    ("common_names", "code"),
    [
        ((CONTRACT_CN, "DE8AA009876543"), "identity.common_name_repeated"),
        ((), "identity.common_name_missing"),
        (("charger-17",), "identity.emaid_malformed"),
        (("DE8AA00123456\N{FULLWIDTH DIGIT SEVEN}",), "identity.emaid_malformed"),
        ((CONTRACT_CN + "\0",), "identity.emaid_malformed"),
        (("DE8AA009876543",), "identity.emaid_mismatch"),
    ],
    ids=["X11-two", "X11-none", "X11-no eMAID", "X11-fullwidth", "X11-NUL", "X11-other"],
)
def test_x11_common_name_that_is_not_the_emaid_is_refused(common_names, code):
    verdict = verdict_on(with_common_name(valid_world()[Role.CONTRACT], *common_names))
    assert pair(judged(chain_proof(verdict))) == ("CertChainError", "Invalid", code)


@pytest.mark.parametrize(
    ("policy", "granted", "code"),
    [
        (CheckDigit.OFF, True, None),
        (CheckDigit.WARN, True, "identity.emaid_check_digit"),
        (CheckDigit.ENFORCE, False, "identity.emaid_check_digit"),
    ],
)
def test_wrong_check_character_is_the_tenants_to_judge(policy, granted, code):
    wrong = next(c for c in "0123456789" if c != OWN.check_expected)
    emaid = EMAID.parse(f"{CONTRACT_CN}{wrong}")
    told = judged(asked=question(emaid=emaid), policy=Policy(check_digit=policy))
    assert told.granted is granted
    assert codes(told) - {NO_CHECK_CHARACTER} == ({code} if code else set())


def _key_id(role: Role) -> bytes:
    return key_identifier(valid_world()[role].certificate.subject_public_key)


@pytest.mark.parametrize(
    ("permitted", "granted"),
    [
        ({}, True),
        ({Role.MO_SUB_2: {"DE8AA"}}, True),
        ({Role.MO_SUB_2: {"DEABC"}}, False),
        ({Role.MO_SUB_1: {"DE8AA"}, Role.MO_SUB_2: {"DE8AA", "DEABC"}}, True),
        ({Role.MO_SUB_1: {"DEABC"}, Role.MO_SUB_2: {"DE8AA", "DEABC"}}, False),
        ({Role.MO_ROOT: set()}, False),
        ({Role.CPO_SUB_2: {"DEABC"}}, True),
    ],
    ids=["none listed", "own", "X10-other", "both", "X10-upper", "X10-nobody", "not on the path"],
)
def test_x10_authority_names_only_its_own_providers(permitted, granted):
    listed = {_key_id(role): frozenset(providers) for role, providers in permitted.items()}
    told = judged(policy=Policy(permitted_providers=listed))
    assert told.granted is granted
    if not granted:
        assert pair(told) == ("CertChainError", "Invalid", "identity.provider_not_permitted")


def test_token_of_another_type_proves_nothing_with_certificates():
    told = judged(asked=question(emaid=None), standing=NotKnown())
    assert pair(told) == ("CertChainError", "Invalid", "contract.token_type_wrong")


def test_longer_emaid_of_the_second_edition_is_compared():
    world = valid_world(Edition.ISO_20)
    long_name = "DE8AA00123456789A"
    identity = with_common_name(world[Role.CONTRACT], long_name)
    verdict = verify(identity.chain, use=Use.CONTRACT, anchors=world.anchors(), now=NOW)
    long = EMAID.parse(long_name, edition=Edition.ISO_20)
    contract = Contract(emaid=long, state=ContractState.ACTIVE)
    assert judged(chain_proof(verdict), asked=question(emaid=long), standing=contract).granted
    assert pair(judged(chain_proof(verdict)))[2] == "identity.emaid_mismatch"


# Hashes ------------------------------------------------------------------------------------------


def hash_proof(*, registered: EMAID = OWN, verdict: ChainVerdict | None = None) -> HashProof:
    verdict = verdict or boring_verdict()
    return HashProof(verdict=verdict, registered_emaid=registered, statuses=all_good(verdict))


def test_known_hashes_are_accepted():
    asked = question(hashes=hashes_of(valid_world()[Role.CONTRACT]))
    assert pair(judged(hash_proof(), asked=asked)) == ("Accepted", "Accepted", "accepted")


def test_hashes_of_nothing_known_are_refused():
    told = judged(UnknownHashes())
    assert pair(told) == ("CertChainError", "Invalid", "identity.hash_data_unknown")
    assert codes(told) == {"identity.hash_data_unknown"}


def test_k20_hashes_of_another_contracts_certificate_are_refused():
    asked = question(emaid=OTHER, hashes=hashes_of(valid_world()[Role.CONTRACT]))
    refused = judged(hash_proof(), asked=asked, standing=replace(ACTIVE, emaid=OTHER))
    assert pair(refused) == ("CertChainError", "Invalid", "identity.emaid_mismatch")


def test_k20_registry_that_contradicts_the_certificate_is_refused():
    asked = question(hashes=hashes_of(valid_world()[Role.CONTRACT]))
    refused = judged(hash_proof(registered=OTHER), asked=asked)
    assert pair(refused) == ("CertChainError", "Invalid", "identity.emaid_mismatch")


def test_hash_of_nothing_in_the_chain_is_refused():
    foreign = hashes_of(valid_world(name="foreign")[Role.CONTRACT])
    mixed = [*hashes_of(valid_world()[Role.CONTRACT])[:1], foreign[1]]
    refused = judged(hash_proof(), asked=question(hashes=mixed))
    assert pair(refused) == ("CertChainError", "Invalid", "contract.hash_unmatched")
    assert [f.where for f in refused.findings if f.code == "contract.hash_unmatched"] == [
        "iso15118CertificateHashData[1]"
    ]


def test_root_that_is_sent_along_is_noticed_and_not_refused():
    contract = valid_world()[Role.CONTRACT]
    own = to_ocpp(of(contract.root, contract.root, HashAlgorithm.SHA256))
    asked = question(hashes=[*hashes_of(contract), readings(fields(own))])
    told = judged(hash_proof(), asked=asked)
    assert told.granted
    assert [f.detail for f in told.findings if f.code == "revocation.dialect"] == ["root_included"]


def test_upper_case_hashes_are_noticed_and_not_refused():
    contract = valid_world()[Role.CONTRACT]
    data = to_ocpp(of_chain((*contract.chain, contract.root), HashAlgorithm.SHA256)[0])
    shouted = data | {"issuerNameHash": data["issuerNameHash"].upper()}
    told = judged(hash_proof(), asked=question(hashes=[readings(fields(shouted))]))
    assert told.granted
    assert codes(told) == {"revocation.dialect", NO_CHECK_CHARACTER}


# The contract ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (ContractState.BLOCKED, ("ContractCancelled", "Blocked", "contract.blocked")),
        (ContractState.SUSPENDED, ("ContractCancelled", "Blocked", "contract.suspended")),
        (ContractState.EXPIRED, ("ContractCancelled", "Expired", "contract.expired")),
        (ContractState.UNKNOWN, ("ContractCancelled", "Unknown", "contract.unknown")),
        (ContractState.NO_CREDIT, ("Accepted", "NoCredit", "contract.no_credit")),
        (ContractState.CONCURRENT_TX, ("Accepted", "ConcurrentTx", "contract.concurrent_tx")),
        (
            ContractState.NOT_ALLOWED_TYPE_EVSE,
            ("Accepted", "NotAllowedTypeEVSE", "contract.not_allowed_type_evse"),
        ),
        (
            ContractState.NOT_AT_THIS_LOCATION,
            ("Accepted", "NotAtThisLocation", "contract.not_at_this_location"),
        ),
        (
            ContractState.NOT_AT_THIS_TIME,
            ("Accepted", "NotAtThisTime", "contract.not_at_this_time"),
        ),
    ],
    ids=lambda value: value.value if isinstance(value, ContractState) else "",
)
def test_contract_state_decides_a_valid_chain(state, answer):
    assert pair(judged(standing=replace(ACTIVE, state=state))) == answer


def test_every_state_is_answered():
    for state in ContractState:
        assert judged(standing=replace(ACTIVE, state=state)).granted is (
            state is ContractState.ACTIVE
        )


def test_contract_that_is_not_known_is_refused():
    assert pair(judged(standing=NotKnown())) == ("ContractCancelled", "Unknown", "contract.unknown")


def test_registry_that_is_silent_is_no_consent():
    refused = judged(standing=NotTold(reason="database"))
    assert pair(refused) == ("Accepted", "NotAtThisTime", "contract.unavailable")


def test_term_is_inclusive_of_both_ends():
    term = replace(ACTIVE, not_before=NOW, not_after=NOW)
    assert judged(standing=term).granted
    assert pair(judged(standing=replace(ACTIVE, not_after=NOW - SECOND))) == (
        "ContractCancelled",
        "Expired",
        "contract.expired",
    )
    assert pair(judged(standing=replace(ACTIVE, not_before=NOW + SECOND))) == (
        "Accepted",
        "NotAtThisTime",
        "contract.not_at_this_time",
    )


@pytest.mark.parametrize(
    ("evse_id", "granted"), [(HERE, True), (THERE, False), (None, False)], ids=str
)
def test_contract_for_some_places_is_for_no_others(evse_id, granted):
    bound = replace(ACTIVE, evse_ids=frozenset({HERE}))
    told = judged(asked=question(evse_id=evse_id), standing=bound)
    assert told.granted is granted
    if not granted:
        assert pair(told) == ("Accepted", "NotAtThisLocation", "contract.not_at_this_location")


@pytest.mark.parametrize(
    ("evse_id", "granted"),
    [(HERE, True), (THERE, True), (ELSEWHERE, False), (None, False)],
    ids=str,
)
def test_contract_for_a_site_is_for_its_evses_and_those_named_beside_it(evse_id, granted):
    site = Restrictions(evse_prefixes=frozenset({"DEPLWE000001"}))
    bound = replace(ACTIVE, evse_ids=frozenset({THERE}), restrictions=site)
    assert judged(asked=question(evse_id=evse_id), standing=bound).granted is granted


@pytest.mark.parametrize(
    ("evse", "granted"),
    [
        (Evse(evse_id=HERE, power_type=PowerType.DC), True),
        (Evse(evse_id=HERE, power_type=PowerType.AC), False),
        (Evse(evse_id=HERE), False),
        (None, False),
    ],
    ids=["told and permitted", "told and not permitted", "kind not told", "nothing told"],
)
def test_contract_for_a_power_type_is_for_no_other_and_for_none_unsaid(evse, granted):
    bound = replace(ACTIVE, restrictions=Restrictions(power_types=frozenset({PowerType.DC})))
    told = judged(standing=bound, evse=evse)
    assert told.granted is granted
    if not granted:
        assert pair(told) == ("Accepted", "NotAllowedTypeEVSE", "contract.not_allowed_type_evse")


def test_contract_for_some_hours_is_for_no_others_and_is_cached_for_no_longer():
    # NOW is a Sunday, noon UTC: one in the afternoon in Berlin
    bound = replace(ACTIVE, restrictions=open_on(Day.SUNDAY, 12 * 60, 13 * 60 + 30))
    assert judged(standing=bound).valid_until == NOW + timedelta(minutes=30)
    late = judged(standing=bound, now=NOW + timedelta(minutes=30))
    assert pair(late) == ("Accepted", "NotAtThisTime", "contract.not_at_this_time")
    other = replace(ACTIVE, restrictions=open_on(Day.TUESDAY, 0, 1_440))
    assert pair(judged(standing=other))[1] == "NotAtThisTime"


# Without certificates ----------------------------------------------------------------------------


def test_emaid_that_nothing_proves_is_refused():
    told = judged(NoProof())
    assert pair(told) == ("CertChainError", "Invalid", "contract.proof_missing")


def test_emaid_that_nothing_proves_is_its_contracts_where_the_tenant_wants_it():
    trusting = Policy(unproven_token=UnprovenToken.BY_CONTRACT, cache_seconds=60)
    told = judged(NoProof(), policy=trusting)
    assert pair(told) == (None, "Accepted", "accepted")
    assert told.valid_until == NOW + 60 * SECOND
    blocked = replace(ACTIVE, state=ContractState.BLOCKED)
    refused = judged(NoProof(), policy=trusting, standing=blocked)
    assert pair(refused) == (None, "Blocked", "contract.blocked")
    ending = replace(ACTIVE, not_after=NOW + SECOND)
    assert judged(NoProof(), policy=trusting, standing=ending).valid_until == NOW + SECOND


def test_token_of_another_type_is_not_held_here():
    told = judged(NoProof(), asked=question(emaid=None), standing=NotKnown())
    assert pair(told) == (None, "Unknown", "contract.token_not_held")
    assert told.id_token_status is AuthorizationStatus.UNKNOWN
