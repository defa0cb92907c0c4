"""Making a V2G world for development: grown, taken in by both houses, kept in a directory."""

import asyncio
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from authz import settings as authz_settings
from authz.app import create_app as create_authz
from authz.callers import Scope
from authz.provisioning import Provisioning
from certs import pem
from certs.chain.anchors import Anchor
from certs.edition import Edition
from certs.hierarchy import Identity, World, grow
from certs.profiles.rules import Role
from pki import settings as pki_settings
from pki.authority.policy import everything
from pki.callers import ISSUE_ANY, READ, REVOKE, operator
from pki.house import assemble
from plugward import home as homes
from plugward.errors import Complaint
from plugward.home import TENANT, Home

CONTRACTS_MAX = 1_000
_FIRST_INSTANCE = 1_234_567  # DE8AA001234567 is the contract that every grown world has
_LEAVES = (
    Role.SECC,
    Role.CHARGING_STATION,
    Role.OEM_PROVISIONING,
    Role.CPS,
    Role.VEHICLE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a world is to be. Of a ``seed`` the same keys and serial numbers follow."""

    directory: Path
    edition: Edition
    contracts: int
    pki_url: str
    clock: Callable[[], datetime]
    seed: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)  # None: a fresh one, kept in a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """A world that is there. The API keys are shown once and kept nowhere."""

    home: Home
    world: World
    contracts: tuple[Identity, ...]
    pki_key: str = field(repr=False)
    authz_key: str = field(repr=False)


def emaid_of(number: int) -> str:
    """The eMAID of a grown world's contract of this number, from 0."""
    return f"DE8AA{_FIRST_INSTANCE + number:09d}"


def found(wishes: Wishes) -> Founded:
    """Grows the world, lets both houses take it in, and writes its directory: all, or nothing.

    Complaints where the directory is there already.
    """
    if wishes.directory.exists():
        raise Complaint(
            f"{wishes.directory} is there already", hint="nothing is overwritten; name another"
        )
    building = wishes.directory.with_name(f".{wishes.directory.name}.{secrets.token_hex(4)}")
    try:
        building.mkdir(mode=0o700, parents=True)
    except OSError as bad:
        raise Complaint(f"{wishes.directory}: {(bad.strerror or 'no').lower()}") from bad
    try:
        founded = _build(Home(building), wishes)
        building.rename(wishes.directory)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return founded


def _build(building: Home, wishes: Wishes) -> Founded:
    now = wishes.clock().replace(microsecond=0)
    world = grow(
        seed=None if wishes.seed is None else sha256(wishes.seed.encode()).digest(),
        now=now,
        edition=wishes.edition,
        ocsp_url=f"{wishes.pki_url}/ocsp",
        crl_url=f"{wishes.pki_url}/crl",
    )
    contracts = (
        world[Role.CONTRACT],
        *(
            world.issue(Role.CONTRACT, common_name=emaid_of(number))
            for number in range(1, wishes.contracts)
        ),
    )
    passphrase = wishes.passphrase
    if passphrase is None:
        passphrase = homes.fresh_passphrase()
        homes.write_secret(building.passphrase, f"{passphrase}\n")
    pki_key = _into_pki(building, wishes, world, contracts, passphrase)
    authz_key = _into_authz(building, wishes, world, contracts)
    _write_down(building, wishes, world, contracts)
    return Founded(
        home=Home(wishes.directory),
        world=world,
        contracts=contracts,
        pki_key=pki_key,
        authz_key=authz_key,
    )


def _into_pki(
    building: Home,
    wishes: Wishes,
    world: World,
    contracts: tuple[Identity, ...],
    passphrase: str,
) -> str:
    settings = pki_settings.load(environ={}, **_pki_places(building), public_url=wishes.pki_url)
    house = assemble(settings.with_passphrase(passphrase.encode()), clock=wishes.clock)
    try:
        house.importing.world(world, tenant=TENANT)
        operating = operator(tenant=TENANT, name="init", now=wishes.clock())
        house.requesters.set_policy(TENANT, everything(), after=0, caller=operating)
        for contract in contracts:
            house.importing.certificate(
                contract.certificate, role=Role.CONTRACT, edition=world.edition, tenant=TENANT
            )
        return house.authority.new_api_key(
            tenant=TENANT, name="init", scopes={ISSUE_ANY, READ, REVOKE}
        )
    finally:
        house.close()


def _into_authz(
    building: Home, wishes: Wishes, world: World, contracts: tuple[Identity, ...]
) -> str:
    settings = authz_settings.load(environ={}, **_authz_places(building))
    with Provisioning(settings) as provisioning:
        provisioning.add_tenant(TENANT, now=wishes.clock())
        key = provisioning.add_key(
            TENANT,
            scopes=frozenset(Scope),
            label="init",
            now=wishes.clock(),
            random=secrets.token_bytes,
        )
    app = create_authz(settings, clock=wishes.clock)
    anchors = (*world.anchors().anchors, world.station_anchor())
    asyncio.run(_register(app, key, anchors, contracts))
    return key


async def _register(
    app: FastAPI, key: str, anchors: tuple[Anchor, ...], contracts: tuple[Identity, ...]
) -> None:
    """Anchors and contracts through the house's own doors, without a socket."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://authz.invalid",
        headers={"Authorization": f"Bearer {key}"},
    )
    async with app.router.lifespan_context(app), client:
        for anchor in anchors:
            root = anchor.certificate
            body: dict[str, object] = {
                "certificate": pem.encode([root]),
                "purpose": anchor.purpose.value,
                "subCaRoles": {k.hex(): use.value for k, use in anchor.sub_ca_roles.items()},
            }
            put = await client.put(f"/v1/anchors/{root.fingerprint.hex()}", json=body)
            put.raise_for_status()
        for contract in contracts:
            body = {"certificateChain": contract.pem}
            name = contract.certificate.common_name
            put = await client.put(f"/v1/contracts/{name}", json=body)
            put.raise_for_status()


def _write_down(
    building: Home, wishes: Wishes, world: World, contracts: tuple[Identity, ...]
) -> None:
    final = Home(wishes.directory)
    pki = {
        **_pki_places(final),
        "public_url": wishes.pki_url,
        "approvals": "*: 2 of 5, revoke *: 0 of 0",  # one developer revokes an authority alone
    }
    if wishes.passphrase is None:
        pki["passphrase_file"] = str(final.passphrase)
    homes.write(building.pki_settings, homes.toml(pki))
    allowed = [{"prefix": f"{wishes.pki_url}/{door}"} for door in ("ocsp", "crl")]
    homes.write(
        building.authz_settings, homes.toml({**_authz_places(final), "allowed_urls": allowed})
    )
    building.anchors.mkdir()
    for anchor in (*world.anchors().anchors, world.station_anchor()):
        homes.write_certificates(
            building.anchors / f"{anchor.purpose.value}-root.pem", anchor.certificate
        )
    building.leaves.mkdir(mode=0o700)
    for contract in contracts:
        _write_leaf(building.leaves / f"contract-{contract.certificate.common_name}", contract)
    for role in _LEAVES:
        if role in world:
            _write_leaf(building.leaves / role.value, world[role])


def _write_leaf(stem: Path, leaf: Identity) -> None:
    homes.write_certificates(stem.with_suffix(".pem"), *leaf.chain)
    if leaf.private_key is not None:
        homes.write_key(stem.with_suffix(".key"), leaf.private_key)


def _pki_places(place: Home) -> dict[str, Any]:
    return {
        "database_url": f"sqlite:///{place.directory / 'pki.db'}",
        "key_directory": str(place.keys),
    }


def _authz_places(place: Home) -> dict[str, Any]:
    return {"database_url": f"sqlite:///{place.directory / 'authz.db'}"}
