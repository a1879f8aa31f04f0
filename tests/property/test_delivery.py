"""Delivery under everything that goes wrong, against the log itself: nothing lost, doubled, early or forbidden."""

from __future__ import annotations

import functools

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.property.campus import BOARDS, CHANNELS, USERS, Campus
from tests.unit.realtime import notes
from tests.unit.realtime.house import enrol, expel

from coursewire import log
from coursewire.realtime import channels as fan_out
from coursewire.realtime import recovery
from coursewire.realtime.transaction import Transaction

followers = st.integers(0, len(USERS) - 1)
boards = st.sampled_from(BOARDS)
nodes = st.integers(0, 1)


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every bound so small that a few steps reach it."""
    monkeypatch.setattr(fan_out, "SLICE", 1)
    monkeypatch.setattr(fan_out, "MANY", 2)
    monkeypatch.setattr(fan_out, "RING_EVENTS", 3)
    monkeypatch.setattr(fan_out, "QUEUED_EVENTS", 5)
    monkeypatch.setattr(recovery, "PAGE_BYTES", 400)
    monkeypatch.setattr(recovery, "KEPT_REPLAYS", 2)
    monkeypatch.setattr(recovery, "REPAIR_EVENTS", 2)


class Delivery(Campus, RuleBasedStateMachine):
    """Everything that may happen to two nodes, four followers and two boards."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Campus.__init__(self)

    def teardown(self) -> None:
        self.end()

    # Coming and going

    @rule(index=followers, resume=st.booleans())
    def connect(self, index: int, resume: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by name
        if self.followers[index].guest is None:
            self.arrive(index, resume=resume)

    @rule(index=followers, resume=st.booleans())
    def reconnect(self, index: int, resume: bool) -> None:  # noqa: FBT001
        """Lose the connection and come back at once, while the server may not know yet."""
        follower = self.followers[index]

        def again() -> None:
            old = follower.guest
            follower.disconnected()
            if old is not None:
                self.loop.call_soon(old.vanish)
            follower.connect(resume=resume)

        self.act(again)

    @rule(index=followers, cleanly=st.booleans())
    def disconnect(self, index: int, cleanly: bool) -> None:  # noqa: FBT001
        follower = self.followers[index]
        guest = follower.guest
        if guest is not None:
            follower.disconnected()
            self.act(guest.leave if cleanly and guest.accepted else guest.vanish)

    @rule(index=followers, board=boards)
    def subscribe(self, index: int, board: str) -> None:
        follower, channel = self.followers[index], notes.board_channel(board)
        self.act(lambda: follower.subscribe(channel, follower.channels[channel].since))

    @rule(index=followers, board=boards, back=st.integers(-2, 20))
    def subscribe_elsewhere(self, index: int, board: str, back: int) -> None:
        """Subscribe from some position that was true once, or will be."""
        follower, channel = self.followers[index], notes.board_channel(board)
        since = follower.channels[channel].since
        if since is not None:
            since["offset"] = max(0, since["offset"] - back)
            self.act(lambda: follower.subscribe(channel, since, invented=True))

    @rule(index=followers, board=boards)
    def unsubscribe(self, index: int, board: str) -> None:
        follower, channel = self.followers[index], notes.board_channel(board)
        if follower.channels[channel].state == "in":
            self.act(lambda: follower.say("unsubscribe", channel, {"channel": channel}))

    @rule(index=followers)
    def read_slowly(self, index: int) -> None:
        guest = self.followers[index].guest
        if guest is not None:
            guest.line.slow = True

    @rule(index=followers)
    def choke(self, index: int) -> None:
        """Take half of what comes next, and be slow from there on."""
        guest = self.followers[index].guest
        if guest is not None and not guest.line.slow:
            guest.line.chokes = True

    @rule(index=followers)
    def drain(self, index: int) -> None:
        guest = self.followers[index].guest
        if guest is not None:
            self.act(guest.line.drain)

    @rule(index=followers, board=boards, size=st.integers(3, 10))
    def flood(self, index: int, board: str, size: int) -> None:
        """Publish more than the outbox of somebody who does not read will hold."""
        self.read_slowly(index)
        self.publish(board, size, together=False, long=False)

    @rule(index=followers)
    def drain_twice(self, index: int) -> None:
        """Drain, fill and drain again, faster than anything can be read from the log."""
        guest = self.followers[index].guest
        if guest is not None and guest.line.full:

            def flicker() -> None:
                guest.line.drain()
                if guest.session.transport is guest.line:
                    guest.line.slow = guest.line.full = True
                    guest.session.fill(guest.line)
                self.loop.call_soon(guest.line.drain)

            self.act(flicker)

    # Publishing

    @rule(index=followers, board=boards, times=st.integers(1, 6))
    def send(self, index: int, board: str, times: int) -> None:
        follower = self.followers[index]
        commands = [
            {"key": f"k{number}", "board": board, "text": f"{follower.user} {number}"}
            for number in [self.number() for _ in range(times)]
        ]
        self.sent += [(follower.user, command) for command in commands]
        self.act(lambda: follower.say_all("note.add", notes.board_channel(board), commands))

    @precondition(lambda self: self.sent)
    @rule(index=followers, which=st.integers(0, 1_000), twice=st.booleans(), other=st.booleans())
    def repeat(self, index: int, which: int, twice: bool, other: bool) -> None:  # noqa: FBT001
        """Send an earlier command again, of whichever device of the same user, perhaps with another payload."""
        follower = self.followers[index]
        own = [command for user, command in self.sent if user == follower.user]
        if not own:
            return
        command = own[which % len(own)]
        if other:
            command = {**command, "text": f"another {self.number()}"}
        channel = notes.board_channel(command["board"])
        self.act(lambda: follower.say_all("note.add", channel, [command] * (1 + twice)))

    @rule(board=boards, size=st.integers(1, 15), together=st.booleans(), long=st.booleans())
    def publish_many(self, board: str, size: int, together: bool, long: bool) -> None:  # noqa: FBT001
        self.publish(board, size, together=together, long=long)

    @rule(board=boards)
    def count(self, board: str) -> None:
        self.change(functools.partial(self._count, board))

    @rule(node=nodes, board=boards)
    def nudge(self, node: int, board: str) -> None:
        live = self.houses[node].here.live[notes.PATH]
        nudged = notes.Nudged(notes.Nudge(text="!"))
        self.act(lambda: live.publish_unlogged(notes.board_channel(board), nudged))

    # What the server forgets and forbids

    @rule(keep=st.integers(0, 10))
    def trim(self, keep: int) -> None:
        def work(tx: Transaction) -> None:
            log.trim(tx.raw, 0, keep)
            for channel in CHANNELS:
                extent = log.position(tx.raw, notes.PATH, channel)
                self.truth.firsts[channel, extent.epoch] = extent.first

        self.change(work)

    @precondition(lambda self: self.truth.texts)
    @rule(which=st.integers(0, 1_000), latest=st.booleans())
    def redact(self, which: int, latest: bool) -> None:  # noqa: FBT001
        found = list(self.truth.texts.values())
        self.take_back(found[-1] if latest else found[which % len(found)])

    def take_back(self, note_id: str) -> None:
        """Remove a note, and say so in its channel."""
        board = next(data["board"] for _, data in self.truth.log.values() if data["id"] == note_id)
        removed = notes.Removed(id=note_id, board=board)
        self.taking_back.add(note_id)

        def work(tx: Transaction) -> None:
            tx.redact(note_id, removed)
            tx.append(notes.board_channel(board), notes.NoteRemoved(removed))

        self.change(work)

    @rule(index=followers, board=boards, size=st.integers(1, 4), reads=st.integers(0, 2))
    def regret(self, index: int, board: str, size: int, reads: int) -> None:
        """Take back what was just published, while somebody who comes back has read it and was not told yet."""
        follower = self.followers[index]
        if follower.guest is not None:
            guest = follower.guest
            follower.disconnected()
            self.act(guest.vanish)
        self.publish(board, size, together=True, long=False)
        self.storage.delivers_only = reads
        self.arrive(index, resume=True)
        self.take_back(list(self.truth.texts.values())[-1])
        self.release_reads()

    @rule(user=st.sampled_from(USERS), board=boards, unseen=st.booleans())
    def revoke(self, user: str, board: str, unseen: bool) -> None:  # noqa: FBT001
        if (user, board) in self.enrolled:
            self.storage.failing_reads += unseen
            self.enrolled.discard((user, board))
            self.leaving.add((user, board))
            self.change(lambda tx: expel(tx, board, user))

    @rule(user=st.sampled_from(USERS), board=boards)
    def grant(self, user: str, board: str) -> None:
        if (user, board) not in self.enrolled:
            self.enrolled.add((user, board))
            self.leaving.discard((user, board))
            self.truth.forbidden.discard((user, notes.board_channel(board)))
            self.change(lambda tx: enrol(tx, board, user))

    @rule(board=boards, how_often=st.integers(0, 3))
    def begin_anew(self, board: str, how_often: int) -> None:
        """Lose a stream: it begins again, in another epoch."""
        if how_often:
            return
        channel = notes.board_channel(board)

        def work(tx: Transaction) -> None:
            self.truth.tops[channel] = log.reset(tx.raw, notes.PATH, channel)

        self.change(work)

    # What goes wrong

    @rule(node=nodes, board=boards, times=st.integers(1, 3), then=st.integers(0, 2))
    def lose(self, node: int, board: str, times: int, then: int) -> None:
        """Let a node not hear of what is published, and then perhaps of something after it."""
        self.bus(node).losing += times
        self.publish(board, times + then, together=False, long=False)

    @precondition(lambda self: self.storage.is_well)
    @rule(node=nodes, board=boards, size=st.integers(1, 4))
    def lose_the_last(self, node: int, board: str, size: int) -> None:
        """Let a node not hear of the last events of a channel: within 5 s it has asked the log."""
        self.bus(node).losing += size
        self.publish(board, size, together=False, long=False)
        self.let_positions_be_checked()
        position = self._position(notes.board_channel(board))
        for follower in self.followers:
            following = follower.channels[notes.board_channel(board)]
            if follower.house is self.houses[node] and following.state == "in" and not follower.is_slow:
                assert follower.is_caught_up(notes.board_channel(board), position), (
                    f"{follower.user} is at {following}, the log at {position}"
                )

    @rule(node=nodes)
    def hold_bus(self, node: int) -> None:
        self.bus(node).hold()

    @rule(node=nodes)
    def release_bus(self, node: int) -> None:
        self.act(self.bus(node).release)

    @rule(hurries=st.booleans(), group=st.sampled_from([1, 2, 256]))
    def change_pace(self, hurries: bool, group: int) -> None:  # noqa: FBT001
        """Let the storage commit in other groups, and faster or slower than what is fanned out."""
        self.hurries, self.storage.group = hurries, group

    @rule(after=st.booleans())
    def hold_reads(self, after: bool) -> None:  # noqa: FBT001
        """Let reads wait: before they look at the database, or with what they found there."""
        if after:
            self.storage.delivers_reads = False
        else:
            self.storage.starts_reads = False

    @rule()
    def release_reads(self) -> None:
        self.storage.starts_reads = self.storage.delivers_reads = True
        self.storage.delivers_only = None
        self.act(lambda: None)

    @rule(times=st.integers(1, 2))
    def fail_reads(self, times: int) -> None:
        self.storage.failing_reads += times

    @rule(seconds=st.sampled_from([0.3, 1.0, 3.0]))
    def wait(self, seconds: float) -> None:
        self.loop.now += seconds
        self.act(lambda: None)

    @rule(node=nodes)
    def kill(self, node: int) -> None:
        """Kill a node: nothing is said to anybody; another takes its place."""
        old = self.houses[node]
        for follower in self.followers:
            if follower.house is old and follower.guest is not None:
                guest = follower.guest
                follower.disconnected()
                self.do(guest.vanish)
        self.loop.run_until_complete(old.positions.close())
        self.loop.run_until_complete(old.hub.close())

        def replace() -> None:
            self.houses[node] = self._house()

        self.act(replace)
        for follower in self.followers:
            if follower.house is old:
                follower.house = self.houses[node]


def test_delivery() -> None:
    """Through losses, floods, removals and dying nodes.

    [SUB1] [SUB2] [SUB3] [FAN2] [FAN3] [FAN4] [LOG2] [LOG3] [LOG5] [CMD1] [CMD2]
    """
    examples = max(300, settings().max_examples)
    run_state_machine_as_test(
        Delivery,
        settings=settings(settings(), max_examples=examples, suppress_health_check=list(HealthCheck)),
    )
