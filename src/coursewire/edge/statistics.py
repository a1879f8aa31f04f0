"""What one server has seen, as plain counters that the metrics page reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Statistics:
    """Counters since the start; they only grow."""

    sessions_opened: Counter[str] = field(default_factory=Counter)
    """By first transport."""
    sessions_closed: Counter[str] = field(default_factory=Counter)
    """By reason."""
    sessions_upgraded: int = 0
    handshakes_refused: Counter[str] = field(default_factory=Counter)
    """Requests that were answered with an error, or cut off, by its message."""
    packets_in: int = 0
    packets_bad: int = 0
    """Packets that broke the protocol; each cost its sender the session."""
    packets_stray: int = 0
    """Packets for a namespace or an acknowledgement that had just ended."""
    bytes_in: int = 0
    """Bytes of WebSocket frames and polling requests, framing included."""
    outboxes_filled: int = 0
    """How often a connection became full (FAN3)."""
    application_errors: int = 0
    """Callbacks of the application that raised; the log has the traceback."""
