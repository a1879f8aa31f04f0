"""The server of one path: what goes into uvicorn's `http=` and `ws=`, and the ASGI application beside it."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping

from coursewire.edge import closing
from coursewire.edge.arrival import Arrival
from coursewire.edge.closing import CloseCode
from coursewire.edge.connection import Application, Connection
from coursewire.edge.endpoint import PollingEndpoint
from coursewire.edge.handshake import new_sid
from coursewire.edge.http import Http
from coursewire.edge.registry import Registry
from coursewire.edge.session import Listener, Session
from coursewire.edge.settings import EdgeSettings
from coursewire.edge.statistics import Statistics
from coursewire.edge.timers import Clock, Line
from coursewire.edge.transport import Transport
from coursewire.edge.websocket import WebSocketTransport

logger = logging.getLogger(__name__)


class EngineServer:
    """An Engine.IO server: `listen` returns what stands behind a session that opens."""

    def __init__(
        self,
        listen: Callable[[Session], Listener],
        settings: EdgeSettings | None = None,
        statistics: Statistics | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or EdgeSettings()
        self.statistics = statistics or Statistics()
        self._listen = listen
        self._registry = Registry(self.settings, self.statistics, clock)
        self._endpoint = PollingEndpoint(self._registry, self._open)

    @property
    def sessions(self) -> Mapping[str, Session]:
        """The open sessions by id."""
        return self._registry.sessions

    @property
    def websocket_protocol(self) -> Callable[..., asyncio.Protocol]:
        """What uvicorn's `ws=` takes: the way of requests that come in pieces, or after others."""
        return functools.partial(WebSocketTransport, self._registry, self._open)

    @property
    def first_protocol(self) -> Callable[..., asyncio.Protocol]:
        """What uvicorn's `http=` takes: plain WebSocket requests spare uvicorn's HTTP, which serves all others."""
        http = functools.partial(Http, self._registry)
        return functools.partial(Arrival, self._registry, self.websocket_protocol, http)

    @property
    def asgi(self) -> PollingEndpoint:
        """The ASGI application of the path: long-polling, or a 4xx."""
        return self._endpoint

    async def close(self) -> None:
        """Close all sessions and open no more; returns when their sockets have gone, or were cut."""
        self._registry.closing = True
        for session in list(self._registry.sessions.values()):
            session.close(closing.SHUTDOWN, CloseCode.GOING_AWAY)
        await self._registry.all_gone()
        self._registry.timers.close()

    def _open(self, remote: str, transport: Transport) -> Session:
        session = Session(self._registry, new_sid(), remote, transport)
        upgrades = b'"websocket"' if transport.upgradable else b""
        hello = self._registry.open_packet % (session.id.encode(), upgrades)
        transport.greet(hello)
        session.listener = self._listen(session)
        return session


class Server(EngineServer):
    """A Socket.IO server: every session is a connection to `application`."""

    def __init__(
        self,
        application: Application,
        settings: EdgeSettings | None = None,
        statistics: Statistics | None = None,
        clock: Clock | None = None,
    ) -> None:
        def listen(session: Session) -> Connection:
            return Connection(session, application, self._registry, self._unconnected)

        super().__init__(listen, settings, statistics, clock)
        self._unconnected: Line[Connection] = self._registry.timers.line(
            self.settings.connect_timeout_ms / 1000, lambda connection: connection.connect_missing()
        )
