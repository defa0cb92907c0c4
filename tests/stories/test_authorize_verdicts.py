"""Contracts at the door: each story is one plug-in and the pair of statuses it is answered with."""

from tests.authz_house import finding_codes, hash_data, house, verdict

ACCEPTED = ("Accepted", "Accepted", "accepted")


def test_valid_contract_may_charge(tmp_path):
    with house(tmp_path) as h:
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == ACCEPTED
        assert finding_codes(answer) == {"identity.emaid_check_digit_missing"}
        assert {one["source"] for one in answer.json()["evidence"]} == {"ocsp"}
        assert [one["where"] for one in answer.json()["evidence"]] == [
            "leaf",
            "sub_ca_2",
            "sub_ca_1",
        ]


def test_contract_certificate_once_seen_is_known_by_its_hashes(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(hashes=h.contract))[2] == "identity.hash_data_unknown"
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        answer = h.ask(hashes=hash_data(h.contract))
        assert verdict(answer) == ACCEPTED
        assert {one["source"] for one in answer.json()["evidence"]} == {"cache"}
