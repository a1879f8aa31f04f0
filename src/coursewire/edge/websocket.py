"""The asyncio protocol of a connection that asks for a WebSocket: handshake, frames, packets (RFC 6455)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, ClassVar, Final, cast

from coursewire.edge import closing, handshake
from coursewire.edge.closing import CloseCode
from coursewire.edge.direct import Direct, direct, take_nothing
from coursewire.edge.handshake import Refusal
from coursewire.edge.incoming import FrameError, Incoming, check_close
from coursewire.edge.registry import Registry
from coursewire.edge.session import Session
from coursewire.edge.upgrade import Upgrade, refuse
from coursewire.wire.engineio import PacketError, decode_packet
from coursewire.wire.frames import CLOSE, PING, PONG, TEXT, Encoded, frame

AT_ONCE: Final = 64
"""Messages of one read that are taken before others have their turn. A read may bring 36,000, which take 0.1 s."""

LARGE_PIECE: Final = 65_536
"""Bytes of one read after which others are read from first. Where a read fills its 250 KiB, libuv would go on with the
same socket, up to 32 times: that many small packets take seconds, in which nobody else is heard."""


class WebSocketTransport(asyncio.Protocol):
    """One WebSocket: first a handshake, then the transport or the probe of a session, then a close.

    The outbox is the write buffer of the asyncio transport with our water marks (FAN3): above `outbox_bytes`
    the session is full and nothing more is read from this socket, though what was read already is still
    answered; above `outbox_limit` the session is closed.
    """

    __slots__ = (
        "_closing", "_deaf", "_direct", "_greeting", "_incoming", "_open", "_registry", "_server_state",
        "_session", "_transport", "_unread", "full", "heard", "held", "plain", "watched",
    )  # fmt: skip

    name: ClassVar[str] = "websocket"
    upgradable: ClassVar[bool] = False

    _transport: asyncio.Transport
    _incoming: Incoming

    def __init__(
        self,
        registry: Registry,
        open_session: Callable[[str, WebSocketTransport], Session],
        *,
        server_state: Any,
        **_offered: Any,
    ) -> None:
        """Take, of what uvicorn offers to every protocol, its list of them all."""
        self._registry = registry
        self._open: Callable[[str, WebSocketTransport], Session] | None = open_session
        self._server_state = server_state
        self._session: Session | None = None
        self._closing = False
        """Whether our CLOSE was said, or nobody is there any more: nothing may follow it."""
        self._deaf = False
        """Whether nothing more is read: the peer's CLOSE came, or what is no WebSocket."""
        self._greeting = b""
        self._unread: Iterator[tuple[int, bytes]] | None = None
        """What is left of a read that had many messages. While there is something, nothing more is read."""
        self.full = False
        self.heard = False
        self.held = False
        """Whether the application has stopped reading."""
        self.watched = False
        self._direct: Direct | None = None
        """None while something may be in asyncio's buffer, before which nothing may go, or what goes is counted. Then
        `plain` takes nothing, and one that somebody has kept raises OSError."""
        self.plain: Callable[[bytes], int] = take_nothing

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin. The request follows at once."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._server_state.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer: the request first, frames after it."""
        self.heard = True
        self._registry.statistics.bytes_in += len(data)
        if self._open is not None:
            self._shake_hands(data, self._open)
        elif self._unread is not None:
            # asyncio's TLS had it already.
            self._unread = chain(self._unread, self._incoming.feed(data))
        elif not self._deaf:
            messages = self._incoming.feed(data)
            if self._take_some(messages) or len(data) >= LARGE_PIECE:
                self._let_others_read(messages)

    def _take_some(self, messages: Iterator[tuple[int, bytes]]) -> bool:
        """Take messages; return whether there may be more, whose turn is to come."""
        left = AT_ONCE
        try:
            for opcode, content in messages:
                if opcode == CLOSE:
                    self._receive_close(content)
                    return False
                self._receive_message(opcode, content)
                left -= 1
                if not left:
                    return True
        except FrameError as error:
            self._fail(error.code, str(error))
        return False

    def _let_others_read(self, messages: Iterator[tuple[int, bytes]]) -> None:
        """Go on in the next turn of the loop: these messages wait until then, and the rest with the kernel."""
        if not self._transport.is_closing():
            self._unread = messages
            self._transport.pause_reading()
            self._registry.timers.clock.call_soon(self._read_on)

    def _read_on(self) -> None:
        messages, self._unread = self._unread, None
        if messages is not None and not self._deaf:
            self.heard = True
            if self._take_some(messages):
                self._let_others_read(messages)
        self._update_reading()

    def eof_received(self) -> None:
        """Take what came before, and let asyncio close the socket: a WebSocket cannot be half-open."""
        while self._unread is not None:  # only with TLS: otherwise the end is read when there is nothing left
            self._read_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything; tell the session unless it went on without us."""
        self._closing = True
        self._unread = None
        self._end_plain()
        self._server_state.connections.discard(self)
        self._registry.probes.discard(self)
        self._registry.gone(self)
        self._leave(closing.TRANSPORT_CLOSE if exc is None else closing.TRANSPORT_ERROR)

    def pause_writing(self) -> None:
        """Mark the outbox as full: asyncio's buffer is above the high mark."""
        self.full = True
        self._update_reading()
        if self._session is not None:
            self._session.fill(self)

    def resume_writing(self) -> None:
        """Mark the outbox as drained: asyncio's buffer is below the low mark."""
        self.full = False
        self._update_reading()
        if self._session is not None:
            self._session.drain(self)

    def shutdown(self) -> None:
        """Close for uvicorn, which is asked to exit."""
        if self._session is not None:
            self._session.close(closing.SHUTDOWN, CloseCode.GOING_AWAY)
        else:
            self._transport.close()

    # The session's side

    @property
    def unsent(self) -> int:
        """Bytes in asyncio's buffer."""
        return self._transport.get_write_buffer_size()

    @property
    def congested(self) -> bool:
        """Whether a ping may still be in the buffer, or its pong unread."""
        return self.held or self.full or self._transport.get_write_buffer_size() > 0

    def attach(self, session: Session) -> None:
        """Carry packets for `session`."""
        self._session = session

    def greet(self, packet: bytes) -> None:
        """Answer the handshake, with the session's OPEN in the same write."""
        self._queue(self._greeting + frame(TEXT, packet))

    def write(self, encoded: Encoded, sent: int = 0) -> None:
        """Send ready frames: one write, no copy per receiver.

        With nothing queued before them they go to the kernel at once, which is cheaper than asyncio's way
        (docs/decisions/0001-own-socketio-core.md); what the kernel does not take is queued. An error is left for
        asyncio to find, which then reports it.
        """
        frames = encoded.ready or encoded.frames
        if not sent:
            if self._direct is None:
                self._begin_plain()
            try:
                sent = self.plain(frames)
            except OSError:
                sent = 0
        if sent < len(frames):
            self._queue(frames[sent:] if sent else frames)
        if self.watched and self._session is not None:
            self._session.note_queued(len(frames))

    def watch(self) -> None:
        """Count what is queued, all of it: nothing goes past the session."""
        self.watched = True
        self._end_plain()

    def pause_reading(self) -> None:
        """Stop reading until `resume_reading`."""
        self.held = True
        self._update_reading()

    def resume_reading(self) -> None:
        """Read again, unless the outbox is full."""
        self.held = False
        self._update_reading()

    def release(self) -> None:
        """Do nothing: no request waits here."""

    def retire(self) -> Encoded | None:
        """Hand over nothing: a WebSocket is never replaced."""
        return None

    def close(self, reason: str, code: int) -> None:
        """Say CLOSE after what is queued; cut the socket when the peer does not answer in time."""
        self._session = None
        if self._transport.is_closing():
            return
        if reason in (closing.STALLED, closing.OVERFLOW):
            # It would not take our CLOSE either.
            self._transport.abort()
            return
        self._say_close(code, reason)
        self._end()

    def upgrade_missing(self) -> None:
        """Give up a probe that took too long."""
        if self._session is not None:
            self._session.abandon_probe(self)

    def cut(self) -> None:
        """Drop the socket and what is queued."""
        self._transport.abort()

    # Inside

    def _shake_hands(self, data: bytes, open_session: Callable[[str, WebSocketTransport], Session]) -> None:
        self._open = None
        settings = self._registry.settings
        upgrade = Upgrade(data)
        sid = handshake.BAD_REQUEST if upgrade.malformed else self._check(upgrade)
        if isinstance(sid, Refusal):
            self._refuse(sid)
            return
        accepted = upgrade.accept()
        if accepted is None:
            self._refuse(handshake.BAD_REQUEST)
            return
        self._greeting = accepted
        self._incoming = Incoming(settings.max_payload)
        self._transport.set_write_buffer_limits(high=settings.outbox_bytes)
        if sid:
            self._queue(self._greeting)
            self._join(self._registry.sessions[sid])
        else:
            open_session(_remote(self._transport), self)
        self._greeting = b""

    def _check(self, request: Upgrade) -> str | Refusal:
        """Return the id of the session to join, "" for a new one, or why not."""
        settings = self._registry.settings
        if not handshake.same_path(request.path, settings.path):
            return handshake.NOT_FOUND
        sid = handshake.read_query(request.query, self.name)
        if isinstance(sid, Refusal):
            return sid
        origins, hosts = request.all("origin"), request.all("host")
        if len(origins) > 1 or not handshake.origin_allowed(
            origins[0] if origins else None, hosts[0] if hosts else None, settings.allowed_origins
        ):
            return handshake.FORBIDDEN
        if sid and sid not in self._registry.sessions:
            return handshake.UNKNOWN_SESSION
        if not sid and self._registry.crowded:
            return handshake.CROWDED
        return sid

    def _refuse(self, refusal: Refusal) -> None:
        self._deaf = self._closing = True
        self._registry.statistics.handshakes_refused[refusal.message] += 1
        self._transport.write(refuse(refusal.status, refusal.body))
        self._transport.close()
        self._end()

    def _join(self, joined: Session) -> None:
        """Become the probe of a polling session. One that needs none is left alone, and we are closed."""
        if joined.try_upgrade(self):
            self._session = joined
            self._registry.probes.add(self)
        else:
            self.close("the session has its WebSocket", CloseCode.POLICY)

    def _receive_message(self, opcode: int, content: bytes) -> None:
        if opcode == PING:
            if not self._closing:
                self._queue(frame(PONG, content))
        elif opcode != PONG and self._session is not None:
            try:
                packet = decode_packet(content.decode() if opcode == TEXT else content)
            except UnicodeDecodeError:
                raise FrameError(CloseCode.INVALID_DATA, "text is not UTF-8") from None
            except PacketError as error:
                self._session.reject(self, error)
            else:
                self._session.receive(self, packet)

    def _receive_close(self, content: bytes) -> None:
        check_close(content)
        self._deaf = True
        if not self._closing:
            self._closing = True
            self._queue(frame(CLOSE, content))
        self._transport.close()
        self._leave(closing.TRANSPORT_CLOSE)
        self._end()

    def _fail(self, code: int, reason: str) -> None:
        """End a stream that is no WebSocket (RFC 6455, section 7.1.7)."""
        self._deaf = True
        if self._session is not None:
            self._registry.statistics.packets_bad += 1
        self._say_close(code, reason)
        self._leave(closing.PARSE_ERROR)
        if self._transport.can_write_eof():
            # The peer still sends. Closing now would reset the connection and could destroy our CLOSE.
            self._transport.write_eof()
        else:
            self._transport.close()
        self._end()

    def _say_close(self, code: int, reason: str) -> None:
        if not self._closing:
            self._closing = True
            # A CLOSE has room for 123 bytes of reason (RFC 6455, section 5.5).
            brief = reason.encode(errors="replace")[:123].decode(errors="ignore")
            self._queue(frame(CLOSE, code.to_bytes(2, "big") + brief.encode()))

    def _queue(self, data: bytes) -> None:
        self._end_plain()
        self._transport.write(data)

    def _begin_plain(self) -> None:
        if not (self.watched or self._closing or self._transport.get_write_buffer_size()):
            self._direct = direct(self._transport)
            if self._direct is not None:
                self.plain = self._direct.send

    def _end_plain(self) -> None:
        if self._direct is not None:
            self._direct.detach()
            self._direct = None
            self.plain = take_nothing

    def _leave(self, reason: str) -> None:
        left, self._session = self._session, None
        if left is not None:
            left.lose(self, reason)

    def _update_reading(self) -> None:
        if self._transport.is_closing():
            return
        if self.held or self.full or self._unread is not None:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _end(self) -> None:
        """See to it that the socket goes away soon, whatever the peer does."""
        if self not in self._registry.closings:
            self._registry.closings.add(self)


def _remote(transport: asyncio.Transport) -> str:
    """Return the peer's address; a Unix socket has none."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""
