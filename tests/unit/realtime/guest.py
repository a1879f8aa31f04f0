"""A client in memory: what a Socket.IO client would be sent, packet by packet, over a transport a test can stop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

from coursewire.edge.connection import Connection
from coursewire.edge.direct import take_nothing
from coursewire.edge.server import Server
from coursewire.edge.session import Session
from coursewire.wire.engineio import Packet, PacketType, decode_packet
from coursewire.wire.frames import TEXT, Encoded
from coursewire.wire.socketio import Decoder, Kind, Message, encode

Json = dict[str, Any]


class Way:
    """What a line gives for `plain`: good until something waits in the line, or is counted."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.ended = False

    def take(self, frames: bytes, /) -> int:
        if self.ended:
            raise OSError("bad file descriptor")
        return self._line._take_frames(frames)


class Line:
    """Implements the edge's `Transport` without a socket. While `slow`, what is written waits in its outbox."""

    name: ClassVar[str] = "websocket"
    upgradable: ClassVar[bool] = False

    def __init__(self, high: int, taken: Callable[[str | bytes], None]) -> None:
        self._high = high
        self._taken = taken
        self._waiting: deque[Encoded] = deque()
        self._session: Session | None = None
        self.heard = False
        self.watched = False
        self._way: Way | None = None
        self._slow = False
        self.chokes = False
        """Whether it takes half of what comes next past the session, and is slow from then on."""
        self._choked_on = 0
        self.full = False
        self.unsent = 0
        self.congested = False
        self.reading = True
        self.closed: str | None = None
        self.on_write: Callable[[Encoded], None] = lambda _encoded: None

    def attach(self, session: Session) -> None:
        self._session = session

    def greet(self, packet: bytes) -> None:
        """Nobody here needs OPEN."""

    @property
    def slow(self) -> bool:
        return self._slow

    @slow.setter
    def slow(self, slow: bool) -> None:
        self._slow = slow
        if slow:
            self._end_plain()

    @property
    def plain(self) -> Callable[[bytes], int]:
        if self._slow or self.watched or self.closed is not None:
            return take_nothing
        if self._way is None:
            self._way = Way(self)
        return self._way.take

    def watch(self) -> None:
        self.watched = True
        self._end_plain()

    def _end_plain(self) -> None:
        if self._way is not None:
            self._way.ended = True
            self._way = None

    def _take_frames(self, frames: bytes) -> int:
        assert self.closed is None, "written to a line that was closed"
        if self.chokes:
            self.chokes, self.slow, self._choked_on = False, True, len(frames) // 2
            return self._choked_on
        for opcode, content in unframed(frames):
            self._taken(content.decode() if opcode == TEXT else content)
        return len(frames)

    def write(self, encoded: Encoded, sent: int = 0) -> None:
        assert sent == self._choked_on, "the rest of what it has choked on must follow, and nothing else"
        self._choked_on = 0
        self.on_write(encoded)
        if not self.slow:
            self._take(encoded)
            return
        self._waiting.append(encoded)
        self.unsent += encoded.size
        if self.watched and self._session is not None:
            self._session.note_queued(encoded.size)
        if self.unsent > self._high and not self.full and self._session is not None:
            self.full = True
            self._session.fill(self)

    def drain(self) -> None:
        """Let the peer take everything, and go on taking."""
        self.slow = self.chokes = False
        while self._waiting:
            self._take(self._waiting.popleft())
        self.unsent = 0
        if self.full and self._session is not None:
            self.full = False
            self._session.drain(self)

    def cut(self) -> None:
        """Lose what the peer has not taken."""
        self._waiting.clear()

    def _take(self, encoded: Encoded) -> None:
        for packet in encoded.packets:
            self._taken(packet)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def release(self) -> None:
        """No request waits here."""

    def retire(self) -> Encoded | None:
        return None

    def close(self, reason: str, code: int) -> None:
        del code
        self.closed = reason
        self._end_plain()
        self._session = None


def unframed(frames: bytes) -> Iterator[tuple[int, bytes]]:
    """Read frames as a server writes them: whole and without a mask (RFC 6455, section 5.2)."""
    at = 0
    while at < len(frames):
        opcode, size, start = frames[at] & 0x0F, frames[at + 1], at + 2
        if size > 125:
            start += 2 if size == 126 else 8
            size = int.from_bytes(frames[at + 2 : start])
        at = start + size
        yield opcode, frames[start:at]


@dataclass(frozen=True)
class Heard:
    """One event as a client sees it; `attachment` are the bytes between data and meta."""

    namespace: str
    event: str
    data: Json
    meta: Json
    attachment: bytes | None = None

    @property
    def offset(self) -> int | None:
        return self.meta.get("offset")


@dataclass(eq=False)
class Guest:
    """One connection, with as many namespaces as it likes."""

    server: Server
    user: str = "ada"
    events: list[Heard] = field(default_factory=list)
    refusals: list[tuple[str, Json]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    disconnected: list[str] = field(default_factory=list)
    answers: dict[int, Json] = field(default_factory=dict)
    """By ack id; in the order in which they came."""
    story: list[str] = field(default_factory=list)
    """Names of events and `ack <id>`, in the order in which they came."""

    def __post_init__(self) -> None:
        self.line = Line(self.server.settings.outbox_bytes, self._taken)
        self.session = self.server._open(self.user, self.line)
        self._decoder = Decoder()
        self._acks = count(1)
        self._changed = asyncio.Event()

    # What it sends

    def send(self, message: Message) -> None:
        """Hand a packet to the server, if the connection still stands."""
        for part in encode(message):
            self.session.receive(self.line, Packet(PacketType.MESSAGE, part))

    def enter(self, token: str, namespace: str = "/notes", resume: Json | None = None) -> None:
        """Send CONNECT."""
        auth: Json = {"token": token}
        if resume is not None:
            auth["resume"] = resume
        self.send(Message(Kind.CONNECT, namespace, auth))

    def say(
        self,
        command: str,
        payload: Any = None,
        namespace: str = "/notes",
        ack: int | None = None,
        others: tuple[Any, ...] = (),
    ) -> int:
        """Send a command, with what comes after its payload, and return its ack id."""
        ack = ack or self.next_ack()
        arguments = [command] if payload is None else [command, payload, *others]
        self.send(Message(Kind.EVENT, namespace, arguments, ack))
        return ack

    def next_ack(self) -> int:
        """Take an ack id, to know it before the answer comes."""
        return next(self._acks)

    def leave(self, namespace: str = "/notes") -> None:
        """Send DISCONNECT for one namespace."""
        self.send(Message(Kind.DISCONNECT, namespace))

    def vanish(self) -> None:
        """Lose the connection: what was not taken is gone."""
        self.line.cut()
        self.session.lose(self.line, "transport error")

    # What it waits for

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something is true."""
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def answer(self, ack: int) -> Json:
        """Wait for an acknowledgement."""
        await self.until(lambda: ack in self.answers)
        return self.answers[ack]

    async def ask(self, command: str, namespace: str = "/notes", **payload: Any) -> Json:
        """Send a command and return the data of its answer. Asserts that it is ok."""
        answer = await self.answer(self.say(command, payload, namespace))
        assert answer["ok"], answer
        data: Json = answer["data"]
        return data

    async def refused(self, command: str, namespace: str = "/notes", **payload: Any) -> Json:
        """Send a command and return its error."""
        answer = await self.answer(self.say(command, payload, namespace))
        assert not answer["ok"], answer
        error: Json = answer["error"]
        return error

    def named(self, event: str) -> list[Heard]:
        """Return the events of this name so far."""
        return [heard for heard in self.events if heard.event == event]

    def offsets(self, channel: str) -> list[int]:
        """Return the offsets of a channel's logged events so far."""
        return [
            heard.offset
            for heard in self.events
            if heard.meta["channel"] == channel and heard.offset is not None
        ]

    async def event(self, name: str, times: int = 1) -> Heard:
        """Wait until an event of this name has come `times`, and return the last."""
        await self.until(lambda: len(self.named(name)) >= times)
        return self.named(name)[times - 1]

    # What it is sent

    def _taken(self, packet: str | bytes) -> None:
        decoded = Packet(PacketType.MESSAGE, packet) if isinstance(packet, bytes) else decode_packet(packet)
        if decoded.type is PacketType.MESSAGE:
            message = self._decoder.feed(decoded.data)
            if message is not None:  # otherwise its attachments are still to come
                self.take(message)
        self._changed.set()

    def take(self, message: Message) -> None:
        """Note a packet of the server."""
        match message.kind:
            case Kind.CONNECT:
                self.accepted.append(message.namespace)
            case Kind.CONNECT_ERROR:
                self.refusals.append((message.namespace, message.data))
            case Kind.DISCONNECT:
                self.disconnected.append(message.namespace)
            case Kind.ACK:
                assert message.ack is not None
                assert message.ack not in self.answers, "acknowledged twice"
                [self.answers[message.ack]] = message.data
                self.story.append(f"ack {message.ack}")
            case Kind.EVENT:
                name, data, *attachment, meta = message.data
                self.events.append(Heard(message.namespace, name, data, meta, *attachment))
                self.story.append(name)

    @property
    def connection(self) -> Connection:
        """Return the server's side of it."""
        listener = self.session.listener
        assert isinstance(listener, Connection)
        return listener
