"""The way past asyncio to a socket: plain bytes go to the kernel at once, where nothing is queued before them."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol


class Direct(Protocol):
    """What a socket offers."""

    def send(self, data: bytes, /) -> int:
        """Give bytes to the kernel and return how many it took. Raises OSError, BlockingIOError when it takes none."""

    def detach(self) -> int:
        """Give the descriptor back to asyncio, unclosed."""


def take_nothing(_data: bytes, /) -> int:
    """Stand where there is no such way."""
    return 0


def direct(transport: asyncio.BaseTransport) -> Direct | None:
    """Return the socket under a transport; None where TLS lies between the two.

    The descriptor stays asyncio's, which closes it after `connection_lost`: `detach` then. After that `send` raises
    OSError, also for whoever has kept it.
    """
    if transport.get_extra_info("sslcontext") is not None:
        return None
    descriptor = transport.get_extra_info("socket").fileno()
    # Of which family it really is matters for addresses only; not to ask saves three calls of the kernel.
    return socket.SocketType(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
