"""A private key with its certificates in files: PEM, or PKCS #12 under a passphrase."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from certs import pem
from certs.certificate import Certificate
from certs.keys import PrivateKey
from plugward import home, inputs
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

PASSPHRASE_VARIABLE = "PLUGWARD_PKCS12_PASSPHRASE"  # noqa: S105 - the name of a variable
_PRIVATE = 0o600


class Form(Enum):
    """How key and certificates are kept."""

    PEM = "pem"  # the chain, and the key in a file of its own
    PKCS12 = "pkcs12"  # one file, under a passphrase


@dataclass(frozen=True, slots=True)
class Bundles:
    """Where the keys and certificates of several names go.

    A key is in a file before anybody certifies it, and is found there when the work is begun
    again; under a passphrase where the bundle will be.
    """

    directory: Path
    form: Form
    passphrase: bytes | None = field(default=None, repr=False)

    def finished(self, name: str) -> Path:
        """The file that is there once the name has its certificate."""
        return self.directory / f"{name}{'.p12' if self.form is Form.PKCS12 else '.pem'}"

    def key_file(self, name: str) -> Path:
        return self.directory / f"{name}.key"

    def key(self, name: str) -> PrivateKey | None:
        """The key that an earlier attempt left; a complaint where it does not open."""
        path = self.key_file(name)
        return read_key(path, self.passphrase) if path.exists() else None

    def keep_key(self, name: str, key: PrivateKey) -> None:
        """Writes a fresh key, mode 0600."""
        write_key(self.key_file(name), key, self.passphrase)

    def finish(self, name: str, key: PrivateKey | None, chain: Sequence[Certificate]) -> None:
        """Writes the certificates, beside the key or with it; whole or not at all."""
        path = self.finished(name)
        if self.form is Form.PKCS12 and key is not None and self.passphrase is not None:
            replace(path, pkcs12_octets(name, key, chain, self.passphrase))
            self.key_file(name).unlink(missing_ok=True)
        else:
            replace(path, pem.encode(chain).encode("ascii"), mode=0o644)


def passphrase_of(file: str | None) -> bytes:
    """The passphrase of PKCS #12 files: from a file, the environment or a prompt."""
    found = inputs.secret(file=file, variable=PASSPHRASE_VARIABLE, prompt="PKCS #12 passphrase")
    if found is None:
        raise Complaint(
            "no passphrase for PKCS #12",
            hint=f"--pkcs12-passphrase-file FILE, or {PASSPHRASE_VARIABLE} in the environment",
        )
    return found.encode()


def pkcs12_octets(
    name: str, key: PrivateKey, chain: Sequence[Certificate], passphrase: bytes
) -> bytes:
    """A PKCS #12 file (RFC 7292) of a key, its certificate and those above it."""
    leaf, *above = (x509.load_der_x509_certificate(each.der) for each in chain)
    return pkcs12.serialize_key_and_certificates(
        name.encode(), key, leaf, above or None, _sealed(passphrase)
    )


def write_key(path: Path, key: PrivateKey, passphrase: bytes | None) -> None:
    """A new file with a private key in PKCS #8, under a passphrase where one is given; 0600."""
    sealed = NoEncryption() if passphrase is None else _sealed(passphrase)
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    home.write_secret(path, octets.decode("ascii"))


def read_key(path: Path, passphrase: bytes | None) -> PrivateKey:
    """The key that write_key() wrote; a complaint where it does not open."""
    try:
        key = load_pem_private_key(inputs.read(str(path)), passphrase)
    except (ValueError, TypeError) as bad:
        raise Complaint(f"{path} does not open", hint="the passphrase it was made with?") from bad
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey):
        raise Complaint(f"{path} holds another kind of key", exit_code=ExitCode.MALFORMED)
    return key


def _sealed(passphrase: bytes) -> BestAvailableEncryption:
    return BestAvailableEncryption(passphrase)


def replace(path: Path, octets: bytes, *, mode: int = _PRIVATE) -> None:
    """A file with these octets, whole or as it was before."""
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, made with its mode
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
