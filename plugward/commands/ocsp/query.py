"""``plugward ocsp query``."""

import secrets
from enum import Enum
from typing import Annotated

import typer

from certs import names
from certs.certificate import Certificate
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import judge_response
from certs.revocation.ocsp_request import encode_request, question_for
from plugward import http, inputs, options, reading, revocation, terminal
from plugward.errors import Complaint

NONCE_OCTETS = 32  # RFC 9654 2.1


class CertIdHash(Enum):
    """The hashes a CertID may be made with."""

    SHA1 = "SHA1"
    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


def _asked_about(files: list[str], issuer: str | None) -> tuple[Certificate, Certificate]:
    """The certificate in question and its issuer: the next one, or the one given."""
    chain = inputs.chain(files)
    if issuer is not None:
        return chain[0], inputs.one_certificate(issuer)
    for candidate in chain[1:]:
        if names.same(candidate.subject, chain[0].issuer):
            return chain[0], candidate
    raise Complaint("its issuer is not here", hint="add its certificate, or --issuer FILE")


def run(
    files: options.Certificates,
    *,
    issuer: Annotated[
        str | None, typer.Option(metavar="FILE", help="the issuing CA's certificate")
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="the responder; else the certificate's own")
    ] = None,
    algorithm: Annotated[
        CertIdHash, typer.Option("--hash", help="of the CertID", case_sensitive=False)
    ] = CertIdHash.SHA1,
    nonce: Annotated[bool, typer.Option(help="send a nonce")] = True,
    at: options.At = None,
    as_json: options.Json = False,
) -> int:
    """Ask an OCSP responder about the first certificate, and judge the answer.

    The answer is believed only where it is signed for this issuer, about this certificate, and
    fresh. Exit status 0 for good, 1 for revoked and for unknown, 4 where nobody answers.
    """
    certificate, above = _asked_about(files, issuer)
    responder = url or next(iter(certificate.ocsp_urls), None)
    if responder is None:
        raise Complaint("the certificate names no responder", hint="--url URL")
    if not responder.startswith(("http://", "https://")):
        raise Complaint(f"{responder} is no http address", hint="--url URL")
    terminal.say(f"asking {responder}")
    question = question_for(
        certificate,
        above,
        hash_algorithm=HashAlgorithm(algorithm.value),
        nonce=secrets.token_bytes(NONCE_OCTETS) if nonce else None,
    )
    answer = http.fetch(
        "POST", responder, headers=http.OCSP_HEADERS, octets=encode_request(question)
    )
    status = judge_response(answer, question=question, issuer=above, now=inputs.moment(at))
    if as_json:
        terminal.data_json(
            {
                "serialNumber": reading.serial(certificate.serial),
                "responder": responder,
                **revocation.facts(status),
            }
        )
    else:
        terminal.pairs([("serial", reading.serial(certificate.serial)), *revocation.lines(status)])
    return revocation.exit_code(status)
