"""``plugward cert revoke``."""

from typing import Annotated

import typer

from certs.errors import MalformedCertificate
from plugward import inputs, options, reading, terminal
from plugward.authority import reached
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


def _named(file: str | None, issuer: str | None, number: str | None) -> tuple[str, int]:
    """The issuer's key id and the serial of what is to be revoked."""
    if file is not None and issuer is None and number is None:
        certificate = inputs.certificates(file)[0]
        key_id = certificate.authority_key_id
        if key_id is None:
            raise MalformedCertificate("it does not name its issuer's key")
        return key_id.hex(), certificate.serial
    if file is None and issuer is not None and number is not None:
        try:
            return issuer.lower(), int(number, 16)
        except ValueError as bad:
            raise Complaint(f"{number} is no serial number", hint="hexadecimal") from bad
    raise Complaint("either a certificate, or --issuer and --serial")


def run(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="its certificate, or a chain it leads")
    ] = None,
    *,
    issuer: Annotated[
        str | None, typer.Option(metavar="KEYID", help="the issuer's key id, hexadecimal")
    ] = None,
    number: Annotated[
        str | None, typer.Option("--serial", metavar="HEX", help="the serial number")
    ] = None,
    reason: Annotated[
        str, typer.Option(metavar="WORD", help="of RFC 5280, as keyCompromise")
    ] = "unspecified",
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Revoke a certificate, for good: OCSP answers so at once, the next CRL lists it.

    Revoking again changes nothing; the first reason and moment are printed.
    """
    key_id, found = _named(file, issuer, number)
    with reached(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as authority:
        standing = authority.revoke(key_id, found, reason)
    if as_json:
        terminal.data_json(
            {
                "issuerKeyId": key_id,
                "serialNumber": reading.serial(found),
                "reason": standing.reason,
                "revokedAt": standing.revoked_at,
            }
        )
    else:
        terminal.pairs(
            [
                ("serial", reading.serial(found)),
                ("revoked at", standing.revoked_at),
                ("reason", standing.reason),
            ]
        )
    return ExitCode.YES
