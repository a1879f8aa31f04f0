"""Socket.IO over one session: the namespaces open on it, and what goes between them and the application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Sequence
from typing import Any, Final, Protocol

from coursewire.edge.handshake import new_sid
from coursewire.edge.registry import Registry
from coursewire.edge.session import Session
from coursewire.edge.timers import Line
from coursewire.errors import Overloaded
from coursewire.wire.engineio import PacketError
from coursewire.wire.frames import Encoded, encode_ack, encode_connect, join
from coursewire.wire.socketio import Decoder, Kind, Message, encode

logger = logging.getLogger(__name__)

# Why a namespace ends, in the words of Socket.IO. When the whole session ends, its reason is the namespace's.
CLIENT_DISCONNECT: Final = "client namespace disconnect"
SERVER_DISCONNECT: Final = "server namespace disconnect"
NO_NAMESPACE: Final = "connect timeout"


class Application(Protocol):
    """What stands behind the sockets. Runs on the event loop; what it raises is logged and contained."""

    @property
    def namespaces(self) -> Container[str]:
        """The namespaces that exist; CONNECT to any other is refused."""

    def connected(self, socket: Socket, auth: Any) -> None:
        """Take a CONNECT with an object or None; answer with `accept()` or `refuse(error)`, now or later."""

    def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
        """Take an EVENT of an accepted socket; `arguments[0]` is its name, a str. Bytes are attachments."""

    def disconnected(self, socket: Socket, reason: str) -> None:
        """Note that an accepted or pending socket has ended, for any reason but `refuse`. Called once."""

    def full(self, connection: Connection) -> None:
        """Queue no more logged events and drop ephemeral ones: the outbox passed its bound (FAN3).

        Called by the event loop soon after, never from within `send`; `connection.full` is true at once.
        """

    def drained(self, connection: Connection) -> None:
        """Go on: the outbox fell below its low mark again."""


class Socket:
    """One namespace on one connection: pending until accepted, then open until it ends, once."""

    __slots__ = (
        "_accepted", "_calls", "_last_call", "connection", "id", "is_another", "namespace", "session", "state",
    )  # fmt: skip

    def __init__(self, connection: Connection, namespace: str, *, is_another: bool = False) -> None:
        self.connection = connection
        self.session = connection.session
        """What carries it, with the other namespaces of the client."""
        self.namespace = namespace
        self.id = new_sid()
        """The `sid` of this namespace, which is not the id of the session."""
        self.state: Any = None
        """The application's own."""
        self.is_another = is_another
        """Whether it took the place of one that its client had given up."""
        self._accepted = False
        self._calls: dict[int, asyncio.Future[list[Any]]] | None = None
        self._last_call = 0

    @property
    def accepted(self) -> bool:
        """Whether it is open: events come and go."""
        return self._accepted

    @property
    def pending(self) -> bool:
        """Whether CONNECT still waits for an answer."""
        return not self._accepted and self.connection.sockets.get(self.namespace) is self

    def accept(self, first: Encoded | None = None) -> None:
        """Answer CONNECT with the `sid`, and with `first` in the same write.

        Does nothing when the client has left meanwhile.
        """
        if self.pending:
            self._accepted = True
            answer = encode_connect(self.namespace, self.id)
            self.session.transport.write(join([answer, first]) if first else answer)

    def refuse(self, error: dict[str, Any]) -> None:
        """Answer CONNECT with CONNECT_ERROR `{message, data: error}`, and forget the socket."""
        if self.pending:
            self.connection.forget(self)
            data = {"message": str(error.get("message", "refused")), "data": error}
            self._write(Message(Kind.CONNECT_ERROR, self.namespace, data))

    def send(self, encoded: Encoded) -> None:
        """Queue ready packets. Does nothing unless the socket is open."""
        if self._accepted:
            self.session.transport.write(encoded)

    def emit(self, name: str, *arguments: Any) -> None:
        """Queue the EVENT `[name, *arguments]`; bytes become attachments. Raises TypeError or ValueError."""
        if self._accepted:
            self._write(Message(Kind.EVENT, self.namespace, [name, *arguments]))

    def acknowledge(self, ack: int, *arguments: Any) -> None:
        """Answer the event that came with `ack`. Raises TypeError or ValueError."""
        if self._accepted:
            self._write(Message(Kind.ACK, self.namespace, list(arguments), ack))

    def acknowledge_encoded(self, ack: int, data_json: bytes, attachments: Sequence[bytes] = ()) -> None:
        """Answer the event that came with `ack` with one argument that is JSON already; see `frames.encode_ack`."""
        if self._accepted:
            self.session.transport.write(encode_ack(self.namespace, ack, data_json, attachments))

    def call(self, name: str, *arguments: Any) -> asyncio.Future[list[Any]]:
        """Queue an EVENT that asks for an ACK, and return the ACK's arguments to come.

        The future is cancelled when the socket ends. Raises Overloaded when `max_calls` are unanswered,
        TypeError or ValueError for what JSON cannot carry.
        """
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        if not self._accepted:
            future.cancel()
            return future
        if self._calls is None:
            self._calls = {}
        if len(self._calls) >= self.connection.max_calls:
            raise Overloaded("too many unanswered calls to this client")
        number = self._last_call + 1
        self._write(Message(Kind.EVENT, self.namespace, [name, *arguments], number))
        self._last_call = number
        calls = self._calls
        calls[number] = future
        future.add_done_callback(lambda _: calls.pop(number, None))
        return future

    def disconnect(self) -> None:
        """End this namespace only, with DISCONNECT; a pending one is refused."""
        if self.pending:
            self._write(Message(Kind.CONNECT_ERROR, self.namespace, {"message": SERVER_DISCONNECT}))
        elif self._accepted:
            self._write(Message(Kind.DISCONNECT, self.namespace))
        self.connection.end(self, SERVER_DISCONNECT)

    def answer(self, ack: int, arguments: list[Any]) -> bool:
        """Give an ACK of the client to the call that awaits it; return whether there was one."""
        future = self._calls.pop(ack, None) if self._calls else None
        if future is None or future.done():
            return False
        future.set_result(arguments)
        return True

    def close(self) -> None:
        """Send and await nothing any more."""
        self._accepted = False
        for future in list(self._calls.values()) if self._calls else ():
            future.cancel()

    def _write(self, message: Message) -> None:
        self.session.transport.write(Encoded(encode(message)))


class Connection:
    """All namespaces of one client on one session."""

    __slots__ = ("_application", "_decoder", "_registry", "_unconnected", "session", "sockets")

    def __init__(
        self, session: Session, application: Application, registry: Registry, unconnected: Line[Connection]
    ) -> None:
        self.session = session
        self.sockets: dict[str, Socket] = {}
        """Pending and accepted sockets by namespace; at most `max_namespaces`."""
        self._application = application
        self._registry = registry
        self._decoder = Decoder(registry.settings.max_attachments, 4 * registry.settings.max_payload)
        self._unconnected = unconnected
        unconnected.add(self)

    @property
    def full(self) -> bool:
        """Whether its outbox is above its bound."""
        return self.session.full

    @property
    def others_come(self) -> bool:
        """Whether there are clients of this server without a namespace: on their way in, or idle."""
        return len(self._unconnected) > 0

    @property
    def remote(self) -> str:
        """The address of the client."""
        return self.session.remote

    @property
    def transport_name(self) -> str:
        """`polling` or `websocket`; `none` once closed."""
        return self.session.transport.name

    @property
    def max_calls(self) -> int:
        """How many acknowledgements the server may await of one socket."""
        return self._registry.settings.max_calls

    def send(self, encoded: Encoded) -> None:
        """Queue ready packets for whatever namespaces they name."""
        self.session.transport.write(encoded)

    def close(self, reason: str) -> None:
        """End all namespaces and the session."""
        self.session.close(reason)

    def pause_reading(self) -> None:
        """Take nothing more from the client; a few packets that were read already may still come."""
        self.session.pause_reading()

    def resume_reading(self) -> None:
        """Take from the client again."""
        self.session.resume_reading()

    def end(self, socket: Socket, reason: str) -> None:
        """Forget a socket and tell the application."""
        if self.forget(socket):
            self._tell(self._application.disconnected, socket, reason)

    def forget(self, socket: Socket) -> bool:
        """Forget a socket; return whether it was known."""
        if self.sockets.get(socket.namespace) is not socket:
            return False
        del self.sockets[socket.namespace]
        socket.close()
        if not self.sockets and not self.session.closed:
            self._unconnected.add(self)
        return True

    def connect_missing(self) -> None:
        """Close a session that has no namespace for too long."""
        self.session.close(NO_NAMESPACE)

    # The session's listener

    def received(self, data: str | bytes) -> None:
        """Take an Engine.IO message. Raises PacketError."""
        message = self._decoder.feed(data)
        if message is None:
            return
        socket = self.sockets.get(message.namespace)
        if message.kind is Kind.CONNECT:
            self._connect(message.namespace, message.data)
        elif message.kind is Kind.CONNECT_ERROR:
            raise PacketError("CONNECT_ERROR from a client")
        elif socket is None:
            # It was sent before our DISCONNECT arrived: the other namespaces must not suffer for it (SES1).
            self._registry.statistics.packets_stray += 1
        elif message.kind is Kind.DISCONNECT:
            self.end(socket, CLIENT_DISCONNECT)
        elif not socket.accepted:
            if not socket.is_another:
                raise PacketError("an event before the answer to CONNECT")
            self._registry.statistics.packets_stray += 1  # it was meant for the one before
        elif message.kind is Kind.EVENT:
            self._tell(self._application.received, socket, message.data, message.ack)
        elif message.ack is None or not socket.answer(message.ack, message.data):
            self._registry.statistics.packets_stray += 1

    def closed(self, reason: str) -> None:
        """End all sockets: the session has ended."""
        self._unconnected.discard(self)
        for socket in list(self.sockets.values()):
            self.end(socket, reason)

    def filled(self) -> None:
        """Pass on that the outbox is full."""
        self._tell(self._application.full, self)

    def drained(self) -> None:
        """Pass on that the outbox has drained."""
        self._tell(self._application.drained, self)

    def _connect(self, namespace: str, auth: Any) -> None:
        before = self.sockets.get(namespace)
        if before is not None:
            # socket.io-client says nothing when it gives up a CONNECT that has no answer, and may try again.
            self.end(before, CLIENT_DISCONNECT)
        refusal = ""
        if namespace not in self._application.namespaces:
            refusal = "Invalid namespace"
        elif len(self.sockets) >= self._registry.settings.max_namespaces:
            refusal = "Too many namespaces"
        if refusal:
            self._registry.statistics.handshakes_refused[refusal] += 1
            self.send(Encoded(encode(Message(Kind.CONNECT_ERROR, namespace, {"message": refusal}))))
            return
        self._unconnected.discard(self)
        socket = self.sockets[namespace] = Socket(self, namespace, is_another=before is not None)
        self._tell(self._application.connected, socket, auth)

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception:
            self._registry.statistics.application_errors += 1
            logger.exception("a callback of the application failed")
