"""A network between client and server that can be cut, frozen, or closed to WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Proxy:
    """Passes bytes between a port of its own and a target port, as long as its network is up."""

    def __init__(self, target: int) -> None:
        self.target = target
        """Where new connections go."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.down = False
        """New connections are closed at once."""
        self._refusals_left: int | None = None
        """How many of them, while down; None is all of them."""
        self.without_websocket = False
        """A request to upgrade is answered with 400, as some proxies do."""
        self.frozen = asyncio.Event()
        """While set, bytes vanish and nobody is told."""
        self.deaf = asyncio.Event()
        """While set, what the server says vanishes; what it is told arrives."""
        self.refused_path: bytes | None = None
        """Requests for paths that begin so are closed at once; set it while nothing is open."""
        self.connections = 0
        self.upgrades = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Break every connection, without a farewell."""
        for writer in list(self._writers):
            writer.transport.abort()

    def go_down(self, refusals: int | None = None) -> None:
        """Break what is open, and refuse what is new; after so many `refusals` the network is up again."""
        self.down = True
        self._refusals_left = refusals
        self.cut()

    def come_up(self) -> None:
        """Let through again what is new."""
        self.down = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._writers.add(writer)
        try:
            if self.down:
                self._refuse()
            else:
                await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)
            self._tasks.discard(task)

    def _refuse(self) -> None:
        if self._refusals_left is not None:
            self._refusals_left -= 1
            self.down = self._refusals_left > 0

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if self.refused_path is not None:
            if head.split(b" ", 2)[1].startswith(self.refused_path):
                return
            # Only the first request of a connection is looked at.
            head = head.replace(b"Connection: keep-alive", b"Connection: close")
        if b"upgrade: websocket" in head.lower():
            self.upgrades += 1
            if self.without_websocket:
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers.add(server_writer)
        try:
            server_writer.write(head)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, server_writer, (self.frozen,)))
                both.create_task(self._pump(server_reader, writer, (self.frozen, self.deaf)))
        except* OSError:
            pass
        finally:
            server_writer.close()
            self._writers.discard(server_writer)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losses: tuple[asyncio.Event, ...]
    ) -> None:
        while data := await reader.read(65_536):
            if not any(lost.is_set() for lost in losses):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
