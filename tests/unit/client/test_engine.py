"""The Engine.IO session on a link that a test holds in its hand."""

from __future__ import annotations

import asyncio

from coursewire.client.engine import Engine
from coursewire.client.link import Handshake, LinkError, LinkOptions
from coursewire.client.outputs import Transport
from coursewire.wire.engineio import Packet, PacketType

HANDSHAKE = Handshake(sid="s", upgrades=(), silence_s=60, max_payload=1_000_000)


class HeldLink:
    """A link whose other end is two queues."""

    name: Transport = "websocket"

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[list[Packet] | LinkError] = asyncio.Queue()
        self.sent: list[Packet] = []
        self.written = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.closed = asyncio.Event()

    async def receive(self) -> list[Packet]:
        packets = await self.incoming.get()
        if isinstance(packets, LinkError):
            raise packets
        return packets

    async def send(self, packets: list[Packet]) -> None:
        await self.writable.wait()
        self.sent += packets
        self.written.set()

    async def close(self) -> None:
        self.closed.set()


class Session:
    """An engine on a held link, and what it reported."""

    def __init__(self, options: LinkOptions | None = None, handshake: Handshake = HANDSHAKE) -> None:
        self.link = HeldLink()
        self.messages: list[str | bytes] = []
        self.reasons: list[str] = []
        self.ended = asyncio.Event()
        self.engine = Engine(
            "http://localhost",
            options or LinkOptions(),
            self.link,
            handshake,
            on_message=self.take,
            on_transport=lambda _transport: None,
            on_closed=self.end,
        )

    def take(self, message: str | bytes) -> None:
        if message == "2bug":
            raise RuntimeError("a bug above")
        self.messages.append(message)

    def end(self, reason: str) -> None:
        self.reasons.append(reason)
        self.ended.set()


async def test_a_link_that_takes_nothing_is_given_up_at_the_bound() -> None:
    """The bound of the send queue: no further growth, the session ends and its commands are sent again."""
    session = Session(LinkOptions(max_queued=10))
    session.link.writable.clear()
    for _ in range(100):
        session.engine.send(["2x"])
    await asyncio.wait_for(session.link.closed.wait(), 30)
    assert session.reasons == ["the socket takes nothing"]
    assert len(session.engine._queue) <= 11


async def test_a_ping_is_answered_before_what_waits() -> None:
    session = Session()
    await session.link.incoming.put([Packet(PacketType.PING), Packet(PacketType.MESSAGE, "hello")])
    await asyncio.wait_for(session.link.written.wait(), 30)
    assert session.link.sent == [Packet(PacketType.PONG)]
    assert session.messages == ["hello"]
    await session.engine.close()
    assert session.link.sent[-1] == Packet(PacketType.CLOSE)
    assert session.reasons == [], "who closes is not told so"


async def test_silence_ends_it() -> None:
    session = Session(handshake=Handshake(sid="s", upgrades=(), silence_s=0.01, max_payload=1_000))
    await asyncio.wait_for(session.ended.wait(), 30)
    assert session.reasons == ["ping timeout"]


async def test_every_end_is_reported_once() -> None:
    session = Session()
    await session.link.incoming.put([Packet(PacketType.CLOSE)])
    await asyncio.wait_for(session.link.closed.wait(), 30)
    session.engine.abort("late")
    session.engine.send(["2late"])
    await session.engine.close()
    assert session.reasons == ["closed by the server"]


async def test_a_bug_above_ends_the_session_instead_of_leaving_it_deaf() -> None:
    session = Session()
    await session.link.incoming.put([Packet(PacketType.MESSAGE, "2bug")])
    await asyncio.wait_for(session.link.closed.wait(), 30)
    assert session.reasons == ["a packet could not be handled"]
