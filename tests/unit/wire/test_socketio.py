"""Socket.IO packets, by the examples and rules of the protocol document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coursewire.wire.engineio import PacketError
from coursewire.wire.socketio import Decoder, Kind, Message, encode

PLACEHOLDER = '{"_placeholder":true,"num":0}'


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["0"], Message(Kind.CONNECT)),
        (['0{"token":"123"}'], Message(Kind.CONNECT, data={"token": "123"})),
        (['0/admin,{"sid":"oSO0"}'], Message(Kind.CONNECT, "/admin", {"sid": "oSO0"})),
        (['4{"message":"Not authorized"}'], Message(Kind.CONNECT_ERROR, data={"message": "Not authorized"})),
        (['4/admin,"no"'], Message(Kind.CONNECT_ERROR, "/admin", "no")),
        (["1"], Message(Kind.DISCONNECT)),
        (["1/admin,"], Message(Kind.DISCONNECT, "/admin")),
        (['2["foo"]'], Message(Kind.EVENT, data=["foo"])),
        (['2/admin,["bar"]'], Message(Kind.EVENT, "/admin", ["bar"])),
        (['212["foo"]'], Message(Kind.EVENT, data=["foo"], ack=12)),
        (['20["foo"]'], Message(Kind.EVENT, data=["foo"], ack=0)),
        (['3/admin,13["bar"]'], Message(Kind.ACK, "/admin", ["bar"], 13)),
        (["31[]"], Message(Kind.ACK, data=[], ack=1)),
        ([f'51-["baz",{PLACEHOLDER}]', b"\1\2"], Message(Kind.EVENT, data=["baz", b"\1\2"])),
        (
            [
                f'52-/admin,7["baz",{{"deep":[{PLACEHOLDER}]}},{{"_placeholder":true,"num":1}}]',
                b"\1",
                b"",
            ],
            Message(Kind.EVENT, "/admin", ["baz", {"deep": [b"\1"]}, b""], 7),
        ),
        ([f"61-15[{PLACEHOLDER}]", b"\1\2\3\4"], Message(Kind.ACK, data=[b"\1\2\3\4"], ack=15)),
    ],
)
def test_a_packet_reads_and_writes_as_documented(parts: list[str | bytes], message: Message) -> None:
    decoder = Decoder()
    decoded = [decoder.feed(part) for part in parts]
    assert decoded == [None] * (len(parts) - 1) + [message]
    assert encode(message) == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0/admin", Message(Kind.CONNECT, "/admin")),
        ('2/,["a"]', Message(Kind.EVENT, "/", ["a"])),
        ('50-["a"]', Message(Kind.EVENT, data=["a"])),
        ('2["a",{"b":"\\ud800"}]', Message(Kind.EVENT, data=["a", {"b": "\ud800"}])),
        (f'2["a",{10**30}]', Message(Kind.EVENT, data=["a", 1e30])),
        ('2999999999999999["a"]', Message(Kind.EVENT, data=["a"], ack=999_999_999_999_999)),
        ('2["a",{"_placeholder":false,"num":0}]', Message(Kind.EVENT, data=["a", {"_placeholder": False, "num": 0}])),
    ],
)  # fmt: skip
def test_what_json_and_other_encoders_allow_is_read(text: str, message: Message) -> None:
    assert Decoder().feed(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "abc",
        "2",
        "2{}",
        "2[]",
        "2null",
        "2[1]",
        '2["connect"]',
        '2["disconnect"]',
        '2["newListener",1]',
        '2abc["a"]',
        '2-1["a"]',
        '21.5["a"]',
        '21000000000000000["a"]',
        '2["a"',
        '2["a"] x',
        '2["a",NaN]',
        '2["a",Infinity]',
        '2["a",-Infinity]',
        '21-["a"]',
        "3[]",
        "31{}",
        "31",
        "0[]",
        '0"token"',
        "1{}",
        "4",
        "41",
        '5["a"]',
        '5-["a"]',
        '51["a"]',
        '599999-["a"]',
        "51-{}",
        "51-",
        '2/na\x1eme,["a"]',
        "2/" + "n" * 200 + ',["a"]',
        "2" + "[" * 300 + "]" * 300,
        '2["a",' + "[" * 100_000 + "]" * 100_000 + "]",
        '2["a",' + '{"k":' * 300 + "1" + "}" * 301,
        '2["a",' + "9" * 5_000 + "]",
    ],
)
def test_a_malformed_packet_is_refused(text: str) -> None:
    decoder = Decoder()
    with pytest.raises(PacketError):
        decoder.feed(text)
    assert decoder.feed('2["next"]') == Message(Kind.EVENT, data=["next"])


def test_as_deep_as_allowed_is_read_and_can_be_sent_on() -> None:
    text = '2["a",' + "[" * 199 + "]" * 199 + "]"
    message = Decoder().feed(text)
    assert message is not None
    assert encode(message) == [text]


@pytest.mark.parametrize(
    ("header", "attachments"),
    [
        ('51-["a",{"_placeholder":true,"num":1}]', [b"x"]),
        ('51-["a",{"_placeholder":true,"num":-1}]', [b"x"]),
        ('51-["a",{"_placeholder":true,"num":true}]', [b"x"]),
        ('51-["a",{"_placeholder":true,"num":0.0}]', [b"x"]),
        ('51-["a",{"_placeholder":true}]', [b"x"]),
        (f'51-["a",{PLACEHOLDER},{PLACEHOLDER}]', [b"x"]),
        (f'51-[{PLACEHOLDER},"a"]', [b"x"]),
        (f"61-[{PLACEHOLDER}]", [b"x"]),
    ],
)
def test_placeholders_must_fit_the_attachments(header: str, attachments: list[bytes]) -> None:
    decoder = Decoder()
    assert decoder.feed(header) is None
    with pytest.raises(PacketError):
        decoder.feed(attachments[0])
    assert decoder.feed("0") == Message(Kind.CONNECT)


def test_an_attachment_must_be_announced() -> None:
    with pytest.raises(PacketError, match="no packet announced"):
        Decoder().feed(b"x")


def test_text_between_a_packet_and_its_attachments_is_refused_and_both_are_forgotten() -> None:
    decoder = Decoder()
    assert decoder.feed(f'51-["a",{PLACEHOLDER}]') is None
    with pytest.raises(PacketError, match="text where an attachment"):
        decoder.feed('2["b"]')
    with pytest.raises(PacketError, match="no packet announced"):
        decoder.feed(b"x")


def test_the_number_of_attachments_is_bounded() -> None:
    decoder = Decoder(max_attachments=2)
    assert decoder.feed('52-["a"]') is None
    decoder.feed(b"")
    assert decoder.feed(b"") == Message(Kind.EVENT, data=["a"])
    with pytest.raises(PacketError, match="more than 2 attachments"):
        decoder.feed('53-["a"]')


def test_the_bytes_of_attachments_are_bounded_together() -> None:
    decoder = Decoder(max_attachments=3, max_bytes=10)
    assert decoder.feed('53-["a"]') is None
    assert decoder.feed(b"12345678") is None
    with pytest.raises(PacketError, match="more than 10 bytes"):
        decoder.feed(b"901")
    with pytest.raises(PacketError, match="no packet announced"):
        decoder.feed(b"2")


@pytest.mark.parametrize("data", [bytearray(b"xy"), memoryview(b"xy")])
def test_everything_like_bytes_becomes_an_attachment(data: Any) -> None:
    assert encode(Message(Kind.EVENT, data=["a", data])) == [f'51-["a",{PLACEHOLDER}]', b"xy"]


def test_bytes_beside_a_lone_surrogate_are_attached_once() -> None:
    """The second JSON writer starts over; what the first had collected must not stay."""
    text, *attachments = encode(Message(Kind.EVENT, data=["a", b"x", "\ud800", b"y"]))
    assert attachments == [b"x", b"y"]
    assert text == f'52-["a",{PLACEHOLDER},"\\ud800",{{"_placeholder":true,"num":1}}]'


@pytest.mark.parametrize("value", [object(), {1, 2}, {b"k": 1}])
def test_what_json_cannot_carry_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(Message(Kind.EVENT, data=["a", value]))


def test_what_is_nested_too_deep_to_write_is_a_value_error() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deep"):
        encode(Message(Kind.EVENT, data=["a", deep]))
    while deep:  # an object this deep must also be taken apart step by step
        deep = deep[0]


def test_text_is_written_as_json_that_others_read() -> None:
    (text,) = encode(Message(Kind.EVENT, "/ü", ["é", 'quote"', "\u2028", 2**70]))
    assert isinstance(text, str)
    head, _, payload = text.partition(",")
    assert head == "2/ü"
    assert json.loads(payload) == ["é", 'quote"', "\u2028", 2**70]
