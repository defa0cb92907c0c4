"""The directory that holds a V2G world: settings, databases, keys, anchors, contracts."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs import pem
from certs.certificate import Certificate
from certs.keys import PrivateKey
from plugward.errors import Complaint

DEFAULT = Path("plugward-world")
PASSPHRASE_OCTETS = 24  # of randomness
TENANT = "default"  # whom everything in a home belongs to
_SECRET = 0o600
_PUBLIC = 0o644


@dataclass(frozen=True, slots=True)
class Home:
    """Where things are in such a directory."""

    directory: Path

    @property
    def pki_settings(self) -> Path:
        return self.directory / "pki.toml"

    @property
    def authz_settings(self) -> Path:
        return self.directory / "authz.toml"

    @property
    def passphrase(self) -> Path:
        return self.directory / "passphrase"

    @property
    def keys(self) -> Path:
        return self.directory / "keys"

    @property
    def anchors(self) -> Path:
        return self.directory / "anchors"

    @property
    def leaves(self) -> Path:
        return self.directory / "leaves"


def write(path: Path, text: str, *, mode: int = _PUBLIC) -> None:
    """A new file with a mode from its first moment; a complaint where one is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as there:
        raise Complaint(f"{path} is there already", hint="nothing is overwritten") from there
    except OSError as bad:
        raise Complaint(f"{path}: {(bad.strerror or 'cannot be written').lower()}") from bad
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, made with its mode
        file.write(text)


def write_secret(path: Path, text: str) -> None:
    """A new file that its owner alone reads."""
    write(path, text, mode=_SECRET)


def write_key(path: Path, key: PrivateKey) -> None:
    """A new file with a private key in PKCS #8, for whoever is to hold it; mode 0600."""
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_secret(path, octets.decode("ascii"))


def write_certificates(path: Path, *certificates: Certificate) -> None:
    """A new file with a PEM bundle."""
    write(path, pem.encode(certificates))


def fresh_passphrase() -> str:
    """A passphrase nobody can guess."""
    return secrets.token_urlsafe(PASSPHRASE_OCTETS)


def toml(values: Mapping[str, str | list[dict[str, str]]]) -> str:
    """Settings as TOML: strings, and lists of tables of strings."""
    # TOML's basic strings take the escapes that JSON writes (TOML 1.0, String).
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
        if isinstance(value, str)
    ]
    for name, tables in values.items():
        for table in tables if isinstance(tables, list) else ():
            lines += ["", f"[[{name}]]"]
            lines += [
                f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()
            ]
    return "\n".join(lines) + "\n"


def directory(given: str | None) -> Path:
    """The home directory of ``--home``, else the usual one beside where the command runs."""
    return (DEFAULT if given is None else Path(given)).resolve()
