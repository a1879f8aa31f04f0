"""An event encoded once for all its receivers: ready WebSocket frames and ready polling packets (FAN1)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import orjson

from coursewire.wire.engineio import encode_base64

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

_FINAL: Final = 0x80
_SHORT: Final = 125  # largest size that fits the second byte
_MEDIUM: Final = 0xFFFF  # largest size that two more bytes can say


def frame(opcode: int, payload: bytes) -> bytes:
    """Write one unfragmented, unmasked WebSocket frame, as servers send it (RFC 6455, section 5.2)."""
    size = len(payload)
    if size <= _SHORT:
        return bytes((_FINAL | opcode, size)) + payload
    if size <= _MEDIUM:
        return struct.pack("!BBH", _FINAL | opcode, 126, size) + payload
    return struct.pack("!BBQ", _FINAL | opcode, 127, size) + payload


class Encoded:
    """Socket.IO packets ready to be written to any number of sockets. Immutable.

    `parts` is what `socketio.encode` returns: each text is an Engine.IO MESSAGE, each bytes an attachment.
    `messages` are WebSocket messages that are ready already: opcode and content. The forms for the two
    transports are made when the first receiver needs them, and kept.
    """

    __slots__ = ("_payload", "messages", "ready", "size")

    messages: tuple[tuple[int, bytes], ...]
    size: int
    """Bytes of all packets together, without the framing of a transport."""
    ready: bytes | None
    """The frames, once somebody has needed them: to read it is cheaper than a property, where that counts."""

    def __init__(
        self, parts: Sequence[str | bytes] = (), *, messages: Iterable[tuple[int, bytes]] = ()
    ) -> None:
        made = tuple(messages)
        if parts:
            mine = (
                (TEXT, b"4" + part.encode()) if isinstance(part, str) else (BINARY, part) for part in parts
            )
            made = (*mine, *made)
        self.messages = made
        # Nearly always there is one.
        self.size = len(made[0][1]) if len(made) == 1 else sum([len(content) for _, content in made])
        self.ready = None
        self._payload: bytes | None = None

    @property
    def frames(self) -> bytes:
        """All packets as WebSocket frames."""
        if self.ready is None:
            if len(self.messages) == 1:
                self.ready = frame(*self.messages[0])
            else:
                self.ready = b"".join([frame(opcode, content) for opcode, content in self.messages])
        return self.ready

    @property
    def payload(self) -> bytes:
        """All packets as a polling payload."""
        if self._payload is None:
            self._payload = b"\x1e".join(
                [content if opcode == TEXT else encode_base64(content) for opcode, content in self.messages]
            )
        return self._payload

    @property
    def packets(self) -> tuple[str | bytes, ...]:
        """All packets as Engine.IO peers see them: text with the type in front, or an attachment's bytes."""
        return tuple(content.decode() if opcode == TEXT else content for opcode, content in self.messages)


def join(encoded: Sequence[Encoded]) -> Encoded:
    """Put many into one, in order: one write for all of them."""
    if len(encoded) == 1:
        return encoded[0]
    return Encoded(messages=[message for one in encoded for message in one.messages])


def encode_event(
    namespace: str, name: str, data_json: bytes, meta_json: bytes, attachment: bytes | None = None
) -> Encoded:
    """Build the EVENT `[name, data, meta]` from ready JSON (UTF-8), which is not read again.

    With an attachment it is the BINARY_EVENT `[name, data, bytes, meta]`: the last argument stays an object.
    """
    if attachment is None:
        text = b"%b%b,%b]" % (_event_head(namespace, name), data_json, meta_json)
        return Encoded(messages=((TEXT, text),))
    head = _binary_event_head(namespace, name)
    return Encoded(
        messages=((TEXT, b"%b%b,%b,%b]" % (head, data_json, placeholder(0), meta_json)), (BINARY, attachment))
    )


def encode_connect(namespace: str, sid: str) -> Encoded:
    """Build the CONNECT that lets somebody in; `sid` is of characters that JSON does not escape."""
    return Encoded(messages=((TEXT, b'40%b{"sid":"%b"}' % (_namespace_part(namespace), sid.encode())),))


def encode_ack(namespace: str, ack: int, data_json: bytes, attachments: Sequence[bytes] = ()) -> Encoded:
    """Build the ACK `[data]` of the command `ack` from ready JSON (UTF-8), which is not read again.

    With attachments, for which `data` has a `placeholder` each, in their order, it is a BINARY_ACK.
    """
    where = _namespace_part(namespace)
    if not attachments:
        return Encoded(messages=((TEXT, b"43%b%d[%b]" % (where, ack, data_json)),))
    text = b"46%d-%b%d[%b]" % (len(attachments), where, ack, data_json)
    return Encoded(messages=((TEXT, text), *((BINARY, attachment) for attachment in attachments)))


def placeholder(number: int) -> bytes:
    """Write what stands in the JSON of a binary packet for its attachment of this number, from 0."""
    return b'{"_placeholder":true,"num":%d}' % number


# Names come from the contracts, so there are few; the bound only keeps a mistake from growing.
@lru_cache(maxsize=1_024)
def _event_head(namespace: str, name: str) -> bytes:
    return b"42%b[%b," % (_namespace_part(namespace), orjson.dumps(name))


@lru_cache(maxsize=1_024)
def _binary_event_head(namespace: str, name: str) -> bytes:
    return b"451-%b[%b," % (_namespace_part(namespace), orjson.dumps(name))


def _namespace_part(namespace: str) -> bytes:
    return b"" if namespace == "/" else namespace.encode() + b","
