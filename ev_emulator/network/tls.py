"""TLS as ISO 15118 profiles it, with OCSP stapling, over any channel (pyOpenSSL, memory BIOs).

OpenSSL does the handshake and tells the peer's chain and staple; whether they are believed is
judged by whoever asked, before any application octet is sent. OpenSSL's own judgement is off: real
V2G roots carry EKU OCSPSigning, with which it refuses them for TLS.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from certs.certificate import Certificate
from certs.edition import Edition
from certs.keys import PrivateKey
from ev_emulator.errors import Unavailable
from ev_emulator.network.channel import READ_OCTETS_MAX, Channel

HANDSHAKE_SECONDS = 10.0
HANDSHAKE_OCTETS_MAX = 65_536  # chains of four, OCSP responses: some 10 KB
CLOSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How TLS is spoken for an edition."""

    version: int
    ciphers: bytes
    mutual: bool


# ISO 15118-2 7.7.3: TLS 1.2 with these two. OpenSSL dropped static ECDH with 1.1.0 and leaves
# unknown names out. -20: TLS 1.3, both sides with certificates.
SUITES = {
    Edition.ISO_2: Suite(
        version=SSL.TLS1_2_VERSION,
        ciphers=b"ECDHE-ECDSA-AES128-SHA256:ECDH-ECDSA-AES128-SHA256",
        mutual=False,
    ),
    Edition.ISO_20: Suite(version=SSL.TLS1_3_VERSION, ciphers=b"DEFAULT", mutual=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsIdentity:
    """What a side shows: its chain (leaf first, root excluded) and the leaf's key."""

    chain: tuple[Certificate, ...]
    private_key: PrivateKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the peer showed in the handshake: its chain (DER, leaf first), its staple or nothing."""

    chain: tuple[bytes, ...]
    staple: bytes
    cipher: str


def _context(suite: Suite, identity: TlsIdentity | None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(suite.version)
    context.set_max_proto_version(suite.version)
    context.set_cipher_list(suite.ciphers)
    # K17: nothing is resumed, so that every session's chain and staple are judged anew
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    if identity is not None:
        context.use_certificate(identity.chain[0].x509())
        for certificate in identity.chain[1:]:
            context.add_extra_chain_cert(certificate.x509())
        context.use_privatekey(identity.private_key)
        context.check_privatekey()
    return context


def _believe(*_: object) -> bool:
    """OpenSSL's verify callback: the judgement is made elsewhere, after the handshake."""
    return True


def server_context(
    identity: TlsIdentity, *, edition: Edition, staple: Callable[[], bytes]
) -> SSL.Context:
    """The charger's side; ``staple`` gives the OCSP response of the moment, or no octets."""
    suite = SUITES[edition]
    context = _context(suite, identity)
    if suite.mutual:
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _believe)
    context.set_ocsp_server_callback(lambda _connection, _data: staple())
    return context


def client_context(*, edition: Edition, identity: TlsIdentity | None = None) -> SSL.Context:
    """The vehicle's side; it asks for a staple. ``identity``: of the vehicle, for -20."""
    context = _context(SUITES[edition], identity)
    context.set_verify(SSL.VERIFY_NONE, _believe)

    def remember(connection: SSL.Connection, staple: bytes, _data: object) -> bool:
        connection.set_app_data(staple)
        return True

    context.set_ocsp_client_callback(remember)
    return context


class TlsChannel:
    """A TLS connection over another channel; made by secure()."""

    def __init__(self, below: Channel, connection: SSL.Connection, evidence: Evidence) -> None:
        self._below = below
        self._connection = connection
        self._closed = False
        self.evidence = evidence

    async def read(self) -> bytes:
        while not self._closed:
            try:
                return self._connection.recv(READ_OCTETS_MAX)
            except SSL.WantReadError:
                data = await self._below.read()
                if not data:
                    return b""  # without close_notify: V2GTP frames have lengths of their own
                self._connection.bio_write(data)
            except SSL.Error:  # close_notify, or octets that are no TLS
                return b""
        return b""

    async def write(self, data: bytes) -> None:
        if self._closed:
            return
        with suppress(SSL.Error):
            self._connection.sendall(data)
        await _flush(self._connection, self._below)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            with suppress(SSL.Error):
                self._connection.shutdown()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await _flush(self._connection, self._below)
        await self._below.close()


async def secure(
    below: Channel,
    context: SSL.Context,
    *,
    server: bool,
    within_seconds: float = HANDSHAKE_SECONDS,
) -> TlsChannel:
    """Shake hands; Unavailable("tls") where that fails or takes too long. ``below`` stays open."""
    connection = SSL.Connection(context, None)
    connection.set_app_data(b"")
    if server:
        connection.set_accept_state()
    else:
        connection.set_connect_state()
        connection.request_ocsp()
    try:
        async with asyncio.timeout(within_seconds):
            await _shake_hands(connection, below)
    except TimeoutError:
        raise Unavailable("tls", f"no handshake within {within_seconds} s") from None
    except SSL.Error as refused:
        await _flush(connection, below)  # the alert
        raise Unavailable("tls", _reason(refused)) from refused
    staple = connection.get_app_data()
    chain = connection.get_peer_cert_chain(as_cryptography=True) or []
    leaf = connection.get_peer_certificate(as_cryptography=True)
    if leaf is not None and leaf not in chain:  # OpenSSL tells a server the chain without its leaf
        chain.insert(0, leaf)
    evidence = Evidence(
        chain=tuple(each.public_bytes(Encoding.DER) for each in chain),
        staple=staple if isinstance(staple, bytes) else b"",
        cipher=connection.get_cipher_name() or "",
    )
    return TlsChannel(below, connection, evidence)


async def _shake_hands(connection: SSL.Connection, below: Channel) -> None:
    received = 0
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            await _flush(connection, below)
            data = await below.read()
            received += len(data)
            if not data:
                raise Unavailable("tls", "the peer closed during the handshake") from None
            if received > HANDSHAKE_OCTETS_MAX:
                raise Unavailable("tls", f"a handshake of {received} octets") from None
            connection.bio_write(data)
        else:
            await _flush(connection, below)
            return


async def _flush(connection: SSL.Connection, below: Channel) -> None:
    """Send what TLS has to send."""
    pieces = []
    with suppress(SSL.WantReadError):
        while True:
            pieces.append(connection.bio_read(READ_OCTETS_MAX))
    if pieces:
        await below.write(b"".join(pieces))


def _reason(refused: SSL.Error) -> str:
    """OpenSSL's words for a failed handshake."""
    details = refused.args[0] if refused.args else ()
    return "; ".join(reason for _, _, reason in details) or type(refused).__name__
