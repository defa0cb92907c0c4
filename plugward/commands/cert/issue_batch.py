"""``plugward cert issue-batch``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from certs import keys, pem
from certs.edition import Edition
from certs.keys import KeyKind, PrivateKey
from certs.profiles.rules import Role
from plugward import options, orders, terminal
from plugward.authority import request_of
from plugward.bundles import Bundles, Form, passphrase_of
from plugward.desk import Desk, open_desk
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode
from plugward.orders import Line
from plugward.terminal import progress

BATCH = 100  # certificates in one transaction; a service answers so many well within a second
_KEY_KINDS = {Edition.ISO_2: KeyKind.P256, Edition.ISO_20: KeyKind.P521}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What all certificates of a batch have in common, and what came of it so far."""

    role: Role
    edition: Edition
    bundles: Bundles
    issued: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)


def run(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="a .csv or .jsonl list: common_name, csr, …")
    ],
    *,
    role: Annotated[Role, typer.Option(help="what the certificates are for")],
    out: Annotated[str, typer.Option(metavar="DIR", help="where keys and certificates go")],
    edition: Annotated[Edition, typer.Option(help="of ISO 15118")] = Edition.ISO_2,
    form: Annotated[Form, typer.Option("--format", help="of what is written")] = Form.PEM,
    pkcs12_passphrase_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="a file whose first line seals PKCS #12")
    ] = None,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Have many certificates issued: for requests, or for keys made here.

    What is there already is left as it is, so that the same command goes on where it was
    interrupted: a key is written before it is certified, and the authority gives the certificate
    that stands for it again. Refused lines are told at the end and hold nobody up.
    """
    lines = orders.read(file)
    if form is Form.PKCS12 and any(line.csr is not None for line in lines):
        raise Complaint("PKCS #12 holds keys, and a request's is elsewhere", hint="--format pem")
    place = Path(out)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as bad:
        raise Complaint(f"{out}: {(bad.strerror or 'no').lower()}") from bad
    passphrase = passphrase_of(pkcs12_passphrase_file) if form is Form.PKCS12 else None
    work = _Work(role=role, edition=edition, bundles=Bundles(place, form, passphrase))
    missing = [line for line in lines if not work.bundles.finished(line.file_name).exists()]
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        for batch in progress(list(_batches(missing)), "certificates", weight=len):
            _issue(batch, work, desk)
    found = len(lines) - len(missing)
    if as_json:
        terminal.data_json({"issued": work.issued, "found": found, "refused": work.refused})
    else:
        terminal.table([(one["common_name"], one["code"], one["detail"]) for one in work.refused])
    terminal.say(f"{len(work.issued)} issued, {found} there before, {len(work.refused)} refused")
    return ExitCode.NO if work.refused else ExitCode.YES


def _batches(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for at in range(0, len(lines), BATCH):
        yield lines[at : at + BATCH]


def _issue(batch: Sequence[Line], work: _Work, desk: Desk) -> None:
    own = [None if line.csr is not None else _key(line, work) for line in batch]
    forms = [
        {
            "role": work.role.value,
            "edition": work.edition.value,
            "csr": line.csr if key is None else request_of(key, line.common_name),
            "common_name": line.common_name,
            "organization": line.organization,
            "country": line.country,
        }
        for line, key in zip(batch, own, strict=True)
    ]
    told: Any = desk.ask("POST", "/v1/certificates/batch", {"requests": forms})
    for line, key, outcome in zip(batch, own, told["outcomes"], strict=True):
        if outcome["issued"] is None:
            work.refused.append({"common_name": line.common_name, **outcome["refused"]})
        else:
            chain = pem.parse_chain(outcome["issued"]["chain"])
            work.bundles.finish(line.file_name, key, chain)
            work.issued.append(line.common_name)


def _key(line: Line, work: _Work) -> PrivateKey:
    key = work.bundles.key(line.file_name)
    if key is None:
        key = keys.generate(_KEY_KINDS[work.edition])
        work.bundles.keep_key(line.file_name, key)  # before there is a certificate that needs it
    return key
