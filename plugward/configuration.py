"""Where both houses' settings come from, and the houses made of them."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy.engine import make_url

import authz.settings
import pki.settings
from authz.app import create_app as create_authz
from authz.outbound_rule import Target
from authz.remote_service import RemoteService
from authz.sources import RevocationSource
from certs.profiles.rules import Role
from pki.app import create_app as create_pki
from pki.quorums import tell_quorums
from plugward import clock, inputs, settings
from plugward.errors import Complaint
from plugward.home import Home

PASSPHRASE_VARIABLE = f"{pki.settings.ENVIRONMENT_PREFIX}PASSPHRASE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """A home directory, and settings files that come before its own."""

    home: Path
    pki: str | None = None
    authz: str | None = None


def _file(given: str | None, of_home: Path, *, prefix: str) -> Path | None:
    """The settings file; None where the environment alone is to do, a complaint without either."""
    if given is not None:
        return Path(given)
    if of_home.is_file():
        return of_home
    if settings.mentions(prefix):
        return None
    raise Complaint(
        f"{of_home.parent} holds no world",
        hint=f"plugward init, or settings by file or by {prefix}… variables",
    )


def pki_settings(
    places: Places, passphrase_file: str | None, *, ask: bool = True
) -> pki.settings.Settings:
    """The PKI's settings, with the passphrase of its key files.

    The passphrase comes from the settings, the given file, the environment, or the terminal.
    Raises ConfigurationRefused; a complaint where nobody gives a passphrase and ``ask`` is set.
    """
    file = _file(places.pki, Home(places.home).pki_settings, prefix=pki.settings.ENVIRONMENT_PREFIX)
    loaded = pki.settings.load(file=file)
    if loaded.token is not None:
        return loaded  # no key files, no passphrase
    if passphrase_file is None and (loaded.passphrase is not None or not ask):
        return loaded
    passphrase = inputs.secret(
        file=passphrase_file, variable=PASSPHRASE_VARIABLE, prompt="passphrase of the key files"
    )
    if passphrase is None:
        raise Complaint(
            "no passphrase for the key files",
            hint=f"--passphrase-file FILE, or {PASSPHRASE_VARIABLE} in the environment",
        )
    return loaded.with_passphrase(passphrase.encode())


def authz_settings(places: Places) -> authz.settings.Settings:
    """The authorization service's settings. Raises Refused."""
    file = _file(
        places.authz, Home(places.home).authz_settings, prefix=authz.settings.ENVIRONMENT_PREFIX
    )
    return authz.settings.load(file=file)


def pki_app(loaded: pki.settings.Settings) -> FastAPI:
    """The PKI, put together and not yet awake."""
    return create_pki(loaded, clock=clock.now_exactly)


def authz_app(loaded: authz.settings.Settings) -> FastAPI:
    """The authorization service, put together and not yet awake."""
    return create_authz(loaded, clock=clock.now_exactly)


def pki_lines(loaded: pki.settings.Settings) -> list[tuple[str, str]]:
    """The PKI's settings for people, without their secrets."""
    return [
        ("database_url", _redacted(loaded.database_url)),
        ("migrate_at_start", _word(yes=loaded.migrate_at_start)),
        *_key_lines(loaded),
        ("signatures_per_minute_max", str(loaded.signatures_per_minute_max)),
        ("public_url", loaded.public_url),
        ("backdate_seconds", f"{loaded.backdate.total_seconds():g}"),
        ("ocsp_lifetime_seconds", f"{loaded.ocsp_lifetime.total_seconds():g}"),
        ("crl_lifetime_seconds", f"{loaded.crl_lifetime.total_seconds():g}"),
        ("crl_shards", str(loaded.crl_shards)),
        ("crl_deltas", _word(yes=loaded.crl_deltas)),
        ("identity_certificates_max", str(loaded.identity_certificates_max)),
        ("identity_window_seconds", f"{loaded.identity_window.total_seconds():g}"),
        ("tenant_certificates_per_minute", str(loaded.tenant_certificates_per_minute)),
        ("renewal_window_days", str(loaded.renewal_window.days)),
        ("approvals", tell_quorums(loaded.quorums)),
        ("approval_lifetime_hours", f"{loaded.approval_lifetime.total_seconds() / 3600:g}"),
        ("second_opinion", loaded.second_opinion),
        ("maintenance_interval_seconds", f"{loaded.maintenance_interval_seconds:g}"),
    ]


def _key_lines(loaded: pki.settings.Settings) -> list[tuple[str, str]]:
    token = loaded.token
    if token is None:
        return [
            ("key_store", "files"),
            ("key_directory", str(loaded.key_directory)),
            ("passphrase", "given" if loaded.passphrase is not None else "asked for at start"),
        ]
    return [
        ("key_store", "pkcs11"),
        ("pkcs11_module", str(token.module)),
        ("pkcs11_token", token.label),
        ("pkcs11_pin", "given"),
        ("pkcs11_import_allowed", _word(yes=token.import_allowed)),
        ("signer_wait_seconds", f"{token.wait_seconds:g}"),
    ]


def authz_lines(loaded: authz.settings.Settings) -> list[tuple[str, str]]:
    """The authorization service's settings for people, without their secrets."""
    return [
        ("database_url", _redacted(loaded.database_url)),
        ("migrate_at_start", _word(yes=loaded.migrate_at_start)),
        ("trust_clock", _word(yes=loaded.trust_clock)),
        ("gather_deadline_seconds", f"{loaded.gather_deadline_seconds:g}"),
        ("source_deadline_seconds", f"{loaded.source_deadline_seconds:g}"),
        ("ocsp_hash", loaded.ocsp_hash.value),
        ("crl_bytes_max", str(loaded.crl_bytes_max)),
        ("prefetch_seconds", str(loaded.prefetch.seconds)),
        ("prefetch_days", str(loaded.prefetch.days)),
        ("prefetch_at_once", str(loaded.prefetch.at_once)),
        ("heartbeat_seconds", str(loaded.heartbeat_seconds)),
        ("contract_service", _service(loaded.contract_service)),
        ("certificate_authority", _service(loaded.certificate_authorities.get(Role.SECC))),
        (
            "station_authority",
            _service(loaded.certificate_authorities.get(Role.CHARGING_STATION)),
        ),
        ("station_operators", f"of {len(loaded.station_operators)} tenants"),
        ("secc_names", f"of {len(loaded.secc_names)} stations"),
        ("authority_files", f"{len(loaded.authorities)} certificates"),
        ("revocation_sources", "; ".join(map(_source, loaded.sources.by_issuer)) or "none"),
        ("allowed_urls", ", ".join(_url(r.prefix) for r in loaded.sources.allowed) or "none"),
        ("plain_station_networks", ", ".join(map(str, loaded.stations.plain)) or "none"),
        ("tls_proxy_networks", ", ".join(map(str, loaded.stations.proxies)) or "none"),
        ("station_revocation", loaded.stations.revocation.value),
    ]


def _redacted(database_url: str) -> str:
    return make_url(database_url).render_as_string(hide_password=True)


def _word(*, yes: bool) -> str:
    return "true" if yes else "false"


def _service(service: RemoteService | None) -> str:
    if service is None:
        return "none"
    return f"{service.base} {'with' if service.api_key else 'without'} a key"


def _url(target: Target) -> str:
    return f"{target.scheme}://{target.host_header}{target.path}"


def _source(source: RevocationSource) -> str:
    places = [_url(place[0]) for place in (source.ocsp, source.crl) if place is not None]
    return f"{source.issuer_key_id.hex()} {' '.join(places)}"
