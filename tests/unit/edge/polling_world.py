"""A server whose sessions poll, without a network: requests to the ASGI application, as a test sends them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

from tests.unit.edge.stand_ins import RecordingListener

from coursewire.edge.endpoint import PollingEndpoint
from coursewire.edge.server import EngineServer
from coursewire.edge.session import Session
from coursewire.edge.settings import EdgeSettings


class Exchange:
    """One HTTP request to the ASGI application, and the answer as far as it has come."""

    def __init__(
        self,
        application: EngineServer | PollingEndpoint,
        method: str,
        query: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        path: str = "/socket.io/",
        whole: bool = True,
    ) -> None:
        self._incoming: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.give(body, more=not whole)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.parts = 0
        self.may_send = asyncio.Event()
        self.may_send.set()
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
            "client": ("192.0.2.1", 4711),
        }
        endpoint = application if isinstance(application, PollingEndpoint) else application.asgi
        self.task = asyncio.ensure_future(endpoint(scope, self._incoming.get, self._send))

    def give(self, part: bytes, *, more: bool) -> None:
        """Send a part of the body."""
        self._incoming.put_nowait({"type": "http.request", "body": part, "more_body": more})

    def hang_up(self) -> None:
        """Break the connection."""
        self._incoming.put_nowait({"type": "http.disconnect"})

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.may_send.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]
            self.parts += 1

    async def answered(self) -> Exchange:
        """Wait for the whole answer."""
        async with asyncio.timeout(30):
            await self.task
        return self


async def turns() -> None:
    """Let everything happen that waits for nothing but its turn."""
    for _ in range(10):
        await asyncio.sleep(0)


class World:
    """A server and one polling session on it."""

    def __init__(self, **settings: Any) -> None:
        self.listeners: list[RecordingListener] = []
        self.server = EngineServer(self._listen, EdgeSettings(**settings))
        self.sid = ""

    def _listen(self, _: Session) -> RecordingListener:
        self.listeners.append(RecordingListener())
        return self.listeners[-1]

    @classmethod
    async def opened(cls, **settings: Any) -> World:
        world = cls(**settings)
        answer = await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()
        assert answer.status == 200
        world.sid = json.loads(answer.body[1:])["sid"]
        return world

    @property
    def session(self) -> Session:
        return self.server.sessions[self.sid]

    @property
    def told(self) -> list[Any]:
        return self.listeners[0].told

    def get(self) -> Exchange:
        return Exchange(self.server, "GET", f"EIO=4&transport=polling&sid={self.sid}")

    async def waiting(self) -> Exchange:
        """Start a poll, and return when it waits."""
        exchange = self.get()
        await turns()
        assert self.session.transport._poll is not None  # type: ignore[attr-defined]
        return exchange

    def post(self, body: bytes, *, whole: bool = True) -> Exchange:
        return Exchange(self.server, "POST", f"EIO=4&transport=polling&sid={self.sid}", body, whole=whole)
