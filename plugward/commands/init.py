"""``plugward init``."""

from typing import Annotated

import typer

from certs.edition import Edition
from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from plugward import clock, home, inputs, options, terminal
from plugward.configuration import PASSPHRASE_VARIABLE
from plugward.exit_codes import ExitCode
from plugward.founding import CONTRACTS_MAX, Wishes, found


def run(
    directory: Annotated[
        str | None, typer.Argument(metavar="DIR", help="a new directory; else ./plugward-world")
    ] = None,
    *,
    edition: Annotated[Edition, typer.Option(help="of ISO 15118")] = Edition.ISO_2,
    contracts: Annotated[
        int, typer.Option(min=1, max=CONTRACTS_MAX, help="how many contracts to issue")
    ] = 3,
    pki_url: Annotated[
        str, typer.Option(help="where the PKI will be reached; written into certificates")
    ] = "http://127.0.0.1:8081",
    seed: Annotated[
        str | None,
        typer.Option(help="grow the same keys again from this text: for tests, never for trust"),
    ] = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Grow a whole V2G world for development and keep it in a new directory.

    Roots, sub-CAs, OCSP signers, a charger, a vehicle and contracts; a database for each house;
    private keys in encrypted files. The passphrase comes from --passphrase-file or
    PLUGWARD_PKI_PASSPHRASE; else a fresh one is kept in the directory, mode 0600. The two API keys
    are printed this once.
    """
    founded = found(
        Wishes(
            directory=home.directory(directory),
            edition=edition,
            contracts=contracts,
            pki_url=pki_url.rstrip("/"),
            clock=clock.now_exactly,
            seed=seed,
            passphrase=inputs.secret(file=passphrase_file, variable=PASSPHRASE_VARIABLE),
        )
    )
    emaids = [contract.certificate.common_name or "" for contract in founded.contracts]
    place = str(founded.home.directory)
    if as_json:
        terminal.data_json(
            {
                "home": place,
                "edition": edition.value,
                "contracts": emaids,
                "pkiUrl": pki_url.rstrip("/"),
                "pkiApiKey": founded.pki_key,
                "authzApiKey": founded.authz_key,
            }
        )
    else:
        terminal.pairs(
            [
                ("home", place),
                ("edition", edition.value),
                (
                    "authorities",
                    str(len(CERTIFICATE_AUTHORITIES & {one.role for one in founded.world})),
                ),
                ("contracts", ", ".join(emaids[:5]) + (" …" if len(emaids) > 5 else "")),
                ("PKI API key", founded.pki_key),
                ("authz API key", founded.authz_key),
            ]
        )
    terminal.say("the API keys are shown this once")
    terminal.say(f"next: plugward serve{'' if directory is None else f' --home {directory}'}")
    return ExitCode.YES
