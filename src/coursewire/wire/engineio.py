"""Engine.IO v4 packets and the payloads of HTTP long-polling (Engine.IO protocol, "Packet encoding")."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

SEPARATOR = "\x1e"
"""Stands between the packets of a payload; JSON escapes it, so it is never part of a packet."""


class PacketError(ValueError):
    """What came over the wire is not a packet. The sender's session is to be closed."""


class PacketType(IntEnum):
    """What an Engine.IO packet is for; the value is the first character on the wire."""

    OPEN = 0
    CLOSE = 1
    PING = 2
    PONG = 3
    MESSAGE = 4
    UPGRADE = 5
    NOOP = 6


@dataclass(slots=True)
class Packet:
    """One Engine.IO packet. `data` is bytes only in a MESSAGE."""

    type: PacketType
    data: str | bytes = ""


_TYPES = {str(int(kind)): kind for kind in PacketType}


def decode_packet(encoded: str | bytes) -> Packet:
    """Read what one WebSocket message carries: text begins with the type, bytes are a binary MESSAGE.

    Raises PacketError.
    """
    if isinstance(encoded, bytes):
        return Packet(PacketType.MESSAGE, encoded)
    kind = _TYPES.get(encoded[:1])
    if kind is None:
        raise PacketError("unknown Engine.IO packet type")
    return Packet(kind, encoded[1:])


def encode_packet(packet: Packet) -> str | bytes:
    """Write one packet as the content of one WebSocket message. Raises PacketError."""
    if isinstance(packet.data, str):
        return f"{packet.type:d}{packet.data}"
    if packet.type is not PacketType.MESSAGE:
        raise PacketError("only a message can be binary")
    return packet.data


def encode_base64(data: bytes) -> bytes:
    """Write a binary MESSAGE as a polling payload carries it."""
    return b"b" + b64encode(data)


def decode_payload(payload: str | bytes, limit: int = 10_000) -> list[Packet]:
    """Read the body of a polling request: 1 to `limit` packets. Raises PacketError."""
    if isinstance(payload, bytes):
        try:
            payload = payload.decode()
        except UnicodeDecodeError as error:
            raise PacketError("payload is not UTF-8") from error
    # One split more than allowed is enough to see that there are too many.
    encoded_packets = payload.split(SEPARATOR, limit)
    if len(encoded_packets) > limit:
        raise PacketError(f"more than {limit} packets in a payload")
    return [
        _decode_base64(encoded) if encoded.startswith("b") else decode_packet(encoded)
        for encoded in encoded_packets
    ]


def encode_payload(packets: Iterable[Packet]) -> bytes:
    """Write packets as the body of a polling response or request."""
    return SEPARATOR.encode().join(
        encode_base64(packet.data) if isinstance(packet.data, bytes) else str(encode_packet(packet)).encode()
        for packet in packets
    )


def _decode_base64(encoded: str) -> Packet:
    try:
        return Packet(PacketType.MESSAGE, b64decode(encoded[1:], validate=True))
    except (binascii.Error, ValueError) as error:  # ValueError: not ASCII
        raise PacketError("binary packet is not base64") from error
