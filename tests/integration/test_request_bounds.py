"""What a connection may leave half done, and for how long: no proxy stands before a small campus."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from tests.conformance_server import EngineEcho
from tests.unit.edge.stand_ins import REQUEST, client_frame
from websockets.frames import Opcode

from coursewire.edge.arrival import Arrival
from coursewire.edge.http import MOST_HEAD, Http
from coursewire.edge.server import EngineServer
from coursewire.edge.session import Listener, Session
from coursewire.edge.settings import EdgeSettings

Send = Callable[[dict[str, Any]], Awaitable[None]]
HOST = b"Host: campus.example\r\n"
WHOLE = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}"


class Page:
    """An application that reads the body of each request, and answers with some bytes."""

    def __init__(self, size: int = 2) -> None:
        self.size = size
        self.requests = 0
        self.disconnects = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answered = asyncio.Event()

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send
    ) -> None:
        self.requests += 1
        while (message := await receive())["type"] != "http.disconnect" and message.get("more_body"):
            pass
        if message["type"] == "http.disconnect":
            self.disconnects += 1
            return
        self.headers = list(scope["headers"])
        self.asked.set()
        await self.may_answer.wait()
        length = [(b"content-length", b"%d" % self.size)]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        sent = 0
        while sent < self.size:
            part = min(1 << 20, self.size - sent)
            sent += part
            await send({"type": "http.response.body", "body": b"x" * part, "more_body": sent < self.size})
        self.answered.set()


def nobody(_session: Session) -> Listener:
    raise AssertionError("a session has opened")


@asynccontextmanager
async def serving(
    page: Page, opened: Callable[[Session], Listener] = nobody, **settings: Any
) -> AsyncIterator[tuple[EngineServer, int]]:
    server = EngineServer(opened, EdgeSettings(**settings))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            page,
            http=server.first_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
            ws=server.websocket_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
            lifespan="off",
            log_config=None,
            timeout_keep_alive=3_600,
        )
        http = uvicorn.Server(config)
        running = asyncio.create_task(http.serve([listener]))
        try:
            yield server, listener.getsockname()[1]
        finally:
            http.should_exit = True
            await running
            await server.close()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        async with asyncio.timeout(60):
            yield reader, writer
    finally:
        writer.close()


TIME_S = 10
"""What a request or the reading of an answer has where time passes by `pass_time` alone: no busy machine takes it."""


def pass_time() -> None:
    """Move the clock of the event loop ahead, behind what is due then."""
    loop = asyncio.get_running_loop()
    real = loop.time
    loop.time = lambda: real() + TIME_S + 1  # type: ignore[method-assign]


async def until(condition: Callable[[], object]) -> None:
    """Let the server read and write, until something is true for a while."""
    turns = 0
    while turns < 100:
        turns = turns + 1 if condition() else 0
        await asyncio.sleep(0)


async def say(port: int, *pieces: bytes) -> bytes:
    """Say something, and return what is answered until the server closes."""
    async with connected(port) as (reader, writer):
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await reader.read()
        except ConnectionResetError:
            return b"reset"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"", b""),
        (b"POST / HT", b"HTTP/1.1 408 "),
        (b"\r\n", b"HTTP/1.1 408 "),
        (b"POST / HTTP/1.1\r\n" + HOST, b"HTTP/1.1 408 "),
        (b"GET /socket.io/?EIO=4 HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\n", b"HTTP/1.1 408 "),
        (WHOLE[:-1], b""),
        (WHOLE.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked")[:-2] + b"1\r\n{\r\n", b""),
    ],
)
async def test_a_request_that_does_not_come_to_an_end_is_ended(said: bytes, answer: bytes) -> None:
    page = Page()
    async with serving(page, request_timeout_s=TIME_S) as (server, port):
        saying = asyncio.create_task(say(port, said))
        reads = Http if said else Arrival
        await until(lambda: [type(one) for one in server._registry.requests._deadlines] == [reads])
        pass_time()
        answered = await saying
        assert answered in (b"", b"reset") if answer == b"" else answered.startswith(answer)
        assert page.requests == page.disconnects
        assert (server.statistics.handshakes_refused["Request Timeout"] == 1) is (said != b"")


async def test_the_second_request_of_a_connection_has_its_own_time() -> None:
    page = Page()
    async with (
        serving(page, request_timeout_s=TIME_S) as (server, port),
        connected(port) as (reader, writer),
    ):
        writer.write(WHOLE)
        assert (await reader.readuntil(b"xx")).startswith(b"HTTP/1.1 200 ")
        writer.write(WHOLE[:10])
        await until(lambda: server._registry.requests)
        pass_time()
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        assert page.requests == 1


async def test_an_answer_may_take_longer_than_a_request() -> None:
    page = Page()
    page.may_answer.clear()
    async with (
        serving(page, request_timeout_s=TIME_S) as (server, port),
        connected(port) as (reader, writer),
    ):
        writer.write(WHOLE)
        await page.asked.wait()
        await late(server, port)
        page.may_answer.set()
        assert (await reader.readuntil(b"xx")).startswith(b"HTTP/1.1 200 ")


async def test_who_has_left_is_waited_for_no_more() -> None:
    page = Page()
    page.may_answer.clear()
    async with serving(page) as (server, port), connected(port) as (_, writer):
        writer.write(WHOLE + WHOLE[:10])
        await page.asked.wait()
        assert len(server._registry.requests) == 1
        writer.transport.abort()
        while server._registry.requests:
            await say(port, b"no request\r\n\r\n")
        page.may_answer.set()


async def late(server: EngineServer, port: int) -> None:
    """Let the time pass of a request that comes now: before it is up, that of all before is."""
    before = len(server._registry.requests)
    asking = asyncio.create_task(say(port, WHOLE[:10]))
    await until(lambda: len(server._registry.requests) > before)
    await until(lambda: type(list(server._registry.requests._deadlines)[-1]) is Http)
    pass_time()
    assert (await asking).startswith(b"HTTP/1.1 408 ")


async def test_a_websocket_that_was_asked_for_in_pieces_stays() -> None:
    asked = REQUEST.format(target="/engine.io/?EIO=4&transport=websocket", headers="").encode()
    settings = {"request_timeout_s": TIME_S, "ping_interval_ms": 3_600_000}
    async with (
        serving(Page(), EngineEcho, path="/engine.io/", **settings) as (server, port),
        connected(port) as (reader, writer),
    ):
        writer.write(asked[:40])
        await until(lambda: [type(one) for one in server._registry.requests._deadlines] == [Http])
        writer.write(asked[40:])
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        await late(server, port)
        writer.write(client_frame(Opcode.TEXT, b"4still here"))
        assert (await reader.readuntil(b"still here")).endswith(b"4still here")
        writer.write(client_frame(Opcode.CLOSE, b""))


@pytest.mark.parametrize("rest", [b"", b"}"])
async def test_a_stop_waits_for_half_a_request_no_longer_than_for_a_farewell(rest: bytes) -> None:
    """What does not come by then has not been accepted. What reads it is told; it was ended with a 500."""
    page = Page()
    async with AsyncExitStack() as site:
        _, port = await site.enter_async_context(serving(page, close_timeout_ms=60_000 if rest else 50))
        async with connected(port) as (reader, writer), connected(port) as (idle, _):
            writer.write(WHOLE + WHOLE[:-1])
            await reader.readuntil(b"xx")
            stopping = asyncio.create_task(site.pop_all().aclose())
            assert await idle.read() == b""
            writer.write(rest)
            try:
                answer = await reader.read()
            except ConnectionResetError:
                answer = b"reset"
            await stopping
    assert answer.endswith(b"xx") is bool(rest)
    assert page.disconnects == (0 if rest else 1)


async def test_a_websocket_is_not_opened_before_the_answer_to_another_request() -> None:
    """Whoever asks for both in one go is cut off: the answer would come out among the frames (RFC 9112, 9.3.2)."""
    page = Page()
    page.may_answer.clear()
    asked = REQUEST.format(target="/socket.io/?EIO=4&transport=websocket", headers="").encode()
    async with asyncio.timeout(30), serving(page) as (server, port):
        try:
            async with connected(port) as (reader, writer):
                writer.write(WHOLE + asked)
                with suppress(ConnectionResetError):
                    assert await reader.readline() == b""
        finally:
            page.may_answer.set()
        assert server.statistics.handshakes_refused == {"Bad Request": 1}


async def test_a_head_without_end_is_refused_before_it_fills_the_memory() -> None:
    page = Page()
    async with serving(page) as (server, port):
        line = b"X-Filler: " + b"x" * 1_000 + b"\r\n"
        answered = await say(port, b"GET / HTTP/1.1\r\n" + HOST, *([line] * (MOST_HEAD // 1_000 + 300)))
        assert answered.startswith((b"HTTP/1.1 431 ", b"reset"))
        assert server.statistics.handshakes_refused["Request Header Fields Too Large"] == 1
        assert page.requests == 0
        assert (await say(port, WHOLE.replace(HOST, HOST + b"Connection: close\r\n"))).endswith(b"xx")


async def test_headers_behind_a_body_are_not_kept() -> None:
    page = Page()
    chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    async with serving(page) as (_, port):
        head = b"POST / HTTP/1.1\r\n" + HOST + chunked
        assert (await say(port, head, b"2\r\n{}\r\n0\r\nX-Late: 1\r\n\r\n")).endswith(b"xx")
        assert [name for name, _ in page.headers] == [b"host", b"transfer-encoding", b"connection"]


async def test_who_does_not_read_the_answer_is_cut_off() -> None:
    page = Page(size=64 << 20)
    async with serving(page, stall_timeout_s=0.1) as (server, port), connected(port) as (reader, writer):
        writer.write(WHOLE)
        await page.answered.wait()
        assert server.statistics.handshakes_refused["Answer not read"] == 1
        read = 0
        with suppress(ConnectionResetError):
            while part := await reader.read(1 << 20):
                read += len(part)
        assert read < page.size


async def test_who_has_read_the_answer_may_ask_again() -> None:
    page = Page(size=16 << 20)
    async with serving(page, stall_timeout_s=TIME_S) as (server, port), connected(port) as (reader, writer):
        for _ in range(2):
            writer.write(WHOLE)
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(page.size)
            page.answered.clear()
            async with connected(port) as (_, other):
                other.write(WHOLE)
                await until(lambda: server._registry.unread)
                pass_time()
                await page.answered.wait()
        assert server.statistics.handshakes_refused["Answer not read"] == 2
