"""Idempotency-Key (H12, K19): sent again, a question is answered as it was, and granted once."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from authz.adapters.database import Database
from authz.adapters.decision_log import DecisionTable, first_break
from authz.adapters.reservations import ReservationTable
from authz.adapters.writer import Writer
from authz.callers import Scope
from authz.decision import LoggedDecision
from authz.errors import Conflict, MalformedIdempotencyKey
from authz.idempotency import KEPT, KEY_CHARACTERS_MAX, RESERVED, Reservation, parse_key
from authz.provisioning import Provisioning
from authz.settings import load
from tests.authz_house import DATABASES, OTHER_TENANT, TENANT, database_url, house
from tests.world import CONTRACT_CN, NOW

SECONDS_MAX = 60


@pytest.fixture(params=DATABASES)
def url(request, tmp_path):
    with database_url(request.param, tmp_path) as made:
        yield made


def ask(h, key: str, *, tenant: str = TENANT, **more: object):
    body = {"idToken": {"idToken": CONTRACT_CN, "type": "eMAID"}, **more}
    headers = h.headers(tenant) | {"Idempotency-Key": key}
    return h.client.post("/v1/authorize", json=body, headers=headers)


def decisions(url: str) -> int:
    database = Database(url)
    try:
        with database.reading() as connection:
            assert first_break(connection) is None
            return connection.execute(text("SELECT count(*) FROM decisions")).scalar_one()
    finally:
        database.close()


def test_h12_same_key_and_body_get_the_same_answer_also_after_a_restart(url, tmp_path):
    with house(tmp_path, database_url=url) as h:
        first = ask(h, '"one"', certificate=h.contract.pem)
        assert first.status_code == 200
        assert first.json()["idTokenInfo"]["status"] == "Accepted"
        for spelled in ('"one"', "one", ' "one" '):
            again = ask(h, spelled, certificate=h.contract.pem)
            assert (again.status_code, again.content) == (200, first.content)
        other = ask(h, '"another"', certificate=h.contract.pem)
        assert other.json()["decisionId"] != first.json()["decisionId"]
        h.register(state="Blocked")
        assert ask(h, '"one"', certificate=h.contract.pem).content == first.content
        without = h.ask(chain=h.contract)
        assert without.json()["idTokenInfo"]["status"] == "Blocked"
        clock = h.clock
    with house(tmp_path, database_url=url, clock=clock, boring=False) as h:
        again = ask(h, '"one"', certificate=h.contract.pem)
        assert (again.status_code, again.content) == (200, first.content)
        # A key belongs to its tenant: what another one sends under it is no repetition (H02).
        foreign = ask(h, '"one"', tenant=OTHER_TENANT, certificate=h.contract.pem)
        assert foreign.json()["decisionId"] != first.json()["decisionId"]
    assert decisions(url) == 4


def test_h12_same_key_with_another_body_is_refused(url, tmp_path):
    with house(tmp_path, database_url=url) as h:
        first = ask(h, '"one"', certificate=h.contract.pem)
        other = ask(h, '"one"')
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
        assert ask(h, '"one"', certificate=h.contract.pem).content == first.content
    assert decisions(url) == 1


def test_h12_k19_sent_twice_at_once_is_decided_once(url, tmp_path):
    with house(tmp_path, database_url=url) as h:
        body = {
            "idToken": {"idToken": CONTRACT_CN, "type": "eMAID"},
            "certificate": h.contract.pem,
        }
        headers = h.headers() | {"Idempotency-Key": '"one"'}
        h.responder.silent_seconds = 0.3
        told = h.client.all(*[("POST", "/v1/authorize", {"json": body, "headers": headers})] * 6)
        statuses = sorted(answer.status_code for answer in told)
        assert statuses[0] == 200
        assert set(statuses) == {200, 409}
        refused = {answer.json()["code"] for answer in told if answer.status_code == 409}
        assert refused <= {"idempotency.under_way", "conflict"}
        granted = {answer.content for answer in told if answer.status_code == 200}
        assert len(granted) == 1
        assert ask(h, '"one"', certificate=h.contract.pem).content in granted
    assert decisions(url) == 1


def test_what_failed_is_not_kept_and_may_be_sent_again(url, tmp_path):
    with house(tmp_path, database_url=url) as h:
        for _ in range(2):
            broken = ask(h, '"one"', certificate="no chain")
            assert (broken.status_code, broken.json()["status"]) == (400, 400)
        assert ask(h, '"one"', certificate=h.contract.pem).status_code == 200
    assert decisions(url) == 1


def test_key_is_kept_for_a_day(url, tmp_path):
    with house(tmp_path, database_url=url) as h:
        first = ask(h, '"one"').json()["decisionId"]
        h.clock.move(KEPT)
        assert ask(h, '"one"').json()["decisionId"] == first
        h.clock.move(timedelta(seconds=1))
        assert ask(h, '"one"').json()["decisionId"] != first


@pytest.mark.parametrize("header", ['""', '"', "a b", '"a', "ä", "x" * (KEY_CHARACTERS_MAX + 1)])
def test_header_that_holds_no_key_is_malformed(tmp_path, header):
    with house(tmp_path) as h:
        headers = h.headers() | {"Idempotency-Key": header.encode("latin-1")}
        body = {"idToken": {"idToken": CONTRACT_CN, "type": "eMAID"}}
        told = h.client.post("/v1/authorize", json=body, headers=headers)
        assert (told.status_code, told.json()["code"]) == (400, "malformed.idempotency_key")


@given(st.text(max_size=300))
def test_any_header_is_a_key_or_malformed(header):
    try:
        key = parse_key(header)
    except MalformedIdempotencyKey:
        return
    assert 1 <= len(key) <= KEY_CHARACTERS_MAX


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=100))
def test_every_printable_text_in_quotes_is_a_key(key):
    written = key.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_key(f'"{written}"') == key


def test_reservation_that_lapsed_is_taken_over_and_settles_nothing(url, tmp_path):
    with house(tmp_path, database_url=url) as h:
        clock = h.clock

    def reservation(token: bytes) -> Reservation:
        return Reservation(tenant=TENANT, key="one", fingerprint=bytes(32), token=token)

    def decision(number: int) -> LoggedDecision:
        return LoggedDecision(
            decision_id=f"{number:036}", tenant=TENANT, decided_at=NOW, granted=True, body=b"{}"
        )

    async def story(database: Database, writer: Writer) -> None:
        kept, log = ReservationTable(database, writer), DecisionTable(database, writer)
        slow, quick = reservation(b"s" * 16), reservation(b"q" * 16)
        assert await kept.reserve(slow, now=clock.now) is None
        almost = clock.now + RESERVED - timedelta(seconds=1)
        with pytest.raises(Conflict):
            await kept.reserve(quick, now=almost)
        assert await kept.reserve(quick, now=clock.now + RESERVED) is None
        with pytest.raises(Conflict) as lapsed:
            await log.append_once(decision(1), slow, b"slow")
        assert lapsed.value.code == "idempotency.lapsed"
        await kept.release(slow)  # another's reservation is not its to give up
        await log.append_once(decision(2), quick, b"quick")
        with pytest.raises(Conflict):
            await log.append_once(decision(3), quick, b"twice")
        await kept.release(quick)  # nor what was answered
        assert await kept.reserve(slow, now=clock.now + RESERVED) == b"quick"

    async def whole() -> None:
        database = Database(url)
        writer = Writer(database)
        writer.start()
        try:
            await story(database, writer)
        finally:
            await writer.close()
            database.close()

    asyncio.run(whole())
    assert decisions(url) == 1


PLUGWARD = [sys.executable, "-c", "import sys; from plugward.cli import main; sys.exit(main())"]


def served(place, workers: int) -> tuple[subprocess.Popen, str]:
    argv = ["serve", "authz", "--authz-port", "0", "--authz-settings", str(place / "authz.toml")]
    process = subprocess.Popen(
        [*PLUGWARD, *argv, "--workers", str(workers)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    ready = process.stderr.readline()
    assert ready.startswith("plugward: ready"), ready
    return process, ready.split()[-1]


@pytest.mark.slow
def test_k19_killed_in_between_and_sent_again_a_question_is_decided_once(tmp_path):
    """SIGKILL while keyed questions are under way, two workers, then all of them once more."""
    (tmp_path / "authz.toml").write_text(f'database_url = "sqlite:///{tmp_path}/authz.db"\n')
    with Provisioning(load(environ={}, file=tmp_path / "authz.toml")) as provisioning:
        now = datetime.now(UTC)
        provisioning.add_tenant(TENANT, now=now)
        scopes = frozenset(Scope)
        bearer = provisioning.add_key(
            TENANT, scopes=scopes, label="", now=now, random=secrets.token_bytes
        )
    body = json.dumps({"idToken": {"idToken": CONTRACT_CN, "type": "eMAID"}})
    keys = [f"key-{number}" for number in range(120)]
    seen: dict[str, set[bytes]] = {key: set() for key in keys}

    def send(url: str, key: str) -> int | None:
        headers = {
            "Authorization": f"Bearer {bearer}",
            "Content-Type": "application/json",
            "Idempotency-Key": f'"{key}"',
        }
        try:
            told = httpx.post(
                f"{url}/v1/authorize",
                content=body,
                headers=headers,
                timeout=SECONDS_MAX,
                trust_env=False,
            )
        except httpx.TransportError:
            return None
        if told.status_code == 200:
            seen[key].add(told.content)
        return told.status_code

    process, url = served(tmp_path, workers=2)
    with ThreadPoolExecutor(8) as pool:
        for number, _ in enumerate(pool.map(lambda key: send(url, key), keys)):
            if number == 30:
                os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert any(seen.values())
    assert not all(seen.values()), "everything was answered before it was killed"
    engine = create_engine(f"sqlite:///{tmp_path}/authz.db")
    with engine.begin() as connection:  # as if the reservations' time had passed
        connection.execute(text("UPDATE idempotency_keys SET taken_at = taken_at - 10000000"))
    engine.dispose()

    process, url = served(tmp_path, workers=2)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda key: send(url, key), [*keys, *keys])) <= {200, 409}
            assert set(pool.map(lambda key: send(url, key), keys)) == {200}
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS_MAX)
    assert all(len(answers) == 1 for answers in seen.values())  # every replay is the first answer
    assert decisions(f"sqlite:///{tmp_path}/authz.db") == len(keys)
