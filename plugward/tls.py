"""TLS in front of a connection's protocol, with the peer's certificates left to us to judge.

OpenSSL makes the handshake and proves that the peer holds its key; whose certificate it is, and
whether a station may show it, is judged by ``certs.chain``: real V2G roots bear purposes with
which OpenSSL refuses them. The standard library cannot leave that open, so pyOpenSSL does it over
memory.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL import SSL

from plugward import inputs
from plugward.errors import Complaint

HANDSHAKE_SECONDS_MAX = 10.0
_PIECE_OCTETS = 65_536
_CLIENT_CERTIFICATES_MAX = 8  # a leaf, two sub-CAs, a root, and as many strays

# OCPP 2.0.1 A00.FR.317 asks a CSMS for GCM suites with ECDSA and with RSA certificates; the last
# two are of those, and stand behind all that have forward secrecy.
SUITES = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
    b"AES128-GCM-SHA256:AES256-GCM-SHA384"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files: our chain, leaf first; its key; and the CAs whose names clients are told.

    Clients are asked for a certificate where ``client_authorities`` are given, and let in without
    one too: what a certificate opens is the application's to say.
    """

    chain: str
    key: str
    client_authorities: str | None = None


def context_of(files: TlsFiles) -> SSL.Context:
    """What every connection of a door shares; a complaint for files that do not fit."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(SUITES)
    # No session is resumed: a revoked certificate would come back unasked (K17).
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(
        SSL.OP_CIPHER_SERVER_PREFERENCE
        | SSL.OP_NO_TICKET
        | SSL.OP_NO_COMPRESSION
        | SSL.OP_NO_RENEGOTIATION
    )
    leaf, *authorities = _certificates(files.chain)
    context.use_certificate(leaf)
    for authority in authorities:
        context.add_extra_chain_cert(authority)
    try:
        key = load_pem_private_key(inputs.read(files.key), password=None)
        context.use_privatekey(key)  # type: ignore[arg-type]  # EC, RSA or Ed; others raise
        context.check_privatekey()
    except (ValueError, TypeError, UnsupportedAlgorithm, SSL.Error) as bad:
        # TypeError: an encrypted key. No text of these names the key itself.
        raise Complaint(
            f"{files.key}: not the unencrypted PEM key of {files.chain}",
            hint="a key file that only this user can read",
        ) from bad
    if files.client_authorities is not None:
        for authority in _certificates(files.client_authorities):
            context.add_client_ca(authority)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)  # judged by us, see above
    return context


def over_tls(
    context: SSL.Context, make: Callable[..., asyncio.Protocol]
) -> Callable[..., asyncio.Protocol]:
    """A factory of protocols behind TLS, out of one of protocols without."""

    def made(**given: object) -> asyncio.Protocol:
        return Tls(context, partial(make, **given))

    return made


class Tls(asyncio.Protocol):
    """One connection's TLS: octets of the network on one side, of the application on the other."""

    def __init__(self, context: SSL.Context, make: Callable[[], asyncio.Protocol]) -> None:
        self._make = make
        self._connection = SSL.Connection(context, None)
        self._connection.set_accept_state()
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not say so
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(HANDSHAKE_SECONDS_MAX, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._connection.bio_write(data)
        try:
            if self._inner is None:
                self._connection.do_handshake()
                self._begin(self._transport)
            while self._inner is not None:
                # the application may have put another protocol in its place
                self._inner.data_received(self._connection.recv(_PIECE_OCTETS))
        except SSL.WantReadError:
            self._flush()
        except SSL.ZeroReturnError:
            self._flush()
            self._transport.close()
        except SSL.Error:
            self._flush()  # the alert
            self._transport.close()

    def eof_received(self) -> bool | None:
        return None  # the transport closes

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        inner, self._inner, self._transport = self._inner, None, None
        if inner is not None:
            inner.connection_lost(exc)

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def send(self, data: bytes) -> None:
        """Octets of the application, on their way to the network."""
        if self._transport is None or self._transport.is_closing() or not data:
            return
        self._connection.sendall(data)
        self._flush()

    def close(self) -> None:
        """Says goodbye in TLS, then closes what is below once everything is written."""
        if self._transport is None or self._transport.is_closing():
            return
        try:
            self._connection.shutdown()
        except SSL.Error:
            self._transport.abort()
            return
        self._flush()
        self._transport.close()

    def speak_to(self, inner: asyncio.BaseProtocol) -> None:
        """The application's protocol from now on."""
        self._inner = cast("asyncio.Protocol", inner)

    def _begin(self, transport: asyncio.Transport) -> None:
        self._rest()
        chain = _client_chain(self._connection)
        self._inner = self._make()
        self._inner.connection_made(_Inside(self, transport, client_cert_chain=chain))

    def _flush(self) -> None:
        assert self._transport is not None
        while True:
            try:
                octets = self._connection.bio_read(_PIECE_OCTETS)
            except SSL.WantReadError:
                return
            self._transport.write(octets)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Inside(asyncio.Transport):
    """The transport that the application sees: the network's, with TLS in between."""

    def __init__(self, tls: Tls, below: asyncio.Transport, **extra: object) -> None:
        super().__init__()
        self._tls = tls
        self._below = below
        # uvicorn takes a connection for TLS by this name
        self._extra_here: Mapping[str, object] = {"sslcontext": tls, **extra}

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - asyncio's own signature
        found = self._extra_here.get(name)
        return self._below.get_extra_info(name, default) if found is None else found

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._tls.send(bytes(data))

    def close(self) -> None:
        self._tls.close()

    def abort(self) -> None:
        self._below.abort()

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._tls.speak_to(protocol)

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def is_reading(self) -> bool:
        return self._below.is_reading()

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._below.set_write_buffer_limits(high, low)


def _client_chain(connection: SSL.Connection) -> tuple[str, ...] | None:
    """What the peer showed, as PEM, leaf first; None where it showed nothing."""
    leaf = connection.get_peer_certificate(as_cryptography=True)
    if leaf is None:
        return None
    # a server's list may or may not begin with the leaf
    rest = connection.get_peer_cert_chain(as_cryptography=True) or []
    shown = [leaf, *(certificate for certificate in rest if certificate != leaf)]
    return tuple(
        certificate.public_bytes(Encoding.PEM).decode()
        for certificate in shown[:_CLIENT_CERTIFICATES_MAX]
    )


def _certificates(name: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(inputs.read(name))
    except ValueError as bad:
        raise Complaint(f"{name}: no PEM certificates") from bad
