"""``plugward exi encode``."""

from base64 import b64encode
from enum import Enum
from typing import Annotated

import typer

from exi import codec
from exi.json_form import fragment_from_json, from_json
from plugward import exi_input, terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


class Form(Enum):
    """How octets are written."""

    HEX = "hex"
    BASE64 = "base64"


def run(
    source: Annotated[
        str, typer.Argument(metavar="JSON", help="a message as JSON, a file of it, or -")
    ],
    *,
    protocol: exi_input.OfProtocol = None,
    fragment: exi_input.Fragment = False,
    form: Annotated[Form, typer.Option("--form", help="how the octets are written")] = Form.HEX,
) -> int:
    """Write an ISO 15118 message from the JSON that `exi decode` prints.

    A --fragment, one element as it is signed, needs its --protocol: names stand in several.
    """
    document = exi_input.json_document(source)
    if fragment:
        if protocol is None:
            raise Complaint("an element's name stands in several protocols", hint="--protocol NAME")
        element = fragment_from_json(document, protocol.protocol)
        octets = codec.encode_fragment(element.element, protocol.protocol, name=element.name)
    else:
        chosen = exi_input.protocol_of_json(document) if protocol is None else protocol.protocol
        octets = codec.encode(from_json(document, chosen))
    terminal.data(octets.hex() if form is Form.HEX else b64encode(octets).decode())
    return ExitCode.YES
