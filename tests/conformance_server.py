"""The echo applications that the official suites of Engine.IO v4 and Socket.IO v5 test, on our own server.

python -m tests.conformance_server --port 3000            Socket.IO on / and /custom
python -m tests.conformance_server --port 3000 --engine   Engine.IO
"""

from __future__ import annotations

import argparse
from collections.abc import Container
from dataclasses import replace
from typing import Any

import uvicorn

from coursewire.edge.connection import Connection, Socket
from coursewire.edge.server import EngineServer, Server
from coursewire.edge.session import Session
from coursewire.edge.settings import EdgeSettings


class Echo:
    """The application of the Socket.IO suite (Socket.IO protocol, "Test suite")."""

    namespaces: Container[str] = ("/", "/custom")

    def connected(self, socket: Socket, auth: Any) -> None:
        """Accept everybody, and show them what they authenticated with."""
        socket.accept()
        socket.emit("auth", auth or {})

    def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
        """Send a message back, or acknowledge it with what it brought."""
        if arguments[0] == "message":
            socket.emit("message-back", *arguments[1:])
        elif arguments[0] == "message-with-ack" and ack is not None:
            socket.acknowledge(ack, *arguments[1:])

    def disconnected(self, socket: Socket, reason: str) -> None:
        """Nothing is kept."""

    def full(self, connection: Connection) -> None:
        """Go on: who does not read is closed by the bound of its outbox."""

    def drained(self, connection: Connection) -> None:
        """Nothing was held back."""


class EngineEcho:
    """The application of the Engine.IO suite."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def received(self, data: str | bytes) -> None:
        """Send it back."""
        self._session.send(data)

    def closed(self, reason: str) -> None:
        """Nothing is kept."""

    def filled(self) -> None:
        """Go on: who does not read is closed by the bound of its outbox."""

    def drained(self) -> None:
        """Nothing was held back."""


def conformance_settings(path: str) -> EdgeSettings:
    """Return what the suites expect."""
    return EdgeSettings(
        path=path,
        ping_interval_ms=300,
        ping_timeout_ms=200,
        connect_timeout_ms=1_000,
        max_payload=1_000_000,
        allowed_origins="*",
    )


def conformance_server(*, engine: bool, **changes: float) -> EngineServer:
    """Return the Engine.IO or the Socket.IO echo server; `changes` are other settings than the suites expect."""
    if engine:
        return EngineServer(EngineEcho, replace(conformance_settings("/engine.io/"), **changes))  # type: ignore[arg-type]  # all of them are numbers
    return Server(Echo(), replace(conformance_settings("/socket.io/"), **changes))  # type: ignore[arg-type]  # as above


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--engine", action="store_true", help="serve the Engine.IO echo")
    options = parser.parse_args()
    server = conformance_server(engine=options.engine)
    uvicorn.run(
        server.asgi,
        host=options.host,
        port=options.port,
        ws=server.websocket_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
        http=server.first_protocol,  # type: ignore[arg-type]  # any factory of protocols will do
        lifespan="off",
        log_level="warning",
    )


if __name__ == "__main__":
    main()
