"""Renewal and pairs over HTTP, and renewal on the command line."""

from datetime import timedelta
from pathlib import Path

import pytest

from certs import keys, pem
from certs.edition import Edition
from certs.keys import KeyKind
from certs.profiles.rules import Role
from plugward import desk
from plugward.authority import request_of
from plugward.cli import main
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode
from tests.integration.test_pki_doors import FORM, Door, code, issued, place
from tests.pki_house import TENANT, Clock, furnished_house, issuer_id
from tests.world import NOW, valid_world

SECCID = "DE-ICE-S-00003C4D557878675645330967543476-2"
ENDING = {"not_after": (NOW + timedelta(days=30)).isoformat()}


@pytest.fixture
def door(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, clock=Clock()) as house:
        house.importing.world(valid_world(Edition.ISO_20), tenant=TENANT)
        house.authority.reload()
        yield Door(house)


def csr(word, kind=KeyKind.P256):
    return request_of(keys.derive(kind, word.encode()), "not used")


def test_renewal_is_answered_and_shown_on_both(door):
    old = issued(door, **ENDING)
    answer = door.post(place(old) + "/renew", json={"csr": csr("new")})
    assert answer.status_code == 201, answer.text
    new = answer.json()
    assert door.post(place(old) + "/renew", json={"csr": csr("new")}).json() == new
    (told,) = door.get(place(old)).json()["related"]
    assert told == {
        "relation": "renewed_by",
        "issuer_key_id": new["issuer_key_id"],
        "serial": new["serial"],
    }
    assert door.get(place(new)).json()["related"][0]["relation"] == "renews"
    metrics = door.get("/metrics", key=False).text
    assert 'pnc_certs_issued_total{profile="iso15118-2/contract"} 3.0' in metrics


def test_renewal_is_refused_early_and_for_odd_bodies(door):
    old = issued(door)
    early = door.post(place(old) + "/renew", json={"csr": csr("new")})
    assert (early.status_code, code(early)) == (403, "renewal.too_early")
    odd = door.post(place(old) + "/renew", json={"csr": csr("new"), "common_name": "x"})
    assert odd.status_code == 422
    bad = door.post(place(old) + "/renew", json={"csr": "x"})
    assert (bad.status_code, code(bad)) == (400, "malformed.csr")
    absent = door.post(f"/v1/certificates/{issuer_id()}/05/renew", json={"csr": csr("new")})
    assert absent.status_code == 404


def pair_form(**odd):
    return {
        "iso15118_2": {"csr": csr("two"), "common_name": "DE*ICE*E45B*78C"},
        "iso15118_20": {"csr": csr("twenty", KeyKind.ED448), "common_name": SECCID, **odd},
        "country": "DE",
    }


def test_pair_for_p521_needs_a_cpo_authority_of_its_own_kind(door):
    form = pair_form(csr=csr("twenty", KeyKind.P521))
    answer = door.post("/v1/certificates/secc-pair", json=form)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    (two, *_), (twenty, *_) = (
        pem.parse_chain(told[edition]["chain"]) for edition in ("iso15118_2", "iso15118_20")
    )
    assert (two.key_kind, twenty.key_kind) == (KeyKind.P256, KeyKind.P521)
    assert twenty.issuer == valid_world(Edition.ISO_20)[Role.CPO_SUB_2].certificate.subject
    (related,) = door.get(place(told["iso15118_2"])).json()["related"]
    assert related["serial"] == told["iso15118_20"]["serial"]


def test_pair_without_a_name_is_malformed(door):
    bare = pair_form()
    bare["iso15118_20"] = {"csr": _nameless()}
    answer = door.post("/v1/certificates/secc-pair", json=bare)
    assert (answer.status_code, code(answer)) == (400, "malformed.common_name")
    swapped = {"iso15118_2": pair_form()["iso15118_20"], "iso15118_20": pair_form()["iso15118_2"]}
    answer = door.post("/v1/certificates/secc-pair", json=swapped)
    assert answer.status_code == 403


def _nameless():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = builder.sign(keys.derive(KeyKind.P521, b"twenty"), hashes.SHA512())
    return made.public_bytes(Encoding.PEM).decode()


def test_refused_issue_of_the_form_counts_as_before(door):
    refused = door.post("/v1/certificates", json={**FORM, "role": "mo-sub-2"})
    assert refused.status_code == 403


def test_command_line_renews_what_is_about_to_end(tmp_path, capsys, monkeypatch):
    world, key, chain = (str(tmp_path / name) for name in ("world", "k", "c"))
    assert main(["init", world, "--contracts", "1"]) == 0
    brief = ["--role", "cps", "--common-name", "CPS 9", "--not-after", "2026-12-20"]
    ending = (
        pem.parse_chain((tmp_path / "world/leaves/cps.pem").read_text())[0].not_before
        + timedelta(days=60)
    ).isoformat()
    brief[-1] = ending
    issue = ["cert", "issue", *brief, "--new-key", key, "--out", chain, "--home", world]
    assert main(issue) == 0, capsys.readouterr().err
    renew = ["cert", "renew", chain, "--home", world]
    assert main(renew) == ExitCode.ASKED_WRONGLY
    next_key, next_chain = tmp_path / "k2", tmp_path / "c2"
    assert main([*renew, "--new-key", str(next_key), "--out", key]) == ExitCode.ASKED_WRONGLY
    ask = desk._InHouse.ask

    def answer_lost(self, *asked):
        ask(self, *asked)
        raise Complaint("no answer", exit_code=ExitCode.UNREACHABLE)

    with monkeypatch.context() as patch:
        patch.setattr(desk._InHouse, "ask", answer_lost)
        asked = [*renew, "--new-key", str(next_key), "--out", str(next_chain)]
        assert main(asked) == ExitCode.UNREACHABLE
    assert next_key.exists(), "it may be certified by now"
    assert main([*renew, "--new-key", str(tmp_path / "k3")]) == ExitCode.NO, "and it is"
    assert not (tmp_path / "k3").exists()
    assert main([*asked, "--again"]) == 0
    old, new = (pem.parse_chain(Path(name).read_text())[0] for name in (chain, str(next_chain)))
    assert old.subject == new.subject
    assert next_key.stat().st_mode & 0o777 == 0o600
    request = tmp_path / "csr"
    request.write_text(csr("another"))
    assert main([*renew, "--csr", str(request)]) == ExitCode.NO
    root = str(tmp_path / "world/anchors/mo-root.pem")
    capsys.readouterr()
    assert main(["cert", "renew", root, "--csr", str(request), "--home", world]) != 0
