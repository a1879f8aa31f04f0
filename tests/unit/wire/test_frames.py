"""Encoded once: the bytes for both transports, checked against independent readers."""

from __future__ import annotations

import json

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from coursewire.wire.engineio import Packet, PacketType, decode_payload
from coursewire.wire.frames import (
    BINARY,
    TEXT,
    Encoded,
    encode_ack,
    encode_connect,
    encode_event,
    frame,
    join,
    placeholder,
)
from coursewire.wire.socketio import Decoder, Kind, Message, encode


def read_frames(data: bytes) -> list[tuple[Opcode, bytes]]:
    """Read server frames with the client side of the websockets library."""
    client = Protocol(Side.CLIENT, max_size=None)
    client.receive_data(data)
    events = client.events_received()
    assert client.parser_exc is None
    return [(event.opcode, bytes(event.data)) for event in events if isinstance(event, Frame)]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_frame_of_any_size_is_read_by_another_implementation(opcode: int, size: int) -> None:
    content = b"x" * size
    assert read_frames(frame(opcode, content)) == [(Opcode(opcode), content)]


def test_text_and_attachments_become_frames_and_a_payload() -> None:
    encoded = Encoded(encode(Message(Kind.EVENT, "/chat", ["é", b"\1\2"])))
    text = '451-/chat,["é",{"_placeholder":true,"num":0}]'
    assert read_frames(encoded.frames) == [(Opcode.TEXT, text.encode()), (Opcode.BINARY, b"\1\2")]
    assert decode_payload(encoded.payload) == [
        Packet(PacketType.MESSAGE, text[1:]),
        Packet(PacketType.MESSAGE, b"\1\2"),
    ]
    assert encoded.packets == (text, b"\1\2")
    assert encoded.size == len(text.encode()) + 2


def test_the_forms_are_made_once() -> None:
    """[FAN1] Every receiver gets the same bytes object."""
    encoded = Encoded(["2[1]"])
    assert encoded.frames is encoded.frames
    assert encoded.payload is encoded.payload


def test_an_event_of_ready_json_equals_the_same_event_encoded_from_values() -> None:
    data, meta = {"text": "é", "n": 1}, {"offset": 7}
    ready = encode_event("/chat", 'na"me', json.dumps(data).encode(), json.dumps(meta).encode())
    (text,) = ready.packets
    assert isinstance(text, str)
    assert Decoder().feed(text[1:]) == Message(Kind.EVENT, "/chat", ['na"me', data, meta])


def test_an_event_on_the_main_namespace_does_not_name_it() -> None:
    assert encode_event("/", "a", b"1", b"{}").packets == ('42["a",1,{}]',)


@pytest.mark.parametrize("attachment", [b"\0\n\xff", b""])
def test_an_attachment_stands_between_data_and_meta(attachment: bytes) -> None:
    data, meta = {"document_id": "7"}, {"offset": 7}
    ready = encode_event("/collaboration", 'na"me', b'{"document_id":"7"}', b'{"offset":7}', attachment)
    assert ready.packets == tuple(
        f"4{part}" if isinstance(part, str) else part
        for part in encode(Message(Kind.EVENT, "/collaboration", ['na"me', data, attachment, meta]))
    )
    assert ready.size == sum(len(part) for part in ready.packets)


def test_an_ack_announces_its_attachments_in_order() -> None:
    answer = {"a": b"one", "b": [b"", {"c": b"three"}]}
    json_ready = b'{"a":%b,"b":[%b,{"c":%b}]}' % (placeholder(0), placeholder(1), placeholder(2))
    ready = encode_ack("/chat", 7, json_ready, (b"one", b"", b"three"))
    assert ready.packets == tuple(
        f"4{part}" if isinstance(part, str) else part
        for part in encode(Message(Kind.ACK, "/chat", [answer], 7))
    )


@pytest.mark.parametrize("namespace", ["/", "/chat"])
def test_a_connect_is_what_the_encoder_of_packets_writes(namespace: str) -> None:
    written = Encoded(encode(Message(Kind.CONNECT, namespace, {"sid": "a-Z_09"})))
    assert encode_connect(namespace, "a-Z_09").packets == written.packets


def test_an_ack_of_ready_json_reads_as_one_argument() -> None:
    assert encode_ack("/chat", 7, b'{"ok":true}').packets == ('43/chat,7[{"ok":true}]',)
    assert encode_ack("/", 0, b"null").packets == ("430[null]",)


def test_joined_packets_keep_their_order_in_one_write() -> None:
    one, two = Encoded(["2[1]"]), Encoded(["51-[2]", b"x"])
    together = join([one, two])
    assert together.packets == (*one.packets, *two.packets)
    assert together.frames == one.frames + two.frames
    assert together.payload == one.payload + b"\x1e" + two.payload
    assert together.size == one.size + two.size
    assert join([one]) is one


def test_joining_nothing_writes_nothing() -> None:
    assert join([]).frames == b""
