"""A pki house to test in: cheap keys, a clock that can be set, one boring V2G world taken in."""

import contextlib
import secrets
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text

from certs import keys as certs_keys
from certs.edition import Edition
from certs.keys import KeyKind, SoftwareSigner
from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from certs.profiles.rules import Role
from pki.authority import failpoints
from pki.authority.policy import everything
from pki.authority.request import IssuanceRequest
from pki.callers import operator
from pki.errors import Conflict, NotFound, SignerUnavailable
from pki.house import assemble
from pki.settings import load
from pki.signing.envelope import Cost, key_id_of
from pki.signing.software import KeyFiles
from pki.signing.store import KeptKey
from tests import soft_hsm
from tests.world import NOW, valid_world

CHEAP = Cost(n=2**4)
PASSPHRASE = b"correct horse battery"
TENANT = "default"
POSTGRESQL = "postgresql+pg8000://postgres@127.0.0.1:5432/test"
DATABASES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.needs("postgresql")),
]
SECOND = timedelta(seconds=1)


class Clock:
    """A clock that shows what it is set to."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by) -> None:
        self.moment += timedelta(**by)


class MemoryKeys:
    """The memory twin of key files. ``broken`` are the key ids that do not sign."""

    def __init__(self) -> None:
        self.kept = {}
        self.roles = {}
        self.broken = set()

    def generate(self, kind, *, role):
        key = certs_keys.generate(kind)
        return KeptKey(key_id=self.store(key, role=role), role=role, public_key=key.public_key())

    def store(self, key, *, role):
        key_id = key_id_of(key)
        if key_id in self.kept:
            raise Conflict("kept already")
        self.kept[key_id] = SoftwareSigner(key)
        self.roles[key_id] = role
        return key_id

    def holds(self, key_id):
        return key_id in self.kept

    def signer(self, key_id, _purpose=None):
        if key_id not in self.kept or key_id in self.broken:
            raise SignerUnavailable("no such key")
        return self.kept[key_id]

    def role_of(self, key_id):
        self.signer(key_id)
        return self.roles[key_id]

    def listed(self):
        return tuple(
            KeptKey(key_id=key_id, role=self.roles[key_id], public_key=signer.public_key)
            for key_id, signer in sorted(self.kept.items())
        )

    def destroy(self, key_id):
        if self.kept.pop(key_id, None) is None:
            raise NotFound("no such key")


KEEPERS = [
    pytest.param("memory", id="memory"),
    pytest.param("files", id="files"),
    pytest.param("softhsm", id="softhsm", marks=pytest.mark.needs("softhsm")),
]


PLACES = KEEPERS[1:]  # those of a house in use


def keeper_of(kind: str, directory: Path):
    """A place of this kind that keeps private keys, empty."""
    if kind == "memory":
        return MemoryKeys()
    if kind == "files":
        return KeyFiles(directory / "keys", PASSPHRASE, cost=CHEAP)
    return soft_hsm.token_keys()


@contextlib.contextmanager
def database(kind: str, tmp_path: Path):
    """The URL of an empty database, gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/pki.db"
        return
    schema = f"pki_{secrets.token_hex(6)}"
    engine = create_engine(POSTGRESQL)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        yield f"{POSTGRESQL}?search_path={schema}"
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        engine.dispose()


@contextlib.contextmanager
def empty_house(
    url: str, *, clock=None, keys=None, failpoint=failpoints.carry_on, random=None, **given
):
    """A house without authorities, whose end one alone may decide."""
    given.setdefault("approvals", "*: 2 of 5, revoke *: 0 of 0")
    given.setdefault("public_url", "http://pki.v2g.example")
    settings = load(environ={}, database_url=url, **given)
    house = assemble(
        settings,
        clock=clock or Clock(),
        keys=MemoryKeys() if keys is None else keys,
        random=random or secrets.token_bytes,
        failpoint=failpoint,
    )
    try:
        yield house
    finally:
        house.close()


@contextlib.contextmanager
def furnished_house(url: str, *, edition=Edition.ISO_2, keys=None, **given):
    """A house that has taken in the boring world of an edition, with its keys in memory."""
    keys = MemoryKeys() if keys is None else keys
    if url.startswith("sqlite"):
        # Taken in once a session, at the world's own beginning, and copied from then on.
        Path(url.removeprefix("sqlite:///")).write_bytes(_furnished(edition))
        for identity in authorities_of(edition):
            keys.store(identity.private_key, role=identity.role.value)
        given.setdefault("migrate_at_start", False)
    with empty_house(url, keys=keys, **given) as house:
        if not url.startswith("sqlite"):
            house.importing.world(valid_world(edition), tenant=TENANT)
            house.authority.reload()
            permit_everything(house)
        yield house


def place_of(house):
    """Where a house's keys really are, behind the guard."""
    return house.stores.keys._store


def authorities_of(edition=Edition.ISO_2) -> list:
    """Every authority of the world, and every OCSP delegate."""
    world = valid_world(edition)
    authorities = [each for each in world if each.role in CERTIFICATE_AUTHORITIES]
    return [*authorities, *(world.responder(authority.role) for authority in authorities)]


@cache
def _furnished(edition) -> bytes:
    world = valid_world(edition)
    with TemporaryDirectory() as directory:
        beginning = Clock(world[Role.V2G_ROOT].certificate.not_before)
        with empty_house(f"sqlite:///{directory}/pki.db", clock=beginning) as house:
            house.importing.world(world, tenant=TENANT)
            permit_everything(house)
        return Path(directory, "pki.db").read_bytes()


def permit_everything(house, tenant: str = TENANT) -> None:
    """The policy of a world of one's own: every leaf role, every identity."""
    house.requesters.set_policy(tenant, everything(), after=0, caller=someone(house, tenant))


def someone(house, tenant: str = TENANT):
    """An operator: every scope."""
    return operator(tenant=tenant, name="test", now=house.clock.now())


def key_id(certificate) -> str:
    """An authority's key id, as the house names it."""
    return certs_keys.key_identifier(certificate.subject_public_key).hex()


def issuer_id(role: Role = Role.MO_SUB_2, edition=Edition.ISO_2) -> str:
    """The key id of a world's authority."""
    return key_id(valid_world(edition)[role].certificate)


def wanted(number: int = 1, **odd) -> IssuanceRequest:
    """A boring request for a contract certificate."""
    given = {
        "role": Role.CONTRACT,
        "edition": Edition.ISO_2,
        "public_key": certs_keys.derive(KeyKind.P256, b"contract %d" % number).public_key(),
        "common_name": f"DE8AA{number:09d}",
        "country": "DE",
    }
    return IssuanceRequest(**{**given, **odd})


def issue(house, number: int = 1, **odd):
    """One contract certificate."""
    return house.authority.issue(wanted(number, **odd), caller=someone(house))


def events(house) -> list[str]:
    """The audit's events, in order."""
    with house.audit.acts() as acts:
        return [act.event for act in acts]
