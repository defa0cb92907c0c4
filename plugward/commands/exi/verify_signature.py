"""``plugward exi verify-signature``."""

from typing import Annotated, assert_never

import typer

from certs import names
from certs.certificate import Certificate, parse
from certs.raw_signatures import RawVerifier
from exi import codec
from exi.declaration import Complex
from exi.signature.messages import signer_certificate, verify_message
from exi.signature.signing import id_of
from exi.signature.verdict import CODES, Failed, Verified
from plugward import exi_input, inputs, options, terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


def _signer(file: str | None, message: Complex) -> Certificate:
    if file is not None:
        return inputs.certificates(file)[0]
    carried = signer_certificate(message)
    if carried is None:
        raise Complaint(
            "the message does not carry its signer's certificate", hint="--certificate FILE"
        )
    terminal.say("by the certificate in the message itself: nobody has vouched for it")
    return parse(carried)


def run(
    source: exi_input.Source,
    *,
    certificate: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="the signer's, or its chain; else the one that the message carries"
        ),
    ] = None,
    protocol: exi_input.OfProtocol = None,
    as_json: options.Json = False,
) -> int:
    """Judge the signature of an ISO 15118 message: all that must be signed, and only that.

    Exit status 0 where it holds, 1 where it does not, with a code that says why. Whose the
    certificate is, and whether it is valid, `cert verify` tells.
    """
    octets = exi_input.octets(source)
    message = codec.decode(octets, exi_input.protocol_for(protocol, octets, fragment=False))
    signer = _signer(certificate, message)
    verdict = verify_message(message, RawVerifier(signer.public_key()))
    facts: dict[str, object]
    match verdict:
        case Verified(elements=elements):
            signed = [(each.name, str(id_of(each.element))) for each in elements]
            facts = {"elements": [{"name": name, "id": id_} for name, id_ in signed]}
            lines = [("verified", ", ".join(f"{name} (Id {id_})" for name, id_ in signed))]
        case Failed(code=code, detail=detail):
            facts = {"code": code, "meaning": CODES[code], "detail": detail}
            lines = [("not verified", code), ("because", CODES[code]), ("detail", detail)]
        case _:
            assert_never(verdict)
    verified = isinstance(verdict, Verified)
    if as_json:
        terminal.data_json(
            {
                "verified": verified,
                **facts,
                "signer": names.text(signer.subject),
                "fingerprint": signer.fingerprint.hex(),
            }
        )
    else:
        terminal.pairs([*lines, ("signer", names.text(signer.subject))])
    return ExitCode.YES if verified else ExitCode.NO
