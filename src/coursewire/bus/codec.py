"""Messages of the bus as bytes, for a bus that leaves the process."""

from __future__ import annotations

from typing import Any, get_args

import orjson
from pydantic import TypeAdapter

from coursewire.bus.port import BusMessage, Committed, LoggedEvent, Unlogged

# One line of JSON, then the data and the attachments of the events as they are, one after the other. The line holds
# the fields of the message, with a length where a field is bytes: these are neither decoded nor escaped on their way.

_KINDS: dict[str, TypeAdapter[BusMessage]] = {
    kind.__name__: TypeAdapter(kind) for kind in get_args(BusMessage)
}
_BYTES_IN_ROW = tuple(LoggedEvent._fields.index(name) for name in ("data", "attachment"))
_BYTES = ("data", "attachment")  # of an Unlogged; both in the order in which `to_bytes` meets them


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
            _put_back(rest, fields["events"], _BYTES_IN_ROW)
        elif name == Unlogged.__name__:
            _put_back(rest, [fields], _BYTES)
        return _KINDS[name].validate_python(fields)
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError("not a message of this bus") from error


def _put_back(data: bytes, rows: list[Any], places: tuple[Any, ...]) -> None:
    """Replace the lengths at these places of each row by the bytes; a field that is None has none."""
    end = 0
    for row in rows:
        for place in places:
            size = row[place]
            if size is not None:
                start, end = end, end + size
                row[place] = data[start:end]
                if end < start:
                    raise ValueError("a length below nothing")
    if end != len(data):
        raise ValueError("cut short")
