"""Who a new connection is handed to, by its first bytes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.edge.stand_ins import REQUEST, ManualClock, RecordingSocket

from coursewire.edge.arrival import Arrival
from coursewire.edge.registry import Registry
from coursewire.edge.settings import EdgeSettings
from coursewire.edge.statistics import Statistics
from coursewire.edge.upgrade import is_plain

PLAIN = REQUEST.format(target="/socket.io/?EIO=4&transport=websocket", headers="").encode()


class Heir(asyncio.Protocol):
    """Notes what it is given."""

    def __init__(self, name: str, offered: dict[str, Any]) -> None:
        self.name = name
        self.offered = offered
        self.calls: list[Any] = []

    def connection_made(self, transport: Any) -> None:
        self.calls.append(transport)

    def data_received(self, data: bytes) -> None:
        self.calls.append(data)


class HandedOver(RecordingSocket):
    """A socket whose protocol may be replaced."""

    current: asyncio.Protocol

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        self.current = protocol


def arrive(*pieces: bytes) -> tuple[Heir, HandedOver, set[Any]]:
    connections: set[Any] = set()
    socket = HandedOver()
    registry = Registry(EdgeSettings(), Statistics(), ManualClock())
    socket.current = Arrival(
        registry,
        lambda **offered: Heir("websocket", offered),
        lambda **offered: Heir("http", offered),
        server_state=SimpleNamespace(connections=connections),
        app_state={},
    )
    socket.current.connection_made(socket)  # type: ignore[arg-type]  # as little of a transport as is used
    assert connections == {socket.current}
    for piece in pieces:
        socket.current.data_received(piece)
    heir = socket.current
    assert isinstance(heir, Heir)
    assert not registry.requests, "who takes over has its own deadline"
    return heir, socket, connections


def test_a_websocket_request_goes_to_the_websocket() -> None:
    heir, socket, connections = arrive(PLAIN)
    assert heir.name == "websocket"
    assert heir.calls == [socket, PLAIN]
    assert set(heir.offered) == {"server_state", "app_state"}
    assert not connections, "who takes over enters itself"


@pytest.mark.parametrize("at", [1, 4, 30, len(PLAIN) - 1])
def test_a_request_in_pieces_goes_to_http_whole(at: int) -> None:
    heir, socket, _ = arrive(PLAIN[:at], PLAIN[at:])
    assert heir.name == "http"
    assert heir.calls == [socket, PLAIN[:at], PLAIN[at:]]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: campus.example\r\n\r\n",
        PLAIN.replace(b"GET", b"POST"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"/socket.io/", b"http://campus.example/socket.io/"),
        PLAIN.replace(b"/socket.io/", b"/socket io/"),
        PLAIN.replace(b"/socket.io/", b"/s\xc3\xa4cket.io/"),
        PLAIN.replace(b"websocket\r", b"h2c\r"),
        PLAIN.replace(b"\r\n", b"\n"),
        PLAIN.replace(b"Host: ", b"Host : "),
        PLAIN.replace(b"Host: campus.example", b"Host: campus.example\r\n folded"),
        PLAIN.replace(b"Host: campus", b"Host: \x00campus"),
        PLAIN.replace(b"Host: campus.example", b"no field at all"),
        PLAIN + b"more",
        PLAIN + PLAIN,
        b"\x16\x03\x01",
        b"\r\n" + PLAIN,
    ],
)
def test_what_is_not_a_plain_request_is_left_to_the_parser_of_http(request_bytes: bytes) -> None:
    assert is_plain(PLAIN)
    assert arrive(request_bytes)[0].name == "http"


def test_names_and_values_may_be_written_in_any_case() -> None:
    assert is_plain(PLAIN.replace(b"Upgrade: websocket", b"upgrade: WebSocket"))


def arrive_silently(clock: ManualClock) -> tuple[Arrival, RecordingSocket, Registry, set[Any]]:
    connections: set[Any] = set()
    socket, registry = RecordingSocket(), Registry(EdgeSettings(request_timeout_s=30), Statistics(), clock)
    arrival = Arrival(
        registry, asyncio.Protocol, asyncio.Protocol, server_state=SimpleNamespace(connections=connections)
    )
    arrival.connection_made(socket)  # type: ignore[arg-type]  # as little of a transport as is used
    return arrival, socket, registry, connections


def test_who_says_nothing_is_forgotten_and_closed_at_the_end() -> None:
    arrival, socket, registry, connections = arrive_silently(ManualClock())
    arrival.shutdown()
    assert socket.is_closing()
    arrival.connection_lost(None)
    assert not connections
    assert not registry.requests


def test_who_says_nothing_for_long_is_closed() -> None:
    clock = ManualClock()
    arrival, socket, registry, _ = arrive_silently(clock)
    clock.advance(29)
    assert not socket.is_closing()
    assert arrival in registry.requests
    clock.advance(2)
    assert socket.is_closing()
