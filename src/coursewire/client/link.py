"""What the two transports have in common: packets in, packets out, and how a link ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson

from coursewire.client.outputs import Transport
from coursewire.wire.engineio import Packet, PacketType


class LinkError(Exception):
    """The transport could not be opened, or has ended. `str(error)` says why, for the log."""


class UnreachableError(LinkError):
    """Nobody answers at that address: the other transport would not get further."""


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Bounds of one connection. Every queue named here closes the connection when it is full."""

    transports: tuple[Transport, ...] = ("websocket", "polling")
    """In the order of trying."""
    open_timeout_s: float = 5.0
    """For each transport; two of them stay within the 15 s that a namespace waits."""
    upgrade_after_s: float = 1.0
    """How long after a fallback to polling WebSocket is tried again; doubles up to five minutes.

    Short at first: mostly nothing refuses WebSocket, the server only came back between the two tries.
    """
    max_message: int = 16 * 1024 * 1024
    """Bytes of one message from the server."""
    max_queued: int = 5_000
    """Packets waiting to be sent. The outboxes hold less, so only a socket that takes nothing gets there."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the server's OPEN packet says (Engine.IO protocol, "Handshake")."""

    sid: str
    upgrades: tuple[str, ...]
    silence_s: float
    """After so long without a packet the link is dead: ping interval and ping timeout."""
    max_payload: int
    """Bytes of one polling request."""


class Link(Protocol):
    """One open transport."""

    @property
    def name(self) -> Transport:
        """Which transport it is."""

    async def receive(self) -> list[Packet]:
        """Wait for packets. Raises LinkError at the end."""

    async def send(self, packets: list[Packet]) -> None:
        """Send packets in order. Raises LinkError."""

    async def close(self) -> None:
        """Close it without waiting for long; never raises."""


def endpoint(url: str, scheme: str, **query: str) -> str:
    """Return the address of the Engine.IO endpoint: `scheme` is `http` or `ws`, secure when `url` is.

    `url` is the address of the site, `http(s)` or `ws(s)`; without a path of its own it gets `/socket.io/`.
    Raises ValueError for other schemes.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.netloc:
        raise ValueError(f"not an address of a server: {url!r}")
    secure = "s" if parts.scheme in ("https", "wss") else ""
    path = parts.path if parts.path.strip("/") else "/socket.io/"
    return urlunsplit((scheme + secure, parts.netloc, path, urlencode({"EIO": "4", **query}), ""))


def read_handshake(packet: Packet) -> Handshake:
    """Read an OPEN packet. Raises LinkError."""
    if packet.type is not PacketType.OPEN:
        raise LinkError(f"{packet.type.name} where the handshake was expected")
    try:
        opened: dict[str, Any] = orjson.loads(packet.data)
        return Handshake(
            sid=str(opened["sid"]),
            upgrades=tuple(opened["upgrades"]),
            silence_s=(opened["pingInterval"] + opened["pingTimeout"]) / 1000,
            max_payload=int(opened.get("maxPayload", 1_000_000)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LinkError(f"the server's handshake cannot be read: {error}") from error
