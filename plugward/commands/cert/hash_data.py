"""``plugward cert hash-data``."""

from enum import Enum
from itertools import pairwise
from typing import Annotated

import typer

from certs import names
from certs.revocation.hash_data import ENTRIES_MAX, HashAlgorithm, of_chain, to_ocpp
from plugward import inputs, options, terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


class Algorithm(Enum):
    """The hashes OCPP knows."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


def run(
    files: options.Certificates,
    *,
    issuer: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="the CA above the last certificate, as the root"),
    ] = None,
    algorithm: Annotated[
        Algorithm, typer.Option(help="hash of names and keys", case_sensitive=False)
    ] = Algorithm.SHA256,
) -> int:
    """Print a chain's iso15118CertificateHashData, the JSON array of OCPP's AuthorizeRequest.

    The leaf comes first and each certificate's issuer after it. What is hashed of each is its
    issuer, so the last certificate, usually the root, has no entry of its own.
    """
    path = inputs.chain(files)
    if issuer is not None:
        above = inputs.one_certificate(issuer)
        path = path if path[-1] == above else (*path, above)
    for certificate, above in pairwise(path):
        if not names.same(certificate.issuer, above.subject):
            raise Complaint(
                f"{names.text(above.subject)} did not issue {names.text(certificate.subject)}",
                hint="leaf first, then each certificate's issuer",
            )
    if len(path) == 1:
        raise Complaint("no issuer to hash", hint="add the issuer's certificate, or --issuer FILE")
    if not names.same(path[-1].issuer, path[-1].subject):
        terminal.say(f"no entry for {names.text(path[-1].subject)}: its issuer is not here")
    entries = of_chain(path, HashAlgorithm(algorithm.value))
    if len(entries) > ENTRIES_MAX:
        raise Complaint(f"{len(entries)} entries, OCPP takes {ENTRIES_MAX}")
    terminal.data_json([to_ocpp(entry) for entry in entries])
    return ExitCode.YES
