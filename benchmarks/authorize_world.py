"""Contracts of one operator or many, their registry, and the responder that vouches for them."""

import json
import multiprocessing
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import uvicorn
from sqlalchemy import insert

from authz.adapters.database import Database
from authz.adapters.tables import CONTRACTS
from authz.callers import Scope
from authz.provisioning import Provisioning
from authz.settings import load as load_settings
from certs import pem
from certs.hierarchy import Identity, World, grow
from certs.identifiers.emaid import EMAID
from certs.keys import key_identifier
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm, of_chain, to_ocpp
from certs.revocation.ocsp_request import decode_request
from tests import evidence

TENANT = "cpo"
START_SECONDS_MAX = 60
ROWS_AT_ONCE = 10_000
_LIFE = timedelta(days=1)
_PLUGWARD = "import sys; from plugward.cli import main; sys.exit(main())"


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def emaid(number: int) -> str:
    """The number-th contract's eMAID, without a check digit."""
    return f"DEPLWC{number:08d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """A world and contract leaves of it, each with its own key, serial number, name and chain."""

    world: World
    leaves: tuple[Identity, ...]
    authorities: tuple[Identity, ...] = field(repr=False)  # every sub-CA above them

    def chain_questions(self) -> list[bytes]:
        return [_body(_emaid(leaf), certificate=leaf.pem) for leaf in self.leaves]

    def hash_questions(self) -> list[bytes]:
        return [
            _body(
                _emaid(leaf),
                iso15118CertificateHashData=[
                    to_ocpp(data) | {"responderURL": "http://ocsp.v2g.example"}
                    for data in of_chain((*leaf.chain, leaf.root), HashAlgorithm.SHA256)
                ],
            )
            for leaf in self.leaves
        ]


def known_issuer(count: int, *, apart: int = 1) -> Contracts:
    """Contracts of one operator: its sub-CAs are seen once and then known.

    Their numbers lie ``apart``, so that they are spread over a registry of so many times more.
    """
    world = grow(seed=None, now=now())
    leaves = tuple(
        world.issue(Role.CONTRACT, common_name=str(EMAID.parse(emaid(number * apart))))
        for number in range(count)
    )
    return Contracts(
        world=world, leaves=leaves, authorities=(world[Role.MO_SUB_1], world[Role.MO_SUB_2])
    )


def issuer_each(count: int) -> Contracts:
    """As many operators as contracts: each chain has two sub-CAs of its own below the root."""
    world = grow(seed=None, now=now())
    leaves, authorities = [], []
    for number in range(count):
        names = {"organization": f"Operator {number}"}
        sub_1 = world.issue(Role.MO_SUB_1, common_name=f"Sub-CA 1 of {number}", **names)
        sub_2 = world.issue(
            Role.MO_SUB_2, common_name=f"Sub-CA 2 of {number}", issuer=sub_1, **names
        )
        name = str(EMAID.parse(emaid(number)))
        leaves.append(world.issue(Role.CONTRACT, common_name=name, issuer=sub_2, **names))
        authorities += [sub_1, sub_2]
    return Contracts(world=world, leaves=tuple(leaves), authorities=tuple(authorities))


def _emaid(leaf: Identity) -> str:
    return leaf.certificate.common_names[0]


def _body(name: str, **more: object) -> bytes:
    token = {"idToken": {"idToken": name, "type": "eMAID"}, "evseId": "DE*PLW*E000001"}
    return json.dumps({**token, **more}).encode()


def request(body: bytes, key: str, *more: str) -> bytes:
    """An HTTP request as it goes over the wire."""
    headers = [
        "POST /v1/authorize HTTP/1.1",
        "Host: authz",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + body


# The responder ------------------------------------------------------------------------------------


def _answers(contracts: Contracts) -> Any:
    """An ASGI application that signs a good status by the issuer's own key for all it is asked."""
    issuers = {
        one.certificate.serial: one.issuer
        for one in (*contracts.authorities, *contracts.leaves)
        if one.issuer is not None
    }
    moment = now()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body = (await receive()).get("body")
        if body is None:  # whoever asked went away
            return
        asked = decode_request(body).questions
        issuer = issuers[asked[0].serial]
        tbs = evidence.response_data(
            *(
                evidence.single(one, evidence.GOOD, this_update=moment, next_update=moment + _LIFE)
                for one in asked
            ),
            responder=evidence.by_key(issuer.certificate),
            produced_at=moment,
        )
        holder = evidence.Holder(certificate=issuer.certificate, key=issuer.private_key)
        octets = evidence.signed(tbs, holder)
        headers = [
            (b"content-type", b"application/ocsp-response"),
            (b"content-length", str(len(octets)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": octets})

    return answer


def _respond(contracts: Contracts, listening: socket.socket) -> None:
    serve_asgi(_answers(contracts), listening)


def serve_asgi(app: Any, listening: socket.socket) -> None:
    """An ASGI application on uvicorn, uvloop and httptools, as the service itself runs."""
    config = uvicorn.Config(
        app, log_level="error", access_log=False, loop="uvloop", http="httptools", lifespan="off"
    )
    uvicorn.Server(config).run([listening])


@contextmanager
def forked(serve: Any, *given: object) -> Iterator[tuple[int, int]]:
    """A server in a process of its own: its port and process id."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        process = multiprocessing.get_context("fork").Process(
            target=serve, args=(*given, listening)
        )
        process.start()
        try:
            yield listening.getsockname()[1], process.pid or 0
        finally:
            process.terminate()
            process.join(10)


@contextmanager
def responder(contracts: Contracts) -> Iterator[str]:
    """Where the contracts' OCSP responder answers."""
    with forked(_respond, contracts) as (port, _):
        yield f"http://127.0.0.1:{port}/"


# The service --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running ``plugward serve authz``: where it answers, its processes and its keys."""

    port: int
    process: int
    processes: tuple[int, ...]
    key: str = field(repr=False)
    manager: str = field(repr=False)
    database_url: str = field(repr=False)

    def manage(self, method: str, path: str, **more: Any) -> None:
        headers = {"Authorization": f"Bearer {self.manager}"}
        url = f"http://127.0.0.1:{self.port}{path}"
        answer = httpx.request(method, url, headers=headers, trust_env=False, **more)
        answer.raise_for_status()


def register(database_url: str, *, contracts: int, moment: datetime) -> None:
    """Fills the registry with contracts 0 to ``contracts``, in as few commits as is wise."""
    database = Database(database_url)
    try:
        for first in range(0, contracts, ROWS_AT_ONCE):
            rows = [
                {
                    "tenant": TENANT,
                    "emaid": EMAID.parse(emaid(number)).canonical,
                    "as_received": str(EMAID.parse(emaid(number))),
                    "state": "Active",
                    "evse_ids": "[]",
                    "updated_at": moment,
                }
                for number in range(first, min(first + ROWS_AT_ONCE, contracts))
            ]
            with database.writing() as connection:
                connection.execute(insert(CONTRACTS), rows)
    finally:
        database.close()


@contextmanager
def service(
    contracts: Contracts,
    at: Path,
    *,
    ocsp: str,
    registered: int,
    database_url: str | None = None,
    options: Sequence[str] = (),
    workers: int = 1,
) -> Iterator[Service]:
    """The command that operators run, in processes of its own, over a registry filled before."""
    url = database_url or f"sqlite:///{at}/authz.db"
    sources = [
        {"issuer_key_id": key_identifier(issuer.subject_public_key).hex(), "ocsp": ocsp}
        for issuer in {
            one.issuer.certificate
            for one in (*contracts.authorities, *contracts.leaves)
            if one.issuer is not None
        }
    ]
    settings = at / "authz.toml"
    text = [f'database_url = "{url}"', "gather_deadline_seconds = 20"]
    text.append("source_deadline_seconds = 10")
    for source in sources:
        text += [
            "[[revocation_sources]]",
            *(f'{name} = "{value}"' for name, value in source.items()),
        ]
        text.append('networks = ["127.0.0.0/8"]')
    settings.write_text("\n".join(text) + "\n")
    keys = {}
    with Provisioning(load_settings(environ={}, database_url=url)) as provisioning:
        provisioning.add_tenant(TENANT, now=now())
        for scope in Scope:
            keys[scope] = provisioning.add_key(
                TENANT,
                scopes=frozenset({scope}),
                label="benchmark",
                now=now(),
                random=secrets.token_bytes,
            )
    register(url, contracts=registered, moment=now())
    argv = [sys.executable, "-c", _PLUGWARD, "serve", "authz", "--authz-port", "0"]
    argv += ["--authz-settings", str(settings), *options]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            ready = ""
            for ready in process.stderr:
                if ready.startswith("plugward: ready"):
                    break
            made = Service(
                port=int(ready.rsplit(":", 1)[1]),
                process=process.pid,
                processes=(process.pid, *_children(process.pid, workers)),
                key=keys[Scope.AUTHORIZE],
                manager=keys[Scope.MANAGE],
                database_url=url,
            )
            root = contracts.world[Role.MO_ROOT].certificate
            anchor = {"certificate": pem.encode([root]), "purpose": "mo"}
            made.manage("PUT", f"/v1/anchors/{root.fingerprint.hex()}", json=anchor)
            yield made
        finally:
            process.terminate()
            process.communicate(timeout=START_SECONDS_MAX)


def _children(process: int, workers: int) -> tuple[int, ...]:
    """The worker processes of a supervisor; none where it serves itself."""
    if workers == 1:
        return ()
    deadline = monotonic() + START_SECONDS_MAX
    while monotonic() < deadline:
        path = Path(f"/proc/{process}/task/{process}/children")
        children = tuple(map(int, path.read_text().split()))
        if len(children) >= workers:
            return children
        sleep(0.05)
    raise TimeoutError(f"fewer than {workers} workers")
