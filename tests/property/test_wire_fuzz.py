"""Whatever comes over the wire is a packet or a PacketError, and a decoder holds no more than it may."""

from __future__ import annotations

import contextlib
import sys

from hypothesis import example, given
from hypothesis import strategies as st

from coursewire.wire.engineio import PacketError, decode_packet, decode_payload
from coursewire.wire.socketio import Decoder

# Arbitrary text rarely gets past the first character, so most of these are packets with something wrong.
ALMOST_PACKETS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", *"01234567"]),
        st.sampled_from(["", "1-", "2-", "0-", "9999-", "-"]),
        st.sampled_from(["", "/", "/chat,", "/chat", "/,", "," * 3]),
        st.sampled_from(["", "0", "12", "9" * 15, "9" * 16, "9" * 5_000, "-1"]),
        st.sampled_from(
            [
                "", "[]", "{}", "null", "1", '["a"]', '["a",{"_placeholder":true,"num":0}]', "[" * 5_000,
                '["a",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]', '["\\ud800"]', "[NaN]",
                '["a",1e999]', '["a",' + "9" * 5_000 + "]", '{"a":' * 500 + "1" + "}" * 500, '["connect"]',
            ]
        ),
        st.text(max_size=3),
    ),
)  # fmt: skip
FEEDS = st.lists(ALMOST_PACKETS | st.text() | st.binary(max_size=50), max_size=20)


def held(decoder: Decoder) -> int:
    """Return the bytes of attachments that a decoder holds."""
    return sum(len(part) for part in decoder._attachments or [])


@given(FEEDS)
@example(["52-[]", b"", b""])
@example(['51-["a"]', "2"])
def test_a_decoder_raises_nothing_else_and_holds_no_more_than_it_may(feeds: list[str | bytes]) -> None:
    decoder = Decoder(max_attachments=3, max_bytes=100)
    for feed in feeds:
        try:
            decoder.feed(feed)
        except PacketError:
            assert decoder._pending is None
        assert held(decoder) <= 100
        assert len(decoder._attachments or []) <= 3


@given(st.text() | st.binary())
def test_an_engineio_packet_raises_nothing_else(encoded: str | bytes) -> None:
    with contextlib.suppress(PacketError):
        decode_packet(encoded)


@given(st.text() | st.binary() | st.lists(st.text() | ALMOST_PACKETS).map("\x1e".join), st.integers(0, 10))
def test_a_payload_raises_nothing_else_and_is_bounded(payload: str | bytes, limit: int) -> None:
    with contextlib.suppress(PacketError):
        assert len(decode_payload(payload, limit)) <= limit


def test_a_decoder_does_not_grow_however_much_it_reads() -> None:
    decoder = Decoder()
    size_of_one_round = 0
    for number in range(2_000):
        for feed in ('51-["a",{"_placeholder":true,"num":0}]', b"x" * 100, '2["b"]', "9", '52-["c"]', "0"):
            with contextlib.suppress(PacketError):
                decoder.feed(feed)
        if number == 0:
            size_of_one_round = sys.getsizeof(decoder) + held(decoder)
    assert sys.getsizeof(decoder) + held(decoder) == size_of_one_round
    assert decoder._pending is None
