"""Which place keeps the private keys, as settings say."""

from pathlib import Path
from typing import Protocol

from pki.errors import ConfigurationRefused
from pki.signing.software import KeyFiles
from pki.signing.store import Custody, KeyStore


class Place(KeyStore, Custody, Protocol):
    """A place that keeps keys, whole."""


def open_files(directory: Path, passphrase: bytes | None) -> Place:
    """Encrypted files; ConfigurationRefused without a passphrase."""
    if passphrase is None:
        raise ConfigurationRefused("no passphrase for the key files is given")
    return KeyFiles(directory, passphrase)


def open_token(
    *, module: Path, label: str, pin: str, import_allowed: bool, wait_seconds: float
) -> Place:
    """A PKCS#11 token, not yet opened; ConfigurationRefused where it cannot be spoken to."""
    try:
        from pki.signing.pkcs11 import TokenKeys  # noqa: PLC0415 - an optional dependency
        from pki.signing.token import TokenPlace  # noqa: PLC0415 - the same
    except ModuleNotFoundError as bad:
        if bad.name != "pkcs11":
            raise
        raise ConfigurationRefused(
            "key_store pkcs11 needs python-pkcs11: pip install plugward[pkcs11]"
        ) from bad
    if not module.is_file():
        raise ConfigurationRefused("pkcs11_module: no such file")
    return TokenKeys(
        TokenPlace(
            module=module,
            token=label,
            pin=pin,
            import_allowed=import_allowed,
            wait_seconds=wait_seconds,
        )
    )
