"""``plugward serve``."""

import logging
from enum import Enum
from typing import Annotated

import typer

from plugward import configuration, home, logs, options, terminal
from plugward.exit_codes import ExitCode
from plugward.serve import Door, listen, run_on_loop, serve, url_of

PKI_PORT, AUTHZ_PORT = 8081, 8080
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class House(Enum):
    """What one process serves."""

    ALL = "all"
    PKI = "pki"
    AUTHZ = "authz"


def run(
    house: Annotated[House, typer.Argument(help="both houses in one process, or one")] = House.ALL,
    *,
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    pki_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = PKI_PORT,
    authz_port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 takes a free one")
    ] = AUTHZ_PORT,
    directory: options.Home = None,
    pki_settings: options.PkiSettings = None,
    authz_settings: options.AuthzSettings = None,
    passphrase_file: options.PassphraseFile = None,
) -> int:
    """Serve the PKI and the authorization service until SIGTERM or SIGINT.

    When every house answers, a line that begins with `plugward: ready` is written to stderr. Logs
    are JSON lines on stderr. TLS belongs to the proxy in front: without one, stay on loopback.
    """
    logs.to_stderr(logging.INFO)
    places = configuration.Places(
        home=home.directory(directory), pki=pki_settings, authz=authz_settings
    )
    doors = []
    if house is not House.AUTHZ:
        listening = listen(host, pki_port)
        doors.append(Door("pki", configuration.pki_app(places, passphrase_file), listening))
    if house is not House.PKI:
        listening = listen(host, authz_port)
        doors.append(Door("authz", configuration.authz_app(places), listening))
    if host not in _LOOPBACK:
        terminal.say(f"listening on {host} without TLS: let a proxy speak it")
    said = ", ".join(f"{door.name} {url_of(door.listening)}" for door in doors)
    try:
        run_on_loop(serve(doors, ready=lambda: terminal.say(f"ready: {said}")))
    finally:
        for door in doors:
            door.listening.close()
    terminal.say("stopped")
    return ExitCode.YES
