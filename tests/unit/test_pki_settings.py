"""Settings of the pki house: where they come from, and what is refused without being repeated."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from pki.errors import ConfigurationRefused
from pki.settings import ENVIRONMENT_PREFIX, RawSettings, load
from pki.signing.opening import open_files, open_token
from plugward.configuration import pki_lines

SECRET = "correct horse battery"


def env(**given):
    return {ENVIRONMENT_PREFIX + name.upper(): value for name, value in given.items()}


def test_defaults_are_embedded_and_on_loopback():
    settings = load(environ={"HOME": "/root"})
    assert settings.database_url == "sqlite:///plugward-pki.db"
    assert settings.public_url == "http://127.0.0.1:8081"
    assert settings.passphrase is None
    assert settings.ocsp_lifetime == timedelta(hours=1)


def test_given_beats_environment_beats_file_beats_default(tmp_path):
    file = tmp_path / "pki.toml"
    file.write_text(
        'public_url = "http://file.example/"\nbackdate_seconds = 1\ncrl_lifetime_seconds = 60\n'
    )
    told = env(public_url="http://environment.example", backdate_seconds="2")
    settings = load(file=file, environ=told, public_url="https://given.example")
    assert settings.public_url == "https://given.example"
    assert settings.backdate == timedelta(seconds=2)
    assert settings.crl_lifetime == timedelta(minutes=1)
    assert load(file=file, environ={}).public_url == "http://file.example"


def test_process_environment_is_read_where_none_is_given(monkeypatch):
    monkeypatch.setenv("PLUGWARD_PKI_BACKDATE_SECONDS", "7")
    assert load().backdate == timedelta(seconds=7)


@pytest.mark.parametrize(
    "told",
    [
        {"colour": "red"},
        {"backdate_seconds": "-1"},
        {"backdate_seconds": "soon"},
        {"ocsp_lifetime_seconds": "0"},
        {"crl_lifetime_seconds": "999999999"},
        {"maintenance_interval_seconds": "0"},
        {"migrate_at_start": "perhaps"},
    ],
    ids=lambda told: next(iter(told)),
)
def test_unknown_and_odd_settings_are_refused_by_name(told):
    with pytest.raises(ConfigurationRefused) as caught:
        load(environ=env(**told))
    assert next(iter(told)) in caught.value.detail


@pytest.mark.parametrize(
    "url",
    ["", "pki.example", "ftp://pki.example", "http://", "http://pki.example/?a", "http://p#f"],
)
def test_public_url_is_an_http_address(url):
    with pytest.raises(ConfigurationRefused):
        load(environ={}, public_url=url)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\nsecond line\n"])
def test_passphrase_is_the_first_line_of_its_file(tmp_path, ending):
    file = tmp_path / "passphrase"
    file.write_text(SECRET + ending, newline="")
    assert load(environ=env(passphrase_file=str(file))).passphrase == SECRET.encode()


def test_passphrase_comes_from_the_environment_or_a_prompt():
    assert load(environ=env(passphrase=SECRET)).passphrase == SECRET.encode()
    assert load(environ={}).with_passphrase(b"typed").passphrase == b"typed"


def test_passphrase_is_given_once_and_never_in_a_settings_file(tmp_path):
    with pytest.raises(ConfigurationRefused):
        load(environ=env(passphrase=SECRET, passphrase_file="/somewhere"))
    file = tmp_path / "pki.toml"
    file.write_text(f'passphrase = "{SECRET}"')
    with pytest.raises(ConfigurationRefused):
        load(file=file, environ={})


def test_unreadable_files_are_refused(tmp_path):
    big = tmp_path / "big"
    big.write_bytes(b"#" * 100_000)
    odd = tmp_path / "odd"
    odd.write_bytes(b"\xff")
    for file in (tmp_path / "absent", big, odd):
        with pytest.raises(ConfigurationRefused):
            load(file=file, environ={})
    for file in (tmp_path / "absent", big):
        with pytest.raises(ConfigurationRefused):
            load(environ=env(passphrase_file=str(file)))


def test_k01_no_secret_is_in_words_or_errors():
    settings = load(
        environ=env(passphrase=SECRET), database_url="postgresql+pg8000://u:dbsecret@h/d"
    )
    assert SECRET not in repr(settings)
    assert "dbsecret" not in repr(settings)
    assert SECRET not in repr(RawSettings(passphrase=SECRET))
    with pytest.raises(ConfigurationRefused) as caught:
        load(environ=env(passphrase=SECRET, colour="red"))
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_every_setting_is_described():
    assert all(field.description for field in RawSettings.model_fields.values())
    assert load(environ={}).key_directory == Path("plugward-keys")


TOKEN = {"key_store": "pkcs11", "pkcs11_module": "/usr/lib/hsm.so", "pkcs11_token": "v2g"}


def test_token_is_a_module_a_label_and_a_pin_from_a_file(tmp_path):
    file = tmp_path / "pin"
    file.write_text("2718281828\n")
    settings = load(environ=env(**TOKEN, pkcs11_pin_file=str(file), signer_wait_seconds="1.5"))
    token = settings.token
    assert token is not None
    assert (token.module, token.label, token.pin) == (Path("/usr/lib/hsm.so"), "v2g", "2718281828")
    assert (token.import_allowed, token.wait_seconds) == (False, 1.5)
    assert load(environ=env(**TOKEN, pkcs11_pin="2718281828")).token.pin == "2718281828"
    assert load(environ={}).token is None


@pytest.mark.parametrize("missing", ["pkcs11_module", "pkcs11_token", "pkcs11_pin"])
def test_token_is_named_whole_or_refused(missing):
    told = {**TOKEN, "pkcs11_pin": "2718281828"}
    del told[missing]
    with pytest.raises(ConfigurationRefused, match="pkcs11"):
        load(environ=env(**told))


def test_pin_is_not_in_a_settings_file_nor_in_words(tmp_path):
    file = tmp_path / "pki.toml"
    file.write_text('pkcs11_pin = "2718281828"\n')
    with pytest.raises(ConfigurationRefused, match="pkcs11_pin_file"):
        load(file=file, environ={})
    assert "2718281828" not in repr(load(environ=env(**TOKEN, pkcs11_pin="2718281828")))


def test_pin_is_given_once_and_readable(tmp_path):
    file = tmp_path / "pin"
    file.write_bytes(b"\xff\xfe\n")
    with pytest.raises(ConfigurationRefused, match="UTF-8"):
        load(environ=env(**TOKEN, pkcs11_pin_file=str(file)))
    with pytest.raises(ConfigurationRefused, match="twice"):
        load(environ=env(**TOKEN, pkcs11_pin="1234", pkcs11_pin_file=str(file)))


def test_check_config_tells_the_token_and_not_its_pin():
    settings = load(environ=env(**TOKEN, pkcs11_pin="2718281828"))
    lines = dict(pki_lines(settings))
    assert lines["key_store"] == "pkcs11"
    assert lines["pkcs11_pin"] == "given"
    assert "key_directory" not in lines
    assert "2718281828" not in str(lines)


def test_token_without_the_binding_is_refused_with_a_hint(monkeypatch, tmp_path):
    for name in ("pki.signing.pkcs11", "pki.signing.token"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(ConfigurationRefused, match=r"pip install plugward\[pkcs11\]"):
        open_token(
            module=tmp_path / "x.so", label="v2g", pin="1", import_allowed=False, wait_seconds=1
        )


def test_files_without_a_passphrase_are_refused(tmp_path):
    with pytest.raises(ConfigurationRefused, match="no passphrase"):
        open_files(tmp_path, None)
