"""Frames of clients, beside the `websockets` library: the same messages, and the same ends (RFC 6455, section 5)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.edge.stand_ins import client_frame
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from coursewire.edge.incoming import FrameError, Incoming, check_close

LIMIT = 100_000
_DATA = (Opcode.TEXT, Opcode.BINARY)

sizes = st.sampled_from([0, 1, 3, 4, 5, 124, 125, 126, 127, 300, 66_000])
contents = sizes.map(lambda size: bytes(range(256))[:size] + bytes(max(0, size - 256)))
frames = st.builds(client_frame, st.sampled_from(list(Opcode)), contents, fin=st.booleans())
spoiled = st.builds(
    lambda data, index, bit: bytes(byte ^ (1 << bit if at == index else 0) for at, byte in enumerate(data)),
    frames,
    st.integers(0, 1),
    st.integers(0, 7),
)
streams = st.lists(st.one_of(frames, frames, spoiled), max_size=8).map(b"".join)


def ours(data: bytes, cuts: list[int]) -> tuple[list[tuple[int, bytes]], int | None]:
    """Return the messages of a stream that comes in pieces, up to a CLOSE, and the code it is ended with."""
    incoming, found = Incoming(LIMIT), list[tuple[int, bytes]]()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, end in pairwise(edges):
        try:
            for opcode, content in incoming.feed(data[start:end]):
                found.append((opcode, content))
                if opcode == Opcode.CLOSE:
                    check_close(content)
                    return found, None
        except FrameError as error:
            return found, error.code
    return found, None


def theirs(data: bytes) -> tuple[list[tuple[int, bytes]], int | None]:
    """Return the same by the library, which leaves it to its user to put fragments together."""
    parser, found, fragments = Protocol(Side.SERVER, max_size=LIMIT), list[tuple[int, bytes]](), b""
    parser.receive_data(data)
    opcode = 0
    for frame in parser.events_received():
        assert isinstance(frame, Frame)
        content = bytes(frame.data)
        if frame.opcode in (Opcode.CLOSE, Opcode.PING, Opcode.PONG):
            found.append((frame.opcode, content))
            continue
        if frame.opcode in _DATA:
            opcode, fragments = frame.opcode, b""
        fragments += content
        if frame.fin:
            found.append((opcode, fragments))
    failed = parser.parser_exc is not None and parser.close_sent is not None
    return found, parser.close_sent.code if failed and parser.close_sent else None


@given(data=streams, cuts=st.lists(st.integers(0, 2_500), max_size=6))
def test_a_stream_means_what_it_means_to_the_library(data: bytes, cuts: list[int]) -> None:
    messages, code = ours(data, cuts)
    expected, their_code = theirs(data)
    if (code is None) != (their_code is None):
        # A frame that is cut: each refuses it as soon as it has what it looks at first.
        code, their_code = ours(data + bytes(LIMIT), [])[1], theirs(data + bytes(LIMIT))[1]
    # What is wrong in two ways may be refused for either; a CLOSE amid fragments is no error to us (section 5.4).
    closed = any(opcode == Opcode.CLOSE for opcode, _ in messages)
    assert code == their_code or closed or (code is not None and their_code is not None)
    assert [one for one in messages if one[0] != Opcode.CLOSE] == [
        one for one in expected if one[0] != Opcode.CLOSE
    ]


def test_a_message_that_comes_in_drops_is_not_looked_at_for_each() -> None:
    """Or a slow sender of a large message would cost the square of its size."""
    incoming = Incoming(1_000_000)
    data = client_frame(Opcode.BINARY, bytes(200_000))
    for at in range(len(data) - 1):
        assert list(incoming.feed(data[at : at + 1])) == []
        if at == 20:
            assert incoming._needed == len(data)
    assert list(incoming.feed(data[-1:])) == [(Opcode.BINARY, bytes(200_000))]


def test_a_message_too_long_is_refused_at_its_head() -> None:
    """Nothing of it is waited for, in one frame or in many."""
    with pytest.raises(FrameError) as refused:
        list(Incoming(300).feed(client_frame(Opcode.BINARY, bytes(301))[:8]))
    assert refused.value.code == 1009
    incoming = Incoming(300)
    assert list(incoming.feed(client_frame(Opcode.TEXT, bytes(200), fin=False))) == []
    with pytest.raises(FrameError) as refused:
        list(incoming.feed(client_frame(Opcode.CONT, bytes(101))[:8]))
    assert refused.value.code == 1009


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_a_close_code_that_may_not_be_sent_is_refused(code: int) -> None:
    with pytest.raises(FrameError):
        check_close(code.to_bytes(2, "big"))
