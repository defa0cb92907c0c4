"""``plugward key rotate``."""

from base64 import encodebytes
from pathlib import Path
from typing import Annotated

import typer

from plugward import home, inputs, options, terminal
from plugward.custodian import ACTOR, custody
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

_VARIABLE = "PLUGWARD_NEW_PASSPHRASE"


def _armoured(request: bytes) -> str:
    body = encodebytes(request).decode("ascii").replace("\n", "")
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    name = "CERTIFICATE REQUEST"
    return "\n".join((f"-----BEGIN {name}-----", *lines, f"-----END {name}-----", ""))


def run(
    which: Annotated[
        str | None, typer.Argument(metavar="KEYID", help="a key that is in use")
    ] = None,
    *,
    reason: options.Reason,
    new_passphrase_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="instead: seal all key files under its first line"),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="a new file for the request, not stdout")
    ] = None,
    directory: options.Home = None,
    pki_settings: options.PkiSettings = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Give a key its successor, or the key files another passphrase.

    An OCSP signer's successor is certified by its authority and answers from now on. An
    authority's comes with a certification request, which those above it certify. The old key
    stays until `plugward key destroy`.
    """
    if (which is None) is (new_passphrase_file is None):
        raise Complaint("either a key, or --new-passphrase-file")
    if out is not None and Path(out).exists():
        raise Complaint(f"{out} is there already", hint="nothing is overwritten")
    if which is None:
        return _reseal(
            new_passphrase_file, reason, (directory, pki_settings, passphrase_file), as_json=as_json
        )
    with custody(directory, pki_settings, passphrase_file) as custodian:
        new = custodian.rotate(which.lower(), by=ACTOR, reason=reason)
    text = None if new.request is None else _armoured(new.request)
    if out is not None and text is not None:
        home.write(Path(out), text)
    if as_json:
        terminal.data_json({"keyId": which.lower(), "successor": new.key_id, "request": text})
    elif text is None:
        terminal.pairs([("key id", which.lower()), ("successor", new.key_id)])
    elif out is None:
        terminal.data_pem(text)
    terminal.say(f"{new.key_id} succeeds {which.lower()}")
    if text is not None:
        terminal.say("next: have the request certified, and take the new authority in")
    return ExitCode.YES


def _reseal(
    file: str | None,
    reason: str,
    where: tuple[str | None, str | None, str | None],
    *,
    as_json: bool,
) -> int:
    new = inputs.secret(file=file, variable=_VARIABLE)
    if new is None:
        raise Complaint("no new passphrase", hint="--new-passphrase-file FILE")
    with custody(*where) as custodian:
        changed = custodian.change_passphrase(new.encode(), by=ACTOR, reason=reason)
    if as_json:
        terminal.data_json({"changed": list(changed)})
    else:
        terminal.pairs([("key files", str(len(changed)))])
    terminal.say("next: put the new passphrase where passphrase_file is, and restart what serves")
    return ExitCode.YES
