"""``plugward cert renew``."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from certs import names, pem
from plugward import home, inputs, options, reading, terminal
from plugward.authority import request_of
from plugward.desk import open_desk
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode
from plugward.new_key import NewKey


def run(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="the certificate, or a chain that it leads")
    ],
    *,
    csr: Annotated[
        str | None, typer.Option(metavar="FILE", help="a PKCS #10 request for its next key")
    ] = None,
    new_key: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="make its next key and keep it in this new file"),
    ] = None,
    again: options.Again = False,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="a new file for the chain, not stdout")
    ] = None,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
) -> int:
    """Have a certificate's successor issued: same subject and profile, a new key or its own.

    The old certificate stays valid to its end, or until `plugward cert revoke` with the reason
    superseded. Asked again with the same request, the same successor is given; with --again for
    the key that an unanswered attempt left, too.
    """
    if (csr is None) is (new_key is None):
        raise Complaint("either --csr or --new-key", hint="a request, or a file for a fresh key")
    if out is not None and Path(out).exists():
        raise Complaint(f"{out} is there already", hint="nothing is overwritten")
    old = inputs.certificates(file)[0]
    if old.authority_key_id is None:
        raise Complaint(f"{file} does not name its issuer's key", exit_code=ExitCode.MALFORMED)
    new: NewKey | None = None
    if csr is not None:
        request = inputs.read(csr).decode("utf-8", "replace")
    else:
        new = NewKey.prepare(new_key or "", old.key_kind, again=again)
        request = request_of(new.key, old.common_name or "")
    path = f"/v1/certificates/{old.authority_key_id.hex()}/{reading.serial(old.serial)}/renew"
    with (
        open_desk(
            directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
        ) as desk,
        nullcontext() if new is None else new.asking(),
    ):
        told = desk.ask("POST", path, {"csr": request})
        chain = pem.parse_chain(str(told["chain"]))
    if out is None:
        terminal.data_pem(pem.encode(chain))
    else:
        home.write(Path(out), pem.encode(chain))
    leaf = chain[0]
    terminal.say(f"renewed {names.text(leaf.subject)}, serial {reading.serial(leaf.serial)}")
    return ExitCode.YES
