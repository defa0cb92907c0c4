"""Services of somebody else's: where they are, our keys for them, and what cannot be meant."""

import json

import pytest

from authz.remote_service import RemoteService
from authz.settings import load
from certs import pem
from certs.errors import Refused
from certs.profiles.rules import Role
from tests.world import valid_world

POOL = "https://pool.example/base/"


def service(url=POOL, **more):
    return load(environ={}, contract_service={"url": url, **more}).contract_service


def refusal(**given):
    with pytest.raises(Refused) as refused:
        load(environ={}, **given)
    return refused.value.code


def test_a_service_has_paths_below_its_base_and_nowhere_else():
    made = service()
    place = made.at("/v1/things")
    assert (place.host, place.path) == ("pool.example", "/base/v1/things")
    assert made.rule.covers(place)
    with pytest.raises(ValueError, match="not a path"):
        made.at("/../up")


def test_a_key_comes_from_the_settings_or_a_file_of_its_own(tmp_path):
    file = tmp_path / "key"
    file.write_text("from-a-file\n")
    assert service().authorization == ""
    assert service(api_key="written").authorization == "Bearer written"
    assert service(api_key_file=str(file)).authorization == "Bearer from-a-file"
    told = json.dumps({"url": POOL, "api_key": "from-the-environment"})
    loaded = load(environ={"PLUGWARD_AUTHZ_CONTRACT_SERVICE": told})
    assert loaded.contract_service.authorization == "Bearer from-the-environment"
    assert "from-the-environment" not in repr(loaded)


@pytest.mark.parametrize(
    "given",
    [
        {"url": "pool.example"},
        {"url": "ftp://pool.example"},
        {"url": "https://pool.example/?q=1"},
        {"url": "https://user@pool.example"},
        {"url": POOL, "api_key": "two\nlines"},
        {"url": POOL, "api_key": "\u20ac"},
        {"url": POOL, "api_key": "x" * 8_193},
        {"url": POOL, "api_key_file": "/nowhere/at/all"},
        {"url": POOL, "api_key": "a", "api_key_file": "/nowhere/at/all"},
    ],
)
def test_what_cannot_be_meant_is_refused_and_tells_no_key(given):
    for setting in (
        "contract_service",
        "certificate_authority",
        "station_authority",
    ):
        assert refusal(**{setting: given}) == "settings.remote_service"


def test_a_key_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe")
    given = {"url": POOL, "api_key_file": str(file)}
    assert refusal(contract_service=given) == "settings.remote_service"


def test_unknown_settings_of_a_service_are_errors():
    assert refusal(contract_service={"url": POOL, "apikey": "a"}) == "settings.refused"
    assert refusal(secc_names=[{"tenant": "a", "station": "b"}]) == "settings.refused"


def test_one_authority_signs_for_all_unless_stations_have_their_own():
    def hosts(**given):
        signed = load(environ={}, **given).certificate_authorities
        return {role: service.base.split("//")[1] for role, service in signed.items()}

    one, other = {"url": "https://one.example"}, {"url": "https://other.example"}
    chargers, stations = Role.SECC, Role.CHARGING_STATION
    assert hosts() == {}
    assert hosts(certificate_authority=one) == {chargers: "one.example", stations: "one.example"}
    assert hosts(certificate_authority=one, station_authority=other) == {
        chargers: "one.example",
        stations: "other.example",
    }
    assert hosts(station_authority=other) == {stations: "other.example"}


def test_authorities_are_read_from_their_files(tmp_path):
    chain = valid_world()[Role.SECC].chain[1:]
    file = tmp_path / "sub-cas.pem"
    file.write_text(pem.encode(chain))
    assert load(environ={}, authority_files=[str(file)]).authorities == chain
    file.write_text("nothing")
    assert refusal(authority_files=[str(file)]) == "settings.authority_files"
    assert refusal(authority_files=["/nowhere/at/all"]) == "settings.file"


def test_a_service_is_shown_without_its_key():
    made = RemoteService.parse(POOL, networks=(), api_key="a-secret", api_key_file=None)
    assert "a-secret" not in repr(made)
