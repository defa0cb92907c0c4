"""``plugward key import``."""

from typing import Annotated

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)

from certs.errors import Malformed
from certs.keys import SIGNATURE_ALGORITHMS, PrivateKey, kind_of
from certs.profiles.rules import Role
from plugward import inputs, options, terminal
from plugward.custodian import ACTOR, custody
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

_VARIABLE = "PLUGWARD_IMPORT_PASSPHRASE"


def read(octets: bytes, passphrase: bytes | None) -> PrivateKey:
    """A private key in PKCS #8 or SEC 1, PEM or DER; Malformed, or a complaint."""
    load = load_pem_private_key if octets.lstrip().startswith(b"-----") else load_der_private_key
    try:
        key = load(octets, passphrase)
    except TypeError as bad:  # the library's way to say that a passphrase is missing, or needless
        needed = passphrase is None
        raise Complaint(
            "the file is encrypted" if needed else "the file is not encrypted",
            hint=f"--file-passphrase-file FILE, or {_VARIABLE}" if needed else "no passphrase then",
        ) from bad
    except (ValueError, UnsupportedAlgorithm) as bad:
        raise Malformed("no private key, or another passphrase") from bad
    kinds = (ec.EllipticCurvePrivateKey, ed448.Ed448PrivateKey)
    if not isinstance(key, kinds) or kind_of(key) not in SIGNATURE_ALGORITHMS:
        raise Malformed("no kind of key that signs in a V2G PKI")
    return key


def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="PKCS #8 or SEC 1, PEM or DER")],
    *,
    role: Annotated[Role, typer.Option(help="what the key is to sign as")],
    reason: options.Reason,
    file_passphrase_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="a file whose first line opens FILE")
    ] = None,
    directory: options.Home = None,
    pki_settings: options.PkiSettings = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Take in a private key that has lived elsewhere.

    A token takes none unless pkcs11_import_allowed is set: whoever had the key before may still
    have it. The file is left where it is.
    """
    opening = inputs.secret(file=file_passphrase_file, variable=_VARIABLE)
    octets = inputs.read(file)
    with custody(directory, pki_settings, passphrase_file) as custodian:
        key = read(octets, None if opening is None else opening.encode())
        key_id = custodian.take_in(key, role=role, by=ACTOR, reason=reason)
    kind = kind_of(key).value
    if as_json:
        terminal.data_json({"keyId": key_id, "role": role.value, "kind": kind})
    else:
        terminal.pairs([("key id", key_id), ("kind", kind), ("role", role.value)])
    terminal.say(f"{file} still holds the key: destroy it, and its copies")
    return ExitCode.YES
