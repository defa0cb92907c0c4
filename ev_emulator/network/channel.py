"""What a session needs of a connection, and the plain one."""

import asyncio
import errno
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

READ_OCTETS_MAX = 65_536
DYNAMIC_PORTS = range(49_152, 65_536)  # RFC 6335
PORTS_TRIED_MAX = 20  # all taken means that something else is wrong


class Channel(Protocol):
    """An ordered stream of octets to one peer. Broken connections read as closed ones."""

    async def read(self) -> bytes:
        """What has arrived, at least one octet; empty once the peer has closed."""
        ...

    async def write(self, data: bytes) -> None:
        """Send; what the peer does not take any more is lost silently, read() will say so."""
        ...

    async def close(self) -> None:
        """Close in good order, with a bound on the time; closing twice is no harm."""
        ...


class TcpChannel:
    """A plain TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(READ_OCTETS_MAX)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        with suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def connect(host: str, port: int, *, within_seconds: float) -> TcpChannel:
    """A connection to ``host`` (an address, with scope if link-local); OSError, TimeoutError."""
    async with asyncio.timeout(within_seconds):
        return TcpChannel(*await asyncio.open_connection(host, port))


async def listen(host: str, port: int, take: Callable[[TcpChannel], None]) -> asyncio.Server:
    """Listen; ``take`` is called with each connection and must not wait. OSError.

    Port 0 is one of the dynamic ports, the only ones that a charger may name (-2, 7.10.1; Josev's
    vehicle refuses others); the system's own choice would be lower.
    """

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        take(TcpChannel(reader, writer))

    if port:
        return await asyncio.start_server(accept, host, port)
    for _ in range(PORTS_TRIED_MAX):
        chosen = DYNAMIC_PORTS.start + secrets.randbelow(len(DYNAMIC_PORTS))
        with suppress(OSError):
            return await asyncio.start_server(accept, host, chosen)
    raise OSError(errno.EADDRINUSE, f"no dynamic port is free on {host}")
