"""The Engine.IO session as a state machine, with transports and time in the hands of the test."""

from __future__ import annotations

import pytest
from tests.unit.edge.stand_ins import (
    ManualClock,
    RecordingListener,
    RecordingTransport,
    RecordingUpgradable,
    make_registry,
)

from coursewire.edge.closing import CloseCode
from coursewire.edge.registry import Registry
from coursewire.edge.session import Session
from coursewire.wire.engineio import Packet, PacketError, PacketType
from coursewire.wire.frames import Encoded

PONG = Packet(PacketType.PONG)
PROBE = Packet(PacketType.PING, "probe")
UPGRADE = Packet(PacketType.UPGRADE)


class World:
    """One session and everything around it."""

    def __init__(self, *, upgradable: bool = False, fails: Exception | None = None) -> None:
        self.clock = ManualClock()
        self.registry: Registry = make_registry(self.clock)
        self.transport = RecordingUpgradable() if upgradable else RecordingTransport()
        self.listener = RecordingListener(fails)
        self.session = Session(self.registry, "sid", "192.0.2.1", self.transport)
        self.session.listener = self.listener

    def receive(self, packet: Packet) -> None:
        self.session.receive(self.transport, packet)

    @property
    def closed_for(self) -> list[str]:
        return list(self.registry.statistics.sessions_closed)


def test_a_message_reaches_the_listener() -> None:
    world = World()
    world.receive(Packet(PacketType.MESSAGE, "hello"))
    world.receive(Packet(PacketType.MESSAGE, b"\1"))
    assert world.listener.told == [("received", "hello"), ("received", b"\1")]
    assert world.registry.statistics.packets_in == 2


def test_what_is_sent_becomes_messages() -> None:
    world = World()
    world.session.send("hello")
    world.session.send(b"\1")
    world.session.write(Encoded(["ready"]))
    assert world.transport.packets == ["4hello", b"\1", "4ready"]


def test_every_ping_that_is_answered_is_followed_by_another() -> None:
    world = World()
    for _ in range(5):
        world.clock.advance(10)
        assert world.transport.take() == ["2"]
        world.clock.advance(3)
        world.receive(PONG)
    assert not world.session.closed


def test_a_ping_without_an_answer_ends_the_session() -> None:
    world = World()
    world.clock.advance(13)
    assert not world.session.closed
    world.clock.advance(2)
    assert world.transport.closed == ("ping timeout", CloseCode.NORMAL)
    assert world.listener.told == [("closed", "ping timeout")]
    assert world.registry.sessions == {}


def test_a_pong_that_nobody_asked_for_changes_nothing() -> None:
    world = World()
    world.clock.advance(9)
    world.receive(PONG)
    world.clock.advance(2)
    assert world.transport.take() == ["2"]


def test_a_peer_that_is_heard_in_the_middle_of_a_large_message_gets_more_time() -> None:
    world = World()
    for _ in range(3):
        world.clock.advance(4)
        world.transport.heard = True
    world.clock.advance(4)
    assert not world.session.closed
    world.clock.advance(8)
    assert world.closed_for == ["ping timeout"]


def test_a_ping_stuck_behind_other_bytes_is_judged_by_progress() -> None:
    """[FAN3] A slow reader that makes progress stays; one that makes none for 30 s goes."""
    world = World()
    world.transport.congested = True
    world.transport.unsent = 900
    world.clock.advance(15)
    for _ in range(3):
        assert not world.session.closed
        world.transport.unsent -= 1
        world.clock.advance(30)
    world.clock.advance(31)
    assert world.transport.closed == ("stalled", CloseCode.POLICY)


def test_progress_is_seen_although_more_is_queued_meanwhile() -> None:
    """[FAN3] What counts is what the socket took, not what waits."""
    world = World()
    world.transport.congested = True
    world.transport.unsent = 2_000
    world.session.fill(world.transport)
    world.session.send("x" * 999)
    world.transport.unsent -= 1
    world.clock.advance(31)
    assert not world.session.closed


def test_once_the_ping_has_left_the_outbox_its_answer_is_due_again() -> None:
    world = World()
    world.transport.congested = True
    world.transport.unsent = 900
    world.clock.advance(15)
    world.transport.congested = False
    world.transport.unsent = 0
    world.clock.advance(36)
    assert world.closed_for == ["ping timeout"]


def test_a_pong_ends_the_suspicion() -> None:
    world = World()
    world.transport.congested = True
    world.transport.unsent = 900
    world.clock.advance(15)
    world.transport.congested = False
    world.transport.unsent = 0
    world.receive(PONG)
    assert not world.transport.watched
    world.clock.advance(10)
    world.receive(PONG)
    world.clock.advance(9)
    assert not world.session.closed


def test_the_listener_learns_that_the_outbox_is_full_and_that_it_drained_but_not_from_within_write() -> None:
    """[FAN3]"""
    world = World()
    world.session.fill(world.transport)
    world.session.fill(world.transport)
    full_at_once = world.session.full
    assert full_at_once
    assert world.listener.told == []
    world.clock.advance(0)
    assert world.listener.told == [("filled",)]
    world.session.drain(world.transport)
    assert not world.session.full
    world.clock.advance(0)
    assert world.listener.told == [("filled",), ("drained",)]
    assert world.registry.statistics.outboxes_filled == 1


def test_a_full_outbox_without_progress_ends_the_session_though_pings_were_answered() -> None:
    """[FAN3]"""
    world = World()
    world.transport.unsent = 1_001
    world.session.fill(world.transport)
    for _ in range(2):
        world.clock.advance(10)
        world.receive(PONG)
    world.clock.advance(11)
    assert world.closed_for == ["stalled"]


def test_a_socket_that_drained_owes_the_pong_again() -> None:
    world = World()
    world.transport.congested = True
    world.transport.unsent = 1_001
    world.session.fill(world.transport)
    world.clock.advance(15)
    world.transport.congested = False
    world.transport.unsent = 0
    world.session.drain(world.transport)
    world.clock.advance(5)
    assert world.closed_for == ["ping timeout"]


def test_no_deadline_is_kept_for_a_session_that_has_ended() -> None:
    world = World()
    world.session.fill(world.transport)
    world.clock.advance(11)
    world.session.close("enough")
    registry = world.registry
    assert [len(line) for line in (registry.pings, registry.pongs, registry.stalls)] == [0, 0, 0]


def test_four_times_the_bound_ends_the_session_after_the_turn_in_which_it_was_queued() -> None:
    """[FAN3] Closing within write() would change the subscriptions that a fan-out walks through."""
    world = World()
    world.session.fill(world.transport)
    world.transport.unsent = 3_999
    world.session.send("x")
    world.session.send("y")
    assert not world.session.closed
    world.clock.advance(0)
    assert world.transport.closed == ("outbox overflow", CloseCode.POLICY)
    assert world.registry.statistics.sessions_closed == {"outbox overflow": 1}


def test_reading_is_paused_and_resumed() -> None:
    world = World()
    world.session.pause_reading()
    assert not world.transport.reading
    world.session.resume_reading()
    assert world.transport.reading


def test_the_client_may_close() -> None:
    world = World()
    world.receive(Packet(PacketType.CLOSE))
    assert world.listener.told == [("closed", "transport close")]


def test_a_noop_is_ignored() -> None:
    world = World()
    world.receive(Packet(PacketType.NOOP))
    assert not world.session.closed


@pytest.mark.parametrize("kind", [PacketType.OPEN, PacketType.PING, PacketType.UPGRADE])
def test_a_packet_that_only_servers_send_ends_the_session(kind: PacketType) -> None:
    world = World()
    world.receive(Packet(kind))
    assert world.transport.closed == ("parse error", CloseCode.PROTOCOL_ERROR)
    assert world.registry.statistics.packets_bad == 1


def test_a_listener_that_finds_a_packet_malformed_ends_the_session() -> None:
    world = World(fails=PacketError("no"))
    world.receive(Packet(PacketType.MESSAGE, "x"))
    assert world.closed_for == ["parse error"]
    assert world.registry.statistics.packets_bad == 1


def test_a_listener_that_fails_is_contained(caplog: pytest.LogCaptureFixture) -> None:
    world = World(fails=RuntimeError("no"))
    world.session.fill(world.transport)
    world.clock.advance(0)
    world.receive(Packet(PacketType.MESSAGE, "x"))
    assert world.closed_for == ["internal error"]
    assert world.registry.statistics.application_errors == 3
    assert "a listener failed" in caplog.text


def test_nothing_happens_after_the_end() -> None:
    world = World()
    world.session.close("enough")
    world.session.close("again")
    world.session.send("late")
    world.receive(Packet(PacketType.MESSAGE, "late"))
    world.session.fill(world.transport)
    world.session.drain(world.transport)
    world.clock.advance(100)
    assert world.listener.told == [("closed", "enough")]
    assert world.transport.packets == []
    assert world.closed_for == ["enough"]


def test_a_full_outbox_is_not_reported_after_the_end() -> None:
    world = World()
    world.session.fill(world.transport)
    world.session.close("enough")
    world.clock.advance(0)
    assert world.listener.told == [("closed", "enough")]


class TestUpgrade:
    def test_a_probe_that_is_answered_and_completed_takes_over_with_the_backlog(self) -> None:
        world, probe = World(upgradable=True), RecordingTransport()
        world.transport.backlog = Encoded(["kept"])
        assert world.session.try_upgrade(probe)
        world.session.receive(probe, PROBE)
        assert probe.take() == ["3probe"]
        assert world.transport.released == 1
        world.session.send("still by polling")
        assert world.transport.packets == ["4still by polling"]
        world.session.receive(probe, UPGRADE)
        assert world.session.transport == probe
        world.session.send("new")
        assert probe.take() == ["4kept", "4new"]
        world.session.receive(probe, Packet(PacketType.MESSAGE, "hello"))
        assert world.listener.told == [("received", "hello")]
        assert world.registry.statistics.sessions_upgraded == 1

    def test_the_late_death_of_the_old_transport_touches_nothing_of_the_new(self) -> None:
        """[SES3]"""
        world, probe = World(upgradable=True), RecordingTransport()
        world.session.try_upgrade(probe)
        world.session.receive(probe, PROBE)
        world.session.receive(probe, UPGRADE)
        old = world.transport
        world.session.receive(old, Packet(PacketType.CLOSE))
        world.session.receive(old, Packet(PacketType.MESSAGE, "late"))
        world.session.reject(old, PacketError("late"))
        world.session.fill(old)
        world.session.lose(old, "transport close")
        world.clock.advance(0)
        assert world.listener.told == []
        assert probe.closed is None
        assert not world.session.full
        assert not world.session.closed

    def test_a_probe_that_dies_leaves_the_session_as_it_was(self) -> None:
        world, probe = World(upgradable=True), RecordingTransport()
        world.session.try_upgrade(probe)
        world.session.receive(probe, PROBE)
        world.session.lose(probe, "transport close")
        assert not world.session.probed
        assert world.session.transport == world.transport
        assert world.session.try_upgrade(RecordingTransport())

    @pytest.mark.parametrize("packet", [UPGRADE, Packet(PacketType.PING), Packet(PacketType.MESSAGE, "x")])
    def test_a_probe_that_says_anything_else_is_closed_and_the_session_stays(self, packet: Packet) -> None:
        world, probe = World(upgradable=True), RecordingTransport()
        world.session.try_upgrade(probe)
        world.session.receive(probe, packet)
        assert probe.closed is not None
        assert not world.session.closed
        assert world.listener.told == []
        assert world.registry.statistics.packets_bad == 1

    def test_only_one_probe_at_a_time_and_none_for_a_websocket(self) -> None:
        world = World(upgradable=True)
        assert world.session.try_upgrade(RecordingTransport())
        assert not world.session.try_upgrade(RecordingTransport())
        assert not World(upgradable=False).session.try_upgrade(RecordingTransport())

    def test_the_end_of_the_session_ends_its_probe(self) -> None:
        world, probe = World(upgradable=True), RecordingTransport()
        world.session.try_upgrade(probe)
        world.session.close("enough")
        assert probe.closed == ("enough", CloseCode.NORMAL)

    def test_back_pressure_goes_over_to_the_new_transport(self) -> None:
        """[FAN3]"""
        world, probe = World(upgradable=True), RecordingTransport()
        world.session.pause_reading()
        world.session.fill(world.transport)
        world.session.try_upgrade(probe)
        world.session.receive(probe, PROBE)
        world.session.receive(probe, UPGRADE)
        world.clock.advance(0)
        assert not probe.reading
        assert not world.session.full
        assert world.listener.told == [("filled",), ("drained",)]

    def test_progress_is_counted_anew_on_the_new_transport(self) -> None:
        """[FAN3] What is written to it meanwhile must not look as if nothing had been taken."""
        world, probe = World(upgradable=True), RecordingTransport()
        world.transport.unsent = 1_000
        world.session.fill(world.transport)
        probe.attach(world.session)
        world.session.try_upgrade(probe)
        world.session.receive(probe, PROBE)
        probe.unsent, probe.full, probe.congested = 1_000, True, True
        world.session.receive(probe, UPGRADE)
        assert probe.watched
        world.session.write(Encoded(["x" * 500]))
        probe.unsent = 1_200
        world.clock.advance(30)
        assert world.closed_for == []
        world.clock.advance(30)
        assert world.closed_for == ["stalled"]
