"""The demo's story: from nothing to eight answers over HTTP."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

import httpx
from fastapi import FastAPI

from authz import settings as authz_settings
from authz.app import create_app as create_authz
from certs.edition import Edition
from certs.hierarchy import grow
from certs.profiles.rules import Role
from pki import settings as pki_settings
from pki.app import open_doors
from pki.house import assemble
from plugward import clock
from plugward.demo.cases import CASES, Actors, Answer, Case
from plugward.founding import Founded, Wishes, emaid_of, found
from plugward.home import TENANT
from plugward.reading import serial
from plugward.serve import Door, in_background, listen, url_of

LOOPBACK = "127.0.0.1"
CONTRACTS = 3
DEADLINE_SECONDS = 10.0
# What is good now is believed until then: a revocation is to be seen within the demo.
OCSP_LIFETIME_SECONDS = 2
_LASTED, _OVER_SINCE = timedelta(days=60), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One case's answer as it came over HTTP."""

    case: Case
    answer: Answer
    latency_ms: float

    @property
    def expected(self) -> bool:
        """Whether it is the only right answer."""
        return self.answer == self.case.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A world with both houses up, and who appears in it."""

    founded: Founded
    pki_url: str
    authz_url: str
    grown_seconds: float
    up_seconds: float
    actors: Actors
    clock: clock.Onward

    def ask(self) -> Iterator[Told]:
        """Each case's answer, as it comes."""
        with client(self.authz_url, self.founded.authz_key) as service:
            for case in CASES:
                body = case.body(self.actors)
                began = perf_counter()
                told = service.post("/v1/authorize", json=body).raise_for_status().json()
                yield Told(
                    case=case,
                    answer=Answer(
                        told.get("certificateStatus", ""),
                        told["idTokenInfo"]["status"],
                        told["reason"],
                    ),
                    latency_ms=(perf_counter() - began) * 1000,
                )


@contextmanager
def staged(edition: Edition) -> Iterator[Stage]:
    """Everything a case needs, in a temporary directory and on free ports of the loopback."""
    with (
        tempfile.TemporaryDirectory(prefix="plugward-demo-") as place,
        listen(LOOPBACK, 0) as for_pki,
        listen(LOOPBACK, 0) as for_authz,
    ):
        pki_url, authz_url = url_of(for_pki), url_of(for_authz)
        began = perf_counter()
        ticking = clock.Onward()
        founded = found(
            Wishes(
                directory=Path(place) / "world",
                edition=edition,
                contracts=CONTRACTS,
                pki_url=pki_url,
                clock=ticking.now,
            )
        )
        grown = perf_counter()
        actors = _actors(founded)
        doors = [
            Door("pki", for_pki, partial(_pki, founded, actors, ticking)),
            Door("authz", for_authz, partial(_authz, founded, ticking)),
        ]
        with in_background(doors):
            up = perf_counter()
            _prepare(founded, actors, pki_url=pki_url, authz_url=authz_url)
            yield Stage(
                founded=founded,
                pki_url=pki_url,
                authz_url=authz_url,
                grown_seconds=grown - began,
                up_seconds=up - grown,
                actors=actors,
                clock=ticking,
            )


def _pki(founded: Founded, actors: Actors, ticking: clock.Onward) -> FastAPI:
    """The PKI, the expired certificate on its register like every other."""
    settings = pki_settings.load(
        file=founded.home.pki_settings,
        environ={},
        ocsp_lifetime_seconds=OCSP_LIFETIME_SECONDS,
    )
    house = assemble(settings, clock=ticking.now)
    house.importing.certificate(
        actors.expired.certificate,
        role=Role.CONTRACT,
        edition=founded.world.edition,
        tenant=TENANT,
    )
    return open_doors(house)


def _authz(founded: Founded, ticking: clock.Onward) -> FastAPI:
    settings = authz_settings.load(file=founded.home.authz_settings, environ={})
    return create_authz(settings, clock=ticking.now)


def _actors(founded: Founded) -> Actors:
    now = founded.world.now
    driver, revoked, suspended = founded.contracts
    foreign = grow(seed=None, now=now, edition=founded.world.edition)
    return Actors(
        driver=driver,
        expired=founded.world.issue(
            Role.CONTRACT,
            common_name=emaid_of(CONTRACTS),
            not_before=now - _LASTED,
            not_after=now - _OVER_SINCE,
        ),
        revoked=revoked,
        suspended=suspended,
        stranger=foreign[Role.CONTRACT],
        charger=founded.world[Role.SECC],
    )


def _prepare(founded: Founded, actors: Actors, *, pki_url: str, authz_url: str) -> None:
    """What happened just before: one contract revoked, one suspended, one run out."""
    leaf = actors.revoked.certificate
    issuer = (leaf.authority_key_id or b"").hex()
    with client(pki_url, founded.pki_key) as service:
        path = f"/v1/certificates/{issuer}/{serial(leaf.serial)}/revoke"
        service.post(path, json={"reason": "keyCompromise"}).raise_for_status()
    with client(authz_url, founded.authz_key) as service:
        name = actors.suspended.certificate.common_name
        service.patch(f"/v1/contracts/{name}", json={"state": "Suspended"}).raise_for_status()
        name = actors.expired.certificate.common_name
        body = {"certificateChain": actors.expired.pem}
        service.put(f"/v1/contracts/{name}", json=body).raise_for_status()


def client(url: str, key: str) -> httpx.Client:
    """Asks one of the houses, key in hand."""
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=DEADLINE_SECONDS,
        trust_env=False,
    )
