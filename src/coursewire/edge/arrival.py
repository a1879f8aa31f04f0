"""The first protocol of a connection: a plain WebSocket request goes to ours at once, all else to HTTP's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from coursewire.edge.registry import Registry
from coursewire.edge.upgrade import is_plain


class Arrival(asyncio.Protocol):
    """A connection that has not said yet what it wants.

    uvicorn's HTTP protocol would do: it finds the upgrade and passes it on. But for that it makes a parser, a flow
    control and a scope, calls back for each header, and writes the request anew
    (docs/decisions/0001-own-socketio-core.md).
    """

    __slots__ = ("_http", "_offered", "_registry", "_transport", "_websocket")

    _transport: asyncio.Transport

    def __init__(
        self,
        registry: Registry,
        websocket: Callable[..., asyncio.Protocol],
        http: Callable[..., asyncio.Protocol],
        **offered: Any,
    ) -> None:
        """Take whose deadlines it stands in, what makes the two protocols, and what uvicorn offers to each."""
        self._registry = registry
        self._websocket = websocket
        self._http = http
        self._offered = offered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first bytes."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._offered["server_state"].connections.add(self)
        self._registry.requests.add(self)

    def data_received(self, data: bytes) -> None:
        """Find out who is to go on. A request that comes in pieces goes to HTTP, which puts it together."""
        protocol = (self._websocket if is_plain(data) else self._http)(**self._offered)
        self._offered["server_state"].connections.discard(self)
        self._registry.requests.discard(self)
        protocol.connection_made(self._transport)
        self._transport.set_protocol(protocol)
        protocol.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget somebody who said nothing."""
        del exc
        self._offered["server_state"].connections.discard(self)
        self._registry.requests.discard(self)

    def request_missing(self) -> None:
        """Close a connection on which nothing was said."""
        self._transport.close()

    def shutdown(self) -> None:
        """Close for uvicorn, which is asked to exit."""
        self._transport.close()
