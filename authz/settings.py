"""Settings of the authz house: raw from environment and file, then validated and frozen."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from authz.outbound_rule import OutboundRule, target
from authz.remote_service import RemoteService
from authz.sources import Place, RevocationSource, Sources
from authz.station_rules import RevocationMode, StationRules, parse_networks
from authz.told import PrefetchRule
from certs import pem
from certs.certificate import Certificate
from certs.errors import Malformed, Refused
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm

ENVIRONMENT_PREFIX = "PLUGWARD_AUTHZ_"
FILE_OCTETS_MAX = 1_048_576  # some thousand issuers
KEY_ID_OCTETS = 20

_IN_JSON = {
    "revocation_sources",
    "allowed_urls",
    "plain_station_networks",
    "tls_proxy_networks",
    "contract_service",
    "authority_files",
    "certificate_authority",
    "station_authority",
    "secc_names",
    "station_operators",
}


class RawSource(BaseModel):
    """Where one issuer's revocation statuses are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer_key_id: str = Field(
        description="the issuing authority's key identifier, 40 hexadecimal digits"
    )
    ocsp: str | None = Field(None, description="its OCSP responder, asked first")
    crl: str | None = Field(None, description="its CRL, asked where the responder is silent")
    networks: tuple[str, ...] = Field(
        (), description="private networks that the two may resolve into, like 10.0.0.0/8"
    )


class RawAllowed(BaseModel):
    """A URL prefix that may be followed where a certificate or a station names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: str = Field(description="scheme, host, port and the beginning of the path")
    networks: tuple[str, ...] = Field(
        (), description="private networks that it may resolve into, like 10.0.0.0/8"
    )


class RawService(BaseModel):
    """A service of somebody else's, and our key for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="its base URL: paths of its protocol are added")
    networks: tuple[str, ...] = Field(
        (), description="private networks that it may resolve into, like 10.0.0.0/8"
    )
    api_key: str = Field("", repr=False, description="our key, where it is not in a file")
    api_key_file: Path | None = Field(None, description="the file that our key is in")

    def service(self) -> RemoteService:
        """The service; Refused("settings.remote_service")."""
        return RemoteService.parse(
            self.url,
            networks=self.networks,
            api_key=self.api_key,
            api_key_file=self.api_key_file,
        )


class RawSeccNames(BaseModel):
    """Names that a station's charger certificate may bear, beside its identity."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: str = Field(description="whose station it is")
    station: str = Field(description="its OCPP identity")
    names: tuple[str, ...] = Field(description="common names, like the ids of its EVSEs")


class RawOperators(BaseModel):
    """Organisations that a tenant's stations may name in their client certificates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: str = Field(description="whose stations they are")
    names: tuple[str, ...] = Field(description="organisations, as O of a subject has them")


class RawSettings(BaseModel):
    """The settings as written, with their defaults. Unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: str = Field(
        "sqlite:///plugward-authz.db",
        description="sqlite:///FILE or postgresql+pg8000://USER@HOST/DATABASE",
    )
    migrate_at_start: bool = Field(
        default=True, description="bring the tables to this version at start"
    )
    trust_clock: bool = Field(
        default=False,
        description="believe the clock although the log knows a later moment; for one start,"
        " after somebody has checked it",
    )
    gather_deadline_seconds: Annotated[float, Field(gt=0, le=30)] = Field(
        2.5, description="how long a question may wait for evidence; PaymentDetailsRes has 5 s"
    )
    source_deadline_seconds: Annotated[float, Field(gt=0, le=30)] = Field(
        1.0, description="how long one OCSP responder or CRL may take"
    )
    ocsp_hash: HashAlgorithm = Field(
        HashAlgorithm.SHA1,
        description="hash of the CertIDs that responders are asked with: many know only SHA1",
    )
    crl_bytes_max: Annotated[int, Field(ge=1_024, le=67_108_864)] = Field(
        8_388_608, description="the largest CRL that is fetched; a million entries are 49 MB"
    )
    heartbeat_seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        300, description="how often a station shows that it lives, where it has nothing to say"
    )
    contract_service: RawService | None = Field(
        None, description="the contract certificate pool (OPCP) that installs vehicles' contracts"
    )
    certificate_authority: RawService | None = Field(
        None, description="the authority (POST /v1/certificates) that signs chargers' certificates"
    )
    station_authority: RawService | None = Field(
        None,
        description="the authority that signs stations' client certificates (profile 3), where it"
        " is another",
    )
    station_operators: tuple[RawOperators, ...] = Field(
        (),
        description="organisations that tenants' stations may name in client certificates; where"
        " a tenant has none here, the authority decides",
    )
    secc_names: tuple[RawSeccNames, ...] = Field(
        (), description="names that chargers' certificates may bear, beside their identities"
    )
    authority_files: tuple[Path, ...] = Field(
        (), description="PEM files of sub-CAs whose certificates stations ask the status of"
    )
    prefetch_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        30.0, description="how often statuses that end soon are looked for; 0 asks for none ahead"
    )
    prefetch_days: Annotated[int, Field(ge=1, le=365)] = Field(
        30, description="for how many days after the last question a status is kept fresh"
    )
    prefetch_at_once: Annotated[int, Field(ge=1, le=64)] = Field(
        16, description="how many certificates are asked about ahead at once"
    )
    revocation_sources: tuple[RawSource, ...] = Field(
        (), description="where issuers' revocation statuses are"
    )
    allowed_urls: tuple[RawAllowed, ...] = Field(
        (), description="prefixes of OCSP and CRL URLs in certificates that may be followed"
    )
    plain_station_networks: tuple[str, ...] = Field(
        ("127.0.0.0/8", "::1/128"),
        description="networks from which charging stations may connect without TLS (profile 1)",
    )
    tls_proxy_networks: tuple[str, ...] = Field(
        (), description="networks of proxies that take charging stations' connections out of TLS"
    )
    station_revocation: RevocationMode = Field(
        RevocationMode.HARD_FAIL,
        description="hard or soft: whether a station's certificate without a revocation status"
        " is refused (profile 3)",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings as the house uses them."""

    database_url: str = field(repr=False)  # may hold a password
    migrate_at_start: bool
    trust_clock: bool
    gather_deadline_seconds: float
    source_deadline_seconds: float
    ocsp_hash: HashAlgorithm
    crl_bytes_max: int
    heartbeat_seconds: int
    contract_service: RemoteService | None
    certificate_authorities: Mapping[Role, RemoteService]
    station_operators: Mapping[str, frozenset[str]]
    secc_names: Mapping[tuple[str, str], frozenset[str]]
    authorities: tuple[Certificate, ...]
    prefetch: PrefetchRule
    sources: Sources
    stations: StationRules


def load(
    *, file: Path | None = None, environ: Mapping[str, str] | None = None, **given: object
) -> Settings:
    """Settings from what is given, else the environment, else a TOML file, else the defaults.

    Lists in the environment are JSON. Raises Refused("settings.…"), naming the setting and never
    its value.
    """
    written = _from_file(file) if file is not None else {}
    told = _from_environment(os.environ if environ is None else environ)
    try:
        raw = RawSettings.model_validate({**written, **told, **given})
    except ValidationError as bad:
        # The errors' texts would hold the values, and one of them may hold a password.
        names = sorted({".".join(map(str, error["loc"])) for error in bad.errors()})
        raise Refused("settings.refused", f"unknown or out of bounds: {', '.join(names)}") from None
    return validate(raw)


def validate(raw: RawSettings) -> Settings:
    """The frozen settings of raw ones; Refused("settings.…") for what cannot be meant."""
    return Settings(
        database_url=raw.database_url,
        migrate_at_start=raw.migrate_at_start,
        trust_clock=raw.trust_clock,
        gather_deadline_seconds=raw.gather_deadline_seconds,
        source_deadline_seconds=raw.source_deadline_seconds,
        ocsp_hash=raw.ocsp_hash,
        crl_bytes_max=raw.crl_bytes_max,
        heartbeat_seconds=raw.heartbeat_seconds,
        contract_service=_service(raw.contract_service),
        certificate_authorities=_authorities(raw),
        station_operators=MappingProxyType(
            {one.tenant: frozenset(one.names) for one in raw.station_operators}
        ),
        secc_names=MappingProxyType(
            {(one.tenant, one.station): frozenset(one.names) for one in raw.secc_names}
        ),
        authorities=tuple(
            certificate for file in raw.authority_files for certificate in _certificates(file)
        ),
        prefetch=PrefetchRule(
            seconds=raw.prefetch_seconds, days=raw.prefetch_days, at_once=raw.prefetch_at_once
        ),
        sources=Sources(
            by_issuer=tuple(_source(source) for source in raw.revocation_sources),
            allowed=tuple(
                OutboundRule.parse(allowed.prefix, allowed.networks) for allowed in raw.allowed_urls
            ),
        ),
        stations=StationRules(
            plain=parse_networks(raw.plain_station_networks),
            proxies=parse_networks(raw.tls_proxy_networks),
            revocation=raw.station_revocation,
            deadline_seconds=raw.gather_deadline_seconds,
        ),
    )


def _source(raw: RawSource) -> RevocationSource:
    try:
        key_id = bytes.fromhex(raw.issuer_key_id)
    except ValueError as bad:
        raise Refused("settings.issuer_key_id", "not hexadecimal") from bad
    if len(key_id) != KEY_ID_OCTETS:
        raise Refused("settings.issuer_key_id", f"has not {2 * KEY_ID_OCTETS} digits")
    if raw.ocsp is None and raw.crl is None:
        raise Refused("settings.revocation_sources", "a source without ocsp and crl")
    return RevocationSource(
        issuer_key_id=key_id,
        ocsp=_place(raw.ocsp, raw.networks),
        crl=_place(raw.crl, raw.networks),
    )


def _place(url: str | None, networks: tuple[str, ...]) -> Place | None:
    """A configured URL, which is its own entry on the operator's list."""
    if url is None:
        return None
    asked = target(url)
    if asked is None:
        raise Refused("settings.revocation_sources", "a source is an absolute http or https URL")
    return asked, OutboundRule.parse(url, networks)


def _service(raw: RawService | None) -> RemoteService | None:
    return None if raw is None else raw.service()


def _authorities(raw: RawSettings) -> Mapping[Role, RemoteService]:
    """Who signs which role's certificates."""
    chargers = _service(raw.certificate_authority)
    told = {
        Role.SECC: chargers,
        Role.CHARGING_STATION: _service(raw.station_authority) or chargers,
    }
    return MappingProxyType({role: one for role, one in told.items() if one is not None})


def _certificates(path: Path) -> tuple[Certificate, ...]:
    try:
        return pem.parse_chain(_octets(path))
    except Malformed as bad:
        raise Refused("settings.authority_files", f"no certificates: {bad.code}") from bad


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    told: dict[str, object] = {}
    for name, value in environ.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        setting = name.removeprefix(ENVIRONMENT_PREFIX).lower()
        told[setting] = value
        if setting in _IN_JSON:
            try:
                told[setting] = json.loads(value)
            except ValueError as bad:
                raise Refused("settings.refused", f"{setting} is not JSON") from bad
    return told


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(_octets(path).decode())
    except ValueError as bad:
        raise Refused("settings.file", "is not TOML") from bad


def _octets(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            octets = file.read(FILE_OCTETS_MAX + 1)
    except OSError as bad:
        raise Refused("settings.file", f"cannot be read: {bad.strerror}") from bad
    if len(octets) > FILE_OCTETS_MAX:
        raise Refused("settings.file", "is too large")
    return octets
