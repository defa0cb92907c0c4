"""``plugward approval revoke``."""

from typing import Annotated

import typer

from plugward import inputs, options, reading
from plugward.approvals import announce
from plugward.desk import open_desk
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="the authority's certificate")],
    *,
    reason: Annotated[
        str, typer.Option(metavar="WORD", help="of RFC 5280, as cACompromise")
    ] = "unspecified",
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Ask for an authority's end; it is revoked when enough others have approved."""
    certificate = inputs.certificates(file)[0]
    issuer = certificate.authority_key_id
    if issuer is None and certificate.self_issued:
        issuer = certificate.subject_key_id
    if issuer is None:
        raise Complaint(f"{file} does not name its issuer's key", exit_code=ExitCode.MALFORMED)
    wanted = {
        "issuer_key_id": issuer.hex(),
        "serial": reading.serial(certificate.serial),
        "reason": reason,
    }
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        told = desk.ask("POST", "/v1/requests/revocations", wanted)
    announce(told, as_json=as_json)
    return ExitCode.YES
