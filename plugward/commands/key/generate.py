"""``plugward key generate``."""

from typing import Annotated

import typer

from certs.edition import Edition
from certs.keys import SIGNING_KEYS, KeyKind
from certs.profiles.rules import Role
from plugward import options, terminal
from plugward.custodian import ACTOR, custody, facts
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

_USUAL = {Edition.ISO_2: KeyKind.P256, Edition.ISO_20: KeyKind.P521}


def run(
    *,
    role: Annotated[Role, typer.Option(help="what the key is to sign as")],
    reason: options.Reason,
    edition: Annotated[Edition, typer.Option(help="of ISO 15118")] = Edition.ISO_2,
    kind: Annotated[
        KeyKind | None, typer.Option(help="of the edition's; else P-256 for -2, P-521 for -20")
    ] = None,
    directory: options.Home = None,
    pki_settings: options.PkiSettings = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Make a private key where it will live: in a token, or in an encrypted file.

    The role binds it: a key signs what its role may issue, and nothing else.
    """
    chosen = kind or _USUAL[edition]
    if chosen not in SIGNING_KEYS[edition]:
        fit = ", ".join(sorted(each.value for each in SIGNING_KEYS[edition]))
        raise Complaint(f"{edition.value} has no {chosen.value} keys", hint=f"--kind {fit}")
    with custody(directory, pki_settings, passphrase_file) as custodian:
        kept = custodian.generate(chosen, role=role, by=ACTOR, reason=reason)
    if as_json:
        terminal.data_json(facts(kept))
    else:
        terminal.pairs([("key id", kept.key_id), ("kind", chosen.value), ("role", kept.role)])
    return ExitCode.YES
