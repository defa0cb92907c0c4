"""POST /v1/authorize as operators run it, on one core, beside what it could not beat."""

import json
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.authorize_world import (
    Contracts,
    Service,
    forked,
    issuer_each,
    known_issuer,
    request,
    responder,
    serve_asgi,
    service,
)
from benchmarks.figure import Figure
from benchmarks.load import Load, connected, run, shared

SCRATCH = Path(__file__).resolve().parents[1] / ".benchmarks"

# The goals of issue 6.
RATE_GOAL, COLD_GOAL, P99_MS_GOAL = 5_000.0, 2_000.0, 20.0

CONNECTIONS = 32
CHAINS = 2_000
PASSES = 3  # every chain is asked so often in a measurement, after once that gathers its evidence
COLD_CHAINS = 1_500
WORKERS_GOAL = 1.8
WORKER_SECONDS, WORKER_PASSES_MAX = 3.0, 50
REGISTRY_SMALL, REGISTRY_LARGE, REGISTRY_GOAL = 2_000, 1_000_000, 0.9
REGISTRY_ASKED, REGISTRY_ROUNDS = 1_000, 5
SYNCS = 200


def accepted(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200") and b'"status":"Accepted"' in answer


def anything(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200")


@contextmanager
def cores_apart(processes: Sequence[int]) -> Iterator[None]:
    """Server and load on a core of their own, where there are two and it can be said."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) > 1:
        for process in processes:
            _pin(process, max(allowed))
        os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _echo(octets: int) -> Any:
    body = bytes(octets)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(octets).encode())]

    async def answer(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _serve_echo(octets: int, listening: Any) -> None:
    serve_asgi(_echo(octets), listening)


def bare(requests: Sequence[bytes], octets: int) -> Load:
    """A server that reads the same requests and answers as many octets, and does nothing else."""
    with (
        forked(_serve_echo, octets) as (port, process),
        connected(port, shared(requests, CONNECTIONS)) as connections,
        cores_apart([process]),
    ):
        run(connections, good=anything, processes=[process])
        for connection in connections:
            connection.again()
        return run(connections, good=anything, processes=[process])


def verify_rate(contracts: Contracts) -> float:
    """Leaf signatures verified a second by the library alone, with keys loaded before."""
    work = [
        (
            leaf.issuer.certificate.public_key(),
            leaf.certificate.x509().signature,
            leaf.certificate.tbs,
        )
        for leaf in contracts.leaves
        if leaf.issuer is not None
    ]
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    algorithm = ECDSA(SHA256())
    begun = process_time()
    for key, signature, tbs in work:
        key.verify(signature, tbs, algorithm)
    return len(work) / (process_time() - begun)


def sync_rate(at: Path) -> float:
    """Times a second that this disk makes a page durable."""
    with (at / "sync").open("wb") as file:
        begun = perf_counter()
        for _ in range(SYNCS):
            file.write(bytes(4_096))
            file.flush()
            os.fdatasync(file.fileno())
        return SYNCS / (perf_counter() - begun)


def warmed(
    served: Service,
    chains: Sequence[bytes],
    measured: Sequence[bytes],
    *,
    passes: int = PASSES,
    between: Callable[[], None] = lambda: None,
    apart: bool = True,
) -> Load:
    """Has the evidence on every chain gathered, then measures ``measured``.

    Before the measurement each connection asks its share once: what its process needs for it (the
    evidence that another process gathered, the issuer) is then known there.
    """
    first = shared([request(body, served.key) for body in chains], CONNECTIONS)
    then = shared([request(body, served.key) for body in measured] * passes, CONNECTIONS)
    with connected(served.port, first) as connections:
        _all_accepted(run(connections, good=accepted, processes=served.processes))
    with (
        cores_apart(served.processes) if apart else nullcontext(),
        connected(served.port, first) as connections,
    ):
        _all_accepted(run(connections, good=accepted, processes=served.processes))
        between()
        for connection, share in zip(connections, then, strict=True):
            connection.again(share)
        load = run(connections, good=accepted, processes=served.processes)
    return _all_accepted(load)


def _all_accepted(load: Load) -> Load:
    assert load.good == load.requests, f"{load.good} of {load.requests} accepted"
    return load


def figures(name: str, load: Load, *, beside: Load, goal: float | None) -> list[dict[str, Any]]:
    """Rate by the server's processor time and by the wall, and how long a caller waits."""

    def figure(what: str, value: float, unit: str, at_most: float | None) -> dict[str, Any]:
        return {
            "name": f"{name}, {what}",
            "value": round(value, 2),
            "unit": unit,
            "reference": "",
            "ratio": None,
            "goal": at_most,
            "met": None if at_most is None else value <= at_most,
        }

    return [
        {
            "name": name,
            "value": round(load.per_server_second),
            "unit": "authorize/s",
            "reference": f"bare server, same octets: {beside.per_server_second:,.0f}/s",
            "ratio": round(load.per_server_second / beside.per_server_second, 3),
            "goal": goal,
            "met": None if goal is None else load.per_server_second >= goal,
        },
        figure("by the wall", load.per_second, "authorize/s", None),
        figure("p50", load.latency_ms(0.5), "ms", None),
        figure("p99", load.latency_ms(0.99), "ms", None if goal is None else P99_MS_GOAL),
    ]


@contextmanager
def place() -> Iterator[Path]:
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as at:
        yield Path(at)


def known(contracts: Contracts, ocsp: str) -> list[dict[str, Any]]:
    """Chains of a known issuer, then the same contracts by their hashes alone."""
    chains, hashes = contracts.chain_questions(), contracts.hash_questions()
    with place() as at, service(contracts, at, ocsp=ocsp, registered=len(chains)) as served:
        by_chain = warmed(served, chains, chains)
        by_hashes = warmed(served, chains[:1], hashes, passes=1)
    echoes = {
        len(chains[0]): bare([request(body, "k" * 74) for body in chains], 1_200),
        len(hashes[0]): bare([request(body, "k" * 74) for body in hashes], 1_200),
    }
    raw, syncs = verify_rate(contracts), _syncs()
    told = figures(
        "chain of a known issuer", by_chain, beside=echoes[len(chains[0])], goal=RATE_GOAL
    )
    told += figures("by hashes alone", by_hashes, beside=echoes[len(hashes[0])], goal=None)
    told.append(
        Figure(
            name="chain of a known issuer, beside its signature alone",
            value=round(by_chain.per_server_second),
            unit="authorize/s",
            reference=f"pyca verify: {raw:,.0f}/s; this disk syncs {syncs:,.0f}/s",
            ratio=round(by_chain.per_server_second / raw, 3),
        ).as_json()
    )
    return told


def _syncs() -> float:
    with place() as at:
        return sync_rate(at)


def workers(contracts: Contracts, ocsp: str) -> list[dict[str, Any]]:
    """Two workers beside one, each with a core that it shares with a load of its own.

    So nothing but the number of cores is different; the workers share the database.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return []
    one, two = (_scaled(contracts, ocsp, cores[:count]) for count in (1, 2))
    return [
        Figure(
            name="two workers on two cores, each with its load",
            value=round(two),
            unit="authorize/s",
            reference=f"one worker on one core with its load: {one:,.0f}/s",
            ratio=round(two / one, 2),
            goal=WORKERS_GOAL,
            at_least=True,
        ).as_json()
    ]


def _scaled(contracts: Contracts, ocsp: str, cores: Sequence[int]) -> float:
    """Authorizations a second by the wall, with a worker and a load on each of these cores."""
    chains = contracts.chain_questions()
    fork = multiprocessing.get_context("fork")
    with (
        place() as at,
        service(
            contracts,
            at,
            ocsp=ocsp,
            registered=len(chains),
            options=("--workers", str(len(cores))),
            workers=len(cores),
        ) as served,
    ):
        warmed(served, chains, chains, passes=1, apart=False)
        for core, worker in zip(cores, served.processes[-len(cores) :], strict=True):
            _pin(worker, core)
        begin = fork.Barrier(len(cores) + 1)
        loads = []
        for number, core in enumerate(cores):
            here, there = fork.Pipe(duplex=False)
            asked = [request(body, served.key) for body in chains[number :: len(cores)]]
            process = fork.Process(target=_load, args=(served.port, asked, core, begin, there))
            process.start()
            loads.append((process, here))
        begin.wait()
        rate = sum(here.recv() for _, here in loads)
        for process, _ in loads:
            process.join()
    return float(rate)


def _pin(process: int, core: int) -> None:
    for task in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def _load(port: int, asked: Sequence[bytes], core: int, begin: Any, told: Any) -> None:
    """One load on one core, for a while: tells how many were accepted a second.

    Each connection asks its share once before: then the worker that it is with knows the evidence.
    """
    os.sched_setaffinity(0, {core})
    shares = shared(asked, CONNECTIONS)
    with connected(port, shares) as connections:
        _all_accepted(run(connections, good=accepted, processes=[]))
        for connection, share in zip(connections, shares, strict=True):
            connection.again([*share] * WORKER_PASSES_MAX)
        begin.wait()
        load = run(connections, good=accepted, processes=[], seconds_max=WORKER_SECONDS)
        told.send(_all_accepted(load).per_second)


def registry(sizes: Sequence[int] = (REGISTRY_SMALL, REGISTRY_LARGE)) -> dict[int, Load]:
    """The same chains against registries of several sizes, each contract read from the database.

    Before each pass all contracts of a thousand others change, at which the process forgets what
    it remembers of any: a contract of a large registry is seldom asked for twice in a while.
    """
    told = {}
    for size in sizes:
        contracts = known_issuer(REGISTRY_ASKED, apart=max(1, size // REGISTRY_ASKED))
        chains = contracts.chain_questions()
        with (
            place() as at,
            responder(contracts) as ocsp,
            service(contracts, at, ocsp=ocsp, registered=size) as served,
        ):
            rounds = [
                warmed(
                    served,
                    chains,
                    chains,
                    passes=1,
                    between=lambda url=served.database_url: _touch(url),  # type: ignore[misc]
                )
                for _ in range(REGISTRY_ROUNDS)
            ]
        told[size] = Load(
            requests=sum(load.requests for load in rounds),
            good=sum(load.good for load in rounds),
            seconds=sum(load.seconds for load in rounds),
            server_seconds=sum(load.server_seconds for load in rounds),
            latencies=tuple(latency for load in rounds for latency in load.latencies),
        )
    return told


def _touch(database_url: str) -> None:
    from sqlalchemy import text

    from authz.adapters.database import Database

    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(
            text("UPDATE contracts SET updated_at = updated_at + 1 WHERE emaid < :end"),
            {"end": "DEPLWC00002000"},
        )
    database.close()


def registered() -> list[dict[str, Any]]:
    """What a large registry costs."""
    loads = registry()
    small, large = (loads[size].per_server_second for size in (REGISTRY_SMALL, REGISTRY_LARGE))
    return [
        Figure(
            name=f"{REGISTRY_LARGE:,} contracts registered, none remembered",
            value=round(large),
            unit="authorize/s",
            reference=f"{REGISTRY_SMALL:,} contracts: {small:,.0f}/s",
            ratio=round(large / small, 3),
            goal=REGISTRY_GOAL,
            at_least=True,
        ).as_json()
    ]


def cold() -> list[dict[str, Any]]:
    """Chains whose issuers the verifier does not know, with evidence that is at hand.

    The evidence is gathered once; then the tenant's anchors change and change back, at which the
    verifier forgets every issuer. Each chain is asked once.
    """
    contracts = issuer_each(COLD_CHAINS)
    chains = contracts.chain_questions()
    from certs import pem
    from certs.profiles.rules import Role

    other = contracts.world[Role.V2G_ROOT].certificate
    path = f"/v1/anchors/{other.fingerprint.hex()}"
    with (
        place() as at,
        responder(contracts) as ocsp,
        service(contracts, at, ocsp=ocsp, registered=len(chains)) as served,
    ):

        def forget() -> None:
            body = {"certificate": pem.encode([other]), "purpose": "v2g"}
            served.manage("PUT", path, json=body)

        load = warmed(served, chains, chains, passes=1, between=forget)
    echo = bare([request(body, "k" * 74) for body in chains], 1_200)
    return figures("chain of an unknown issuer", load, beside=echo, goal=COLD_GOAL)


def measure() -> list[dict[str, Any]]:
    """The figures of issue 6. Every chain is another one; nothing of a verdict is remembered."""
    contracts = known_issuer(CHAINS)
    with responder(contracts) as ocsp:
        told = known(contracts, ocsp) + workers(contracts, ocsp)
    return told + cold() + registered()


if __name__ == "__main__":
    for one in measure():
        print(json.dumps(one))
