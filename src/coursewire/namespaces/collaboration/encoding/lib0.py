"""Numbers, texts and values as lib0 writes them (its encoding.js), read without trusting one length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import orjson

from coursewire.errors import Invalid

MOST_NUMBER: Final = 2**53 - 1
"""The largest whole number of JavaScript; client ids of pycrdt use all of its bits."""
MOST_BITS: Final = 53
_MOST_BYTES: Final = 8
"""Of a number: seven bits in each."""
MOST_DEPTH_OF_VALUE: Final = 16
"""Of lists and objects in one another, in an attribute or a mark."""


class Source:
    """Bytes that are read from the front. Everything that is wrong with them is an Invalid that names `field`.

    Reading costs a bounded number of steps for each byte that is there, whatever the bytes say.
    """

    __slots__ = ("at", "data", "end", "field")

    def __init__(self, data: bytes, field: str) -> None:
        self.data = data
        self.at = 0
        self.end = len(data)
        self.field = field

    def refuse(self, why: str) -> Invalid:
        """Return the error that says why these bytes are nothing."""
        return Invalid(f"must be whole and well formed: {why}", field=self.field)

    def byte(self) -> int:
        """Read one byte."""
        at = self.at
        if at >= self.end:
            raise self.refuse("it is cut short")
        self.at = at + 1
        return self.data[at]

    def number(self) -> int:
        """Read a whole number from 0 to 2**53 - 1 (`readVarUint`)."""
        number, self.at = self.number_at(self.at)
        return number

    def number_at(self, at: int) -> tuple[int, int]:
        """Read the number that stands there; return it, and where it ends."""
        data = self.data
        try:
            number = data[at]
            if number < 0x80:  # noqa: PLR2004 - seven bits in each byte, the lowest first; the eighth: it goes on
                return number, at + 1
            number += (data[at + 1] - 1) << 7
            if number < 0x4000:  # noqa: PLR2004
                return number, at + 2
            number += (data[at + 2] - 1) << 14
            if number < 0x200000:  # noqa: PLR2004
                return number, at + 3
        except IndexError:
            raise self.refuse("it is cut short") from None
        return self._long_number_at(at)

    def _long_number_at(self, at: int) -> tuple[int, int]:
        number = shift = 0
        for byte in self.data[at : at + _MOST_BYTES]:
            at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004
                break
            shift += 7
        else:
            raise self.refuse("a number is too long, or cut short")
        if number > MOST_NUMBER:
            raise self.refuse("a number is too large")
        return number, at

    def count(self, least: int = 1) -> int:
        """Read how many things follow, of at least that many bytes each: never more than there is room for."""
        count = self.number()
        if count * least > self.end - self.at:
            raise self.refuse("it counts more than it holds")
        return count

    def take(self, size: int) -> bytes:
        """Read that many bytes."""
        at = self.at
        if size > self.end - at:
            raise self.refuse("it is cut short")
        self.at = at + size
        return self.data[at : at + size]

    def raw(self) -> bytes:
        """Read bytes with their length before them (`readVarUint8Array`)."""
        return self.take(self.number())

    def text(self) -> str:
        """Read a text with the length of its UTF-8 before it (`readVarString`)."""
        text, self.at = self.text_at(self.at)
        return text

    def text_at(self, at: int) -> tuple[str, int]:
        """Read a text that is there; return it, and where it ends."""
        size, at = self.number_at(at)
        end = at + size
        if end > self.end:
            raise self.refuse("it is cut short")
        try:
            return self.data[at:end].decode(), end
        except UnicodeDecodeError:
            raise self.refuse("a text is not UTF-8") from None

    def json(self) -> bytes:
        """Read a text that is JSON, and return it as it stands."""
        raw = self.raw()
        if raw not in _USUAL:
            try:
                value = orjson.loads(raw)
            except orjson.JSONDecodeError:
                raise self.refuse("a value is not JSON") from None
            if depth_of(value, MOST_DEPTH_OF_VALUE) > MOST_DEPTH_OF_VALUE:
                raise self.refuse("a value is too deep")
        return raw

    def value(self, depth: int = 0) -> None:
        """Read past one value (`readAny`)."""
        if depth > MOST_DEPTH_OF_VALUE:
            raise self.refuse("a value is too deep")
        tag = self.byte()
        read = _VALUES.get(tag)
        if read is None:
            raise self.refuse("a value is of no known kind")
        read(self, depth)

    def finish(self) -> None:
        """Raise unless everything was read."""
        if self.at != self.end:
            raise self.refuse("something follows its end")


_USUAL: Final = frozenset({b"null", b"{}", b"true", b"false"})
"""What nearly all marks hold."""


def _nothing(_source: Source, _depth: int) -> None:
    """Read what has no more than its tag: undefined, null, true, false."""


def _signed(source: Source, _depth: int) -> None:
    size = 1
    while source.byte() >= 0x80:  # noqa: PLR2004
        size += 1
        if size * 7 > MOST_BITS + 7:
            raise source.refuse("a number is too long")


def _skip(size: int) -> Callable[[Source, int], None]:
    def skip(source: Source, _depth: int) -> None:
        source.take(size)

    return skip


def _text(source: Source, _depth: int) -> None:
    source.text()


def _raw(source: Source, _depth: int) -> None:
    source.raw()


def _object(source: Source, depth: int) -> None:
    for _ in range(source.count(2)):
        source.text()
        source.value(depth + 1)


def _list(source: Source, depth: int) -> None:
    for _ in range(source.count()):
        source.value(depth + 1)


_VALUES: Final[dict[int, Callable[[Source, int], None]]] = {
    127: _nothing,  # undefined
    126: _nothing,  # null
    125: _signed,
    124: _skip(4),  # float32
    123: _skip(8),  # float64
    122: _skip(8),  # bigint
    121: _nothing,  # false
    120: _nothing,  # true
    119: _text,
    118: _object,
    117: _list,
    116: _raw,
}


def depth_of(value: object, most: int) -> int:
    """Return how deep lists and objects lie in one another: 0 for a plain value, `most` + 1 for anything beyond."""
    depth = 0
    level = [value]
    while depth <= most:
        nested = [outer for outer in level if isinstance(outer, dict | list)]
        if not nested:
            return depth
        level = [
            inner for outer in nested for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        depth += 1
    return depth


def write_number(number: int) -> bytes:
    """Write a whole number (`writeVarUint`)."""
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def write_raw(raw: bytes) -> bytes:
    """Write bytes with their length before them (`writeVarUint8Array`, `writeVarString`)."""
    return write_number(len(raw)) + raw
