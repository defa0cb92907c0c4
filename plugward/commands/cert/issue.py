"""``plugward cert issue``."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from certs import names, pem
from certs.edition import Edition
from certs.keys import KeyKind
from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from certs.profiles.rules import Role
from plugward import bundles, home, inputs, options, reading, terminal
from plugward.approvals import announce
from plugward.authority import Order, reached, request_of
from plugward.desk import open_desk
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode
from plugward.new_key import NewKey

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
    pkcs12: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="make a key and keep it with its chain in this new file"),
    ] = None,
    pkcs12_passphrase_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="a file whose first line seals it")
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
    again: options.Again = False,
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

    A key made here is in its file before it is asked for, and goes only where the authority
    declined. After silence it stays, and --again asks for the certificate it may have by now.

    For the role of an authority a request is made instead, which others have to approve
    (`plugward approval`); the authority's key is made where the others are.
    """
    if role in CERTIFICATE_AUTHORITIES:
        if common_name is None or any((csr, new_key, pkcs12)):
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
            told = desk.ask("POST", "/v1/requests/authorities", wanted)
        announce(told, as_json=as_json)
        return ExitCode.YES
    key_file = new_key or pkcs12
    if sum(option is not None for option in (csr, new_key, pkcs12)) != 1:
        raise Complaint(
            "either --csr, --new-key or --pkcs12", hint="a request, or a file for a fresh key"
        )
    if csr is None and common_name is None:
        raise Complaint("a fresh key has no name yet", hint="--common-name")
    passphrase = None if pkcs12 is None else bundles.passphrase_of(pkcs12_passphrase_file)
    if out is not None and Path(out).exists():
        raise Complaint(f"{out} is there already", hint="nothing is overwritten")
    new: NewKey | None = None
    if csr is not None:
        request = inputs.read(csr).decode("utf-8", "replace")
    else:
        kind = _KEY_KINDS[edition]
        new = NewKey.prepare(key_file or "", kind, passphrase=passphrase, again=again)
        request = request_of(new.key, common_name or "")
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
    with (
        reached(
            directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
        ) as authority,
        nullcontext() if new is None else new.asking(),
    ):
        chain = authority.issue_again(order) if again else authority.issue(order)
    if new is not None and pkcs12 is not None and passphrase is not None:
        sealed = bundles.pkcs12_octets(order.common_name or "", new.key, chain, passphrase)
        bundles.replace(Path(pkcs12), sealed)
    text = pem.encode(chain)
    if out is not None:
        home.write(Path(out), text)
    if as_json:
        facts = reading.facts(chain[0])
        terminal.data_json({**facts, "chain": text, "keyFile": key_file})
    elif out is None:
        terminal.data_pem(text)
    leaf = chain[0]
    terminal.say(f"issued {names.text(leaf.subject)}, serial {reading.serial(leaf.serial)}")
    return ExitCode.YES
