"""``plugward cert verify``."""

from typing import Annotated

import typer

from certs.chain.roles import Use
from certs.chain.verification import verify
from certs.edition import Edition
from plugward import inputs, options, reading, terminal
from plugward.exit_codes import ExitCode


def run(
    files: options.Certificates,
    *,
    anchor: options.Anchors,
    use: Annotated[Use, typer.Option(help="what the leaf is presented for")] = Use.CONTRACT,
    edition: Annotated[
        Edition | None, typer.Option(help="judge by this edition; else by the leaf's key")
    ] = None,
    tolerate: options.Tolerate = None,
    sub_ca_role: options.SubCaRole = None,
    at: options.At = None,
    as_json: options.Json = False,
) -> int:
    """Judge a chain against trusted roots: signatures, validity, constraints, roles.

    The leaf comes first; the rest may come in any order. Revocation is not asked here: that is
    `ocsp query`, `crl show`, and `authorize` for all of it together. Exit status 1 where the
    chain is not valid.
    """
    trusted = inputs.anchors(anchor, tolerated=tolerate or (), sub_ca_roles=sub_ca_role or ())
    moment = inputs.moment(at)
    verdict = verify(inputs.chain(files), use=use, anchors=trusted, now=moment, edition=edition)
    path = reading.path_lines(verdict.path)
    if as_json:
        terminal.data_json(
            {
                "valid": verdict.valid,
                "use": use.value,
                "at": reading.instant(moment),
                "anchorPurpose": verdict.anchor and verdict.anchor.purpose.value,
                "path": [
                    {
                        "where": where,
                        "subject": subject,
                        "fingerprint": certificate.fingerprint.hex(),
                    }
                    for (where, subject), certificate in zip(path, verdict.path, strict=True)
                ],
                "findings": [reading.finding_json(finding) for finding in verdict.findings],
            }
        )
        return ExitCode.YES if verdict.valid else ExitCode.NO
    terminal.pairs(path)
    terminal.findings(reading.finding_rows(verdict.findings))
    if verdict.valid and verdict.anchor is not None:
        purpose = verdict.anchor.purpose.value
        terminal.data(f"valid for {use.value} at {reading.instant(moment)}, anchored for {purpose}")
        return ExitCode.YES
    terminal.data(f"not valid for {use.value} at {reading.instant(moment)}")
    return ExitCode.NO
