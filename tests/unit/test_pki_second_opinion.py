"""pkilint's second opinion before signing: what it finds is explained, or refuses."""

import sys

import pytest

from certs import keys
from certs.edition import Edition
from certs.errors import Refused
from certs.extensions import AUTHORITY_KEY_IDENTIFIER
from certs.keys import KeyKind
from certs.profiles import catalogue
from certs.profiles.rules import Role
from pki.authority import failpoints
from pki.authority.approval import Progress, Terms
from pki.authority.opinions import EXPLAINED, Opinion, Scope, SecondOpinions, explanation
from pki.errors import ConfigurationRefused
from pki.second_opinion import Pkilint
from tests.pki_house import events, furnished_house, issue, someone, wanted
from tests.world import crooked_der, valid_world

EVERY = [
    (edition, kind)
    for edition, kind in (
        (Edition.ISO_2, KeyKind.P256),
        (Edition.ISO_20, KeyKind.P521),
        (Edition.ISO_20, KeyKind.ED448),
    )
]


@pytest.fixture(scope="module")
def pkilint():
    return Pkilint()


@pytest.fixture(scope="module")
def heard(pkilint):
    """Every finding on every certificate of every world, with the profile it is about."""
    told = []
    for edition, kind in EVERY:
        world = valid_world(edition, key_kind=kind)
        delegates = [
            world.responder(each.role) for each in world if each.certificate.basic_constraints.ca
        ]
        for identity in (*world, *delegates):
            profile = catalogue.profile(identity.role, edition)
            told += [(opinion, profile) for opinion in pkilint.findings(identity.certificate.der)]
    return told


def test_every_finding_on_the_boring_worlds_is_explained(heard):
    assert heard
    assert [told for told in heard if explanation(*told) is None] == []


@pytest.mark.parametrize("explained", EXPLAINED, ids=lambda each: f"{each.code} {each.details}")
def test_no_explanation_is_kept_that_nothing_needs(heard, explained):
    used = [
        profile.role for opinion, profile in heard if explanation(opinion, profile) is explained
    ]
    assert set(used) == explained.roles
    assert explained.reason


@pytest.mark.parametrize(
    ("code", "detail", "role"),
    [
        (EXPLAINED[0].code, 'Invalid domain name in domainComponents: "EVIL"', Role.CONTRACT),
        (EXPLAINED[0].code, 'Invalid domain name in domainComponents: "MO"', Role.SECC),
        (EXPLAINED[-1].code, next(iter(EXPLAINED[-1].details)), Role.SECC),
        ("pkix.another", next(iter(EXPLAINED[0].details)), Role.CONTRACT),
    ],
)
def test_explanations_reach_no_further_than_they_say(code, detail, role):
    profile = catalogue.profile(role, Edition.ISO_2)
    assert explanation(Opinion(code=code, detail=detail), profile) is None


def test_octets_that_are_no_certificate_are_a_finding(pkilint):
    for octets in (b"", b"\x30\x00", b"\x00" * 9):
        assert [opinion.code for opinion in pkilint.findings(octets)] == ["unreadable"]


def test_planted_defect_is_found_and_refused(pkilint, tmp_path):
    """A leaf without its issuer's key identifier (RFC 5280 4.2.1.1)."""
    planted = crooked_der(valid_world()[Role.CONTRACT], drop=[AUTHORITY_KEY_IDENTIFIER])
    codes = {opinion.code for opinion in pkilint.findings(planted)}
    assert codes - {explained.code for explained in EXPLAINED}
    passed = []
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, second_opinion="all", failpoint=passed.append) as house:
        ask = house.authority._issuance._opinions._ask
        house.authority._issuance._opinions._ask = lambda _der: ask(planted)
        with pytest.raises(Refused) as caught:
            issue(house)
        assert caught.value.code == "issuance.second_opinion"
        assert failpoints.INTEND_WRITTEN not in passed
        assert "issuance.intended" not in events(house)
        (told,) = house.authority.issue_batch([wanted(2)], caller=someone(house))
        assert told.code == "issuance.second_opinion"


class Asked:
    """A second opinion that counts."""

    def __init__(self, *found):
        self.found = found
        self.asked = []

    def __call__(self, octets):
        self.asked.append(octets)
        return self.found


def opinions_of(house, scope, *found):
    asked = Asked(*found)
    house.authority._issuance._opinions = SecondOpinions(scope, asked)
    return asked


@pytest.fixture
def house(tmp_path):
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", approvals="*: 0 of 0") as house:
        yield house


def another(number, **odd):
    key = keys.derive(KeyKind.P256, b"second opinion %d" % number)
    return {"public_key": key.public_key(), **odd}


@pytest.mark.parametrize(("scope", "times"), [(Scope.OFF, 0), (Scope.SHAPES, 2), (Scope.ALL, 5)])
def test_asked_for_all_or_for_the_first_of_each_shape(house, scope, times):
    asked = opinions_of(house, scope)
    for number in range(4):
        issue(house, number)
    issue(house, 9, **another(9, role=Role.CPS, common_name="CPS 9"))
    assert len(asked.asked) == times


def test_refused_shape_is_asked_for_again(house):
    asked = opinions_of(house, Scope.SHAPES, Opinion(code="x", detail="y"))
    for number in range(2):
        with pytest.raises(Refused, match=r"x \(y\)"):
            issue(house, number)
    assert len(asked.asked) == 2


def test_every_authority_is_asked_about(house):
    asked = opinions_of(house, Scope.SHAPES)
    for number in range(2):
        terms = Terms(
            role=Role.MO_SUB_2,
            edition=Edition.ISO_2,
            common_name=f"MO Sub-CA {number}",
            organization=None,
            country="DE",
            key_kind=KeyKind.P256,
        )
        made = house.council.request(terms, caller=someone(house))
        assert made.progress is Progress.DONE
    assert len(asked.asked) == 4  # before the vote, under a throwaway key, and before it is signed


def test_house_asks_pkilint_where_settings_say_so(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, second_opinion="all") as house:
        assert issue(house).certificate
        house.maintain()


def test_house_does_not_open_without_the_linter_it_is_to_ask(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pki.second_opinion", None)
    with (
        pytest.raises(ConfigurationRefused, match="pkilint"),
        furnished_house(f"sqlite:///{tmp_path}/pki.db", second_opinion="shapes"),
    ):
        pass


def test_no_asking_without_somebody_to_ask(house):
    house.authority._issuance._opinions = SecondOpinions(Scope.ALL, None)
    assert issue(house).certificate
