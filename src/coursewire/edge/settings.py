"""What an operator can set about sessions: times, sizes, counts and origins."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """Bounds of the edge. Every one of them ends with a refusal or a close, never with growth."""

    path: str = "/socket.io/"
    ping_interval_ms: int = 5_000
    ping_timeout_ms: int = 4_000
    """A dead link is noticed after interval + timeout: well before the clients' back-off has grown."""
    connect_timeout_ms: int = 45_000
    """How long a session may be without any namespace."""
    upgrade_timeout_ms: int = 10_000
    """How long a WebSocket may probe before it completes the upgrade."""
    close_timeout_ms: int = 2_000
    """How long a closed peer may take to answer before its socket is cut."""
    stall_timeout_s: float = 30
    """How long a full socket may make no progress (FAN3), and an HTTP client may leave an answer unread."""
    request_timeout_s: float = 30
    """How long a connection may take for its first request, and a request to come whole."""

    max_payload: int = 1_000_000
    """Bytes of one WebSocket message or polling request: more is closed with 1009 or answered with 413."""
    max_packets: int = 10_000
    """Packets of one polling request."""
    max_attachments: int = 10
    """Binary attachments of one Socket.IO packet, together at most four payloads large."""
    outbox_bytes: int = 1 << 20
    """Bytes that may wait for one connection before it is full (FAN3); above four times that it is closed."""
    max_sessions: int = 20_000
    """Sessions of this server; more are answered with 503."""
    max_namespaces: int = 16
    """Namespaces of one connection; more are refused with CONNECT_ERROR."""
    max_calls: int = 100
    """Acknowledgements that the server may await of one socket."""

    allowed_origins: str | Collection[str] = ()
    """Origins of other sites that browsers may come from, or "*". A page's own site is always allowed."""

    @property
    def outbox_limit(self) -> int:
        """Bytes that nobody should ever queue for one connection: past this it is closed at once."""
        return 4 * self.outbox_bytes
