"""Keys, clocks, policies, settings and names: the small values of the house."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz import settings
from authz.callers import (
    KEY_CHARACTERS_MAX,
    KEY_PREFIX,
    Caller,
    Scope,
    digest,
    key_id_of,
    new_key,
)
from authz.decision import decision_id
from authz.errors import MalformedQuestion, Unavailable
from authz.policy import CACHE_SECONDS_MAX, Policy, UnprovenToken
from authz.policy_document import PolicyDocument, from_policy, to_policy
from authz.sources import Sources
from authz.steady_clock import STEP_BACK_MAX, SteadyClock
from authz.strict_json import decode
from certs.errors import Refused
from certs.identifiers.emaid import CheckDigit
from certs.keys import key_identifier
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm
from tests.world import DAY, NOW, SECOND, valid_world

KEY_ID = "ab" * 20


# API keys ----------------------------------------------------------------------------------------


def key(**odd):
    given_ = {
        "tenant": "cpo-one",
        "scopes": frozenset({Scope.AUTHORIZE}),
        "label": "csms",
        "now": NOW,
        "random": lambda octets: bytes(range(octets)),
    }
    return new_key(**given_ | odd)


def test_key_is_kept_as_a_digest_only():
    kept, text = key()
    assert text.startswith(KEY_PREFIX)
    assert key_id_of(text) == kept.key_id
    assert kept.secret_hash == digest(text)
    secret = text.rsplit("_", 1)[1]
    assert secret not in repr(kept)
    assert kept.secret_hash.hex() not in repr(kept)
    assert kept.admits(text, now=NOW)


def test_h01_key_that_is_not_in_use_admits_nobody():
    kept, text = key(expires_at=NOW + SECOND)
    assert kept.admits(text, now=NOW)
    assert not kept.admits(text, now=NOW + SECOND)
    assert not kept.admits(text[:-1] + "x", now=NOW)
    assert not replace(kept, revoked_at=NOW).admits(text, now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pnc_live_",
        "pnc_live_0001020304050607",
        "pnc_live_0001020304050607_",
        "pnc_test_0001020304050607_aa",
        "pnc_live_00_aa",
        "pnc_live_0001020304050607_" + "a" * KEY_CHARACTERS_MAX,
        "pnc_live_000102030405060\N{SUPERSCRIPT SEVEN}_aa",
    ],
)
def test_text_that_is_no_key_has_no_id(text):
    assert key_id_of(text) is None


@given(st.text())
def test_any_text_has_a_key_id_or_none(text):
    found = key_id_of(text)
    assert found is None or text.startswith(f"{KEY_PREFIX}{found}_")


def test_scope_is_demanded():
    caller = Caller(key_id="1", tenant="cpo-one", scopes=frozenset({Scope.AUTHORIZE}), generation=0)
    caller.demand(Scope.AUTHORIZE)
    with pytest.raises(Refused) as refused:
        caller.demand(Scope.MANAGE)
    assert refused.value.code == "caller.scope_missing"


# Moments and names -------------------------------------------------------------------------------


def test_decision_ids_are_uuids_of_version_7_in_order_of_time():
    ids = [
        decision_id(now=NOW + timedelta(milliseconds=at), random=bytes([255 - at] * 10))
        for at in range(9)
    ]
    assert ids == sorted(ids)
    assert {UUID(one).version for one in ids} == {7}
    assert {UUID(one).variant for one in ids} == {"specified in RFC 4122"}
    assert len(set(ids)) == len(ids)


def test_x33_clock_that_goes_back_is_not_believed():
    moments = iter([NOW, NOW - STEP_BACK_MAX, NOW - STEP_BACK_MAX - SECOND, NOW - 365 * DAY, NOW])
    clock = SteadyClock(lambda: next(moments))
    assert clock.moment() == NOW
    assert clock.moment() == NOW - STEP_BACK_MAX
    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            clock.moment()
        assert refused.value.code == "unavailable.clock"
    assert clock.moment() == NOW


def test_x33_clock_behind_the_log_is_not_believed():
    clock = SteadyClock(lambda: NOW)
    clock.not_before(NOW + timedelta(hours=1))
    with pytest.raises(Unavailable):
        clock.moment()


# Policy ------------------------------------------------------------------------------------------


def test_policy_and_its_document_say_the_same():
    policy = Policy(
        check_digit=CheckDigit.ENFORCE,
        unproven_token=UnprovenToken.BY_CONTRACT,
        cache_seconds=60,
        permitted_providers={bytes(20): frozenset({"DE8AA", "DEABC"})},
    )
    assert to_policy(from_policy(policy)) == policy
    assert to_policy(PolicyDocument()) == Policy()
    assert to_policy(PolicyDocument(permitted_providers={KEY_ID: ["de8aa"]})) == Policy(
        permitted_providers={bytes.fromhex(KEY_ID): frozenset({"DE8AA"})}
    )


@pytest.mark.parametrize(
    "document",
    [
        {"cacheSeconds": -1},
        {"cacheSeconds": CACHE_SECONDS_MAX + 1},
        {"permittedProviders": {"xyz": ["DE8AA"]}},
        {"permittedProviders": {"ab" * 19: ["DE8AA"]}},
        {"permittedProviders": {KEY_ID: ["DE-8AA"]}},
        {"permittedProviders": {KEY_ID: ["DE8A\N{FULLWIDTH LATIN CAPITAL LETTER A}"]}},
    ],
)
def test_policy_that_cannot_be_meant_is_refused(document):
    with pytest.raises(MalformedQuestion):
        to_policy(decode(json.dumps(document).encode(), PolicyDocument))


# Settings ----------------------------------------------------------------------------------------


def test_defaults_refuse_every_source():
    found = settings.load(environ={})
    assert found.sources == Sources()
    assert found.ocsp_hash is HashAlgorithm.SHA1
    assert not found.trust_clock


def test_environment_wins_over_the_file_and_what_is_given_over_both(tmp_path):
    file = tmp_path / "authz.toml"
    file.write_text(
        'database_url = "sqlite:///file.db"\ncrl_bytes_max = 2048\nocsp_hash = "SHA256"\n'
        "[[allowed_urls]]\n"
        'prefix = "http://ocsp.example/"\n'
        "[[revocation_sources]]\n"
        f'issuer_key_id = "{KEY_ID}"\n'
        'ocsp = "http://10.0.0.1/ocsp"\n'
    )
    environ = {
        "PLUGWARD_AUTHZ_DATABASE_URL": "sqlite:///environment.db",
        "PLUGWARD_AUTHZ_CRL_BYTES_MAX": "4096",
        "UNRELATED": "1",
    }
    found = settings.load(file=file, environ=environ, crl_bytes_max=8192)
    assert found.database_url == "sqlite:///environment.db"
    assert found.crl_bytes_max == 8192
    assert found.ocsp_hash is HashAlgorithm.SHA256
    assert found.sources.allowed[0].prefix.host == "ocsp.example"
    assert found.sources.by_issuer[0].issuer_key_id == bytes.fromhex(KEY_ID)
    listed = {"PLUGWARD_AUTHZ_ALLOWED_URLS": '[{"prefix": "http://other.example/"}]'}
    again = settings.load(file=file, environ=listed)
    assert again.sources.allowed[0].prefix.host == "other.example"


def test_settings_hide_the_database_password():
    found = settings.load(environ={}, database_url="postgresql+pg8000://u:hunter2@db/authz")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"unheard_of": 1}, "settings.refused"),
        ({"gather_deadline_seconds": 0}, "settings.refused"),
        ({"revocation_sources": [{"issuer_key_id": "xy", "ocsp": "http://a/"}]}, None),
        ({"revocation_sources": [{"issuer_key_id": "ab", "ocsp": "http://a/"}]}, None),
        (
            {"revocation_sources": [{"issuer_key_id": KEY_ID}]},
            "settings.revocation_sources",
        ),
        (
            {"revocation_sources": [{"issuer_key_id": KEY_ID, "crl": "ldap://a/"}]},
            "settings.revocation_sources",
        ),
        ({"allowed_urls": [{"prefix": "ocsp.example"}]}, "outbound.prefix"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(given_, code):
    with pytest.raises(Refused) as refused:
        settings.load(environ={}, **given_)
    assert refused.value.code == (code or "settings.issuer_key_id")


def test_refused_setting_is_named_and_its_value_is_not():
    with pytest.raises(Refused) as refused:
        settings.load(environ={"PLUGWARD_AUTHZ_PASSWORD": "hunter2"})
    assert "password" in refused.value.detail
    assert "hunter2" not in refused.value.detail


def test_environment_that_is_not_json_is_refused():
    with pytest.raises(Refused):
        settings.load(environ={"PLUGWARD_AUTHZ_ALLOWED_URLS": "http://a/"})


@pytest.mark.parametrize("content", [b"\xff", b"= 1", b"#" * (settings.FILE_OCTETS_MAX + 1), None])
def test_file_that_cannot_be_read_is_refused(tmp_path, content):
    file = tmp_path / "authz.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Refused) as refused:
        settings.load(file=file, environ={})
    assert refused.value.code == "settings.file"


# Sources -----------------------------------------------------------------------------------------


def sources(**given_) -> Sources:
    return settings.load(environ={}, **given_).sources


def test_h10_urls_in_certificates_and_questions_are_followed_only_where_listed():
    world = valid_world()
    leaf, issuer = world[Role.CONTRACT].certificate, world[Role.MO_SUB_2].certificate
    own = leaf.ocsp_urls[0]
    assert leaf.crl_urls
    nothing = sources()
    assert nothing.ocsp(leaf, issuer, offered=("http://169.254.169.254/",)) is None
    assert nothing.crl(leaf, issuer) is None
    listed = sources(allowed_urls=[{"prefix": own}, {"prefix": leaf.crl_urls[0]}])
    assert listed.ocsp(leaf, issuer)[0].host in own
    assert listed.crl(leaf, issuer)[0].host in leaf.crl_urls[0]
    station = sources(allowed_urls=[{"prefix": "http://station.example/"}])
    offered = ("http://evil.example/", "http://station.example/ocsp")
    assert station.ocsp(leaf, issuer) is None
    assert station.ocsp(leaf, issuer, offered=offered)[0].host == "station.example"


def test_configured_source_comes_before_what_a_certificate_names():
    world = valid_world()
    leaf, issuer = world[Role.CONTRACT].certificate, world[Role.MO_SUB_2].certificate
    key_id = key_identifier(issuer.subject_public_key).hex()
    found = sources(
        allowed_urls=[{"prefix": leaf.ocsp_urls[0]}],
        revocation_sources=[
            {"issuer_key_id": KEY_ID, "ocsp": "http://other.example/"},
            {"issuer_key_id": key_id, "ocsp": "http://own.example/ocsp"},
        ],
    )
    assert found.ocsp(leaf, issuer)[0].host == "own.example"
    assert found.crl(leaf, issuer) is None
