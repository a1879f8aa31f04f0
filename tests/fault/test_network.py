"""Networks that break, freeze and crawl: every session comes back to exactly what it has missed."""

from __future__ import annotations

import asyncio
import socket as sockets
from typing import Any

from tests.fault.plain_client import Json, PlainClient
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.tcp_proxy import Proxy

from coursewire.edge.connection import Socket
from coursewire.edge.websocket import WebSocketTransport
from coursewire.vocabulary import new_id

LONG = "x" * 7_000


class Room:
    """A room of the campus, and somebody who writes there."""

    def __init__(self, site: Campus, writer: PlainClient, room_id: str) -> None:
        self.site = site
        self.writer = writer
        self.id = room_id
        self.channel = f"room:{room_id}"
        self.port = int(site.url.rpartition(":")[2])

    async def send(self, *texts: str) -> None:
        acks = [
            await self.writer.say("message.send", key=new_id(), room_id=self.id, text=text) for text in texts
        ]
        await self.writer.until(lambda: all(ack in self.writer.answers for ack in acks))
        assert all(self.writer.answers[ack]["ok"] for ack in acks)

    async def client(self, user: str = "ben", port: int | None = None, **options: Any) -> PlainClient:
        return await PlainClient.open(port or self.port, self.site.token(user), **options)

    async def position(self) -> Json:
        """Where the room's stream stands."""
        async with await self.client() as client:
            await client.ready()
            answer = await client.ask("subscribe", channel=self.channel)
            return {"epoch": answer["epoch"], "offset": answer["offset"]}

    def texts(self, client: PlainClient) -> list[str]:
        return [message["text"] for message in client.named("message.sent")]

    async def heard(self, client: PlainClient, number: int) -> None:
        """Wait until a client has so many messages."""
        await client.until(lambda: len(self.texts(client)) >= number)


def take_little(site: Campus) -> None:
    """Let the kernel hold little of what the server writes: otherwise megabytes pass before an outbox fills."""
    for session in site.node.server.sessions.values():
        assert isinstance(session.transport, WebSocketTransport)
        sock = session.transport._transport.get_extra_info("socket")
        sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4_096)


async def open_room(site: Campus) -> Room:
    """Let Ada open a room for the course."""
    writer = await PlainClient.open(int(site.url.rpartition(":")[2]), site.token("ada"))
    await writer.ready()
    opened = await writer.ask("room.open", key=new_id(), kind="course", course_id=COURSE, title="Forum")
    return Room(site, writer, opened["room"]["id"])


class Departures:
    """Notes which namespace sessions end, and why."""

    def __init__(self, site: Campus) -> None:
        self.reasons: list[str] = []
        self._changed = asyncio.Event()
        dispatcher = site.node.dispatcher
        disconnected = dispatcher.disconnected

        def note(socket: Socket, reason: str) -> None:
            disconnected(socket, reason)
            self.reasons.append(reason)
            self._changed.set()

        dispatcher.disconnected = note  # type: ignore[method-assign]

    async def wait_for(self, reason: str) -> None:
        async with asyncio.timeout(30):
            while reason not in self.reasons:
                self._changed.clear()
                await self._changed.wait()


async def test_a_reconnect_after_no_event_at_all_recovers() -> None:
    """[SUB2] [SUB4] Socket.IO's own recovery (#5538) has nothing to go by here."""
    async with campus() as site:
        room = await open_room(site)
        async with room.writer:
            position = await room.position()
            async with await room.client(resume={room.channel: position}) as first:
                assert (await first.ready())["resumed"][room.channel]["recovered"]
            await room.send("missed")
            async with await room.client(resume={room.channel: position}) as second:
                assert (await second.ready())["resumed"][room.channel]["recovered"]
                assert room.texts(second) == ["missed"]


async def test_a_long_quiet_connection_recovers_from_its_old_position() -> None:
    """[SUB2] Many heartbeats and no event (Socket.IO #5282), then a break."""
    async with campus(ping_interval_ms=100, ping_timeout_ms=5_000) as site:
        room = await open_room(site)
        async with room.writer:
            position = await room.position()
            async with await room.client(resume={room.channel: position}) as quiet:
                await quiet.ready()
                await quiet.until(lambda: quiet.pings >= 20)
            await room.send("one", "two")
            async with await room.client(resume={room.channel: position}) as back:
                assert (await back.ready())["resumed"][room.channel]["recovered"]
                assert room.texts(back) == ["one", "two"]


async def test_the_late_timeout_of_a_half_open_connection_touches_nothing() -> None:
    """[SES3] The network swallows everything; the client is back long before the server gives the old one up."""
    async with campus(ping_interval_ms=100, ping_timeout_ms=1_500) as site:
        room = await open_room(site)
        departures = Departures(site)
        async with room.writer, Proxy(room.port) as proxy:
            port = int(proxy.url.rpartition(":")[2])
            position = await room.position()
            old = await room.client(port=port, resume={room.channel: position})
            await old.ready()
            await room.send("before")
            await old.until(lambda: room.texts(old))
            seen = {"epoch": position["epoch"], "offset": old.offsets(room.channel)[-1]}
            proxy.frozen.set()
            await room.send("while frozen")
            async with await room.client(resume={room.channel: seen}) as new:
                await new.ready()
                await departures.wait_for("ping timeout")
                await room.send("after")
                await new.until(lambda: len(room.texts(new)) == 2)
                assert room.texts(new) == ["while frozen", "after"]
                assert not new.gone
                assert new.named("channel.closed") == new.named("namespace.closing") == []
                answer = await new.ask("message.send", key=new_id(), room_id=room.id, text="and it can write")
                assert answer["duplicate"] is False
            await old.vanish()
            assert room.texts(old) == ["before"]


async def test_reconnect_after_reconnect_brings_nothing_twice() -> None:
    """[SUB2] The second and every later one (Socket.IO #5419): each goes on from what was seen."""
    async with campus() as site:
        room = await open_room(site)
        async with room.writer:
            position = await room.position()
            texts: list[str] = []
            for turn in range(5):
                await room.send(f"missed {turn}")
                async with await room.client(resume={room.channel: position}) as client:
                    await client.ready()
                    await room.send(f"live {turn}")
                    await room.heard(client, 2)
                    texts += room.texts(client)
                    position["offset"] = client.offsets(room.channel)[-1]
            expected = [text for turn in range(5) for text in (f"missed {turn}", f"live {turn}")]
            assert texts == expected


async def test_very_fast_reconnects_in_a_row_lose_nothing() -> None:
    """[SUB2] [SUB4] Broken off in every state, also before the handshake is answered (redis-streams-adapter #26)."""
    async with campus() as site:
        room = await open_room(site)
        async with room.writer:
            position = await room.position()
            texts: list[str] = []
            expected: list[str] = []
            for turn in range(40):
                expected.append(f"message {turn}")
                writing = asyncio.create_task(room.send(expected[-1]))
                client = await room.client(resume={room.channel: position})
                # How far it gets differs from turn to turn: not at all, to the first event, to the end.
                if turn % 4 == 1:
                    await client.begun()
                elif turn % 4 == 2:
                    await client.ready()
                elif turn % 4 == 3:
                    await writing
                await client.vanish()
                texts += room.texts(client)
                if offsets := client.offsets(room.channel):
                    assert offsets == list(range(position["offset"] + 1, offsets[-1] + 1))
                    position["offset"] = offsets[-1]
                await writing
            async with await room.client(resume={room.channel: position}) as last:
                assert (await last.ready())["resumed"][room.channel]["recovered"]
                texts += room.texts(last)
            assert texts == expected


async def test_a_socket_that_stops_reading_is_bounded_and_replayed_without_holes() -> None:
    """[FAN3] Its outbox ends at the bound; once it reads again it gets all of it, once, and goes on live."""
    async with campus(outbox_bytes=32_768, ping_timeout_ms=20_000) as site:
        room = await open_room(site)
        async with room.writer:
            position = await room.position()
            async with await room.client(resume={room.channel: position}, receive_buffer=4_096) as slow:
                await slow.ready()
                take_little(site)
                slow.reading.clear()
                expected = [f"{number} {LONG}" for number in range(60)]
                for start in range(0, 60, 4):
                    await room.send(*expected[start : start + 4])
                assert site.node.server.statistics.outboxes_filled >= 1
                [unsent] = [
                    session.transport.unsent for session in site.node.server.sessions.values() if session.full
                ]
                assert unsent < 4 * 32_768
                slow.reading.set()
                await slow.until(lambda: len(slow.offsets(room.channel)) == 60)
                await room.send("live")
                await slow.until(lambda: "live" in room.texts(slow))
                first = position["offset"] + 1
                assert slow.offsets(room.channel) == list(range(first, first + 61))
                assert room.texts(slow) == [*expected, "live"]
                assert not slow.gone


async def test_a_socket_that_makes_no_progress_is_closed_and_resumes() -> None:
    """[FAN3] With a reason in the figures; nobody else waits for it, and it has lost nothing."""
    async with campus(outbox_bytes=32_768, ping_timeout_ms=20_000, stall_timeout_s=0.3) as site:
        room = await open_room(site)
        departures = Departures(site)
        async with room.writer:
            position = await room.position()
            expected = [f"{number} {LONG}" for number in range(60)]
            async with await room.client(resume={room.channel: position}, receive_buffer=4_096) as stuck:
                await stuck.ready()
                take_little(site)
                stuck.reading.clear()
                for start in range(0, 60, 4):
                    await room.send(*expected[start : start + 4])
                await departures.wait_for("stalled")
                assert site.node.server.statistics.sessions_closed["stalled"] == 1
            async with await room.client(resume={room.channel: position}) as back:
                assert (await back.ready())["resumed"][room.channel]["recovered"]
                await back.until(lambda: len(room.texts(back)) == 60)
                assert room.texts(back) == expected
