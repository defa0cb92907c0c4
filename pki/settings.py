"""Settings of the pki house: raw from environment and file, then validated and frozen."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from pki.errors import ConfigurationRefused
from pki.quorums import Quorums, parse_quorums

ENVIRONMENT_PREFIX = "PLUGWARD_PKI_"
FILE_OCTETS_MAX = 65_536
PASSPHRASE_OCTETS_MAX = 1_024
CRL_SHARDS_MAX = 256
CERT_ID_HASHES = frozenset({"sha1", "sha256", "sha384", "sha512"})
_DAY = 86_400


class RawSettings(BaseModel):
    """The settings as written, with their defaults. Unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: str = Field(
        "sqlite:///plugward-pki.db",
        description="sqlite:///FILE or postgresql+pg8000://USER@HOST/DATABASE",
    )
    migrate_at_start: bool = Field(
        default=True, description="bring the tables to this version at start"
    )
    key_store: Literal["files", "pkcs11"] = Field(
        "files", description="where private keys are: encrypted files, or a PKCS#11 token"
    )
    key_directory: Path = Field(
        Path("plugward-keys"), description="where the encrypted key files are"
    )
    passphrase_file: Path | None = Field(
        None, description="a file whose first line opens the key files"
    )
    passphrase: SecretStr | None = Field(
        None, description="the passphrase itself; only from the environment"
    )
    pkcs11_module: Path | None = Field(
        None, description="the token's PKCS#11 module, a shared library"
    )
    pkcs11_token: Annotated[str, Field(min_length=1, max_length=32)] | None = Field(
        None, description="the token's label"
    )
    pkcs11_pin_file: Path | None = Field(
        None, description="a file whose first line is the token's user PIN"
    )
    pkcs11_pin: SecretStr | None = Field(
        None, description="the PIN itself; only from the environment"
    )
    pkcs11_import_allowed: bool = Field(
        default=False, description="let keys that lived elsewhere be copied into the token"
    )
    signer_wait_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        5.0, description="how long a signature may wait for those before it in the token"
    )
    signatures_per_minute_max: Annotated[int, Field(ge=1)] = Field(
        1_200_000, description="how often one key may sign in a minute, in one process"
    )
    public_url: str = Field(
        "http://127.0.0.1:8081",
        description="under which relying parties reach /ocsp and /crl; written into certificates",
    )
    backdate_seconds: Annotated[int, Field(ge=0, le=_DAY)] = Field(
        300, description="how long before its making a certificate becomes valid"
    )
    ocsp_lifetime_seconds: Annotated[int, Field(ge=1, le=7 * _DAY)] = Field(
        3_600, description="from thisUpdate to nextUpdate of an OCSP answer"
    )
    ocsp_presigned: str = Field(
        "sha1,sha256",
        description="by which CertID hashes OCSP answers are signed ahead; empty: none are",
    )
    ocsp_answers_kept: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        100_000, description="OCSP answers kept in memory, of some 1.6 kB each"
    )
    crl_lifetime_seconds: Annotated[int, Field(ge=3, le=30 * _DAY)] = Field(
        _DAY, description="from thisUpdate to nextUpdate of a CRL; renewed after a third"
    )
    crl_shards: Annotated[int, Field(ge=1, le=CRL_SHARDS_MAX)] = Field(
        1, description="into how many CRLs an authority new here is split; it keeps them for good"
    )
    crl_deltas: bool = Field(
        default=False, description="publish delta CRLs and name them in the complete ones"
    )
    identity_certificates_max: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        100, description="certificates for one identity within its window; 0 for no limit"
    )
    identity_window_seconds: Annotated[int, Field(ge=1, le=366 * _DAY)] = Field(
        3_600, description="the window in which an identity's certificates are counted"
    )
    tenant_certificates_per_minute: Annotated[int, Field(ge=0, le=10_000_000)] = Field(
        0, description="certificates a tenant may have a minute in one process; 0 for no limit"
    )
    renewal_window_days: Annotated[int, Field(ge=1, le=3_660)] = Field(
        90, description="how long before its end a certificate may be renewed"
    )
    approvals: str = Field(
        "*: 2 of 5",
        description="how many of how many approve authorities and, with revoke, their ends",
    )
    approval_lifetime_hours: Annotated[int, Field(ge=1, le=8_784)] = Field(
        168, description="how long a request waits for its approvals"
    )
    second_opinion: Literal["off", "shapes", "all"] = Field(
        "off", description="on which drafts pkilint is asked before they are signed"
    )
    maintenance_interval_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        15.0, description="between rounds of reconciliation and renewal"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """The PKCS#11 token that keys are in."""

    module: Path
    label: str
    pin: str = field(repr=False)
    import_allowed: bool
    wait_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings as the house uses them. ``public_url`` ends without a slash."""

    database_url: str = field(repr=False)  # may hold a password
    migrate_at_start: bool
    key_directory: Path
    passphrase: bytes | None = field(repr=False)
    token: TokenSettings | None  # None: keys are in files
    signatures_per_minute_max: int
    public_url: str
    backdate: timedelta
    ocsp_lifetime: timedelta
    ocsp_presigned: tuple[str, ...]
    ocsp_answers_kept: int
    crl_lifetime: timedelta
    crl_shards: int
    crl_deltas: bool
    identity_certificates_max: int
    identity_window: timedelta
    tenant_certificates_per_minute: int
    renewal_window: timedelta
    quorums: Quorums
    approval_lifetime: timedelta
    second_opinion: str
    maintenance_interval_seconds: float

    def with_passphrase(self, passphrase: bytes) -> "Settings":
        """The same with a passphrase that was asked for at a prompt."""
        return replace(self, passphrase=passphrase)


def load(
    *, file: Path | None = None, environ: Mapping[str, str] | None = None, **given: object
) -> Settings:
    """Settings from what is given, else the environment, else a TOML file, else the defaults.

    Raises ConfigurationRefused, naming the setting and never its value.
    """
    written = _from_file(file) if file is not None else {}
    for secret in ("passphrase", "pkcs11_pin"):
        if secret in written:
            raise ConfigurationRefused(f"{secret}: not in a settings file; name a {secret}_file")
    told = _from_environment(os.environ if environ is None else environ)
    try:
        raw = RawSettings.model_validate({**written, **told, **given})
    except ValidationError as bad:
        # The errors' texts would hold the values, and one of them is secret.
        names = sorted({".".join(map(str, error["loc"])) for error in bad.errors()})
        raise ConfigurationRefused(f"unknown or out of bounds: {', '.join(names)}") from None
    return validate(raw)


def validate(raw: RawSettings) -> Settings:
    """The frozen settings of raw ones; ConfigurationRefused where they contradict themselves."""
    parts = urlsplit(raw.public_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationRefused("public_url: not an http or https address without a query")
    passphrase = _secret("passphrase", raw.passphrase, raw.passphrase_file)
    return Settings(
        database_url=raw.database_url,
        migrate_at_start=raw.migrate_at_start,
        key_directory=raw.key_directory,
        passphrase=passphrase,
        token=_token(raw),
        signatures_per_minute_max=raw.signatures_per_minute_max,
        public_url=raw.public_url.rstrip("/"),
        backdate=timedelta(seconds=raw.backdate_seconds),
        ocsp_lifetime=timedelta(seconds=raw.ocsp_lifetime_seconds),
        ocsp_answers_kept=raw.ocsp_answers_kept,
        ocsp_presigned=_hash_algorithms(raw.ocsp_presigned),
        crl_lifetime=timedelta(seconds=raw.crl_lifetime_seconds),
        crl_shards=raw.crl_shards,
        crl_deltas=raw.crl_deltas,
        identity_certificates_max=raw.identity_certificates_max,
        identity_window=timedelta(seconds=raw.identity_window_seconds),
        tenant_certificates_per_minute=raw.tenant_certificates_per_minute,
        renewal_window=timedelta(days=raw.renewal_window_days),
        quorums=parse_quorums(raw.approvals),
        approval_lifetime=timedelta(hours=raw.approval_lifetime_hours),
        second_opinion=raw.second_opinion,
        maintenance_interval_seconds=raw.maintenance_interval_seconds,
    )


def _hash_algorithms(written: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().lower() for name in written.split(",")))
    if names == ("",):
        return ()
    if not CERT_ID_HASHES.issuperset(names):
        raise ConfigurationRefused(f"ocsp_presigned: of {', '.join(sorted(CERT_ID_HASHES))}")
    return names


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }


def _from_file(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            octets = file.read(FILE_OCTETS_MAX + 1)
        if len(octets) > FILE_OCTETS_MAX:
            raise ConfigurationRefused("the settings file is too large")
        return tomllib.loads(octets.decode())
    except OSError as bad:
        raise ConfigurationRefused(f"the settings file: {bad.strerror}") from bad
    except ValueError as bad:
        raise ConfigurationRefused("the settings file is not TOML") from bad


def _token(raw: RawSettings) -> TokenSettings | None:
    pin = _secret("pkcs11_pin", raw.pkcs11_pin, raw.pkcs11_pin_file)
    if raw.key_store == "files":
        return None
    if raw.pkcs11_module is None or raw.pkcs11_token is None or not pin:
        raise ConfigurationRefused(
            "key_store pkcs11: pkcs11_module, pkcs11_token and pkcs11_pin_file belong to it"
        )
    try:
        decoded = pin.decode()
    except UnicodeDecodeError as bad:
        raise ConfigurationRefused("pkcs11_pin_file: not UTF-8") from bad
    return TokenSettings(
        module=raw.pkcs11_module,
        label=raw.pkcs11_token,
        pin=decoded,
        import_allowed=raw.pkcs11_import_allowed,
        wait_seconds=raw.signer_wait_seconds,
    )


def _secret(name: str, itself: SecretStr | None, path: Path | None) -> bytes | None:
    """A secret that is given as itself or by the first line of a file; None where it is not."""
    if path is None:
        return None if itself is None else itself.get_secret_value().encode()
    if itself is not None:
        raise ConfigurationRefused(f"{name}: given twice, as itself and as a file")
    try:
        with path.open("rb") as file:
            octets = file.read(PASSPHRASE_OCTETS_MAX + 1)
    except OSError as bad:
        raise ConfigurationRefused(f"{name}_file: {bad.strerror}") from bad
    if len(octets) > PASSPHRASE_OCTETS_MAX:
        raise ConfigurationRefused(f"{name}_file: too large")
    first, _, _ = octets.partition(b"\n")
    return first.removesuffix(b"\r")
