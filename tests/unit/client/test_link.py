"""Addresses, handshakes, and polling bodies that respect the server's bound."""

from __future__ import annotations

import pytest

from coursewire.client.link import LinkError, endpoint, read_handshake
from coursewire.client.polling import bodies
from coursewire.wire.engineio import Packet, PacketType, decode_payload

OPEN = '{"sid":"abc","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000}'


@pytest.mark.parametrize(
    ("url", "scheme", "expected"),
    [
        ("http://localhost:3001", "ws", "ws://localhost:3001/socket.io/?EIO=4&transport=x"),
        ("https://lms.example.edu/", "ws", "wss://lms.example.edu/socket.io/?EIO=4&transport=x"),
        ("ws://h/realtime/", "http", "http://h/realtime/?EIO=4&transport=x"),
        ("wss://h", "http", "https://h/socket.io/?EIO=4&transport=x"),
    ],
)
def test_the_endpoint_of_a_site(url: str, scheme: str, expected: str) -> None:
    assert endpoint(url, scheme, transport="x") == expected


@pytest.mark.parametrize("url", ["ftp://h", "localhost:3001", "http://", ""])
def test_what_is_no_site(url: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        endpoint(url, "ws")


def test_a_handshake_is_read() -> None:
    handshake = read_handshake(Packet(PacketType.OPEN, OPEN))
    assert (handshake.sid, handshake.upgrades, handshake.max_payload) == ("abc", ("websocket",), 1000)
    assert handshake.silence_s == 0.5


@pytest.mark.parametrize(
    "packet",
    [
        Packet(PacketType.MESSAGE, OPEN),
        Packet(PacketType.OPEN, "{"),
        Packet(PacketType.OPEN, "[]"),
        Packet(PacketType.OPEN, '{"sid":"abc"}'),
    ],
)
def test_what_is_no_handshake(packet: Packet) -> None:
    with pytest.raises(LinkError):
        read_handshake(packet)


def test_bodies_stay_below_the_bound_and_keep_the_order() -> None:
    packets = [Packet(PacketType.MESSAGE, "x" * size) for size in (10, 20, 30, 200, 5)]
    packets.append(Packet(PacketType.MESSAGE, b"\x00" * 12))
    made = bodies(packets, 64)
    assert [len(body) for body in made[:1]] == [10 + 1 + 1 + 20 + 1]
    assert [packet for body in made for packet in decode_payload(body)] == packets
    assert [len(body) > 64 for body in made] == [False, False, True, False]
