"""K01: whatever a house with keys does, no private key and no passphrase is left lying about.

Known keys are planted in a house's files, everything is done with them that a day brings, refusals
and failures too, and then every octet that was written or said is searched for them.
"""

import base64
import logging
import os
import tempfile
from contextlib import suppress

import pytest
import structlog

from certs import keys
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.authority.entries import Reason
from pki.errors import PkiError
from pki.signing.software import KeyFiles
from tests.pki_house import (
    CHEAP,
    PASSPHRASE,
    Clock,
    furnished_house,
    issue,
    issuer_id,
    key_id,
    someone,
)
from tests.pki_wire import question
from tests.world import valid_world

NEW_PASSPHRASE = b"a canary in another mine"
BY = {"by": "operator", "reason": "a canary"}


def forms_of(key):
    """A scalar as it might be written: octets, hex, base64 at any offset, decimal."""
    scalar = key.private_numbers().private_value
    octets = scalar.to_bytes((key.key_size + 7) // 8, "big")
    found = [octets, octets[::-1], octets.hex().encode(), octets.hex().upper().encode()]
    found.append(str(scalar).encode())
    for skipped in range(3):
        # the middle of base64 is the same whatever stands before and behind
        found.append(base64.b64encode(bytes(skipped) + octets)[4:-4])
        found.append(base64.urlsafe_b64encode(bytes(skipped) + octets)[4:-4])
    return found


def secrets():
    planted = [valid_world()[Role.MO_SUB_2].private_key, keys.derive(KeyKind.P521, b"canary")]
    planted.append(valid_world().responder(Role.MO_SUB_2).private_key)
    forms = [form for key in planted for form in forms_of(key)]
    return [*forms, PASSPHRASE, NEW_PASSPHRASE]


@pytest.fixture
def written(tmp_path, monkeypatch, caplog, capfd):
    """Runs the house with DEBUG on and every temporary file under the searched directory."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    caplog.set_level(logging.DEBUG)

    def octets(said=b""):
        out, err = capfd.readouterr()
        found = {"words": said + (out + err + caplog.text).encode()}
        for path, _, names in os.walk(tmp_path):
            for name in names:
                file = os.path.join(path, name)  # noqa: PTH118 - os.walk's own form
                with open(file, "rb") as opened:  # noqa: PTH123 - the same
                    found[file] = opened.read()
        return found

    yield octets
    structlog.reset_defaults()


def leaks(found):
    return [
        (place, form[:12])
        for place, octets in found.items()
        for form in secrets()
        if form in octets
    ]


def test_k01_no_key_is_in_database_log_key_directory_or_temporary_file(tmp_path, written):
    keeper = KeyFiles(tmp_path / "keys", PASSPHRASE, cost=CHEAP)
    said = []
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=Clock(), keys=keeper) as house:
        custodian = house.custodian
        planted = custodian.take_in(keys.derive(KeyKind.P521, b"canary"), role=Role.MO_SUB_2, **BY)
        issued = issue(house)
        house.authority.revoke(
            issued.issuer, issued.certificate.serial, Reason.KEY_COMPROMISE, caller=someone(house)
        )
        house.answer(question(issued.certificate, valid_world()[Role.MO_SUB_2].certificate))
        house.publisher.current(house.authority.authority(issuer_id()), now=house.clock.now())
        custodian.rotate(issuer_id(), **BY)
        custodian.rotate(
            house.authority.directory.responder(issuer_id(), now=house.clock.now()).key_id, **BY
        )
        for refused in (
            lambda: custodian.destroy("00" * 20, **BY),
            lambda: custodian.take_in(keys.derive(KeyKind.P521, b"canary"), role=Role.CPS, **BY),
            lambda: KeyFiles(tmp_path / "keys", b"wrong passphrase", cost=CHEAP).signer(planted),
        ):
            try:
                refused()
            except PkiError as bad:
                said.append(f"{bad!r} {bad} {bad.__cause__!r} {bad.__context__!r}")
        custodian.change_passphrase(NEW_PASSPHRASE, **BY)
        with suppress(PkiError):
            custodian.destroy(planted, **BY)
        said += [repr(house), repr(keeper), repr(custodian.listed()), str(vars(keeper).keys())]
        # the write-ahead log is still there
        found = written("\n".join(said).encode())
        assert any(name.endswith("-wal") for name in found)
        assert any(name.endswith(".key") for name in found)
    assert leaks(found) == []
    assert leaks(written()) == []


def test_k01_the_search_finds_what_is_planted_in_the_open(tmp_path, written):
    """The negative control: each form, written anywhere, is found."""
    for number, form in enumerate(secrets()):
        (tmp_path / f"planted-{number}").write_bytes(b"before" + form + b"behind")
    places = {place for place, _ in leaks(written())}
    assert len(places) == len(secrets())
    key = valid_world()[Role.MO_SUB_2].private_key
    assert key_id(valid_world()[Role.MO_SUB_2].certificate) == issuer_id()
    octets = key.private_numbers().private_value.to_bytes(32, "big")
    (tmp_path / "armoured").write_bytes(base64.b64encode(b"some header" + octets + b"more"))
    assert str(tmp_path / "armoured") in {place for place, _ in leaks(written())}
