"""``plugward serve``."""

import logging
from contextlib import ExitStack
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from plugward import configuration, home, logs, options, terminal
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode
from plugward.hardening import harden
from plugward.serve import Door, listen, reserve, run_on_loop, serve
from plugward.translation import complain
from plugward.workers import WORKERS_MAX, supervise

if TYPE_CHECKING:
    from OpenSSL.SSL import Context

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
    tls_certificate: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="authz speaks TLS: its chain, leaf first, as a PEM file"),
    ] = None,
    tls_key: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="the key of that certificate, as an unencrypted PEM file"
        ),
    ] = None,
    tls_client_ca: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="ask clients for certificates, and name these CAs to them; whom a certificate"
            " lets in is for each tenant's anchors to say",
        ),
    ] = None,
    directory: options.Home = None,
    pki_settings: options.PkiSettings = None,
    authz_settings: options.AuthzSettings = None,
    passphrase_file: options.PassphraseFile = None,
    workers: Annotated[
        int,
        typer.Option(min=1, max=WORKERS_MAX, help="processes that answer behind the same sockets"),
    ] = 1,
) -> int:
    """Serve the PKI and the authorization service until SIGTERM or SIGINT.

    When every house answers, a line that begins with `plugward: ready` is written to stderr. Logs
    are JSON lines on stderr. The PKI's TLS belongs to the proxy in front, the authorization
    service's to --tls-certificate or the proxy: without, stay on loopback.
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
    tls = _tls(tls_certificate, tls_key, tls_client_ca)
    if host not in _LOOPBACK and (of_pki is not None or tls is None):
        terminal.say(f"listening on {host} without TLS: let a proxy speak it")
    doors = []
    taking = listen if workers == 1 else reserve
    with ExitStack() as sockets:
        if of_pki is not None:
            listening = sockets.enter_context(taking(host, pki_port))
            doors.append(Door("pki", listening, partial(configuration.pki_app, of_pki)))
        if of_authz is not None:
            listening = sockets.enter_context(taking(host, authz_port))
            make = partial(configuration.authz_app, of_authz)
            doors.append(Door("authz", listening, make, tls))
        said = ", ".join(f"{door.name} {door.url}" for door in doors)

        def ready() -> None:
            terminal.say(f"ready: {said}")

        if workers == 1:
            run_on_loop(serve(doors, ready=ready))
            status: int = ExitCode.YES
        else:
            status = supervise(doors, workers=workers, complain=complain, ready=ready)
    terminal.say("stopped")
    return status


def _tls(chain: str | None, key: str | None, client_authorities: str | None) -> "Context | None":
    """What authz's connections share where they are TLS."""
    if chain is None and key is None and client_authorities is None:
        return None
    if chain is None or key is None:
        raise Complaint(
            "TLS needs a certificate and its key", hint="--tls-certificate FILE --tls-key FILE"
        )
    from plugward.tls import TlsFiles, context_of

    return context_of(TlsFiles(chain=chain, key=key, client_authorities=client_authorities))
