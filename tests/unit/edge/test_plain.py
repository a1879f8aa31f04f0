"""The short way of a WebSocket: frames that somebody gives to the kernel without asking again, and when that ends."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.unit.edge.stand_ins import RecordingListener, RecordingSocket, client_frame, websocket
from websockets.frames import Opcode

from coursewire.edge import closing
from coursewire.edge.direct import take_nothing
from coursewire.edge.server import EngineServer
from coursewire.edge.session import Session
from coursewire.edge.settings import EdgeSettings
from coursewire.wire.frames import Encoded, frame


class Kernel(RecordingSocket):
    """An asyncio transport over a real socket: what is written to it waits until `drain`."""

    def __init__(self, ours: socket.socket) -> None:
        super().__init__(drains=False)
        self._ours = ours

    def get_extra_info(self, name: str) -> Any:
        return {"peername": ("192.0.2.1", 4711), "socket": self._ours}.get(name)

    def drain(self, size: int = 1 << 30) -> None:
        self._ours.setblocking(True)
        self._ours.sendall(self.take())
        self._ours.setblocking(False)
        super().drain(size)


class World:
    """One WebSocket with its greeting behind it, and its peer."""

    def __init__(self) -> None:
        self.ours, self.peer = socket.socketpair()
        self.ours.setblocking(False)
        self.socket = Kernel(self.ours)
        self.server = EngineServer(lambda _: RecordingListener(), EdgeSettings())
        self.protocol, _ = websocket(self.server, socket=self.socket)
        self.socket.drain()
        self.heard()

    @property
    def session(self) -> Session:
        (session,) = self.server.sessions.values()
        return session

    def heard(self) -> bytes:
        """Return what has come to the peer since the last time."""
        return self.peer.recv(1 << 20, socket.MSG_DONTWAIT)

    def is_silent(self) -> bool:
        with pytest.raises(BlockingIOError):
            self.heard()
        return True


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    with made.ours, made.peer:
        yield made
        made.protocol.connection_lost(None)


ONE, TWO, THREE = (Encoded((text,)) for text in ("2one", "2two", "2three"))
PING = client_frame(Opcode.PING, b"?")
"""Of the WebSocket itself: its answer goes by asyncio's buffer."""
PONGED = frame(Opcode.PONG, b"?")


async def test_it_begins_with_the_first_write_after_the_greeting(world: World) -> None:
    assert world.protocol.plain is take_nothing
    world.protocol.write(ONE)
    assert world.protocol.plain(TWO.frames) == len(TWO.frames)
    assert world.heard() == ONE.frames + TWO.frames
    assert world.socket.written == b""


async def test_who_has_kept_it_hears_an_error_once_something_waits(world: World) -> None:
    """Or frames would overtake one another, and one would be cut in two by another."""
    world.protocol.write(ONE)
    kept = world.protocol.plain
    world.protocol.data_received(PING)
    with pytest.raises(OSError, match="descriptor"):
        kept(TWO.frames)
    assert world.protocol.plain(TWO.frames) == 0
    world.protocol.write(TWO)
    assert world.heard() == ONE.frames
    world.socket.drain()
    assert world.heard() == PONGED + TWO.frames
    world.protocol.write(THREE)
    assert world.heard() == THREE.frames
    assert world.protocol.plain(ONE.frames) == len(ONE.frames)


async def test_what_was_sent_already_is_not_sent_again(world: World) -> None:
    world.protocol.write(ONE)
    sent = world.protocol.plain(TWO.frames[:3])
    world.protocol.write(TWO, sent)
    world.protocol.write(THREE)
    assert world.heard() == ONE.frames + TWO.frames[:3]
    world.socket.drain()
    assert world.heard() == TWO.frames[3:] + THREE.frames


async def test_while_the_session_counts_nothing_goes_past_it(world: World) -> None:
    """[FAN3] The session sees progress by what is queued."""
    world.protocol.write(ONE)
    world.heard()
    kept = world.protocol.plain
    world.protocol.watch()
    with pytest.raises(OSError, match="descriptor"):
        kept(TWO.frames)
    world.protocol.write(TWO)
    assert world.is_silent()
    assert world.protocol.plain(THREE.frames) == 0
    world.socket.drain()
    world.protocol.watched = False
    world.protocol.write(THREE)
    assert world.heard() == TWO.frames + THREE.frames


async def test_an_error_of_the_kernel_is_left_for_asyncio_to_find(world: World) -> None:
    """Whoever writes is in the middle of a fan-out: a peer that is gone must not end it for the others."""
    world.protocol.write(ONE)
    world.peer.close()
    world.protocol.write(TWO)
    assert world.socket.written == TWO.frames


async def test_after_our_close_nothing_follows(world: World) -> None:
    world.protocol.write(ONE)
    kept = world.protocol.plain
    world.session.close("server shutting down")
    with pytest.raises(OSError, match="descriptor"):
        kept(TWO.frames)
    world.socket.drain()
    said = world.heard()
    assert said.startswith(ONE.frames)
    assert TWO.frames not in said


@pytest.mark.parametrize("reason", [closing.STALLED, None])
async def test_a_lost_socket_is_never_written_to_again(world: World, reason: str | None) -> None:
    """Its descriptor is somebody else's by then."""
    world.protocol.write(ONE)
    kept = world.protocol.plain
    world.heard()
    if reason is not None:
        world.session.close(reason)
    world.protocol.connection_lost(None)
    world.protocol.write(TWO)
    assert world.protocol.plain is take_nothing
    with pytest.raises(OSError, match="descriptor"):
        kept(TWO.frames)
    assert world.is_silent()
    os.fstat(world.ours.fileno())  # not closed by us: asyncio does that
