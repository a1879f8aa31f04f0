"""A client that does nothing by itself: it answers pings while it reads, and it stops reading when told."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from coursewire.wire.socketio import Decoder, Kind, Message, encode

Json = dict[str, Any]
PATIENCE_S = 30.0
NAMESPACE = "/chat"


class PlainClient:
    """One connection to a namespace, by default /chat."""

    def __init__(self, connection: ClientConnection, namespace: str = NAMESPACE) -> None:
        self._connection = connection
        self._namespace = namespace
        self._decoder = Decoder()
        self._acks = count(1)
        self._changed = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self.events: list[tuple[str, Json, Json]] = []
        """Name, data, meta."""
        self.attachments: list[bytes | None] = []
        """The bytes of each of these events."""
        self.answers: dict[int, Json] = {}
        self.pings = 0
        self.gone = False
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        port: int,
        token: str,
        *,
        resume: Json | None = None,
        receive_buffer: int | None = None,
        namespace: str = NAMESPACE,
    ) -> Self:
        """Connect and send CONNECT. With a small `receive_buffer` (bytes) the kernel takes little for us."""
        sock = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
        if receive_buffer is not None:
            sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        connection = await connect(
            f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket",
            sock=sock,
            ping_interval=None,
            compression=None,
            max_size=None,
            max_queue=1,
            close_timeout=1,
            open_timeout=PATIENCE_S,
        )
        client = cls(connection, namespace)
        await connection.send(f"40{namespace}," + _json({"token": token, "resume": resume or {}}))
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.vanish()

    async def vanish(self) -> None:
        """Break the connection without a word."""
        self._connection.transport.abort()
        self.reading.set()
        await self._reader

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something is true, or the connection is gone."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition() and not self.gone:
                self._changed.clear()
                await self._changed.wait()

    async def begun(self) -> None:
        """Wait for the first event, whichever it is."""
        await self.until(lambda: self.events)

    async def ready(self) -> Json:
        """Wait for `session.ready` and return its data."""
        await self.until(lambda: self.named("session.ready"))
        return self.named("session.ready")[0]

    async def say(self, command: str, *attachments: bytes, **payload: Any) -> int:
        """Send a command, with bytes after its payload; return its ack id."""
        ack = next(self._acks)
        arguments = [command, payload, *attachments]
        try:
            for part in encode(Message(Kind.EVENT, self._namespace, arguments, ack)):
                await self._connection.send("4" + part if isinstance(part, str) else part)
        except ConnectionClosed:
            self._end()
        return ack

    async def ask(self, command: str, *attachments: bytes, **payload: Any) -> Json:
        """Send a command and return its answer's data."""
        ack = await self.say(command, *attachments, **payload)
        await self.until(lambda: ack in self.answers)
        assert self.answers[ack]["ok"], self.answers[ack]
        data: Json = self.answers[ack]["data"]
        return data

    def named(self, event: str) -> list[Json]:
        """Return the data of the events of this name so far."""
        return [data for name, data, _ in self.events if name == event]

    def offsets(self, channel: str) -> list[int]:
        """Return the offsets of a channel's events so far."""
        return [
            meta["offset"] for _, _, meta in self.events if meta["channel"] == channel and "offset" in meta
        ]

    async def _read(self) -> None:
        try:
            while True:
                await self.reading.wait()
                await self._take(await self._connection.recv())
        except ConnectionClosed:
            self._end()

    async def _take(self, frame: str | bytes) -> None:
        if frame == "2":
            self.pings += 1
            await self._connection.send("3")
        elif isinstance(frame, bytes) or frame.startswith("4"):
            message = self._decoder.feed(frame if isinstance(frame, bytes) else frame[1:])
            if message is None:
                return  # its attachments are still to come
            if message.kind is Kind.EVENT:
                name, data, *attachment, meta = message.data
                self.events.append((name, data, meta))
                self.attachments.append(attachment[0] if attachment else None)
            elif message.kind is Kind.ACK and message.ack is not None:
                [self.answers[message.ack]] = message.data
        self._changed.set()

    def _end(self) -> None:
        self.gone = True
        self._changed.set()


def _json(value: Any) -> str:
    [text] = encode(Message(Kind.CONNECT, "/", value))
    assert isinstance(text, str)
    return text[1:]
