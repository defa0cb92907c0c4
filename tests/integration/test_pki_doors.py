"""The doors of pki over HTTP: who comes in, what is taken, how errors are told."""

import base64
import itertools
import json
import re
from datetime import timedelta

import anyio
import httpx
import pytest
from cryptography.x509 import (
    DeltaCRLIndicator,
    FreshestCRL,
    load_der_x509_crl,
    load_pem_x509_certificate,
    ocsp,
)

from certs import keys as certs_keys
from certs import pem
from certs.keys import KeyKind, SoftwareSigner
from certs.profiles.rules import Role
from pki.api import caching
from pki.app import create_app, open_doors
from pki.errors import SignerUnavailable
from pki.ocsp.request import REQUEST_OCTETS_MAX
from pki.settings import load
from pki.storage.answers import SETTLED
from tests.pki_house import (
    TENANT,
    Clock,
    MemoryKeys,
    empty_house,
    furnished_house,
    issue,
    issuer_id,
    permit_everything,
)
from tests.pki_wire import armoured, csr, question
from tests.world import NOW, valid_world

CSR = armoured(csr()).decode()
FORM = {"role": "contract", "edition": "iso15118-2", "csr": CSR}


class Door:
    """A client of one app; calls are made one at a time, without a server between."""

    def __init__(self, house):
        self.house = house
        self.app = open_doors(house)
        self.key = house.authority.new_api_key(
            tenant=TENANT, name="test", scopes=["issue:*", "read", "revoke"]
        )

    def __call__(self, method, path, *, key=None, **given):
        headers = dict(given.pop("headers", {}))
        if key is not False:
            headers.setdefault("Authorization", f"Bearer {key or self.key}")

        async def call():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://pki") as client:
                return await client.request(method, path, headers=headers, **given)

        return anyio.run(call)

    def post(self, path, **given):
        return self("POST", path, **given)

    def get(self, path, **given):
        return self("GET", path, **given)

    def head(self, path, **given):
        return self("HEAD", path, **given)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keeper():
    return MemoryKeys()


@pytest.fixture
def door(tmp_path, clock, keeper):
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=clock, keys=keeper) as house:
        yield Door(house)


def code(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"] == f"urn:plugward:problem:{told['code']}"
    return told["code"]


def issued(door, **odd):
    answer = door.post("/v1/certificates", json={**FORM, **odd})
    assert answer.status_code == 201, answer.text
    return answer.json()


def place(told):
    return f"/v1/certificates/{told['issuer_key_id']}/{told['serial']}"


def test_issue_look_up_revoke_look_up(door):
    told = issued(door)
    leaf = load_pem_x509_certificate(told["certificate"].encode())
    assert leaf.serial_number == int(told["serial"], 16)
    assert len(pem.parse_chain(told["chain"])) == 3
    entry = door.get(place(told)).json()
    assert (entry["state"], entry["revocation"]) == ("issued", None)
    assert entry["certificate"] == told["certificate"]
    for _ in range(2):
        answer = door.post(place(told) + "/revoke", json={"reason": "keyCompromise"})
        assert answer.json() == {"reason": "keyCompromise", "revoked_at": "2026-11-01T12:00:00Z"}
    assert door.get(place(told)).json()["revocation"] == answer.json()


def test_intent_without_certificate_is_shown_as_such(door, keeper):
    class Gone(SoftwareSigner):
        def sign(self, _data):
            raise SignerUnavailable("gone")

    keeper.kept[issuer_id()] = Gone(valid_world()[Role.MO_SUB_2].private_key)
    assert door.post("/v1/certificates", json=FORM).status_code == 503
    with door.house.audit.acts() as acts:
        serial = list(acts)[-1].serial
    told = door.get(f"/v1/certificates/{issuer_id()}/{serial:X}").json()
    assert (told["state"], told["certificate"]) == ("abandoned", None)


def test_names_of_the_form_come_before_those_of_the_request(door):
    told = issued(door, common_name="DE8AA007654321", organization="MO", country="DE")
    subject = load_pem_x509_certificate(told["certificate"].encode()).subject.rfc4514_string()
    assert "DE8AA007654321" in subject
    assert "O=MO" in subject


def test_validity_may_be_asked_for(door):
    told = issued(door, not_before="2026-11-01T12:00:00Z", not_after="2027-01-01T00:00:00+01:00")
    assert told["not_before"] == "2026-11-01T12:00:00Z"
    assert told["not_after"] == "2026-12-31T23:00:00Z"


GUARDED = [
    ("POST", "/v1/certificates"),
    ("GET", f"/v1/certificates/{issuer_id()}/05"),
    ("POST", f"/v1/certificates/{issuer_id()}/05/revoke"),
    ("POST", f"/v1/certificates/{issuer_id()}/05/renew"),
    ("POST", "/v1/certificates/secc-pair"),
    ("POST", "/v1/certificates/batch"),
    ("POST", "/v1/requests/authorities"),
    ("POST", "/v1/requests/revocations"),
    ("GET", "/v1/approvals"),
    ("GET", "/v1/approvals/0011223344556677"),
    ("POST", "/v1/approvals/0011223344556677/approve"),
    ("POST", "/v1/approvals/0011223344556677/reject"),
    ("GET", "/v1/policies/default"),
    ("PUT", "/v1/policies/default"),
    ("POST", "/v1/registered-names"),
    ("GET", "/v1/registered-names"),
    ("DELETE", "/v1/registered-names/1"),
    ("PUT", f"/v1/blocked-keys/{issuer_id()}"),
]
OPEN = {
    "/ocsp",
    "/ocsp/{encoded}",
    "/crl/{issuer}.crl",
    "/crl/{issuer}.delta.crl",
    "/crl/{issuer}/{shard}.crl",
    "/crl/{issuer}/{shard}.delta.crl",
    "/ca/{issuer}.cer",
}
HEALTH = {"/livez", "/readyz", "/metrics"}


def test_h01_every_route_is_either_guarded_or_meant_to_be_open(door):
    told = door.get("/openapi.json", key=False).json()
    ways = [
        (method.upper(), path, "security" in way)
        for path, ways in told["paths"].items()
        for method, way in ways.items()
    ]
    forms = [
        (method, re.sub(r"{\w+}", r"[^/]+", path)) for method, path, guarded in ways if guarded
    ]
    tried = [
        sum(method == way and re.fullmatch(form, path) is not None for way, path in GUARDED)
        for method, form in forms
    ]
    assert tried == [1] * len(GUARDED)
    assert {path for _, path, guarded in ways if not guarded} == OPEN | HEALTH
    ids = [way["operationId"] for ways in told["paths"].values() for way in ways.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("kind", ["none", "garbage", "unknown", "secret", "withdrawn", "expired"])
def test_h01_without_a_good_key_nobody_comes_in(door, clock, method, path, kind):
    identity = door.key.removeprefix("pnc_live_").partition("_")[0]
    key = {
        "none": False,
        "garbage": "eyJhbGciOiJub25lIn0.e30.",
        "unknown": "pnc_live_0000000000000000_" + "0" * 48,
        "secret": f"pnc_live_{identity}_" + "0" * 48,
        "withdrawn": door.key,
        "expired": None,
    }[kind]
    if kind == "withdrawn":
        door.house.authority.withdraw_api_key(identity, tenant=TENANT)
    if kind == "expired":
        key = door.house.authority.new_api_key(
            tenant=TENANT, name="old", scopes=["read"], expires_at=NOW + timedelta(seconds=1)
        )
        clock.forward(seconds=1)
    answer = door(method, path, key=key, json={})
    assert (answer.status_code, code(answer)) == (401, "caller.unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_h02_another_tenant_sees_what_nobody_issued(door):
    told = issued(door)
    other = door.house.authority.new_api_key(
        tenant="other", name="o", scopes=["read", "revoke", "issue:*"]
    )
    mine, absent = door.get(place(told), key=other), door.get(place(told)[:-1] + "0", key=other)
    assert mine.status_code == absent.status_code == 404
    drop = ("instance",)
    one, two = ({k: v for k, v in a.json().items() if k not in drop} for a in (mine, absent))
    assert one == two
    assert door.post(place(told) + "/revoke", key=other, json={}).status_code == 404
    refused = door.post("/v1/certificates", key=other, json=FORM)
    assert (refused.status_code, code(refused)) == (403, "registration.policy_absent")
    permit_everything(door.house, "other")
    refused = door.post("/v1/certificates", key=other, json=FORM)
    assert (refused.status_code, code(refused)) == (403, "registration.no_authority")


def test_scope_that_is_missing_is_named(door):
    reader = door.house.authority.new_api_key(tenant=TENANT, name="r", scopes=["read"])
    answer = door.post("/v1/certificates", key=reader, json=FORM)
    assert (answer.status_code, code(answer)) == (403, "caller.scope_missing")


@pytest.mark.parametrize(
    ("odd", "status", "wanted"),
    [
        pytest.param({"tenant": "other"}, 422, "malformed.body_fields", id="h03-tenant"),
        pytest.param({"is_ca": True}, 422, "malformed.body_fields", id="h03-ca"),
        pytest.param({"role": "king"}, 422, "malformed.body_fields", id="role"),
        pytest.param({"edition": "iso15118-3"}, 422, "malformed.body_fields", id="edition"),
        pytest.param({"csr": None}, 422, "malformed.body_fields", id="csr-null"),
        pytest.param(
            {"not_after": "2027-01-01T00:00:00"}, 422, "malformed.body_fields", id="naive"
        ),
        pytest.param({"common_name": "x" * 65}, 422, "malformed.body_fields", id="long-name"),
        pytest.param({"csr": "hello"}, 400, "malformed.csr", id="csr"),
        pytest.param(
            {"common_name": "\ud800"}, 403, "issuance.request_malformed", id="h05-surrogate"
        ),
        pytest.param(
            {"common_name": "DE8AA\x0000012345"}, 403, "issuance.request_malformed", id="nul"
        ),
        pytest.param({"common_name": "nobody"}, 403, "issuance.lint", id="lint"),
        pytest.param({"role": "mo-sub-2"}, 403, "registration.role_not_on_request", id="e04-role"),
        pytest.param({"edition": "iso15118-20"}, 403, "registration.key_kind", id="x20-kind"),
    ],
)
def test_odd_requests_issue_nothing(door, odd, status, wanted):
    body = json.dumps({**FORM, **odd})
    answer = door.post(
        "/v1/certificates", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, code(answer)) == (status, wanted)
    with door.house.audit.acts() as acts:
        assert "issuance.intended" not in {act.event for act in acts}


def test_request_without_any_name_is_malformed(door):
    nameless = armoured(csr(names=())).decode()
    answer = door.post("/v1/certificates", json={**FORM, "csr": nameless})
    assert (answer.status_code, code(answer)) == (400, "malformed.common_name")


def test_lint_findings_are_in_the_problem(door):
    told = door.post("/v1/certificates", json={**FORM, "common_name": "nobody"}).json()
    assert "profile.common_name_wrong" in {finding["code"] for finding in told["findings"]}


def raw(door, body, **headers):
    headers = {"Content-Type": "application/json", **headers}
    return door.post("/v1/certificates", content=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"csr":"a","csr":"b"}',
        b'{"csr":NaN}',
        b'{"csr":Infinity}',
        b'{"csr":' + b"1" * 10_000 + b"}",
        b"[" * 8_000,
        b"\xff\xfe",
    ],
    ids=["empty", "cut", "twice", "nan", "infinity", "huge", "deep", "no-utf8"],
)
def test_h05_json_that_readers_disagree_about_is_malformed(door, body):
    answer = raw(door, body)
    assert (answer.status_code, code(answer)) == (400, "malformed.body")


def test_h04_large_bodies_are_not_read(door):
    answer = raw(door, b" " * 20_000)
    assert (answer.status_code, code(answer)) == (413, "malformed.too_large")

    async def drip():
        for _ in range(10_000):
            yield b" " * 1_000
        raise AssertionError("read to its end")

    answer = raw(door, drip())
    assert (answer.status_code, code(answer)) == (413, "malformed.too_large")


def test_o17_compressed_bodies_are_not_taken(door):
    answer = raw(door, b"{}", **{"Content-Encoding": "gzip"})
    assert (answer.status_code, code(answer)) == (415, "malformed.body_form")


def test_e15_other_media_types_are_not_taken(door):
    answer = raw(door, b"{}", **{"Content-Type": "text/plain"})
    assert (answer.status_code, code(answer)) == (415, "malformed.body_form")


def test_o17_dripped_body_is_let_go(door, monkeypatch):
    monkeypatch.setattr("pki.api.bodies.BODY_SECONDS_MAX", 0.05)

    async def drip():
        yield b"{"
        await anyio.sleep(5)

    answer = raw(door, drip())
    assert (answer.status_code, code(answer)) == (408, "malformed.body_unfinished")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1/certificates/short/05",
        f"/v1/certificates/{issuer_id()}/xyz",
        f"/v1/certificates/{issuer_id()}/{'f' * 41}",
        f"/v1/certificates/{issuer_id()}/0",
        f"/v1/certificates/{issuer_id().upper()}/05",
        f"/crl/{'0' * 40}.crl",
        "/crl/..%2f..%2fetc.crl",
        f"/ca/{'0' * 40}.cer",
    ],
)
def test_what_is_not_there_is_a_problem(door, path):
    answer = door.get(path)
    assert answer.status_code == 404
    assert code(answer) in {"not_found", "http.not_found"}


def test_h14_other_methods_are_not_taken(door):
    answer = door("DELETE", "/v1/certificates")
    assert (answer.status_code, code(answer)) == (405, "http.method_not_allowed")
    assert "allow" in answer.headers


@pytest.mark.parametrize("word", ["certificateHold", "7", "unused"])
def test_c12_reason_that_is_not_given_revokes_nothing(door, word):
    told = issued(door)
    answer = door.post(place(told) + "/revoke", json={"reason": word})
    assert (answer.status_code, code(answer)) == (400, "malformed.revocation_reason")
    assert door.get(place(told)).json()["revocation"] is None


def test_x33_clock_that_went_back_is_told_as_503(door, clock):
    door.house.clock.now()
    clock.forward(hours=-1)
    answer = door.post("/v1/certificates", json=FORM)
    assert (answer.status_code, code(answer)) == (503, "unavailable.clock")
    assert "retry-after" in answer.headers
    assert door.get("/readyz").json()["checks"]["clock"] == "unavailable.clock"
    told = ocsp.load_der_ocsp_response(door.post("/ocsp", content=question()).content)
    assert told.response_status is ocsp.OCSPResponseStatus.TRY_LATER


def test_key_above_its_ceiling_is_told_as_503_and_when_to_come_back(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, signatures_per_minute_max=1) as scarce:
        door = Door(scarce)
        first, second = (
            door.post("/v1/certificates", json={**FORM, "csr": armoured(csr(key)).decode()})
            for key in (certs_keys.derive(KeyKind.P256, seed) for seed in (b"one", b"two"))
        )
    assert (first.status_code, second.status_code) == (201, 503)
    assert code(second) == "unavailable.signing_rate"
    assert 1 <= int(second.headers["retry-after"]) <= 60


def test_failed_signer_is_told_as_503_and_counted(door, keeper):
    keeper.broken.add(issuer_id())
    answer = door.post("/v1/certificates", json=FORM)
    assert (answer.status_code, code(answer)) == (503, "unavailable.signer")
    counted = f'pnc_sign_errors_total{{key="{issuer_id()[:12]}"}} 1.0'
    for _ in range(2):
        assert counted in door.get("/metrics").text


def test_error_that_nobody_foresaw_is_500_without_words(door, monkeypatch):
    def broken(*_given, **_named):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(door.house.stores.register, "find", broken)
    answer = door.get(f"/v1/certificates/{issuer_id()}/05")
    assert (answer.status_code, code(answer)) == (500, "internal")
    assert "secret" not in answer.text


# OCSP


def leaf_question(door, **given):
    told = issue(door.house)
    return question(told.certificate, valid_world()[Role.MO_SUB_2].certificate, **given), told


def test_revocation_is_in_the_very_next_answer(door):
    asked, told = leaf_question(door, nonce=b"n" * 16)
    at = f"/v1/certificates/{told.issuer}/{told.certificate.serial:x}"

    def status():
        answer = door.post("/ocsp", content=asked, key=False)
        assert answer.headers["content-type"] == "application/ocsp-response"
        assert answer.headers["cache-control"] == "no-store"
        return ocsp.load_der_ocsp_response(answer.content).certificate_status

    assert status() is ocsp.OCSPCertStatus.GOOD
    door.post(at + "/revoke", json={})
    assert status() is ocsp.OCSPCertStatus.REVOKED


@pytest.mark.parametrize("quoted", [True, False])
def test_o20_address_asks_as_a_body_does_and_may_be_kept(door, quoted):
    asked, _ = leaf_question(door)
    encoded = base64.b64encode(asked).decode()
    if quoted:
        encoded = encoded.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")
    answer = door.get(f"/ocsp/{encoded}", key=False)
    told = ocsp.load_der_ocsp_response(answer.content)
    assert told.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.headers["cache-control"] == ("max-age=300, public, no-transform, must-revalidate")
    assert answer.headers["expires"] == "Sun, 01 Nov 2026 13:00:00 GMT"
    assert answer.headers["last-modified"] == "Sun, 01 Nov 2026 12:00:00 GMT"
    assert answer.headers["etag"]


def test_o12_answer_to_a_nonce_is_not_kept(door):
    asked, _ = leaf_question(door, nonce=b"n")
    answer = door.get(f"/ocsp/{base64.b64encode(asked).decode()}")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/ocsp/", "/ocsp/%00", "/ocsp/MA", "/ocsp/" + "M" * 60_000])
def test_o20_odd_addresses_are_malformed_requests(door, path):
    answer = door.get(path, key=False)
    told = ocsp.load_der_ocsp_response(answer.content)
    assert told.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_o20_large_body_is_refused(door):
    assert door.post("/ocsp", content=bytes(REQUEST_OCTETS_MAX + 1)).status_code == 413
    answer = door.post("/ocsp", content=bytes(REQUEST_OCTETS_MAX))
    told = ocsp.load_der_ocsp_response(answer.content)
    assert told.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


# Publications


def test_list_is_fetched_once_and_then_known(door):
    path = f"/crl/{issuer_id()}.crl"
    first = door.get(path, key=False)
    assert first.headers["content-type"] == "application/pkix-crl"
    assert len(load_der_x509_crl(first.content)) == 0
    tag = first.headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = door.get(path, key=False, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
    told = issued(door)
    door.post(place(told) + "/revoke", json={})
    after = door.get(path, key=False, headers={"If-None-Match": tag})
    (entry,) = load_der_x509_crl(after.content)
    assert entry.serial_number == int(told["serial"], 16)


def test_list_is_described_to_head_and_not_sent(door):
    path = f"/crl/{issuer_id()}.crl"
    whole = door.get(path, key=False)
    head = door.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-length", "last-modified", "expires", "content-type"):
        assert head.headers[name] == whole.headers[name]
    assert int(head.headers["content-length"]) == len(whole.content)
    assert door.head(f"/ca/{issuer_id()}.cer").status_code == 200


def test_large_list_is_sent_in_pieces_and_whole(door, monkeypatch):
    path = f"/crl/{issuer_id()}.crl"
    whole = door.get(path)
    monkeypatch.setattr(caching, "_PIECE_OCTETS", 100)
    pieces = door.get(path)
    assert pieces.content == whole.content
    assert pieces.headers["content-length"] == str(len(whole.content))
    assert pieces.headers["etag"] == whole.headers["etag"]


def test_undivided_authority_has_one_list_and_no_delta(door):
    for path in ("1.crl", "0.crl", "01.crl", "256.crl", "-1.crl", "x.crl", "1.delta.crl"):
        assert code(door.get(f"/crl/{issuer_id()}/{path}")) == "not_found"
    assert code(door.get(f"/crl/{issuer_id()}.delta.crl")) == "not_found"


def test_shards_and_deltas_are_fetched_where_certificates_and_lists_say(tmp_path, clock):
    url = f"sqlite:///{tmp_path}/split.db"
    with empty_house(url, clock=clock, crl_shards=3, crl_deltas=True) as house:
        house.importing.world(valid_world(), tenant=TENANT)
        permit_everything(house)
        house.authority.reload()
        door = Door(house)
        tags = set()
        numbers = itertools.count(1)
        while len(tags) < 3:
            certificate = issue(house, next(numbers)).certificate
            door.post(f"/v1/certificates/{issuer_id()}/{certificate.serial:x}/revoke", json={})
            (url,) = certificate.crl_urls
            fetched = door.get(url.removeprefix(house.settings.public_url))
            told = load_der_x509_crl(fetched.content)
            assert told.get_revoked_certificate_by_serial_number(certificate.serial)
            (point,) = told.extensions.get_extension_for_class(FreshestCRL).value
            path = point.full_name[0].value.removeprefix(house.settings.public_url)
            delta = load_der_x509_crl(door.get(path).content)
            assert delta.extensions.get_extension_for_class(DeltaCRLIndicator).critical
            tags.add(url)
        assert code(door.get(f"/crl/{issuer_id()}/3.crl")) == "not_found"
        house.maintain()
        assert door.get("/readyz").json()["checks"]["crl"] == "ok"


def test_list_near_its_end_is_not_kept_beyond_it(door, clock, keeper):
    path = f"/crl/{issuer_id()}.crl"
    door.get(path)
    keeper.broken.add(issuer_id())
    clock.forward(hours=24, seconds=-10)
    assert door.get(path).headers["cache-control"].startswith("max-age=10,")


def test_list_of_an_authority_whose_key_is_elsewhere_is_not_found(door, keeper):
    del keeper.kept[issuer_id()]
    assert code(door.get(f"/crl/{issuer_id()}.crl")) == "not_found"


def test_h08_ranges_are_ignored(door):
    many = "bytes=" + ",".join(f"{n}-{n}" for n in range(1_000))
    answer = door.get(f"/crl/{issuer_id()}.crl", headers={"Range": many})
    assert answer.status_code == 200


def test_authority_is_fetched(door):
    answer = door.get(f"/ca/{issuer_id()}.cer", key=False)
    assert answer.content == valid_world()[Role.MO_SUB_2].certificate.der
    assert answer.headers["content-type"] == "application/pkix-cert"


# Health


def test_house_is_ready_once_it_was_maintained(door):
    assert door.get("/livez", key=False).json() == {"status": "ok"}
    answer = door.get("/readyz", key=False)
    assert answer.status_code == 503
    assert answer.json()["checks"]["crl"] == "unavailable.crl"
    door.house.maintain()
    answer = door.get("/readyz", key=False)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_stale_list_and_broken_signer_are_not_ready(door, keeper, clock):
    door.house.maintain()
    clock.forward(days=2)
    keeper.broken.add(issuer_id())
    checks = door.get("/readyz").json()["checks"]
    assert (checks["signer"], checks["crl"]) == ("unavailable.signer", "unavailable.crl")


def test_metrics_count_without_names(door):
    door.post("/v1/certificates", json={**FORM, "common_name": "nobody"})
    told = issued(door)
    door.post("/v1/certificates", json={**FORM, "role": "mo-sub-2"})
    door.post("/ocsp", content=b"")
    door.get("/ocsp/M")
    door.house.maintain()
    text = door.get("/metrics", key=False).text
    assert 'pnc_certs_issued_total{profile="iso15118-2/contract"} 1.0' in text
    assert "pnc_lint_errors_total 1.0" in text
    assert "pnc_issuance_refusals_total 1.0" in text
    assert "pnc_issuance_intents_pending 0.0" in text
    assert 'pnc_ocsp_responses_total{status="malformed_request"} 2.0' in text
    assert f'pnc_crl_next_update_timestamp_seconds{{issuer="{issuer_id()}"}}' in text
    assert f'pnc_cert_not_after_timestamp_seconds{{ca="{issuer_id()}"}}' in text
    assert "pnc_ocsp_response_age_seconds 0.0" in text
    assert told["serial"] not in text
    assert "DE8AA" not in text


def test_age_of_answers_signed_ahead_is_measured(door, clock):
    clock.forward(seconds=SETTLED.total_seconds())
    door.house.presigner.enrol()
    while door.house.presigner.sign():
        pass
    clock.forward(minutes=20)
    text = door.get("/metrics", key=False).text
    assert "pnc_ocsp_response_age_seconds 1200.0" in text


def test_key_that_is_elsewhere_does_not_make_the_house_unready(door, keeper):
    del keeper.kept[issuer_id()]
    door.house.maintain()
    assert door.get("/readyz").json()["checks"] == {
        "database": "ok",
        "clock": "ok",
        "signer": "ok",
        "crl": "ok",
    }


def test_forms_are_described_whole(door):
    told = door.get("/openapi.json").json()
    assert "$ref" not in json.dumps(told["paths"]["/v1/certificates"]["post"])
    form = told["paths"]["/v1/certificates"]["post"]["requestBody"]["content"]
    assert form["application/json"]["schema"]["additionalProperties"] is False
    assert "contract" in form["application/json"]["schema"]["properties"]["role"]["enum"]


def test_slash_at_the_end_of_the_responders_address_is_no_other_address(door):
    told = ocsp.load_der_ocsp_response(door.post("/ocsp/", content=question()).content)
    assert told.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert door.post("/v1/certificates/", json=FORM).status_code == 404


# The application


def run(app):
    """The lifespan, entered for a moment."""

    async def live():
        async with app.router.lifespan_context(app):
            await anyio.sleep(0.1)

    anyio.run(live)


def test_app_of_settings_has_a_house_of_its_own_and_closes_it(tmp_path):
    settings = load(
        environ={},
        database_url=f"sqlite:///{tmp_path}/pki.db",
        key_directory=tmp_path / "keys",
        passphrase="long enough",
        maintenance_interval_seconds=0.01,
    )
    app = create_app(settings)
    run(app)
    with pytest.raises(RuntimeError):
        app.state.house.authority_threads.submit(print)


def test_maintenance_goes_on_after_a_round_that_failed(tmp_path, keeper, clock):
    url = f"sqlite:///{tmp_path}/pki.db"
    rounds = []
    with furnished_house(url, keys=keeper, clock=clock, maintenance_interval_seconds=0.01) as house:
        keeper.broken.add(issuer_id())

        class Counting:
            def __getattr__(self, name):
                return getattr(house, name)

            def maintain(self):
                rounds.append(None)
                house.maintain()

        run(open_doors(Counting()))
    assert len(rounds) > 1
