"""Why sessions end, and how that is said on the wire."""

from __future__ import annotations

from typing import Final

# In the words of Socket.IO where it has them. An application may add its own.
TRANSPORT_CLOSE: Final = "transport close"
TRANSPORT_ERROR: Final = "transport error"
PING_TIMEOUT: Final = "ping timeout"
PARSE_ERROR: Final = "parse error"
STALLED: Final = "stalled"
OVERFLOW: Final = "outbox overflow"
SHUTDOWN: Final = "server shutting down"
FAILED: Final = "internal error"


class CloseCode:
    """WebSocket close codes (RFC 6455, section 7.4.1). Long-polling has none."""

    NORMAL: Final = 1000
    GOING_AWAY: Final = 1001
    PROTOCOL_ERROR: Final = 1002
    INVALID_DATA: Final = 1007
    POLICY: Final = 1008
    TOO_BIG: Final = 1009
    INTERNAL: Final = 1011
