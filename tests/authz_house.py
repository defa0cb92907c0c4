"""A running authorization house for tests: an app, a tenant, a clock that obeys, and a responder.

``with house(tmp_path) as h: answer = h.ask(chain=h.contract)`` is a boring acceptance; a test says
only what is odd.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from time import monotonic, sleep

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, text

from authz import settings as authz_settings
from authz.app import create_app
from authz.callers import Scope
from authz.provisioning import Provisioning
from certs import pem
from certs.hierarchy import Identity, World
from certs.identifiers.emaid import EMAID
from certs.keys import key_identifier
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm, of_chain, to_ocpp
from certs.revocation.ocsp_request import OcspQuestion, decode_request
from certs.revocation.status import Reason
from tests import evidence
from tests.world import CONTRACT_CN, NOW, valid_world

POSTGRESQL = "postgresql+pg8000://postgres@127.0.0.1:5432/test"
DATABASES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.needs("postgresql")),
]
TENANT = "cpo-one"
OTHER_TENANT = "cpo-two"
EVSE = "DE*PLW*E000001"
RESPONSE_LIFE = timedelta(hours=1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


class Client:
    """An app on an event loop of its own, spoken to from a test that is not asynchronous."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._lifespan = app.router.lifespan_context(app)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://authz.test")
        try:
            self.run(self._lifespan.__aenter__())
        except BaseException:
            self._stop()
            raise

    def run(self, coroutine):
        """What a coroutine on the app's loop returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def request(self, method: str, path: str, **more: object) -> httpx.Response:
        return self.run(self._http.request(method, path, **more))

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: object) -> httpx.Response:
        return self.request("POST", path, **more)

    def all(self, *requests) -> list[httpx.Response]:
        """Several requests at once: (method, path, arguments)."""

        async def together():
            return await asyncio.gather(
                *(self._http.request(method, path, **more) for method, path, more in requests)
            )

        return self.run(together())

    def close(self) -> None:
        self.run(self._http.aclose())
        self.run(self._lifespan.__aexit__(None, None, None))
        self._stop()

    def _stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Responder:
    """OCSP and CRLs on loopback for a world, with every bad habit a test may ask for."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.revoked: dict[bytes, tuple[datetime, Reason]] = {}  # by fingerprint
        self.unknown: set[bytes] = set()
        self.silent_seconds = 0.0
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: bytes | None = None  # instead of an answer
        self.stranger: Callable[[Identity, bytes], bytes] | None = None  # answers instead of us
        self.bag: tuple[bytes, ...] = ()  # certificates that come along with an answer
        self.several = False  # whether all questions of a request are answered, or the first
        self.asked: list[int] = []
        self.requests = 0
        self.fetched: list[str] = []
        self._identities: list[Identity] = []
        self._lock = Lock()
        responder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                octets = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(responder.answer(octets), "application/ocsp-response")

            def do_GET(self) -> None:
                with responder._lock:
                    responder.fetched.append(self.path)
                self._answer(responder.crl(self.path), "application/pkix-crl")

            def _answer(self, octets: bytes, media_type: str) -> None:
                sleep(responder.silent_seconds)
                try:
                    self.send_response(responder.status)
                    self.send_header("Content-Type", media_type)
                    self.send_header("Content-Length", str(len(octets)))
                    for name, value in responder.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(octets)
                except OSError:  # the house did not wait
                    pass

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def knows(self, *identities: Identity) -> None:
        self._identities += identities

    def revoke(self, identity: Identity, reason: Reason = Reason.KEY_COMPROMISE) -> None:
        at = self.clock.now - timedelta(minutes=1)
        self.revoked[identity.certificate.fingerprint] = (at, reason)

    def answer(self, request: bytes) -> bytes:
        """A signed answer as of now, by the issuer's own key."""
        questions = decode_request(request).questions
        questions = questions if self.several else questions[:1]
        with self._lock:
            self.requests += 1
            self.asked += [question.serial for question in questions]
        if self.body is not None:
            return self.body
        identities = [self._identity(question) for question in questions]
        if self.stranger is not None:
            return self.stranger(identities[0], request)
        issuer = identities[0].issuer
        tbs = evidence.response_data(
            *(self._single(q, one) for q, one in zip(questions, identities, strict=True)),
            responder=evidence.by_key(issuer.certificate),
            produced_at=self.clock.now,
        )
        return evidence.signed(tbs, _holder(issuer), certificates=self.bag)

    def _identity(self, question: OcspQuestion) -> Identity:
        # the newest of a serial number and issuer: a test may put a crooked twin in its place
        return next(
            known
            for known in reversed(self._identities)
            if known.issuer is not None
            and known.certificate.serial == question.serial
            and question.issuer_key_hash
            == question.hash_algorithm.digest(known.issuer.certificate.subject_public_key)
        )

    def _single(self, question: OcspQuestion, identity: Identity) -> bytes:
        fingerprint = identity.certificate.fingerprint
        if fingerprint in self.revoked:
            at, reason = self.revoked[fingerprint]
            status = evidence.revoked(at, reason.value)
        else:
            status = evidence.UNKNOWN if fingerprint in self.unknown else evidence.GOOD
        return evidence.single(
            question,
            status,
            this_update=self.clock.now,
            next_update=self.clock.now + RESPONSE_LIFE,
        )

    def crl(self, path: str) -> bytes:
        """A signed list of the issuer that the path names, as of now."""
        if self.body is not None:
            return self.body
        key_id = path.rsplit("/", 1)[-1].removesuffix(".crl")
        issuer = next(
            identity.issuer
            for identity in self._identities
            if identity.issuer is not None and key_id_of(identity.issuer) == key_id
        )
        entries = [
            evidence.crl_entry(identity.certificate.serial, at=at, reason=reason.value)
            for identity in self._identities
            if identity.issuer == issuer
            for at, reason in [self.revoked.get(identity.certificate.fingerprint, (None, None))]
            if reason is not None
        ]
        return evidence.crl(
            _holder(issuer),
            *entries,
            this_update=self.clock.now,
            next_update=self.clock.now + RESPONSE_LIFE,
        )


def _holder(identity: Identity) -> evidence.Holder:
    return evidence.Holder(certificate=identity.certificate, key=identity.private_key)


def key_id_of(identity: Identity) -> str:
    """An identity's key identifier, hexadecimal."""
    return key_identifier(identity.certificate.subject_public_key).hex()


@dataclass(kw_only=True)
class House:
    """What a test talks to."""

    client: Client
    clock: Clock
    responder: Responder
    world: World
    settings: authz_settings.Settings
    keys: dict[tuple[str, Scope], str] = field(repr=False)

    @property
    def contract(self) -> Identity:
        return self.world[Role.CONTRACT]

    def headers(self, tenant: str = TENANT, scope: Scope = Scope.AUTHORIZE) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[tenant, scope]}"}

    def ask(
        self,
        *,
        emaid: str = CONTRACT_CN,
        chain: Identity | str | None = None,
        hashes: Identity | list[dict[str, str]] | None = None,
        tenant: str = TENANT,
        **more: object,
    ):
        """POST /v1/authorize; the answer as httpx gives it."""
        body: dict[str, object] = {"idToken": {"idToken": emaid, "type": "eMAID"}, **more}
        if chain is not None:
            body["certificate"] = chain.pem if isinstance(chain, Identity) else chain
        if hashes is not None:
            body["iso15118CertificateHashData"] = (
                hash_data(hashes) if isinstance(hashes, Identity) else hashes
            )
        return self.client.post("/v1/authorize", json=body, headers=self.headers(tenant))

    def manage(self, method: str, path: str, *, tenant: str = TENANT, **more: object):
        headers = self.headers(tenant, Scope.MANAGE)
        return self.client.request(method, path, headers=headers, **more)

    def trust(self, root: Identity, purpose: str, *, tenant: str = TENANT, **more: object) -> None:
        body = {"certificate": pem.encode([root.certificate]), "purpose": purpose, **more}
        path = f"/v1/anchors/{root.certificate.fingerprint.hex()}"
        assert self.manage("PUT", path, json=body, tenant=tenant).status_code in {200, 201}

    def register(
        self,
        emaid: str = CONTRACT_CN,
        *,
        chain: Identity | None = None,
        tenant: str = TENANT,
        **body,
    ):
        if chain is not None:
            body["certificateChain"] = chain.pem
        answer = self.manage("PUT", f"/v1/contracts/{emaid}", json=body, tenant=tenant)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


POLL_SECONDS_MAX = 30  # a busy machine; what is waited for takes a fraction of a second


def poll(holds: Callable[[], bool]) -> None:
    """Waits until something holds that happens in its own time."""
    ends = monotonic() + POLL_SECONDS_MAX
    while not holds():
        assert monotonic() < ends, "it did not come to hold"
        sleep(0.02)


def hash_data(
    identity: Identity, algorithm: HashAlgorithm = HashAlgorithm.SHA256, url: str | None = None
) -> list[dict[str, str]]:
    """A chain's hash data as a station sends them: leaf first, no root."""
    found = [to_ocpp(data) for data in of_chain((*identity.chain, identity.root), algorithm)]
    return [entry | ({"responderURL": url} if url is not None else {}) for entry in found]


def verdict(answer) -> tuple[str | None, str, str]:
    """certificateStatus, idTokenInfo.status and the deciding code of a 200."""
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told.get("certificateStatus"), told["idTokenInfo"]["status"], told["reason"]


def finding_codes(answer) -> set[str]:
    """The codes of a 200's findings."""
    return {finding["code"] for finding in answer.json()["findings"]}


def sources(responder: Responder, world: World, **ways: bool) -> list[dict[str, str]]:
    """The operator's configuration: every CA of a world at this responder."""
    wanted = ways or {"ocsp": True}
    found = []
    for identity in world:
        key_id = key_id_of(identity)
        source = {"issuer_key_id": key_id}
        if wanted.get("ocsp"):
            source["ocsp"] = f"{responder.origin}/ocsp"
        if wanted.get("crl"):
            source["crl"] = f"{responder.origin}/crl/{key_id}.crl"
        found.append(source)
    return found


@contextmanager
def database_url(kind: str, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/authz.db"
        return
    schema = f"authz_{secrets.token_hex(6)}"
    engine = create_engine(POSTGRESQL)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        yield f"{POSTGRESQL}?search_path={schema}"
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        engine.dispose()


@cache
def _migrated() -> bytes:
    """A database with its tables and nothing in them; making it anew takes a tenth of a second."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "authz.db"
        with Provisioning(authz_settings.load(environ={}, database_url=f"sqlite:///{file}")):
            pass
        return file.read_bytes()


@contextmanager
def house(
    tmp_path,
    *,
    world: World | None = None,
    also: World | None = None,
    boring: bool = True,
    responder: Responder | None = None,
    clock: Clock | None = None,
    ways: dict[str, bool] | None = None,
    **given: object,
) -> Iterator[House]:
    """A house of two tenants, of which the first trusts a world's roots and holds its contract."""
    world = world or valid_world()
    clock = clock or Clock()
    own = responder is None
    responder = responder or Responder(clock)
    responder.knows(*world, *(also or ()))
    listed = sources(responder, world, **(ways or {}))
    if also is not None:
        listed += sources(responder, also, **(ways or {}))
    if "database_url" not in given and not (tmp_path / "authz.db").exists():
        (tmp_path / "authz.db").write_bytes(_migrated())
    settings = authz_settings.load(
        environ={},
        **{
            "database_url": f"sqlite:///{tmp_path}/authz.db",
            "revocation_sources": listed,
            # a busy machine is no silent responder; tests of silence give their own
            "gather_deadline_seconds": 20,
            "source_deadline_seconds": 10,
            **given,
        },
    )
    keys: dict[tuple[str, Scope], str] = {}
    with Provisioning(settings) as provisioning:
        for tenant in (TENANT, OTHER_TENANT):
            if not provisioning.has_tenant(tenant):
                provisioning.add_tenant(tenant, now=clock.now)
            for scope in Scope:
                keys[tenant, scope] = provisioning.add_key(
                    tenant,
                    scopes=frozenset({scope}),
                    label="test",
                    now=clock.now,
                    random=secrets.token_bytes,
                )
    app = create_app(settings, clock=clock)
    try:
        client = Client(app)
        try:
            made = House(
                client=client,
                clock=clock,
                responder=responder,
                world=world,
                settings=settings,
                keys=keys,
            )
            if boring:
                made.trust(world[Role.V2G_ROOT], "v2g")
                made.trust(world[Role.MO_ROOT], "mo")
                made.register()
            yield made
        finally:
            client.close()
    finally:
        if own:
            responder.close()


def another_contract(world: World, emaid: str = "DE8AA009876543") -> Identity:
    """One more contract certificate of a world."""
    return world.issue(Role.CONTRACT, common_name=str(EMAID.parse(emaid)))
