"""The way past asyncio: what the kernel takes at once, and whose descriptor it stays."""

from __future__ import annotations

import os
import socket
from typing import Any, NoReturn, cast

import pytest

from coursewire.edge.direct import Direct, direct


class Transport:
    """As little of an asyncio transport as is asked."""

    def __init__(self, sock: socket.socket, *, tls: bool = False) -> None:
        self._extra = {"socket": sock, "sslcontext": object() if tls else None}

    def get_extra_info(self, name: str) -> Any:
        return self._extra[name]


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
def test_bytes_pass_until_the_kernel_takes_no_more(family: socket.AddressFamily) -> None:
    ours, peer = pair(family)
    with ours, peer:
        ours.setblocking(False)
        way = way_of(ours)
        assert way.send(b"hello") == 5
        assert peer.recv(10) == b"hello"
        with pytest.raises(BlockingIOError):
            fill(way)
        assert way.detach() == ours.fileno()
        del way
        os.fstat(ours.fileno())  # still open: only asyncio closes it


def test_after_the_end_nothing_is_written() -> None:
    """The number of the descriptor may be somebody else's by then."""
    ours, peer = socket.socketpair()
    with ours, peer:
        way = way_of(ours)
        way.detach()
        with pytest.raises(OSError, match="descriptor"):
            way.send(b"x")


def test_with_tls_there_is_no_such_way() -> None:
    ours, peer = socket.socketpair()
    with ours, peer:
        assert direct(cast("Any", Transport(ours, tls=True))) is None


def way_of(ours: socket.socket) -> Direct:
    way = direct(cast("Any", Transport(ours)))
    assert way is not None
    return way


def fill(way: Direct) -> NoReturn:
    while True:
        way.send(bytes(65_536))


def pair(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
    if family is socket.AF_UNIX:
        return socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        return listener.accept()[0], peer
