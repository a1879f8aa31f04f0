"""Every bound of the edge, met on real sockets: sizes, slow readers, silent and stalled ones, origins, shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.conformance_server import Echo
from tests.integration.protocol_peers import LOOPS, Site, serving, visit
from websockets.exceptions import InvalidStatus

from coursewire.edge.connection import Connection, Socket
from coursewire.edge.server import Server
from coursewire.edge.settings import EdgeSettings
from coursewire.wire.frames import encode_event

KILOBYTE = encode_event("/", "filling", b'"' + b"x" * 1_000 + b'"', b"{}")


class Filling(Echo):
    """Sends a kilobyte for each number it is asked for, and notes what it is told of outboxes."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.stop_when_full = True
        self.filled = threading.Event()

    def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
        if arguments[0] == "fill":
            for _ in range(arguments[1]):
                if self.stop_when_full and socket.connection.full:
                    break
                socket.send(KILOBYTE)
        else:
            super().received(socket, arguments, ack)

    def disconnected(self, socket: Socket, reason: str) -> None:
        super().disconnected(socket, reason)
        self.notes.append(reason)

    def full(self, connection: Connection) -> None:
        super().full(connection)
        self.notes.append("full")
        self.filled.set()

    def drained(self, connection: Connection) -> None:
        self.notes.append("drained")
        for filled in connection.sockets.values():
            filled.emit("drained")


@contextlib.asynccontextmanager
async def site_of(application: Echo, loop: str = "uvloop", **settings: Any) -> AsyncIterator[Site]:
    # No ping may come between a question and its answer.
    server = Server(application, EdgeSettings(**{"ping_interval_ms": 60_000, **settings}))
    with serving(server, loop) as port:
        async with visit(server, port) as site:
            yield site


def small_buffers() -> socket.socket:
    """Return a socket that takes little unread, so that the rest stays with the server."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    return connection


class SlowReader:
    """A WebSocket client that reads only when told to, on a plain socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, site: Site) -> SlowReader:
        connection = small_buffers()
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", site.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=2_048)
        client = cls(reader, writer)
        writer.write(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        await client.read_until(b"maxPayload")
        client.send("40")
        await client.read_until(b"auth")
        return client

    def send(self, text: str) -> None:
        content = text.encode()
        assert len(content) < 126
        self.writer.write(bytes((0x81, 0x80 | len(content), 0, 0, 0, 0)) + content)

    async def read_frame(self) -> bytes:
        """Read one unmasked frame."""
        async with asyncio.timeout(30):
            size = (await self.reader.readexactly(2))[1]
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2))
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8))
            return await self.reader.readexactly(size)

    async def read_until(self, part: bytes) -> list[bytes]:
        """Read up to the frame that contains `part`; answer pings."""
        frames = []
        while part not in (frame := await self.read_frame()):
            if frame == b"2":
                self.send("3")
            else:
                frames.append(frame)
        return frames

    async def end(self) -> None:
        """Read to the end of the stream."""
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(65_536):
                    pass


@pytest.mark.parametrize("loop", LOOPS)
async def test_a_slow_reader_fills_its_outbox_and_gets_all_of_it_in_order_once_it_reads(loop: str) -> None:
    """[FAN3] Above the bound the application is told, and stops; below, it is told again."""
    application = Filling()
    async with site_of(application, loop, outbox_bytes=100_000) as site:
        client = await SlowReader.connect(site)
        client.send('42["fill",100000]')
        client.send('42["message","after it"]')
        # Whoever reads while it is filled may be quick enough that it never is.
        assert await asyncio.to_thread(application.filled.wait, 30)
        frames = await client.read_until(b'"drained"')
        assert set(frames) <= {b'42["filling","' + b"x" * 1_000 + b'",{}]', b'42["message-back","after it"]'}
        assert 100 <= len(frames) < 20_000
        assert application.notes == ["full", "drained"]
        client.send('42["message","and on"]')
        await client.read_until(b"and on")
        client.writer.close()


async def test_a_reader_that_takes_nothing_is_closed_with_a_reason() -> None:
    """[FAN3] Its pings wait behind everything else; it is progress that decides."""
    application = Filling()
    async with site_of(application, outbox_bytes=100_000, stall_timeout_s=0.3) as site:
        client = await SlowReader.connect(site)
        client.send('42["fill",100000]')
        bystander = await site.open_websocket()
        await bystander.receive()
        while "stalled" not in application.notes:
            await bystander.send("40/custom", "41/custom")
            await bystander.receive()
            await bystander.receive()
        assert site.server.statistics.sessions_closed["stalled"] == 1
        await client.end()
        client.writer.close()
        await bystander.connection.close()


async def test_who_queues_without_looking_costs_the_connection_not_the_memory() -> None:
    """[FAN3]"""
    application = Filling()
    application.stop_when_full = False
    async with site_of(application, outbox_bytes=100_000) as site:
        client = await SlowReader.connect(site)
        client.send('42["fill",20000]')
        await client.end()
        assert application.notes[-1] == "outbox overflow"
        client.writer.close()


async def test_a_message_that_is_too_large_closes_the_websocket_with_1009() -> None:
    async with site_of(Echo(), max_payload=10_000) as site:
        peer = await site.open_websocket()
        await peer.receive()
        await peer.send("40", '42["message","' + "x" * 10_000 + '"]')
        assert (await peer.closed())[0] == 1009


async def test_a_message_far_too_large_reaches_nobody() -> None:
    """The close arrives although the client was still sending; what it sent till then is discarded."""
    async with site_of(Echo(), max_payload=10_000) as site:
        peer = await site.open_websocket()
        await peer.receive()
        with contextlib.suppress(OSError):
            await peer.send("4" + "x" * 5_000_000)
        assert (await peer.closed())[0] in {1009, 1006}
        # How much is read before the client stops is the network's affair: none of it may become a packet.
        assert (site.server.statistics.packets_in, site.server.statistics.packets_bad) == (0, 1)
        assert site.server.statistics.sessions_closed == {"parse error": 1}


async def test_a_request_that_is_too_large_gets_413_and_the_session_stays() -> None:
    async with site_of(Echo(), max_payload=10_000) as site:
        poller = await site.open_polling()
        assert (await poller.post("4" + "x" * 10_000)).status_code == 413
        assert (await poller.post("40")).text == "ok"


async def test_the_number_of_sessions_is_bounded() -> None:
    async with site_of(Echo(), max_sessions=1) as site:
        peer = await site.open_websocket()
        assert (await site.request("GET", "EIO=4&transport=polling")).status_code == 503
        with pytest.raises(InvalidStatus) as refused:
            await site.open_websocket()
        assert refused.value.response.status_code == 503
        await peer.connection.close()


async def test_pages_of_other_sites_are_refused_on_both_transports() -> None:
    async with site_of(Echo(), allowed_origins=["https://lms.example"]) as site:
        refused = await site.request("GET", "EIO=4&transport=polling", origin="https://evil.example")
        assert refused.status_code == 403
        with pytest.raises(InvalidStatus) as refused_websocket:
            await site.open_websocket(origin="https://evil.example")
        assert refused_websocket.value.response.status_code == 403
        allowed = await site.request("GET", "EIO=4&transport=polling", origin="https://lms.example")
        assert allowed.headers["access-control-allow-origin"] == "https://lms.example"
        for origin in ("https://lms.example", site.url):
            peer = await site.open_websocket(origin=origin)
            await peer.connection.close()


async def test_a_shutdown_tells_everybody_and_loses_no_last_words() -> None:
    application = Filling()
    async with site_of(application) as site:
        peer = await site.open_websocket()
        await peer.send("40")
        poller = await site.open_polling()
        poll = asyncio.ensure_future(poller.get())
        for _ in range(3):
            await peer.receive()
        async with asyncio.timeout(30):
            # What uvicorn does with every connection it knows when it is asked to exit.
            closed = asyncio.ensure_future(peer.closed())
            await stop(site)
            assert await closed == (1001, "server shutting down")
            assert (await poll).text == "1"
    assert application.notes == ["server shutting down"]


async def stop(site: Site) -> None:
    """Close the server on its own event loop."""
    clock = site.server._registry.timers.clock
    assert isinstance(clock, asyncio.AbstractEventLoop)
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(site.server.close(), clock))
