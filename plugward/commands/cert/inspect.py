"""``plugward cert inspect``."""

from plugward import inputs, options, reading, terminal
from plugward.exit_codes import ExitCode


def run(files: options.Certificates, *, as_json: options.Json = False) -> int:
    """Show what certificates say: names, validity, key, identifiers, deviations.

    The profile named is a guess by the fewest deviations; `cert lint` lists them. Nothing is
    verified: `cert verify` does that.
    """
    certificates = inputs.chain(files)
    if as_json:
        terminal.data_json([reading.facts(certificate) for certificate in certificates])
        return ExitCode.YES
    for number, certificate in enumerate(certificates, start=1):
        if number > 1:
            terminal.data()
        terminal.data(f"certificate {number} of {len(certificates)}")
        terminal.pairs(reading.lines(certificate), indent=2)
    return ExitCode.YES
