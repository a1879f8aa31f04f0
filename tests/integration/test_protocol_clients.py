"""An independent client, python-socketio, finds our server to be what it expects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import engineio
import pytest
import socketio
from tests.conformance_server import Echo
from tests.integration.protocol_peers import Site, serve

from coursewire.edge.connection import Socket
from coursewire.edge.server import Server
from coursewire.edge.settings import EdgeSettings


class Asking(Echo):
    """The echo, which also asks its clients, ends namespaces and refuses them."""

    namespaces = ("/", "/custom", "/closed")

    def connected(self, socket: Socket, auth: Any) -> None:
        if socket.namespace == "/closed":
            socket.refuse({"code": "forbidden", "message": "nobody enters", "retryable": False})
        else:
            super().connected(socket, auth)

    def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
        if arguments[0] == "ask me":
            question = socket.call("question", 20, b"\1")
            question.add_done_callback(lambda answer: socket.emit("answered", *answer.result()))
        elif arguments[0] == "throw me out":
            socket.disconnect()
        else:
            super().received(socket, arguments, ack)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serve(Server(Asking(), EdgeSettings(ping_interval_ms=100, ping_timeout_ms=30_000))) as site:
        yield site


@pytest.fixture(params=[["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)
async def client(request: pytest.FixtureRequest, site: Site) -> AsyncIterator[Client]:
    client = Client()
    await client.connect(
        site.url,
        transports=request.param,
        namespaces=["/", "/custom"],
        auth={"token": "123"},
        wait_timeout=30,
    )
    assert client.transport() == request.param[-1]
    yield client
    await client.disconnect()


class Engine(engineio.AsyncClient):  # type: ignore[misc]  # the library has no types
    """Counts the heartbeats."""

    pings = 0

    async def _receive_packet(self, packet: engineio.packet.Packet) -> None:
        self.pings += packet.packet_type == engineio.packet.PING
        await super()._receive_packet(packet)


class Client(socketio.AsyncClient):  # type: ignore[misc]  # the library has no types
    """Keeps every event in a queue."""

    def __init__(self) -> None:
        super().__init__(reconnection=False, request_timeout=30)
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        for namespace in ("/", "/custom"):
            self.on("*", self._keeper(namespace), namespace=namespace)
            self.on("question", lambda number, data: (number + 1, data + b"\2"), namespace=namespace)
            self.on(
                "disconnect",
                lambda _, at=namespace: self.events.put_nowait((at, "gone")),
                namespace=namespace,
            )

    def _keeper(self, namespace: str) -> Any:
        return lambda *event: self.events.put_nowait((namespace, *event))

    def _engineio_client_class(self) -> type[Engine]:
        return Engine

    async def next(self) -> Any:
        async with asyncio.timeout(30):
            return await self.events.get()


async def test_it_connects_to_several_namespaces_and_is_heard(client: Client) -> None:
    greetings = [await client.next() for _ in range(2)]
    assert sorted(greetings) == [("/", "auth", {"token": "123"}), ("/custom", "auth", {"token": "123"})]
    await client.emit("message", ("one", {"two": [b"\3"]}))
    assert await client.next() == ("/", "message-back", "one", {"two": [b"\3"]})
    await client.emit("message", "other", namespace="/custom")
    assert await client.next() == ("/custom", "message-back", "other")


async def test_acks_go_both_ways_with_attachments(client: Client) -> None:
    for _ in range(2):
        await client.next()
    assert await client.call("message-with-ack", ("one", b"\1\2")) == ("one", b"\1\2")
    await client.emit("ask me")
    assert await client.next() == ("/", "answered", 21, b"\1\2")


async def test_it_stays_over_several_heartbeats(client: Client) -> None:
    for _ in range(2):
        await client.next()
    # Each but the first comes because the one before was answered.
    while client.eio.pings < 5:
        assert await client.call("message-with-ack", "alive") == "alive"
    assert client.connected


async def test_one_namespace_is_ended_by_the_server_and_the_other_stays(client: Client) -> None:
    for _ in range(2):
        await client.next()
    await client.emit("throw me out", namespace="/custom")
    assert await client.next() == ("/custom", "gone")
    assert await client.call("message-with-ack", "still here") == "still here"


async def test_many_messages_keep_their_order(client: Client) -> None:
    for _ in range(2):
        await client.next()
    for number in range(200):
        await client.emit("message", number)
    assert [(await client.next())[2] for _ in range(200)] == list(range(200))


async def test_a_refusal_brings_its_reason(site: Site) -> None:
    client = Client()
    client.on("connect_error", client.events.put_nowait, namespace="/closed")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(site.url, namespaces=["/closed"], wait_timeout=30)
    assert await client.next() == {
        "message": "nobody enters",
        "data": {"code": "forbidden", "message": "nobody enters", "retryable": False},
    }
