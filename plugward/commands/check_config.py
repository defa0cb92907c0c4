"""``plugward check-config``."""

from certs.errors import Refused
from pki.errors import ConfigurationRefused
from plugward import configuration, home, options, terminal
from plugward.exit_codes import ExitCode


def run(
    *,
    directory: options.Home = None,
    pki_settings: options.PkiSettings = None,
    authz_settings: options.AuthzSettings = None,
    as_json: options.Json = False,
) -> int:
    """Read both houses' settings as serve would, and show them without their secrets.

    What is not set has its default. Nothing is opened or changed. Exit status 1 where a house
    would refuse its settings.
    """
    places = configuration.Places(
        home=home.directory(directory), pki=pki_settings, authz=authz_settings
    )

    def of_pki() -> list[tuple[str, str]]:
        return configuration.pki_lines(configuration.pki_settings(places, None, ask=False))

    def of_authz() -> list[tuple[str, str]]:
        return configuration.authz_lines(configuration.authz_settings(places))

    readers = {"pki": of_pki, "authz": of_authz}
    shown: dict[str, list[tuple[str, str]]] = {}
    for house, read in readers.items():
        try:
            shown[house] = read()
        except (ConfigurationRefused, Refused) as bad:
            terminal.error(f"{house}: {bad.detail} ({bad.code})")
    if as_json:
        terminal.data_json({house: dict(lines) for house, lines in shown.items()})
    else:
        for house, lines in shown.items():
            terminal.data(house)
            terminal.pairs(lines, indent=2)
    return ExitCode.YES if len(shown) == len(readers) else ExitCode.NO
