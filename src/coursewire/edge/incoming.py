"""Reads what a client sends on a WebSocket: frames are checked, unmasked, put together (RFC 6455, section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from coursewire.edge.closing import CloseCode
from coursewire.wire.frames import BINARY, CLOSE, PING, PONG, TEXT

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which there is no wheel with it
    from websockets.utils import apply_mask

CONTINUATION: Final = 0x0

_CONTROLS: Final = frozenset({CLOSE, PING, PONG})
_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_HEAD: Final = 2
_SIZE: Final = 0x7F
_MOST_OF_CONTROL: Final = 125
"""More is no control frame; what is more stands in the bytes that follow, in two or eight."""
_IN_TWO: Final = 126
_MASK: Final = 4
_CODE: Final = 2
# What may be on the wire, as registered with IANA (RFC 6455, section 7.4.1, and after it).
_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
_OF_LIBRARIES: Final = 3000
_PAST_APPLICATIONS: Final = 5000


class FrameError(Exception):
    """A frame that ends the connection; `code` is what our CLOSE says."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Incoming:
    """One client's stream of frames. It holds at most a message and a frame of `limit` bytes each."""

    __slots__ = ("_fragments", "_limit", "_needed", "_opcode", "_rest")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest: bytearray | None = None
        self._needed = 0
        """Bytes that the frame in `_rest` has at least: what comes in drops is not looked at again for each."""
        self._fragments: bytearray | None = None
        self._opcode = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes as they come; yield messages and control frames: opcode, content.

        Raises FrameError; nothing may be fed after that.
        """
        if self._rest is not None:
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data, self._rest = bytes(self._rest), None
        at, end, after = 0, len(data), 0
        while end - at >= _HEAD:
            first, second = data[at], data[at + 1]
            size, start = second & _SIZE, at + _HEAD
            if size > _MOST_OF_CONTROL:
                more = 2 if size == _IN_TWO else 8
                size, start = int.from_bytes(data[start : start + more], "big"), start + more
            after = start
            if start > end:
                break
            self._check(first, second, size)
            after = start + _MASK + size
            if after > end:
                break
            content = apply_mask(data[start + _MASK : after], data[start : start + _MASK])
            at = after
            if first == _FINAL | TEXT or first & 0x08:
                yield first & 0x0F, content
            else:
                message = self._put_together(first, content)
                if message is not None:
                    yield message
        if at < end:
            self._rest, self._needed = bytearray(data[at:]), after - at

    def _check(self, first: int, second: int, size: int) -> None:
        opcode = first & 0x0F
        if first & _RESERVED:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "a reserved bit is set")
        if not second & _MASKED:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "a frame is not masked")
        if opcode in _CONTROLS:
            if size > _MOST_OF_CONTROL or not first & _FINAL:
                raise FrameError(CloseCode.PROTOCOL_ERROR, "a control frame is long or fragmented")
            return
        if opcode > BINARY:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "an opcode is not defined")
        if (opcode == CONTINUATION) == (self._fragments is None):
            raise FrameError(CloseCode.PROTOCOL_ERROR, "a fragment is missing or out of place")
        if size + len(self._fragments or b"") > self._limit:
            raise FrameError(CloseCode.TOO_BIG, f"a message is longer than {self._limit} bytes")

    def _put_together(self, first: int, content: bytes) -> tuple[int, bytes] | None:
        opcode = first & 0x0F
        if self._fragments is None:
            if first & _FINAL:
                return opcode, content
            self._opcode, self._fragments = opcode, bytearray(content)
            return None
        self._fragments += content
        if not first & _FINAL:
            return None
        whole, self._fragments = bytes(self._fragments), None
        return self._opcode, whole


def check_close(content: bytes) -> None:
    """Check what a CLOSE carries (RFC 6455, sections 5.5.1 and 7.4). Raises FrameError."""
    if not content:
        return
    code = int.from_bytes(content[:2], "big")
    if len(content) < _CODE or not (code in _CLOSE_CODES or _OF_LIBRARIES <= code < _PAST_APPLICATIONS):
        raise FrameError(CloseCode.PROTOCOL_ERROR, "a close code is not defined")
    try:
        content[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(CloseCode.INVALID_DATA, "the reason of a close is not UTF-8") from None
