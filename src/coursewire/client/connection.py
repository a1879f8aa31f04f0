"""One connection for all namespaces of a server: Socket.IO v5 as a client, and who shares it (SES1)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Literal, Protocol
from weakref import WeakKeyDictionary

from coursewire.client.engine import Engine, open_engine
from coursewire.client.link import LinkError, LinkOptions
from coursewire.client.outputs import Json, Transport
from coursewire.wire.engineio import PacketError
from coursewire.wire.socketio import Decoder, Kind, Message, encode

logger = logging.getLogger("coursewire.client")

IDLE_S = 10.0
"""How long a transport that carries no namespace is kept for the next attempt."""


class Listener(Protocol):
    """A namespace on the connection. Nothing here may raise."""

    def opened(self, transport: Transport) -> None:
        """Note that the transport is up or has changed."""

    def accepted(self, sid: str) -> None:
        """Note that the CONNECT was accepted."""

    def refused(self, error: Json) -> None:
        """Note that the CONNECT was refused; `error` is the contract's `Error`."""

    def disconnected(self, by: Literal["server", "transport"], reason: str) -> None:
        """Note that the namespace, or the transport, has ended."""

    def received(self, arguments: list[Any]) -> None:
        """Take an event: its name, then its arguments."""

    def acknowledged(self, ack: int, arguments: list[Any]) -> None:
        """Take the answer to an event of ours."""


class Connection:
    """At most one transport, opened when the first namespace connects, closed when none is left."""

    def __init__(self, url: str, options: LinkOptions) -> None:
        self._url = url
        self._options = options
        self._listeners: dict[str, Listener] = {}
        self._waiting: dict[str, Json] = {}
        """CONNECTs that wait for the transport: namespace -> auth."""
        self._joined: set[str] = set()
        """Namespaces whose CONNECT went over this transport."""
        self._engine: Engine | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closings: set[asyncio.Task[None]] = set()
        self._decoder = Decoder()
        self._idle: asyncio.TimerHandle | None = None

    def attach(self, namespace: str, listener: Listener) -> None:
        """Take a namespace; one of each name."""
        self._listeners[namespace] = listener

    def has(self, namespace: str) -> bool:
        """Whether that namespace is taken."""
        return namespace in self._listeners

    async def detach(self, namespace: str) -> None:
        """Give up a namespace; the last one closes the transport."""
        self.disconnect(namespace)
        self._listeners.pop(namespace, None)
        if not self._listeners:
            _forget(self)
            await self._close()

    def connect(self, namespace: str, auth: Json) -> None:
        """Send CONNECT, over a transport opened for it if there is none."""
        self._stay()
        if self._engine is None:
            self._waiting[namespace] = auth
            if self._opening is None:
                self._opening = asyncio.create_task(self._open())
            return
        self._listeners[namespace].opened(self._engine.transport)
        self._joined.add(namespace)
        self._send(Message(Kind.CONNECT, namespace, auth))

    def disconnect(self, namespace: str) -> None:
        """Leave a namespace, connected or not."""
        self._waiting.pop(namespace, None)
        if namespace in self._joined:
            self._joined.discard(namespace)
            self._send(Message(Kind.DISCONNECT, namespace))
        self._leave_when_idle()

    def emit(self, namespace: str, arguments: list[Any], ack: int | None = None) -> None:
        """Send an event; `ack` asks for an answer with that number."""
        if namespace in self._joined:
            self._send(Message(Kind.EVENT, namespace, arguments, ack))

    def reset(self) -> None:
        """Give up a transport that does not answer any more."""
        if self._engine is not None:
            self._engine.abort("no answer to a probe")

    # The transport

    async def _open(self) -> None:
        self._decoder = Decoder(max_bytes=self._options.max_message)
        try:
            self._engine = await open_engine(
                self._url,
                self._options,
                on_message=self._message,
                on_transport=self._moved,
                on_closed=self._lost,
            )
        except LinkError as error:
            self._lost(str(error))
            return
        self._opening = None
        waiting, self._waiting = self._waiting, {}
        for namespace, auth in waiting.items():
            self.connect(namespace, auth)
        self._moved(self._engine.transport)

    def _moved(self, transport: Transport) -> None:
        for listener in list(self._listeners.values()):
            listener.opened(transport)

    def _lost(self, reason: str) -> None:
        logger.info("connection to %s ended: %s", self._url, reason)
        self._engine = self._opening = None
        self._waiting.clear()
        self._joined.clear()
        for listener in list(self._listeners.values()):
            listener.disconnected("transport", reason)

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _leave_when_idle(self) -> None:
        if not self._joined and not self._waiting and self._idle is None:
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._leave)

    def _leave(self) -> None:
        self._idle = None
        task = asyncio.create_task(self._close())
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)

    async def _close(self) -> None:
        self._stay()
        opening, self._opening = self._opening, None
        engine, self._engine = self._engine, None
        if opening is not None:
            opening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await opening
        if engine is not None:
            await engine.close()

    # Packets

    def _send(self, message: Message) -> None:
        if self._engine is not None:
            self._engine.send(encode(message))

    def _message(self, data: str | bytes) -> None:
        try:
            message = self._decoder.feed(data)
        except PacketError as error:
            if self._engine is not None:
                self._engine.abort(f"the server sent what is no packet: {error}")
            return
        if message is not None and message.namespace in self._joined:
            self._take(self._listeners[message.namespace], message)

    def _take(self, listener: Listener, message: Message) -> None:
        match message.kind:
            case Kind.EVENT:
                if message.ack is not None:
                    self._send(Message(Kind.ACK, message.namespace, [], message.ack))
                listener.received(message.data)
            case Kind.ACK if message.ack is not None:
                listener.acknowledged(message.ack, message.data)
            case Kind.CONNECT:
                listener.accepted(str((message.data or {}).get("sid", "")))
            case Kind.CONNECT_ERROR:
                self._joined.discard(message.namespace)
                self._leave_when_idle()
                listener.refused(_refusal(message.data))
            case Kind.DISCONNECT:
                self._joined.discard(message.namespace)
                self._leave_when_idle()
                listener.disconnected("server", "disconnected by the server")


def _refusal(data: Any) -> Json:
    """Return the contract's `Error` of a CONNECT_ERROR, which another server may not have put in."""
    error = data.get("data") if isinstance(data, dict) else None
    if isinstance(error, dict) and isinstance(error.get("code"), str):
        return error
    message = data.get("message") if isinstance(data, dict) else data
    return {"code": "internal", "message": str(message or "refused"), "retryable": False}


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, LinkOptions], list[Connection]]] = (
    WeakKeyDictionary()
)


def shared_connection(url: str, options: LinkOptions, namespace: str) -> Connection:
    """Return a connection to that server of this event loop on which the namespace is free."""
    connections = _shared.setdefault(asyncio.get_running_loop(), {}).setdefault((url, options), [])
    for connection in connections:
        if not connection.has(namespace):
            return connection
    connections.append(Connection(url, options))
    return connections[-1]


def shared_connections(url: str, options: LinkOptions) -> Sequence[Connection]:
    """Return the connections of this event loop to that server."""
    return tuple(_shared.get(asyncio.get_running_loop(), {}).get((url, options), ()))


def _forget(connection: Connection) -> None:
    for connections in _shared.get(asyncio.get_running_loop(), {}).values():
        if connection in connections:
            connections.remove(connection)
