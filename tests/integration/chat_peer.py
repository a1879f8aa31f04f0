"""A small /chat on our own edge, in memory, whose faults a test can command: the other side of the client's tests."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from coursewire.edge.connection import Connection, Socket
from coursewire.edge.server import Server
from coursewire.edge.settings import EdgeSettings
from coursewire.vocabulary import new_id

AT = "2026-11-22T18:00:00.000Z"
Json = dict[str, Any]


class Peer:
    """One stream per channel, idempotent sends, resume; every namespace behaves alike."""

    namespaces = ("/chat", "/analytics")

    def __init__(self) -> None:
        self.epoch = "e1"
        self.logs: dict[str, list[Json]] = {}
        self.trimmed: dict[str, int] = {}
        """By channel: offsets up to this one are gone."""
        self.listeners: dict[str, dict[Socket, None]] = {}
        self.sockets: dict[Socket, Json] = {}
        """Accepted sockets and the auth they came with."""
        self.results: dict[str, Json] = {}
        """By key: the first result."""
        self.commands: list[tuple[str, Json]] = []
        self.refusal: Callable[[str, Json], Json | None] = lambda _namespace, _auth: None
        self.failures: list[Json] = []
        """Errors that the next commands get instead of an answer."""
        self.lost_answers: list[str] = []
        """The next commands of these names run, and their answers never arrive."""
        self.connects: list[tuple[str, Json]] = []

    # The edge's application

    def connected(self, socket: Socket, auth: Any) -> None:
        self.connects.append((socket.namespace, auth))
        refusal = self.refusal(socket.namespace, auth)
        if refusal is not None:
            socket.refuse(refusal)
            return
        socket.accept()
        self.sockets[socket] = auth
        resumed = {
            channel: self._replay(socket, channel, since) for channel, since in auth.get("resume", {}).items()
        }
        self.emit(
            socket,
            "session.ready",
            {
                "user": {"id": "ada", "name": "Ada"},
                "roles": ["learner"],
                "namespace": socket.namespace,
                "expires_at": AT,
                "server_time": AT,
                "flags": {},
                "limits": {
                    "payload_bytes": 1_000_000,
                    "commands_per_second": 10,
                    "commands_burst": 20,
                    "subscriptions": 100,
                    "replay_events": 500,
                    "outbox_bytes": 1 << 20,
                },
                "resumed": resumed,
            },
        )

    def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
        command, payload = arguments
        self.commands.append((command, payload))
        if self.failures:
            self._answer(socket, ack, {"ok": False, "error": self.failures.pop(0)})
            return
        data = self._run(socket, command, payload)
        if command in self.lost_answers:
            self.lost_answers.remove(command)
        else:
            self._answer(socket, ack, {"ok": True, "data": data})

    def disconnected(self, socket: Socket, reason: str) -> None:  # noqa: ARG002 - the protocol has it
        self.sockets.pop(socket, None)
        for listeners in self.listeners.values():
            listeners.pop(socket, None)

    def full(self, connection: Connection) -> None:
        """Let the edge's own bound end it."""

    def drained(self, connection: Connection) -> None:
        """Nothing was held back."""

    # What a test does

    def say(self, room_id: str, text: str, key: str | None = None) -> Json:
        """Append a message to a room and send it to who listens."""
        channel = f"room:{room_id}"
        log = self.logs.setdefault(channel, [])
        number = len(log) + 1
        message: Json = {
            "id": f"m{number}",
            "room_id": room_id,
            "number": number,
            "author": {"user_id": "bob", "name": "Bob"},
            "text": text,
            "html": text,
            "sent_at": AT,
            "key": key,
        }
        log.append(message)
        for socket in list(self.listeners.get(channel, ())):
            self._send(socket, channel, number)
        return message

    def emit(self, socket: Socket, event: str, data: Json, channel: str = "") -> None:
        """Send an event that is not logged."""
        socket.emit(event, data, {"channel": channel, "id": new_id(), "at": AT})

    def of(self, namespace: str) -> Socket:
        """Return the one accepted socket of a namespace."""
        (socket,) = (socket for socket in self.sockets if socket.namespace == namespace)
        return socket

    # The server's side of the contract

    def _run(self, socket: Socket, command: str, payload: Json) -> Json:
        match command:
            case "subscribe":
                return {
                    "channel": payload["channel"],
                    **self._replay(socket, payload["channel"], payload.get("since")),
                }
            case "unsubscribe":
                self.listeners.get(payload["channel"], {}).pop(socket, None)
                return {"channel": payload["channel"]}
            case "auth.refresh":
                self.sockets[socket] = {**self.sockets[socket], "token": payload["token"]}
                return {"expires_at": AT}
            case "message.send":
                return self._send_once(payload)
            case "history.read":
                return self._history(payload)
            case _:
                return {}

    def _send_once(self, payload: Json) -> Json:
        key = payload["key"]
        if key in self.results:
            return {**self.results[key], "duplicate": True}
        self.results[key] = {"message": self.say(payload["room_id"], payload["text"], key)}
        return self.results[key]

    def _history(self, payload: Json) -> Json:
        log = self.logs.get(f"room:{payload['room_id']}", [])
        first = int(payload["after"][1:]) if "after" in payload else max(len(log) - payload["limit"], 0)
        items = log[first : first + payload["limit"]]
        return {
            "items": items,
            "position": {"epoch": self.epoch, "offset": len(log)},
            "has_before": first > 0,
            "has_after": first + len(items) < len(log),
        }

    def _replay(self, socket: Socket, channel: str, since: Json | None) -> Json:
        log = self.logs.setdefault(channel, [])
        self.listeners.setdefault(channel, {})[socket] = None
        answer: Json = {"epoch": self.epoch, "offset": len(log), "recovered": False}
        if since is None:
            return answer
        if since["epoch"] != self.epoch:
            return {**answer, "reason": "epoch"}
        if since["offset"] < self.trimmed.get(channel, 0):
            return {**answer, "reason": "trimmed"}
        for offset in range(since["offset"] + 1, len(log) + 1):
            self._send(socket, channel, offset)
        return {**answer, "recovered": True}

    def _send(self, socket: Socket, channel: str, offset: int) -> None:
        meta = {
            "channel": channel,
            "id": f"{channel}/{offset}",
            "at": AT,
            "epoch": self.epoch,
            "offset": offset,
        }
        socket.emit("message.sent", self.logs[channel][offset - 1], meta)

    def _answer(self, socket: Socket, ack: int | None, answer: Json) -> None:
        if ack is not None:
            socket.acknowledge(ack, answer)


@asynccontextmanager
async def serving(peer: Peer, port: int = 0, settings: EdgeSettings | None = None) -> AsyncIterator[int]:
    """Serve a peer on 127.0.0.1 and yield its port."""
    server = Server(peer, settings or EdgeSettings(ping_interval_ms=300, ping_timeout_ms=30_000))
    listener = sockets.socket()
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        server.asgi,
        ws=server.websocket_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
        http=server.first_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=3_600,  # a busy machine may take uvicorn's 5 s between two requests
    )
    http = uvicorn.Server(config)
    task = asyncio.create_task(http._serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        await server.close()
        http.should_exit = True
        await task
        listener.close()
