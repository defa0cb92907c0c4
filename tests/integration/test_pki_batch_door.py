"""Many certificates in one call over HTTP."""

import pytest

from certs import keys
from certs.keys import KeyKind
from pki.authority import failpoints
from plugward.authority import request_of
from tests.integration.test_pki_doors import Door, code
from tests.pki_house import Clock, furnished_house


@pytest.fixture
def passed():
    return []


@pytest.fixture
def door(tmp_path, passed):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, clock=Clock(), failpoint=passed.append) as house:
        yield Door(house)


def form(number, **odd):
    key = keys.derive(KeyKind.P256, b"batch %d" % number)
    given = {
        "role": "contract",
        "edition": "iso15118-2",
        "csr": request_of(key, f"DE8AA{number:09d}"),
    }
    return {**given, **odd}


def ask(door, *forms, **given):
    return door.post("/v1/certificates/batch", json={"requests": list(forms)}, **given)


def test_batch_is_two_transactions_and_told_in_order(door, passed):
    told = ask(door, *(form(number) for number in range(30))).json()["outcomes"]
    assert [each["refused"] for each in told] == [None] * 30
    assert len({each["issued"]["serial"] for each in told}) == 30
    assert passed.count(failpoints.INTEND_COMMITTED) == 1
    assert passed.count(failpoints.RECORD_COMMITTED) == 1


def test_batch_asked_for_again_is_the_same(door):
    first = ask(door, *(form(number) for number in range(3)))
    again = ask(door, *(form(number) for number in range(5))).json()["outcomes"]
    assert again[:3] == first.json()["outcomes"]


def test_refused_and_malformed_stand_in_their_places(door):
    answer = ask(
        door, form(1), form(2, csr="x"), form(3, role="mo-sub-2"), form(4, common_name="x"), form(5)
    )
    assert answer.status_code == 200
    told = [(each["refused"] or {}).get("code") for each in answer.json()["outcomes"]]
    assert told == [
        None,
        "malformed.csr",
        "registration.role_not_on_request",
        "issuance.lint",
        None,
    ]
    assert ask(door, form(2, csr="x")).json()["outcomes"][0]["issued"] is None
    metrics = door.get("/metrics", key=False).text
    assert 'pnc_certs_issued_total{profile="iso15118-2/contract"} 2.0' in metrics


def test_h04_batch_is_capped(door):
    assert ask(door).status_code == 422
    assert ask(door, *[form(1)] * 1001).status_code == 422
    large = door.post(
        "/v1/certificates/batch",
        content=b"{" + b" " * (4 << 20),
        headers={"Content-Type": "application/json"},
    )
    assert (large.status_code, code(large)) == (413, "malformed.too_large")
