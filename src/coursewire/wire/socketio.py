"""Socket.IO v5 packets: namespaces, events, acknowledgements, binary attachments (Socket.IO protocol)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from coursewire.wire import lenientjson
from coursewire.wire.engineio import PacketError


class Kind(IntEnum):
    """What a Socket.IO packet is; the value is its first character on the wire."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


@dataclass(slots=True)
class Message:
    """One Socket.IO packet with its attachments in place.

    `data` is a non-empty list that begins with the event's name in an EVENT, a list in an ACK, an object or
    None in a CONNECT, an object or a string in a CONNECT_ERROR, None in a DISCONNECT. The decoder never
    returns BINARY_EVENT and BINARY_ACK: once the bytes are back in place these are EVENT and ACK.
    """

    kind: Kind
    namespace: str = "/"
    data: Any = None
    ack: int | None = None


class WithAttachments(list[Any]):
    """What the decoder returns as the data of a packet that brought attachments: in any other there are no bytes."""


# <type>[<attachments>-][<namespace>,][<ack id>][<JSON>]. An ack id has at most 15 digits: it stays below
# 2**53, where JavaScript still counts exactly. A namespace has at most 128 characters, and none that would end
# a packet in a polling payload: JSON escapes it, a namespace cannot.
_PACKET = re.compile(
    r"([0-6])(?:([0-9]{1,4})-)?(?:(/[^,\x1e]{0,127})(?:,|\Z))?([0-9]{0,15})(.*)", re.DOTALL | re.ASCII
)

_KINDS = {str(int(kind)): kind for kind in Kind}
_UNBINARY = {Kind.BINARY_EVENT: Kind.EVENT, Kind.BINARY_ACK: Kind.ACK}
_BINARY = {Kind.EVENT: Kind.BINARY_EVENT, Kind.ACK: Kind.BINARY_ACK}

# Names of the official clients' own events; their parser refuses them on the wire, and so does this one.
_RESERVED = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)


class Decoder:
    """Turns Engine.IO messages into Socket.IO packets; keeps attachments until their packet is complete.

    It holds at most one unfinished packet with `max_attachments` attachments of `max_bytes` together; a
    packet that announces or brings more is refused. After a PacketError it is empty and can be used again.
    """

    __slots__ = ("_attachments", "_bytes", "_missing", "_pending", "max_attachments", "max_bytes")

    def __init__(self, max_attachments: int = 10, max_bytes: int = 10_000_000) -> None:
        self.max_attachments = max_attachments
        self.max_bytes = max_bytes
        self._pending: Message | None = None
        self._attachments: list[bytes] | None = None
        self._missing = 0
        self._bytes = 0

    def feed(self, data: str | bytes) -> Message | None:
        """Take one Engine.IO message; return the packet that it completes, if any. Raises PacketError."""
        if isinstance(data, str):
            if self._pending is not None:
                self._forget()
                raise PacketError("text where an attachment was expected")
            return self._decode(data)
        if self._pending is None or self._attachments is None:
            raise PacketError("an attachment that no packet announced")
        self._attachments.append(data)
        self._missing -= 1
        self._bytes += len(data)
        if self._bytes > self.max_bytes:
            self._forget()
            raise PacketError(f"attachments of more than {self.max_bytes} bytes")
        if self._missing:
            return None
        message, attachments = self._pending, self._attachments
        self._forget()
        _put_back(message.data, attachments)
        message.data = WithAttachments(message.data)
        _check_payload(message)
        return message

    def _decode(self, text: str) -> Message | None:
        match = _PACKET.match(text)
        if match is None:
            raise PacketError("unknown Socket.IO packet type")
        digit, count, namespace, ack, payload = match.groups()
        kind = _KINDS[digit]
        binary = kind in _UNBINARY
        if binary is (count is None):
            raise PacketError("attachments are announced by binary packets, and only by those")
        try:
            data = lenientjson.loads(payload) if payload else None
        except ValueError as error:
            raise PacketError("payload is not JSON") from error
        message = Message(_UNBINARY.get(kind, kind), namespace or "/", data, int(ack) if ack else None)
        if not binary or int(count) == 0:
            _check_payload(message)
            return message
        if int(count) > self.max_attachments:
            raise PacketError(f"more than {self.max_attachments} attachments")
        if not isinstance(data, list):
            raise PacketError("payload is not a list")
        self._pending = message
        self._attachments = []
        self._missing = int(count)
        return None

    def _forget(self) -> None:
        self._pending = self._attachments = None
        self._missing = self._bytes = 0


def encode(message: Message) -> list[str | bytes]:
    """Write a packet as Engine.IO messages: its text, then its attachments in order.

    Bytes anywhere in `data` become attachments. Raises TypeError or ValueError for what JSON cannot carry.
    """
    attachments: list[str | bytes] = []
    payload = "" if message.data is None else lenientjson.dumps(message.data, attachments).decode()
    kind = _BINARY.get(message.kind, message.kind) if attachments else message.kind
    count = f"{len(attachments)}-" if kind in _UNBINARY else ""
    namespace = "" if message.namespace == "/" else f"{message.namespace},"
    ack = "" if message.ack is None else message.ack
    return [f"{kind:d}{count}{namespace}{ack}{payload}", *attachments]


def _put_back(data: Any, attachments: list[bytes]) -> None:
    """Replace the placeholders in `data`, a list, by their attachments, each at most once.

    Used twice, an attachment of a megabyte would be sent on as two.
    """
    unused: list[bytes | None] = list(attachments)
    nodes = [data]
    while nodes:
        node = nodes.pop()
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(child, dict) and child.get("_placeholder") is True:
                number = child.get("num")
                if type(number) is not int or not 0 <= number < len(unused) or unused[number] is None:
                    raise PacketError("a placeholder without an attachment of its own")
                node[key], unused[number] = unused[number], None
            elif isinstance(child, (list, dict)):
                nodes.append(child)


def _check_payload(message: Message) -> None:
    kind, data = message.kind, message.data
    if kind is Kind.EVENT:
        valid = (
            isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] not in _RESERVED
        )
    elif kind is Kind.ACK:
        valid = isinstance(data, list) and message.ack is not None
    elif kind is Kind.CONNECT:
        valid = data is None or isinstance(data, dict)
    elif kind is Kind.DISCONNECT:
        valid = data is None
    else:
        valid = isinstance(data, (str, dict))
    if not valid:
        raise PacketError(f"not the payload of {kind.name}")
