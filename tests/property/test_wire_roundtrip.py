"""What one side writes the other reads, whatever it is."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coursewire.wire.engineio import (
    Packet,
    PacketType,
    decode_packet,
    decode_payload,
    encode_packet,
    encode_payload,
)
from coursewire.wire.frames import Encoded, encode_event, join
from coursewire.wire.socketio import Decoder, Kind, Message, encode

TEXT = st.text(st.characters(exclude_categories=[]))  # lone surrogates too: JSON has escapes for them
SENDABLE = st.text()
# Beyond 64 bits an integer is read as the nearest float, as JavaScript does with all of them.
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
JSON_AND_BYTES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXT.filter(lambda key: key != "_placeholder"), inner, max_size=4)
    ),
    max_leaves=10,
)
NAMESPACES = st.just("/") | st.text(
    st.characters(codec="utf-8", exclude_characters=",\x1e"), max_size=100
).map(lambda name: "/" + name)
ACKS = st.none() | st.integers(0, 10**15 - 1)
RESERVED = {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
NAMES = TEXT.filter(lambda name: name not in RESERVED)
EVENTS = st.builds(
    lambda namespace, name, arguments, ack: Message(Kind.EVENT, namespace, [name, *arguments], ack),
    NAMESPACES,
    NAMES,
    st.lists(JSON_AND_BYTES, max_size=4),
    ACKS,
)
ACKNOWLEDGEMENTS = st.builds(
    lambda namespace, arguments, ack: Message(Kind.ACK, namespace, arguments, ack),
    NAMESPACES,
    st.lists(JSON_AND_BYTES, max_size=4),
    st.integers(0, 10**15 - 1),
)
CONNECTS = st.builds(
    lambda namespace, data: Message(Kind.CONNECT, namespace, data),
    NAMESPACES,
    st.none() | st.dictionaries(TEXT, JSON, max_size=3),
)
MESSAGES = EVENTS | ACKNOWLEDGEMENTS | CONNECTS
TEXT_PACKETS = st.builds(
    Packet,
    st.sampled_from(PacketType),
    st.text(st.characters(codec="utf-8", exclude_characters="\x1e")),
)
PACKETS = TEXT_PACKETS | st.builds(Packet, st.just(PacketType.MESSAGE), st.binary())


def decode_all(parts: list[str | bytes]) -> list[Message | None]:
    decoder = Decoder(max_attachments=1_000)
    return [decoder.feed(part) for part in parts]


@given(MESSAGES)
def test_a_socketio_packet_survives(message: Message) -> None:
    parts = encode(message)
    assert decode_all(parts) == [None] * (len(parts) - 1) + [message]


@given(PACKETS)
def test_an_engineio_packet_survives(packet: Packet) -> None:
    assert decode_packet(encode_packet(packet)) == packet


@given(st.lists(PACKETS, min_size=1))
def test_a_payload_survives(packets: list[Packet]) -> None:
    assert decode_payload(encode_payload(packets)) == packets


@given(st.lists(EVENTS, min_size=1, max_size=4))
def test_joined_packets_survive_both_transports(messages: list[Message]) -> None:
    encoded = join([Encoded(encode(message)) for message in messages])
    by_polling = [packet.data for packet in decode_payload(encoded.payload)]
    by_websocket = [
        packet if isinstance(packet, bytes) else decode_packet(packet).data for packet in encoded.packets
    ]
    assert by_polling == by_websocket
    assert [message for message in decode_all(by_polling) if message] == messages


@given(NAMESPACES, NAMES.filter(lambda name: name.isprintable()), JSON, JSON)
def test_an_event_of_ready_json_survives(namespace: str, name: str, data: Any, meta: Any) -> None:
    encoded = encode_event(namespace, name, json.dumps(data).encode(), json.dumps(meta).encode())
    (packet,) = encoded.packets
    assert isinstance(packet, str)
    assert Decoder().feed(packet[1:]) == Message(Kind.EVENT, namespace, [name, data, meta])
