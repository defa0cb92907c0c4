"""Keys in a SoftHSM token: what never comes out, what is refused, what comes back by itself."""

import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certs import keys
from certs.errors import Refused
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.authority.entries import State
from pki.errors import ConfigurationRefused, SignerUnavailable
from pki.house import assemble
from pki.settings import load
from pki.signing.opening import open_token
from pki.signing.store import name_of
from tests import soft_hsm
from tests.pki_house import TENANT, Clock, furnished_house, issue, issuer_id, permit_everything
from tests.world import valid_world

pytestmark = pytest.mark.needs("softhsm")
ROOT = Path(__file__).resolve().parents[2]


def opened(place):
    from pki.signing.pkcs11 import TokenKeys

    return TokenKeys(place)


def raw(keeper):
    """The private objects as the module itself shows them."""
    from pkcs11 import Attribute, ObjectClass

    return keeper._session.call(
        lambda session: list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    )


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P521, KeyKind.ED448])
def test_k01_born_key_is_sensitive_and_was_never_to_be_had(kind):
    from pkcs11 import Attribute
    from pkcs11.exceptions import AttributeSensitive

    keeper = soft_hsm.token_keys()
    keeper.generate(kind, role="mo-sub-2")
    (private,) = raw(keeper)
    told = [
        private[name]
        for name in (
            Attribute.SENSITIVE,
            Attribute.ALWAYS_SENSITIVE,
            Attribute.NEVER_EXTRACTABLE,
            Attribute.EXTRACTABLE,
            Attribute.PRIVATE,
        )
    ]
    assert told == [True, True, True, False, True]
    with pytest.raises(AttributeSensitive):
        private[Attribute.VALUE]


def test_key_is_labelled_with_its_role_and_named_by_its_key_id():
    from pkcs11 import Attribute

    keeper = soft_hsm.token_keys()
    born = keeper.generate(KeyKind.P256, role="mo-sub-2")
    (private,) = raw(keeper)
    assert private[Attribute.LABEL] == "plugward mo-sub-2"
    assert private[Attribute.ID].hex() == born.key_id == name_of(born.public_key)


def test_key_that_lived_elsewhere_is_refused_unless_settings_allow_it():
    keeper = soft_hsm.token_keys(import_allowed=False)
    with pytest.raises(Refused) as caught:
        keeper.store(keys.generate(KeyKind.P256), role="mo-sub-2")
    assert caught.value.code == "keys.import_refused"
    assert keeper.listed() == ()


def test_key_taken_in_does_not_come_out_either():
    from pkcs11 import Attribute

    keeper = soft_hsm.token_keys()
    keeper.store(keys.generate(KeyKind.P521), role="mo-sub-2")
    (private,) = raw(keeper)
    assert (private[Attribute.SENSITIVE], private[Attribute.EXTRACTABLE]) == (True, False)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P521])
def test_signatures_are_minimal_der_whatever_their_leading_octets(kind):
    """One r in 256 begins with a zero octet, one in two has its first bit set."""
    keeper = soft_hsm.token_keys()
    born = keeper.generate(kind, role="mo-sub-2")
    signer = keeper.signer(born.key_id)
    for number in range(60):
        signature = signer.sign(b"%d" % number)
        r, s = decode_dss_signature(signature)  # strict: refuses what is not minimal
        assert r
        assert s
        assert keys.verifies(born.public_key, signature, b"%d" % number)


def test_r_with_leading_zeros_and_a_first_bit_is_encoded_as_an_integer():
    from pki.signing.pkcs11 import _der

    pair = b"\x00" * 3 + b"\x80" + b"\x01" * 28 + b"\x00" * 31 + b"\x05"
    assert decode_dss_signature(_der(pair)) == (int.from_bytes(pair[:32], "big"), 5)


def test_wrong_pin_is_tried_once_and_never_again():
    place = soft_hsm.place()
    wrong = opened(soft_hsm.replaced(place, pin="wrong-pin"))
    with pytest.raises(SignerUnavailable, match=r"PinIncorrect$"):
        wrong.listed()
    for _ in range(5):
        with pytest.raises(SignerUnavailable, match="not tried again"):
            wrong.listed()


def test_absent_token_is_unavailable_within_the_waiting_that_was_set():
    keeper = opened(soft_hsm.replaced(soft_hsm.place(), token="nobody"))
    with pytest.raises(SignerUnavailable, match="NoSuchToken"):
        keeper.signer("00" * 20)


def test_pin_is_in_no_repr():
    place = soft_hsm.place()
    keeper = opened(place)
    assert place.pin not in repr(place) + repr(keeper) + repr(keeper._session)


def test_busy_token_is_waited_for_no_longer_than_settings_say():
    keeper = opened(soft_hsm.place(wait_seconds=0.2))
    born = keeper.generate(KeyKind.P256, role="mo-sub-2")
    begun, done = threading.Event(), threading.Event()

    def hang(_session):
        begun.set()
        done.wait(30)

    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(keeper._session.call, hang)
        begun.wait(30)
        with pytest.raises(SignerUnavailable, match="busy"):
            keeper.signer(born.key_id).sign(b"tbs")
        done.set()
        hanging.result(30)
    assert keys.verifies(born.public_key, keeper.signer(born.key_id).sign(b"tbs"), b"tbs")


def test_lost_session_is_opened_again():
    keeper = soft_hsm.token_keys()
    born = keeper.generate(KeyKind.P256, role="mo-sub-2")
    signer = keeper.signer(born.key_id)
    signer.sign(b"before")
    keeper._session._session.close()  # as a token does that was drawn
    assert keys.verifies(born.public_key, signer.sign(b"after"), b"after")


def test_handles_of_another_generation_never_sign():
    """After a new initialisation handles begin again, and an old one may name another's key."""
    first, second = soft_hsm.token_keys(), soft_hsm.token_keys()
    one = first.generate(KeyKind.P256, role="mo-sub-2")
    two = second.generate(KeyKind.P256, role="mo-sub-2")
    doors = [(first.signer(one.key_id), one), (second.signer(two.key_id), two)]
    for _ in range(2):
        for door, kept in doors:
            assert keys.verifies(kept.public_key, door.sign(b"tbs"), b"tbs")
        with first._session._module.lock:
            first._session._module.begin_anew()
        doors.reverse()


def test_key_destroyed_by_another_process_is_missed_at_once():
    place = soft_hsm.place()
    keeper = opened(place)
    born = keeper.generate(KeyKind.P256, role="mo-sub-2")
    door = keeper.signer(born.key_id)
    door.sign(b"tbs")
    _in_process(place, f"keeper.destroy({born.key_id!r})")
    with pytest.raises(SignerUnavailable):
        door.sign(b"tbs")
    assert not keeper.holds(born.key_id)


def test_others_objects_in_the_token_are_left_alone():
    from pkcs11 import Attribute, KeyType, MechanismFlag

    keeper = soft_hsm.token_keys()

    def foreign(session):
        domain = session.create_domain_parameters(
            KeyType.EC,
            {Attribute.EC_PARAMS: bytes.fromhex("06082a8648ce3d030107")},
            local=True,
        )
        for name, label in ((b"theirs", "plugward x"), (b"\x01" * 20, "theirs")):
            domain.generate_keypair(
                store=True, id=name, label=label, capabilities=MechanismFlag.SIGN
            )

    keeper._session.call(foreign)
    assert keeper.listed() == ()
    with pytest.raises(SignerUnavailable, match="not made by us"):
        keeper.signer("01" * 20)


def test_module_that_is_not_there_is_refused_at_start(tmp_path):
    with pytest.raises(ConfigurationRefused, match="no such file"):
        open_token(
            module=tmp_path / "none.so", label="x", pin="1234", import_allowed=False, wait_seconds=1
        )


def test_file_that_is_no_module_is_unavailable(tmp_path):
    (tmp_path / "none.so").write_text("no library")
    keeper = open_token(
        module=tmp_path / "none.so", label="x", pin="1234", import_allowed=False, wait_seconds=1
    )
    with pytest.raises(SignerUnavailable):
        keeper.listed()


def test_processes_that_start_at_once_on_one_token_all_sign():
    """SoftHSM fails for a moment while several processes initialise it together."""
    place = soft_hsm.place()
    born = opened(place).generate(KeyKind.P256, role="mo-sub-2")
    started = [
        _start(place, f"print(keeper.signer({born.key_id!r}).sign(b'tbs').hex())") for _ in range(2)
    ]
    for process in started:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert keys.verifies(born.public_key, bytes.fromhex(out.strip()), b"tbs")


def _start(place, statement):
    program = textwrap.dedent(
        f"""
        import os
        from pathlib import Path
        from pki.signing.opening import open_token
        keeper = open_token(
            module=Path({str(place.module)!r}), label={place.token!r}, pin=os.environ["TEST_PIN"],
            import_allowed=True, wait_seconds=30.0,
        )
        """
    )
    return subprocess.Popen(
        [sys.executable, "-c", program + statement],
        cwd=ROOT,
        env={**os.environ, "TEST_PIN": place.pin},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _in_process(place, statement):
    process = _start(place, statement)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def test_four_threads_issue_at_once_and_each_certificate_is_recorded(tmp_path):
    """One session, one lock: the binding alone would end the process."""
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, keys=soft_hsm.token_keys(), clock=Clock()) as house:
        with ThreadPoolExecutor(4) as pool:
            issued = list(pool.map(lambda number: issue(house, number), range(1, 25)))
        issuer = valid_world()[Role.MO_SUB_2].certificate
        for one in issued:
            leaf = one.certificate
            assert keys.verifies(issuer.public_key(), leaf.signature, leaf.tbs)
            assert house.stores.register.find(one.issuer, leaf.serial).state is State.ISSUED
        assert len({one.certificate.serial for one in issued}) == 24


def test_two_processes_issue_at_once_from_one_token_and_one_register(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    place = soft_hsm.place()
    with furnished_house(url, keys=opened(place), clock=Clock()) as house:
        statement = (
            "from tests.pki_house import *; from datetime import UTC\n"
            f"with empty_house({url!r}, keys=keeper, clock=Clock()) as house:\n"
            "    print(*(f'{issue(house, START + n).certificate.serial:x}' for n in range(8)))"
        )
        started = [_start(place, statement.replace("START", str(start))) for start in (100, 200)]
        serials = []
        for process in started:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
            serials += [int(word, 16) for word in out.split()]
        assert len(set(serials)) == 16
        for serial in serials:
            assert house.stores.register.find(issuer_id(), serial).state is State.ISSUED


def test_house_in_settings_signs_from_the_token_and_opens_no_key_file(tmp_path):
    """From settings alone: no passphrase, no key directory, responders born in the token."""
    place = soft_hsm.place()
    (tmp_path / "pin").write_text(place.pin + "\n")
    settings = load(
        environ={},
        database_url=f"sqlite:///{tmp_path}/pki.db",
        key_store="pkcs11",
        key_directory=tmp_path / "keys",
        pkcs11_module=place.module,
        pkcs11_token=place.token,
        pkcs11_pin_file=tmp_path / "pin",
        pkcs11_import_allowed=True,
    )
    house = assemble(settings, clock=Clock())
    try:
        house.importing.world(valid_world(), tenant=TENANT)
        house.authority.reload()
        permit_everything(house)
        assert issue(house).issuer == issuer_id()
        assert house.authority.replace_responder(issuer_id()).key_id in {
            kept.key_id for kept in opened(place).listed()
        }
        assert not (tmp_path / "keys").exists()
        assert place.pin not in repr(house.settings)
    finally:
        house.close()
