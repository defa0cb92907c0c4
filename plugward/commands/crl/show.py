"""``plugward crl show``."""

from typing import Annotated

import typer

from certs import der, names
from certs.revocation import certificate_list, crl
from certs.revocation.status import Reason, RevocationStatus, Unknown
from plugward import crls, inputs, options, reading, revocation, terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


def _entries(listed: certificate_list.CertificateList) -> list[certificate_list.Entry]:
    at, stop = listed.entries
    entries = []
    while at < stop:
        end = der.tlv(listed.data, at, stop)[2]
        entries.append(certificate_list.read_entry(listed.data[at:end]))
        at = end
    return entries


def _reason(number: int | None) -> str:
    words = {reason.value: reason.word for reason in Reason}
    return "unspecified" if number is None else words.get(number, str(number))


def run(
    source: Annotated[
        str, typer.Argument(metavar="FILE|URL", help="DER or PEM; - reads standard input")
    ],
    *,
    issuer: Annotated[
        str | None, typer.Option(metavar="FILE", help="the issuing CA's certificate: verify by it")
    ] = None,
    certificate: Annotated[
        str | None, typer.Option(metavar="FILE", help="judge this certificate by the CRL")
    ] = None,
    at: options.At = None,
    as_json: options.Json = False,
) -> int:
    """Show what a CRL lists, and verify it where its issuer is given.

    With --certificate the exit status is the answer: 0 good, 1 revoked or unknown. Without it, 1
    where the CRL is not to be believed. Without --issuer nothing is verified.
    """
    if certificate is not None and issuer is None:
        raise Complaint("a CRL nobody verified judges nothing", hint="--issuer FILE")
    octets = crls.octets(source)
    listed = certificate_list.read(octets)
    entries = _entries(listed)
    now = inputs.moment(at)
    verified: crl.VerifiedCrl | Unknown | None = None
    status: RevocationStatus | None = None
    if issuer is None:
        terminal.say("not verified: no --issuer")
    else:
        verified = crl.read(octets, issuer=inputs.one_certificate(issuer), now=now)
        if isinstance(verified, Unknown):
            status = verified
        elif certificate is not None:
            status = verified.status_of(inputs.certificates(certificate)[0], now=now)
    if as_json:
        terminal.data_json(
            {
                "issuer": names.text(listed.issuer),
                "number": listed.number,
                "thisUpdate": reading.instant(listed.this_update),
                "nextUpdate": listed.next_update and reading.instant(listed.next_update),
                "verified": None if verified is None else not isinstance(verified, Unknown),
                "entries": [
                    {
                        "serialNumber": reading.serial(entry.serial),
                        "revokedAt": reading.instant(entry.revoked_at),
                        "reason": _reason(entry.reason),
                    }
                    for entry in entries
                ],
                "certificate": None if status is None else revocation.facts(status),
            }
        )
    else:
        terminal.pairs(
            [
                ("issuer", names.text(listed.issuer)),
                ("number", "" if listed.number is None else str(listed.number)),
                ("this update", reading.instant(listed.this_update)),
                (
                    "next update",
                    "" if listed.next_update is None else reading.instant(listed.next_update),
                ),
                ("revoked", str(len(entries))),
            ]
        )
        terminal.table(
            [
                (
                    reading.serial(entry.serial),
                    reading.instant(entry.revoked_at),
                    _reason(entry.reason),
                )
                for entry in entries
            ],
            indent=2,
        )
        if verified is not None:
            terminal.data("not to be believed" if isinstance(verified, Unknown) else "verified")
        if status is not None:
            terminal.pairs(revocation.lines(status))
    return ExitCode.YES if status is None else revocation.exit_code(status)
