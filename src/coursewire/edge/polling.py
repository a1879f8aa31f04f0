"""HTTP long-polling as a transport: one GET that waits, one POST at a time, and the outbox between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, Final

from coursewire.edge import asgi, closing, handshake
from coursewire.edge.asgi import Headers, Receive, Send
from coursewire.edge.closing import CloseCode
from coursewire.edge.direct import take_nothing
from coursewire.edge.handshake import Refusal
from coursewire.edge.outbox import PACKETS_PER_POLL, Outbox
from coursewire.edge.registry import Registry
from coursewire.edge.session import Session
from coursewire.wire.engineio import PacketError, decode_payload
from coursewire.wire.frames import TEXT, Encoded

# Reasons after which a client that comes back gets a plain 400: it left by itself, or broke the rules.
_WITHOUT_FAREWELL: Final = frozenset(
    {
        closing.TRANSPORT_CLOSE,
        closing.TRANSPORT_ERROR,
        closing.PING_TIMEOUT,
        closing.PARSE_ERROR,
        closing.STALLED,
        closing.OVERFLOW,
    }
)

NOOP: Final = b"6"
CLOSE: Final = Encoded(messages=((TEXT, b"1"),))

AT_ONCE: Final = 64
"""Packets of one request that are taken before others have their turn; those of a WebSocket count as well."""

_SLICE: Final = 65_536


class PollingTransport:
    """Long-polling of one session. It lives from request to request, and is fed by the endpoint."""

    __slots__ = (
        "_outbox",
        "_poll",
        "_posting",
        "_reading",
        "_registry",
        "_sending",
        "full",
        "heard",
        "session",
        "watched",
    )

    name: ClassVar[str] = "polling"
    upgradable: ClassVar[bool] = True

    session: Session

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._outbox = Outbox(registry.settings.outbox_bytes)
        self._poll: asyncio.Future[bytes | None] | None = None
        self._sending = 0
        self._posting = False
        self._reading: asyncio.Event | None = None  # present while reading is paused
        self.full = False
        self.heard = False
        self.watched = False

    # The session's side

    @property
    def unsent(self) -> int:
        """Bytes that wait, or are on their way to a reader that is slow."""
        return self._outbox.size + self._sending

    @property
    def congested(self) -> bool:
        """Whether a ping may still be on its way, or the POST with the pong waits behind another."""
        return self._posting or self._reading is not None or self._sending > 0

    def attach(self, session: Session) -> None:
        """Carry packets for `session`."""
        self.session = session

    def greet(self, packet: bytes) -> None:
        """Queue the session's OPEN."""
        self.write(Encoded(messages=((TEXT, packet),)))

    @property
    def plain(self) -> Callable[[bytes], int]:
        """Take nothing: here packets wait for a request."""
        return take_nothing

    def write(self, encoded: Encoded, sent: int = 0) -> None:  # noqa: ARG002 - nothing is sent before
        """Queue packets for the poll that waits or the next one."""
        self._outbox.put(encoded)
        if self._poll is not None and not self._poll.done():
            # It wakes up after this turn of the event loop, and takes what has come together until then.
            self._poll.set_result(None)
        if self._outbox.full and not self.full:
            self.full = True
            self.session.fill(self)
        elif self.watched:
            self.session.note_queued(encoded.size)

    def watch(self) -> None:
        """Tell the session of whatever is queued from now on."""
        self.watched = True

    def pause_reading(self) -> None:
        """Hold back the answer to the next POST: its client sends no other before."""
        if self._reading is None:
            self._reading = asyncio.Event()

    def resume_reading(self) -> None:
        """Answer the POST that was held back."""
        if self._reading is not None:
            self._reading.set()
            self._reading = None

    def release(self) -> None:
        """Answer the poll that waits with NOOP, and the POST that was held back, so that the client can pause."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(NOOP)
        if self._reading is not None:
            self._reading.set()
            self._reading = asyncio.Event()  # for those after it, should the upgrade be given up

    def retire(self) -> Encoded | None:
        """Answer the poll that waits with NOOP, hand over what was never sent."""
        self.release()
        self.resume_reading()
        return self._outbox.take() if self._outbox else None

    def close(self, reason: str, code: int) -> None:  # noqa: ARG002 - long-polling has no codes
        """Answer the poll that waits, and leave what does not fit or has no poll to the next ones."""
        self.resume_reading()
        if reason == closing.TRANSPORT_CLOSE:
            self.release()
            return
        self._outbox.put(CLOSE)
        if reason not in _WITHOUT_FAREWELL:
            self._registry.leave_farewell(self.session.id, self._outbox)
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    # The requests' side

    def take(self) -> bytes:
        """Return what waits, or as much of it as clients take in one payload."""
        return self._outbox.take(PACKETS_PER_POLL).payload if self._outbox else NOOP

    async def poll(self, receive: Receive) -> bytes | None:
        """Return the payload for a GET, once there is one; None for one too many or one that was given up."""
        if self._poll is not None:
            self.session.close(closing.TRANSPORT_ERROR)
            return None
        if not self._outbox and not self.session.probed:
            answer = await self._wait(receive)
            if answer is not None:
                return answer or None
        payload = self.take()
        if self.full and self._outbox.drained:
            self.full = False
            self.session.drain(self)
        return payload

    async def _wait(self, receive: Receive) -> bytes | None:
        """Wait for packets (None), for an answer from elsewhere, or for the client to hang up (b"")."""
        self._poll = poll = asyncio.get_running_loop().create_future()
        hanging_up = asyncio.ensure_future(asgi.hang_up(receive))
        try:
            await asyncio.wait((poll, hanging_up), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hanging_up.cancel()
            self._poll = None
        if poll.done():
            answer: bytes | None = poll.result()
            return answer
        self.session.lose(self, closing.TRANSPORT_CLOSE)
        return b""

    async def respond(self, payload: bytes, send: Send, headers: Headers) -> None:
        """Send what `poll` returned, slice by slice, so that the progress of a slow reader shows."""
        self._sending = len(payload)
        try:
            await asgi.start(send, 200, len(payload), headers)
            for first in range(0, len(payload), _SLICE):
                part = payload[first : first + _SLICE]
                await asgi.body(send, part, more=first + _SLICE < len(payload))
                self._sending -= len(part)
        finally:
            self._sending = 0

    async def post(self, receive: Receive) -> Refusal | None:
        """Take the packets of a POST; return why not, or None."""
        if self._posting:
            self.session.close(closing.TRANSPORT_ERROR)
            return handshake.BAD_REQUEST
        self._posting = True
        try:
            async with asyncio.timeout(self._registry.settings.stall_timeout_s):
                body = await asgi.read_body(receive, self._registry.settings.max_payload)
            if body is None:
                return handshake.TOO_LARGE
            return await self._take(body)
        except TimeoutError:
            return handshake.BAD_REQUEST
        finally:
            self._posting = False

    async def _take(self, body: bytes) -> Refusal | None:
        if self.session.transport is not self:
            return handshake.BAD_REQUEST
        self.heard = True
        self._registry.statistics.bytes_in += len(body)
        try:
            packets = decode_payload(body, self._registry.settings.max_packets)
        except PacketError:
            self._registry.statistics.packets_bad += 1
            self.session.close(closing.PARSE_ERROR, CloseCode.PROTOCOL_ERROR)
            return handshake.BAD_REQUEST
        for number, packet in enumerate(packets, 1):
            self.session.receive(self, packet)
            if not number % AT_ONCE:
                await asyncio.sleep(0)
                if self.session.transport is not self:
                    return handshake.BAD_REQUEST
        if self._reading is not None and not self.session.probed:
            await self._reading.wait()
        return None
