"""``plugward serve``."""

import logging
from contextlib import ExitStack
from enum import Enum
from functools import partial
from typing import Annotated

import typer

from plugward import configuration, home, logs, options, terminal
from plugward.exit_codes import ExitCode
from plugward.hardening import harden
from plugward.serve import Door, listen, run_on_loop, serve

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
    for missing in harden():
        terminal.say(missing)
    logs.to_stderr(logging.INFO)
    places = configuration.Places(
        home=home.directory(directory), pki=pki_settings, authz=authz_settings
    )
    # settings before sockets, sockets before houses: what can be refused is refused early
    of_pki = None if house is House.AUTHZ else configuration.pki_settings(places, passphrase_file)
    of_authz = None if house is House.PKI else configuration.authz_settings(places)
    if host not in _LOOPBACK:
        terminal.say(f"listening on {host} without TLS: let a proxy speak it")
    doors = []
    with ExitStack() as sockets:
        if of_pki is not None:
            listening = sockets.enter_context(listen(host, pki_port))
            doors.append(Door("pki", listening, partial(configuration.pki_app, of_pki)))
        if of_authz is not None:
            listening = sockets.enter_context(listen(host, authz_port))
            doors.append(Door("authz", listening, partial(configuration.authz_app, of_authz)))
        said = ", ".join(f"{door.name} {door.url}" for door in doors)
        run_on_loop(serve(doors, ready=lambda: terminal.say(f"ready: {said}")))
    terminal.say("stopped")
    return ExitCode.YES
