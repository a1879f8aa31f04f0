"""A real server on a free port, and peers that speak the protocol by hand: a WebSocket, and HTTP requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from coursewire.edge.server import EngineServer

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}


@contextmanager
def serving(server: EngineServer, loop: str = "uvloop") -> Iterator[int]:
    """Serve on a free port of 127.0.0.1, in a thread with an event loop of its own; yield the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = ServerThread(server, listener, loop)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.stop()


@asynccontextmanager
async def visit(server: EngineServer, port: int) -> AsyncIterator[Site]:
    """Come to a server that is being served."""
    async with httpx.AsyncClient(timeout=30) as http:
        yield Site(server, port, http)


@asynccontextmanager
async def serve(server: EngineServer) -> AsyncIterator[Site]:
    """Serve for one test."""
    with serving(server) as port:
        async with visit(server, port) as site:
            yield site


class ServerThread(threading.Thread):
    """Runs uvicorn as it is run in production, but for the logging."""

    def __init__(self, server: EngineServer, listener: socket.socket, loop: str) -> None:
        super().__init__()
        self._server = server
        self._listener = listener
        self._loop = LOOPS[loop]
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                server.asgi,
                ws=server.websocket_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
                http=server.first_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=5,
                timeout_keep_alive=3_600,  # a busy machine may take uvicorn's 5 s between two requests
            )
        )

    def run(self) -> None:
        with asyncio.Runner(loop_factory=self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await self._uvicorn.serve([self._listener])
        await self._server.close()

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self.join()


class Site:
    """Where a server can be reached."""

    def __init__(self, server: EngineServer, port: int, http: httpx.AsyncClient) -> None:
        self.server = server
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.target = f"{self.url}{server.settings.path}"
        self._http = http

    async def request(
        self, method: str, query: str, content: bytes | str = b"", **headers: str
    ) -> httpx.Response:
        """Send one request to the path of the server."""
        return await self._http.request(method, f"{self.target}?{query}", content=content, headers=headers)

    async def open_polling(self) -> Poller:
        """Open a long-polling session."""
        response = await self.request("GET", "EIO=4&transport=polling")
        assert response.status_code == 200
        return Poller(self, json.loads(response.text[1:])["sid"])

    async def open_websocket(self, sid: str = "", **options: Any) -> WebSocketPeer:
        """Open a WebSocket, of a session of its own or as the probe of `sid`."""
        query = f"EIO=4&transport=websocket{f'&sid={sid}' if sid else ''}"
        url = f"{self.target.replace('http', 'ws', 1)}?{query}"
        connection = await connect(
            url, compression=None, ping_interval=None, max_size=None, proxy=None, open_timeout=30, **options
        )
        return WebSocketPeer(connection)


class WebSocketPeer:
    """A WebSocket whose packets a test reads and writes one by one."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, *packets: str | bytes) -> None:
        for packet in packets:
            await self.connection.send(packet)

    async def receive(self) -> str | bytes:
        """Return the next packet, pings included."""
        async with asyncio.timeout(30):
            return await self.connection.recv()

    async def receive_json(self, prefix: str) -> Any:
        """Return the JSON of the next packet, which must begin so."""
        packet = await self.receive()
        assert isinstance(packet, str)
        assert packet.startswith(prefix), packet
        return json.loads(packet[len(prefix) :])

    async def closed(self) -> tuple[int | None, str | None]:
        """Wait for the end; return the code and the reason."""
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionClosed):
                async for _ in self.connection:
                    pass
        return self.connection.close_code, self.connection.close_reason


class Poller:
    """A long-polling session whose requests a test sends one by one."""

    def __init__(self, site: Site, sid: str) -> None:
        self.site = site
        self.sid = sid

    async def get(self) -> httpx.Response:
        return await self.site.request("GET", f"EIO=4&transport=polling&sid={self.sid}")

    async def post(self, content: bytes | str) -> httpx.Response:
        return await self.site.request("POST", f"EIO=4&transport=polling&sid={self.sid}", content)
