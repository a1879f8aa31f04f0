"""Engine.IO packets and payloads, by the examples and rules of the protocol document."""

from __future__ import annotations

import pytest

from coursewire.wire.engineio import (
    Packet,
    PacketError,
    PacketType,
    decode_packet,
    decode_payload,
    encode_packet,
    encode_payload,
)

MESSAGE = PacketType.MESSAGE


@pytest.mark.parametrize(
    ("encoded", "packet"),
    [
        ("4hello", Packet(MESSAGE, "hello")),
        ("2", Packet(PacketType.PING)),
        ("2probe", Packet(PacketType.PING, "probe")),
        ("3probe", Packet(PacketType.PONG, "probe")),
        ("1", Packet(PacketType.CLOSE)),
        ("5", Packet(PacketType.UPGRADE)),
        ("6", Packet(PacketType.NOOP)),
        ('0{"sid":"a"}', Packet(PacketType.OPEN, '{"sid":"a"}')),
        (b"\x01\x02\x03\x04", Packet(MESSAGE, b"\x01\x02\x03\x04")),
        (b"", Packet(MESSAGE, b"")),
    ],
)
def test_a_packet_reads_and_writes_as_documented(encoded: str | bytes, packet: Packet) -> None:
    assert decode_packet(encoded) == packet
    assert encode_packet(packet) == encoded


@pytest.mark.parametrize("encoded", ["", "7", "abc", " 4", "٤hello", "\x1e"])
def test_an_unknown_type_is_refused(encoded: str) -> None:
    with pytest.raises(PacketError):
        decode_packet(encoded)


def test_only_a_message_can_be_binary() -> None:
    with pytest.raises(PacketError):
        encode_packet(Packet(PacketType.PING, b"probe"))


def test_a_payload_joins_packets_with_the_record_separator_and_carries_bytes_as_base64() -> None:
    packets = [Packet(MESSAGE, "hello"), Packet(PacketType.PING), Packet(MESSAGE, b"\x01\x02\x03\x04")]
    payload = b"4hello\x1e2\x1ebAQIDBA=="
    assert encode_payload(packets) == payload
    assert decode_payload(payload) == packets
    assert decode_payload(payload.decode()) == packets


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"abc",
        b"4a\x1e",
        b"\x1e4a",
        b"4a\x1e\x1e4b",
        b"bA",
        b"b!!!!",
        "bé".encode(),
        b"4\xff\xfe",
    ],
)
def test_a_malformed_payload_is_refused_as_a_whole(payload: bytes) -> None:
    with pytest.raises(PacketError):
        decode_payload(payload)


def test_a_payload_holds_at_most_the_packets_it_may() -> None:
    assert len(decode_payload("2\x1e2\x1e2", limit=3)) == 3
    with pytest.raises(PacketError, match="more than 3 packets"):
        decode_payload("2\x1e2\x1e2\x1e2", limit=3)
