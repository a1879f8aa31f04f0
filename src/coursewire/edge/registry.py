"""The sessions of one server, and what they share: settings, counters, deadlines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from coursewire.edge.outbox import PACKETS_PER_POLL, Outbox
from coursewire.edge.settings import EdgeSettings
from coursewire.edge.statistics import Statistics
from coursewire.edge.timers import Clock, Line, Timers

if TYPE_CHECKING:
    from coursewire.edge.arrival import Arrival
    from coursewire.edge.http import Http
    from coursewire.edge.session import Session
    from coursewire.edge.websocket import WebSocketTransport

# Last words for polling clients that had no request open when their session was closed. Beyond this many, a
# client learns of its end from the 400 alone.
_MAX_FAREWELLS = 1_000


class Registry:
    """Knows every open session by its id; holds the deadline lines that all sessions stand in."""

    __slots__ = (
        "_all_gone", "_farewells", "_farewells_due", "closing", "closings", "open_packet", "pings", "pongs",
        "probes", "requests", "sessions", "settings", "stalls", "statistics", "timers", "unread",
    )  # fmt: skip

    def __init__(self, settings: EdgeSettings, statistics: Statistics, clock: Clock | None = None) -> None:
        self.settings = settings
        self.statistics = statistics
        self.sessions: dict[str, Session] = {}
        self.closing = False
        """Whether the server is shutting down; it opens no session any more."""
        self._all_gone: asyncio.Future[None] | None = None
        self.timers = Timers(clock)
        self.pings: Line[Session] = self.timers.line(
            settings.ping_interval_ms / 1000, lambda session: session.ping()
        )
        self.pongs: Line[Session] = self.timers.line(
            settings.ping_timeout_ms / 1000, lambda session: session.pong_missing(), patient=True
        )
        self.stalls: Line[Session] = self.timers.line(
            settings.stall_timeout_s, lambda session: session.check_progress(), patient=True
        )
        self.probes: Line[WebSocketTransport] = self.timers.line(
            settings.upgrade_timeout_ms / 1000, lambda transport: transport.upgrade_missing()
        )
        self.closings: Line[WebSocketTransport | Http] = self.timers.line(
            settings.close_timeout_ms / 1000, lambda connection: connection.cut()
        )
        self.requests: Line[Arrival | Http] = self.timers.line(
            settings.request_timeout_s, lambda connection: connection.request_missing(), patient=True
        )
        self.unread: Line[Http] = self.timers.line(
            settings.stall_timeout_s, lambda connection: connection.reading_missing(), patient=True
        )
        self._farewells: dict[str, Outbox] = {}
        self._farewells_due: Line[str] = self.timers.line(
            settings.close_timeout_ms / 1000, self._forget_farewell
        )
        self.open_packet = (
            b'0{"sid":"%%s","upgrades":[%%s],"pingInterval":%d,"pingTimeout":%d,"maxPayload":%d}'
            % (settings.ping_interval_ms, settings.ping_timeout_ms, settings.max_payload)
        )
        """The OPEN packet (Engine.IO, "Handshake"), to be filled with the session id and the upgrades."""

    @property
    def crowded(self) -> bool:
        """Whether there is no room for another session."""
        return self.closing or len(self.sessions) >= self.settings.max_sessions

    def add(self, session: Session, transport_name: str) -> None:
        """Take in a session that opens."""
        self.sessions[session.id] = session
        self.pings.add(session)
        self.statistics.sessions_opened[transport_name] += 1

    def remove(self, session: Session, reason: str) -> None:
        """Forget a session that closes."""
        self.sessions.pop(session.id, None)
        self.pings.discard(session)
        self.pongs.discard(session)
        self.stalls.discard(session)
        self.statistics.sessions_closed[reason] += 1

    def leave_farewell(self, sid: str, outbox: Outbox) -> None:
        """Keep the last packets of a closed session for its next polls, for a short while."""
        if len(self._farewells) < _MAX_FAREWELLS:
            self._farewells[sid] = outbox
            self._farewells_due.add(sid)

    def gone(self, connection: WebSocketTransport | Http) -> None:
        """Note that a connection has gone, closed by whomever."""
        self.closings.discard(connection)
        if self._all_gone is not None and not self.closings and not self._all_gone.done():
            self._all_gone.set_result(None)

    async def all_gone(self) -> None:
        """Wait for the connections that are closing; each is cut when that takes too long."""
        if self.closings:
            self._all_gone = asyncio.get_running_loop().create_future()
            await self._all_gone

    def _forget_farewell(self, sid: str) -> None:
        self._farewells.pop(sid, None)

    def take_farewell(self, sid: str) -> bytes | None:
        """Return the next payload of what `leave_farewell` kept; None when there is nothing more."""
        outbox = self._farewells.get(sid)
        if not outbox:
            return None
        payload = outbox.take(PACKETS_PER_POLL).payload
        if not outbox:
            self._farewells_due.discard(sid)
            del self._farewells[sid]
        return payload
