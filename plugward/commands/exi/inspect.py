"""``plugward exi inspect``."""

from exi.inspection import Inspection, Place, inspect_fragment, inspect_message, render
from plugward import exi_input, options, terminal
from plugward.exit_codes import ExitCode


def _facts(inspection: Inspection) -> dict[str, object]:
    error = inspection.error
    return {
        "places": [_place(place) for place in inspection.places],
        "error": error
        and {
            "code": error.code,
            "detail": error.detail,
            "bitOffset": error.bit_offset,
            "path": list(error.path),
        },
    }


def _place(place: Place) -> dict[str, object]:
    value = place.value
    return {
        "bitOffset": place.bit_offset,
        "bits": place.bits,
        "what": place.what,
        "path": list(place.path),
        "value": value.hex().upper() if isinstance(value, bytes) else value,
    }


def run(
    source: exi_input.Source,
    *,
    protocol: exi_input.OfProtocol = None,
    fragment: exi_input.Fragment = False,
    as_json: options.Json = False,
) -> int:
    """Show each event code and value of a message: bit offset, width, bits, meaning.

    Run it on what two stacks make of one message to see where they differ. What is malformed is
    shown up to there, with exit status 3.
    """
    octets = exi_input.octets(source)
    chosen = exi_input.protocol_for(protocol, octets, fragment=fragment)
    inspection = (inspect_fragment if fragment else inspect_message)(octets, chosen)
    if as_json:
        terminal.data_json(_facts(inspection))
    else:
        for line in render(inspection):
            terminal.data(line)
    return ExitCode.YES if inspection.error is None else ExitCode.MALFORMED
