"""The way past asyncio to a socket: plain bytes go to the kernel at once, where nothing is queued before them."""

from __future__ import annotations

import asyncio
import socket
from typing import Final, Protocol


class Direct(Protocol):
    """What a socket offers."""

    def send(self, data: bytes, /) -> int:
        """Give bytes to the kernel and return how many it took. Raises OSError, BlockingIOError when it takes none."""

    def detach(self) -> int:
        """Give the descriptor back to asyncio, unclosed."""


class _Nothing:
    """Stands where there is no such way, and takes nothing."""

    def send(self, _data: bytes, /) -> int:
        return 0

    def detach(self) -> int:
        return -1


NOTHING: Final[Direct] = _Nothing()


def direct(transport: asyncio.BaseTransport) -> Direct:
    """Return the socket under a transport, or `NOTHING` where TLS lies between the two.

    The descriptor stays asyncio's, which closes it after `connection_lost`: `detach` then, and write no more.
    """
    if transport.get_extra_info("sslcontext") is not None:
        return NOTHING
    descriptor = transport.get_extra_info("socket").fileno()
    # Of which family it really is matters for addresses only; not to ask saves three calls of the kernel.
    return socket.SocketType(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
