"""One Engine.IO session as a state machine: heartbeat, upgrade, close, back-pressure (Engine.IO protocol)."""

from __future__ import annotations

import logging
from typing import Final, Protocol

from coursewire.edge import closing
from coursewire.edge.closing import CloseCode
from coursewire.edge.registry import Registry
from coursewire.edge.transport import NOWHERE, Transport
from coursewire.wire.engineio import Packet, PacketError, PacketType
from coursewire.wire.frames import TEXT, Encoded

logger = logging.getLogger(__name__)

PING: Final = Encoded(messages=((TEXT, b"2"),))
PROBED: Final = Encoded(messages=((TEXT, b"3probe"),))


class Listener(Protocol):
    """What stands behind a session. Never called again after `closed`."""

    def received(self, data: str | bytes) -> None:
        """Take a MESSAGE. Raises PacketError when it is malformed: the session is closed for it."""

    def closed(self, reason: str) -> None:
        """Note that the session has ended."""

    def filled(self) -> None:
        """Note that more than `outbox_bytes` wait. Called by the event loop, never from within `write`."""

    def drained(self) -> None:
        """Note that the outbox has fallen below its low mark again."""


class Session:
    """One Engine.IO session. It is open from its construction until `close`.

    The transport in `transport` speaks for it. Another in `probe` may want to; until it has sent UPGRADE it
    carries nothing. A transport that is neither is superseded: whatever it still reports is ignored (SES3).
    """

    __slots__ = (
        "_mark", "_registry", "_unanswered", "full", "held", "id", "listener", "probe", "probed",
        "remote", "transport",
    )  # fmt: skip

    listener: Listener

    def __init__(self, registry: Registry, sid: str, remote: str, transport: Transport) -> None:
        self._registry = registry
        self.id = sid
        self.remote = remote
        self.transport = transport
        self.probe: Transport | None = None
        self.probed = False
        """Whether the probe was answered: from then on no poll is kept waiting, and no POST is held back, as the client
        says UPGRADE only when both are answered."""
        self.full = False
        self.held = False
        """Whether the application has stopped reading."""
        self._unanswered = False  # a ping is out
        self._mark = 0  # unsent bytes when progress was last checked, and those queued since
        transport.attach(self)
        registry.add(self, transport.name)

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.transport is NOWHERE

    def write(self, encoded: Encoded) -> None:
        """Queue ready packets; nothing happens once closed."""
        self.transport.write(encoded)

    def send(self, data: str | bytes) -> None:
        """Queue one MESSAGE."""
        self.transport.write(Encoded((data,)))

    def receive(self, transport: Transport, packet: Packet) -> None:
        """Take one packet that came by `transport`."""
        if transport is self.transport:
            self._registry.statistics.packets_in += 1
            try:
                self._handle(packet)
            except PacketError as error:
                self.reject(transport, error)
            except Exception:
                self._registry.statistics.application_errors += 1
                logger.exception("a listener failed; its session is closed")
                self.close(closing.FAILED, CloseCode.INTERNAL)
        elif transport is self.probe:
            self._receive_probe(transport, packet)

    def reject(self, transport: Transport, error: PacketError) -> None:
        """Close because of something malformed that came by `transport`."""
        self._registry.statistics.packets_bad += 1
        logger.debug("session %s sent a bad packet: %s", self.id, error)
        if transport is self.transport:
            self.close(closing.PARSE_ERROR, CloseCode.PROTOCOL_ERROR)
        else:
            self.abandon_probe(transport)

    def _handle(self, packet: Packet) -> None:
        if packet.type is PacketType.MESSAGE:
            self.listener.received(packet.data)
        elif packet.type is PacketType.PONG:
            self._pong()
        elif packet.type is PacketType.CLOSE:
            self.close(closing.TRANSPORT_CLOSE)
        elif packet.type is not PacketType.NOOP:
            raise PacketError(f"{packet.type.name} is not for clients to send here")

    # Heartbeat: the server pings, the client answers (Engine.IO, "Heartbeat").

    def ping(self) -> None:
        """Send a ping; its answer is due within the ping timeout."""
        self._unanswered = True
        self._registry.pongs.add(self)
        self.transport.heard = False
        self.transport.write(PING)

    def _pong(self) -> None:
        if not self._unanswered:
            return
        self._unanswered = False
        self._registry.pongs.discard(self)
        if not self.full:
            self._unwatch()
        self._registry.pings.add(self)

    def pong_missing(self) -> None:
        """Close, unless there is a reason for the silence.

        The ping may be stuck behind other bytes: then progress decides (FAN3). Or the peer is in the middle of a
        large message: then it is heard, and gets another timeout.
        """
        transport = self.transport
        if transport.congested:
            if self not in self._registry.stalls:
                self._watch()
        elif transport.heard:
            transport.heard = False
            self._registry.pongs.add(self)
        else:
            self.close(closing.PING_TIMEOUT)

    # Back-pressure

    def pause_reading(self) -> None:
        """Take nothing more from the peer; a few packets that were read already may still come."""
        self.held = True
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take from the peer again."""
        self.held = False
        self.transport.resume_reading()

    def _watch(self) -> None:
        self._mark = self.transport.unsent
        self.transport.watch()
        self._registry.stalls.add(self)

    def _unwatch(self) -> None:
        self.transport.watched = False
        self._registry.stalls.discard(self)

    def note_queued(self, size: int) -> None:
        """Count bytes queued while watched; close when they are more than anybody should queue."""
        self._mark += size
        if self.transport.unsent > self._registry.settings.outbox_limit:
            # Later, because this is called from within write(), in the middle of somebody's fan-out. Once is enough,
            # and more do no harm.
            self._registry.timers.clock.call_soon(self.close, closing.OVERFLOW, CloseCode.POLICY)

    def check_progress(self) -> None:
        """Close when nothing was taken since the last check (FAN3)."""
        unsent = self.transport.unsent
        if unsent and unsent >= self._mark:
            self.close(closing.STALLED, CloseCode.POLICY)
        elif unsent:
            self._watch()
        else:
            self.transport.watched = False
            if self._unanswered:
                # The ping has left the outbox since; now its answer can be expected.
                self._registry.pongs.add(self)

    def fill(self, transport: Transport) -> None:
        """Note that the outbox of `transport` passed its bound."""
        if transport is self.transport and not self.full:
            self.full = True
            self._registry.statistics.outboxes_filled += 1
            if self not in self._registry.stalls:
                self._watch()
            # Later, for the same reason.
            self._registry.timers.clock.call_soon(self._tell, "full")

    def drain(self, transport: Transport) -> None:
        """Note that the outbox of `transport` fell below its low mark."""
        if transport is self.transport and self.full:
            self.full = False
            self._unwatch()
            if self._unanswered:
                self._registry.pongs.add(self)
            self._registry.timers.clock.call_soon(self._tell, "drained")

    def _tell(self, what: str) -> None:
        if self.closed:
            return
        try:
            if what == "full":
                self.listener.filled()
            else:
                self.listener.drained()
        except Exception:
            self._registry.statistics.application_errors += 1
            logger.exception("a listener failed when told that its session is %s", what)

    # Upgrade from polling (Engine.IO, "Upgrade").

    def try_upgrade(self, probe: Transport) -> bool:
        """Let `probe` begin to replace a polling transport; return whether it may."""
        if not self.transport.upgradable or self.probe is not None:
            return False
        self.probe = probe
        return True

    def _receive_probe(self, probe: Transport, packet: Packet) -> None:
        if packet.type is PacketType.PING and packet.data == "probe":
            self.probed = True
            probe.write(PROBED)
            self.transport.release()
        elif packet.type is PacketType.UPGRADE and self.probed:
            self._upgrade(probe)
        else:
            self.reject(probe, PacketError("a probe only sends PING and UPGRADE"))

    def _upgrade(self, probe: Transport) -> None:
        old, self.transport = self.transport, probe
        self.probe, self.probed = None, False
        self._registry.statistics.sessions_upgraded += 1
        backlog = old.retire()
        if backlog is not None:
            probe.write(backlog)
        if self.held:
            probe.pause_reading()
        if self in self._registry.stalls:
            self._watch()
        if self.full and not probe.full:
            self.drain(probe)

    def abandon_probe(self, probe: Transport) -> None:
        """Go on without the upgrade."""
        if probe is self.probe:
            self.probe, self.probed = None, False
            probe.close(closing.TRANSPORT_CLOSE, CloseCode.NORMAL)

    # The end

    def lose(self, transport: Transport, reason: str) -> None:
        """Note that `transport` is gone. Only the one that speaks for the session ends it (SES3)."""
        if transport is self.transport:
            self.close(reason)
        elif transport is self.probe:
            self.probe, self.probed = None, False

    def close(self, reason: str, code: int = CloseCode.NORMAL) -> None:
        """End the session, after what is queued. A second close does nothing."""
        if self.closed:
            return
        transport, self.transport = self.transport, NOWHERE
        self._registry.remove(self, reason)
        transport.close(reason, code)
        if self.probe is not None:
            self.probe.close(reason, code)
            self.probe = None
        try:
            self.listener.closed(reason)
        except Exception:
            self._registry.statistics.application_errors += 1
            logger.exception("a listener failed when told that its session is closed")
