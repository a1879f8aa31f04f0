"""Messages of the bus as bytes, for a bus that leaves the process."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, get_args

import orjson
from pydantic import TypeAdapter

from coursewire.bus.port import BusMessage, Committed, Unlogged

# One line of JSON, then the data of the events as it is, one after the other. The line holds the fields of
# the message, with a length where a field is bytes: data is neither decoded nor escaped on its way.

_KINDS: dict[str, TypeAdapter[BusMessage]] = {
    kind.__name__: TypeAdapter(kind) for kind in get_args(BusMessage)
}
_DATA_IN_ROW = 3  # the place of `data` in a LoggedEvent


def to_bytes(message: BusMessage) -> bytes:
    """Write a message as bytes."""
    data: list[bytes] = []

    def other(value: Any) -> Any:
        if isinstance(value, bytes):
            data.append(value)
            return len(value)
        return tuple(value)  # a LoggedEvent, which orjson does not take for a tuple

    head = orjson.dumps([type(message).__name__, message], default=other)
    return b"\n".join((head, b"".join(data)))


def from_bytes(data: bytes) -> BusMessage:
    """Read what `to_bytes` wrote. Raises ValueError for anything else, such as a newer node's message."""
    line, _, rest = data.partition(b"\n")
    try:
        name, fields = orjson.loads(line)
        if name == Committed.__name__:
            rows = fields["events"]
            for row, part in zip(rows, _cut(rest, [row[_DATA_IN_ROW] for row in rows]), strict=True):
                row[_DATA_IN_ROW] = part
        elif name == Unlogged.__name__:
            [fields["data"]] = _cut(rest, [fields["data"]])
        return _KINDS[name].validate_python(fields)
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError("not a message of this bus") from error


def _cut(data: bytes, sizes: list[int]) -> list[bytes]:
    if sum(sizes) != len(data):
        raise ValueError("cut short")
    ends = accumulate(sizes)
    return [data[end - size : end] for size, end in zip(sizes, ends, strict=True)]
