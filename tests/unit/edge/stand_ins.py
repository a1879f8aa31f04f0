"""Stand-ins for what surrounds the edge: a clock moved by the test, sockets it reads, listeners that record."""

from __future__ import annotations

import heapq
import itertools
import struct
from collections.abc import Callable, Container
from types import SimpleNamespace
from typing import Any, ClassVar

from websockets.frames import Opcode

from coursewire.edge.connection import Connection, Socket
from coursewire.edge.direct import take_nothing
from coursewire.edge.registry import Registry
from coursewire.edge.server import EngineServer
from coursewire.edge.session import Session
from coursewire.edge.settings import EdgeSettings
from coursewire.edge.statistics import Statistics
from coursewire.edge.websocket import WebSocketTransport
from coursewire.wire.frames import Encoded


class ManualClock:
    """An event loop's clock and calls; time passes only in `advance`."""

    def __init__(self) -> None:
        self._now = 0.0
        self._calls: list[tuple[float, int, PlannedCall]] = []
        self._numbers = itertools.count()
        self.planned = 0
        """How many calls were ever planned."""

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[..., object], *arguments: Any) -> PlannedCall:
        call = PlannedCall(callback, arguments)
        self.planned += 1
        heapq.heappush(self._calls, (when, next(self._numbers), call))
        return call

    def call_soon(self, callback: Callable[..., object], *arguments: Any) -> PlannedCall:
        return self.call_at(self._now, callback, *arguments)

    def advance(self, seconds: float, *, stalled: bool = False) -> None:
        """Let time pass. A stalled loop gets to its calls only at the end, as after a long pause."""
        end = self._now + seconds
        if stalled:
            self._now = end
        while self._calls and self._calls[0][0] <= end:
            when, _, call = heapq.heappop(self._calls)
            self._now = max(self._now, when)
            call.run()
        self._now = end


class PlannedCall:
    def __init__(self, callback: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self._callback: Callable[..., object] | None = callback
        self._arguments = arguments

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        if self._callback is not None:
            self._callback(*self._arguments)


class RecordingTransport:
    """Carries packets to a list."""

    name: ClassVar[str] = "recording"
    upgradable: ClassVar[bool] = False

    def __init__(self) -> None:
        self.session: Session | None = None
        self.packets: list[str | bytes] = []
        self.heard = False
        self.watched = False
        self.full = False
        self.unsent = 0
        self.congested = False
        self.reading = True
        self.released = 0
        self.backlog: Encoded | None = None
        self.closed: tuple[str, int] | None = None

    def attach(self, session: Session) -> None:
        self.session = session

    def greet(self, packet: bytes) -> None:
        self.packets.append(packet.decode())

    @property
    def plain(self) -> Callable[[bytes], int]:
        return take_nothing

    def watch(self) -> None:
        self.watched = True

    def write(self, encoded: Encoded, sent: int = 0) -> None:
        assert sent == 0
        self.packets += encoded.packets
        if self.watched and self.session is not None:
            self.unsent += encoded.size
            self.session.note_queued(encoded.size)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def release(self) -> None:
        self.released += 1

    def retire(self) -> Encoded | None:
        return self.backlog

    def close(self, reason: str, code: int) -> None:
        self.closed = (reason, code)

    def take(self) -> list[str | bytes]:
        """Return the packets since the last time."""
        packets, self.packets = self.packets, []
        return packets


class RecordingUpgradable(RecordingTransport):
    """The same, as a transport that another may replace."""

    upgradable: ClassVar[bool] = True


class RecordingListener:
    """What stands behind an Engine.IO session, as a list of what it was told."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.told: list[Any] = []
        self.fails = fails

    def _record(self, *what: Any) -> None:
        self.told.append(what)
        if self.fails is not None:
            raise self.fails

    def received(self, data: str | bytes) -> None:
        self._record("received", data)

    def closed(self, reason: str) -> None:
        self._record("closed", reason)

    def filled(self) -> None:
        self._record("filled")

    def drained(self) -> None:
        self._record("drained")


class RecordingApplication:
    """A Socket.IO application as a list of what it was told; accepts everybody unless told otherwise."""

    def __init__(
        self, namespaces: Container[str] = ("/", "/chat", "/custom"), *, accepts: bool = True
    ) -> None:
        self.namespaces = namespaces
        self.accepts = accepts
        self.fails: Exception | None = None
        self.told: list[Any] = []
        self.sockets: list[Socket] = []

    def _record(self, *what: Any) -> None:
        self.told.append(what)
        if self.fails is not None:
            raise self.fails

    def connected(self, socket: Socket, auth: Any) -> None:
        self.sockets.append(socket)
        if self.accepts:
            socket.accept()
        self._record("connected", socket.namespace, auth)

    def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
        self._record("received", socket.namespace, arguments, ack)

    def disconnected(self, socket: Socket, reason: str) -> None:
        self._record("disconnected", socket.namespace, reason)

    def full(self, connection: Connection) -> None:
        self._record("full", connection.full)

    def drained(self, connection: Connection) -> None:
        self._record("drained", connection.full)


class RecordingSocket:
    """An asyncio transport whose peer is the test: written bytes pile up until `drain`, as with a slow reader."""

    def __init__(self, *, drains: bool = True) -> None:
        self.drains = drains
        self.protocol: WebSocketTransport | None = None
        self.written = bytearray()
        self.buffered = 0
        self.high = 65_536
        self.low = 16_384
        self.paused_writing = False
        self.reading = True
        self.eof = False
        self.closing = False
        self.aborted = False

    def write(self, data: bytes) -> None:
        assert not self.eof, "nothing may be written after the end of the stream"
        self.written += data
        if not self.drains:
            self.buffered += len(data)
            if self.buffered > self.high and not self.paused_writing and self.protocol is not None:
                self.paused_writing = True
                self.protocol.pause_writing()

    def drain(self, size: int) -> None:
        """Let the peer take `size` bytes."""
        self.buffered = max(0, self.buffered - size)
        if self.paused_writing and self.buffered <= self.low and self.protocol is not None:
            self.paused_writing = False
            self.protocol.resume_writing()

    def set_write_buffer_limits(self, high: int) -> None:
        self.high, self.low = high, high // 4

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def get_extra_info(self, name: str) -> Any:
        # With TLS, because only then is there no file descriptor to write to past this object.
        return {"peername": ("192.0.2.1", 4711), "sslcontext": True}.get(name)

    def pause_reading(self) -> None:
        assert not self.closing
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.closing
        self.reading = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.eof = True

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True

    def take(self) -> bytes:
        """Return the bytes written since the last time."""
        written, self.written = bytes(self.written), bytearray()
        return written


REQUEST = (
    "GET {target} HTTP/1.1\r\nHost: campus.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
)
"""The handshake of RFC 6455, section 1.2."""


def websocket(
    server: EngineServer,
    target: str = "/socket.io/?EIO=4&transport=websocket",
    headers: str = "",
    *,
    drains: bool = True,
    socket: RecordingSocket | None = None,
) -> tuple[WebSocketTransport, RecordingSocket]:
    """Connect a WebSocket to `server` without a network, as uvicorn does."""
    protocol = server.websocket_protocol(
        config=None, server_state=SimpleNamespace(connections=set()), app_state={}
    )
    assert isinstance(protocol, WebSocketTransport)
    socket = socket or RecordingSocket(drains=drains)
    socket.protocol = protocol
    protocol.connection_made(socket)  # type: ignore[arg-type]  # as little of a transport as is used
    protocol.data_received(REQUEST.format(target=target, headers=headers).encode())
    return protocol, socket


def make_registry(clock: ManualClock, **settings: Any) -> Registry:
    """Return a registry with round times: pings every 10 s, 4 s for pongs, 30 s for stalls."""
    defaults = {"ping_interval_ms": 10_000, "ping_timeout_ms": 4_000, "outbox_bytes": 1_000}
    return Registry(EdgeSettings(**{**defaults, **settings}), Statistics(), clock)


def client_frame(opcode: Opcode, content: bytes, *, fin: bool = True) -> bytes:
    """Write a masked frame as clients do, but always with the same mask: test names must not be random."""
    mask = b"\1\2\3\4"
    size = len(content)
    if size < 126:
        head = struct.pack("!BB", fin << 7 | opcode, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", fin << 7 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", fin << 7 | opcode, 0x80 | 127, size)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(content))
