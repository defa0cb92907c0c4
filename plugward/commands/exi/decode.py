"""``plugward exi decode``."""

from exi import codec
from exi.json_form import fragment_to_json, to_json
from plugward import exi_input, terminal
from plugward.exit_codes import ExitCode


def run(
    source: exi_input.Source,
    *,
    protocol: exi_input.OfProtocol = None,
    fragment: exi_input.Fragment = False,
) -> int:
    """Read an ISO 15118 message and print it as JSON.

    Names are the standards'; hexBinary is upper-case hexadecimal, base64Binary base64. `exi encode`
    makes the same octets of it again.
    """
    octets = exi_input.octets(source)
    chosen = exi_input.protocol_for(protocol, octets, fragment=fragment)
    if fragment:
        terminal.data_json(fragment_to_json(codec.decode_fragment(octets, chosen), chosen))
    else:
        terminal.data_json(to_json(codec.decode(octets, chosen)))
    return ExitCode.YES
