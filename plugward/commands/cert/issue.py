"""``plugward cert issue``."""

from pathlib import Path
from typing import Annotated

import typer

from certs import keys, names, pem
from certs.edition import Edition
from certs.keys import KeyKind, PrivateKey
from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from certs.profiles.rules import Role
from plugward import home, inputs, options, reading, terminal
from plugward.approvals import announce
from plugward.authority import Order, reached, request_of
from plugward.desk import open_desk
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

_KEY_KINDS = {Edition.ISO_2: KeyKind.P256, Edition.ISO_20: KeyKind.P521}


def run(
    *,
    role: Annotated[Role, typer.Option(help="what the certificate is for")],
    common_name: Annotated[
        str | None, typer.Option(help="eMAID, PCID, EVSEID or SECCID; else the request's own")
    ] = None,
    csr: Annotated[
        str | None, typer.Option(metavar="FILE", help="a PKCS #10 request; - reads standard input")
    ] = None,
    new_key: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="make a key and keep it in this new file, mode 0600"),
    ] = None,
    edition: Annotated[Edition, typer.Option(help="of ISO 15118")] = Edition.ISO_2,
    organization: Annotated[str | None, typer.Option(help="O of the subject")] = None,
    country: Annotated[str | None, typer.Option(help="C of the subject, two letters")] = None,
    variant: Annotated[str, typer.Option(help="of the profile, where it has any")] = "",
    not_before: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="else the profile's")
    ] = None,
    not_after: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="else the profile's")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="a new file for the chain, not stdout")
    ] = None,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Have a certificate issued: for a request, or for a key made here.

    The authority is that of a home directory (`plugward init`), in this process, or the service at
    --url. The chain is printed as PEM, leaf first, root excluded.

    For the role of an authority a request is made instead, which others have to approve
    (`plugward approval`); the authority's key is made where the others are.
    """
    if role in CERTIFICATE_AUTHORITIES:
        if csr is not None or new_key is not None or common_name is None:
            raise Complaint(
                "an authority's key is made where its issuer's is",
                hint="--common-name, and neither --csr nor --new-key",
            )
        wanted = {
            "role": role.value,
            "edition": edition.value,
            "common_name": common_name,
            "organization": organization,
            "country": country,
        }
        with open_desk(
            directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
        ) as desk:
            told = desk.ask("POST", "/v1/approvals/authorities", wanted)
        announce(told, as_json=as_json)
        return ExitCode.YES
    if (csr is None) is (new_key is None):
        raise Complaint("either --csr or --new-key", hint="a request, or a file for a fresh key")
    if new_key is not None and common_name is None:
        raise Complaint("a fresh key has no name yet", hint="--common-name")
    for name in filter(None, (out, new_key)):
        if Path(name).exists():
            raise Complaint(f"{name} is there already", hint="nothing is overwritten")
    key: PrivateKey | None = None
    if csr is not None:
        request = inputs.read(csr).decode("utf-8", "replace")
    else:
        key = keys.generate(_KEY_KINDS[edition])
        request = request_of(key, common_name or "")
    order = Order(
        role=role,
        edition=edition,
        csr=request,
        common_name=common_name,
        organization=organization,
        country=country,
        variant=variant,
        not_before=None if not_before is None else inputs.moment(not_before),
        not_after=None if not_after is None else inputs.moment(not_after),
    )
    with reached(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as authority:
        if key is not None and new_key is not None:
            home.write_key(Path(new_key), key)  # before there is a certificate that needs it
        try:
            chain = authority.issue(order)
        except Exception:
            if new_key is not None:
                Path(new_key).unlink()  # nobody certified it
            raise
    text = pem.encode(chain)
    if out is not None:
        home.write(Path(out), text)
    if as_json:
        facts = reading.facts(chain[0])
        terminal.data_json({**facts, "chain": text, "keyFile": new_key})
    elif out is None:
        terminal.data_pem(text)
    leaf = chain[0]
    terminal.say(f"issued {names.text(leaf.subject)}, serial {reading.serial(leaf.serial)}")
    return ExitCode.YES
