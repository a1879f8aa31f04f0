"""Two nodes, four followers and two boards, on a storage, a bus and a clock that a test steps through."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from tests.property.follower import Follower, Truth
from tests.property.stepped import LossyBus, SteppedLoop, SteppedStorage
from tests.unit.realtime import notes
from tests.unit.realtime.house import House, Keys, enrol

from coursewire.identity import membership
from coursewire.realtime.contract import Event
from coursewire.realtime.transaction import Transaction
from coursewire.storage import Storage
from coursewire.vocabulary import Position

USERS = ("ada", "ada", "bob", "eve")
"""Of the followers: Ada has two devices."""
BOARDS = ("math", "art")
CHANNELS = [notes.board_channel(board) for board in BOARDS]


def stored_count(tx: Transaction, board: str) -> list[Event[Any]]:
    """Return the count of a board as it stands in the database: as the course's title, for want of a table."""
    title = membership.course(tx.raw, board).title
    return [notes.Counted(notes.Count(board=board, count=int(title)))] if title.isdigit() else []


def _enrol_all(board: str, tx: Transaction) -> None:
    enrol(tx, board, *dict.fromkeys(USERS))


class Campus:
    """What the rules of the state machine move, and what they are checked against."""

    def __init__(self) -> None:
        self.loop = SteppedLoop()
        self.truth = Truth()
        self.keys = Keys()
        self.numbers = 0
        self.counts = 0
        self.newest: dict[str, int] = {}
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.enrolled: set[tuple[str, str]] = set()
        self.leaving: set[tuple[str, str]] = set()
        self.taking_back: set[str] = set()
        self.broken = False
        self.hurries = False
        """Whether the storage goes on while the loop is busy, or only when that has come to rest."""
        self.storage: SteppedStorage
        self.houses: list[House] = []
        self.do(self._build)
        self.followers = [
            Follower(self.truth, self.houses[index % 2], user, CHANNELS) for index, user in enumerate(USERS)
        ]
        for board in BOARDS:
            self.write(functools.partial(_enrol_all, board))
            self.enrolled |= {(user, board) for user in USERS}
        for index in range(len(USERS)):
            self.arrive(index, resume=False)

    def _build(self) -> None:
        self.storage = SteppedStorage()
        self.storage.committed = self._committed
        self.houses = [self._house(), self._house()]

    def _house(self) -> House:
        namespace = notes.make(derived={}, latest=stored_count)
        house = House(
            cast("Storage", self.storage),
            namespaces=[namespace],
            bus=LossyBus(),
            keys=self.keys,
            outbox_bytes=1_000,
            replay_events=12,
        )
        house.positions.start()
        return house

    def _committed(self, effects: list[Any]) -> None:
        self.truth.committed(effects)
        for house in self.houses:
            house.publish(effects)

    def bus(self, node: int) -> LossyBus:
        bus = self.houses[node].bus
        assert isinstance(bus, LossyBus)
        return bus

    # Steps

    def do(self, action: Callable[[], Any]) -> None:
        """Do something on the loop, let everything happen that follows from it, and look at the outcome."""
        failed: list[BaseException] = []

        def run() -> None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - raised below, outside of the loop
                failed.append(error)

        self.loop.call_soon(run)
        self.settle()
        if failed:
            self.broken = True
            raise failed[0]

    def settle(self) -> None:
        """Let everything happen that can happen now."""
        for _ in range(10_000):
            self.loop.turn()
            is_idle = self.loop.is_idle
            if (is_idle or self.hurries) and not self.storage.step(self.loop) and is_idle:
                break
        else:
            self.broken = True
            raise AssertionError("it never comes to rest")

    def look(self) -> None:
        """Settle what is settled, and raise what a follower has found."""
        buses = not any(self.bus(node).holds for node in range(2))
        if buses:
            self.truth.taken_back |= self.taking_back
            self.taking_back.clear()
        if buses and self.storage.starts_reads and self.storage.delivers_reads:
            self.truth.forbidden |= {(user, notes.board_channel(board)) for user, board in self.leaving}
            self.leaving.clear()
        for follower in self.followers:
            follower.notice()
            if follower.failures:
                self.broken = True
                raise AssertionError("\n".join(follower.failures))
            for channel, following in follower.channels.items():
                silent = (follower.user, channel) in self.truth.forbidden and following.state == "in"
                assert not silent or follower.is_slow, (
                    f"{follower.user} was not told that {channel} is closed"
                )

    def act(self, action: Callable[[], Any]) -> None:
        self.do(action)
        self.look()

    def write(self, work: Callable[[Transaction], Any]) -> None:
        self.do(
            lambda: self.storage.write(
                lambda raw: work(Transaction(raw, notes.PATH, None, self.houses[0].reactions))
            )
        )

    def change(self, work: Callable[[Transaction], Any]) -> None:
        self.write(work)
        self.look()

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def arrive(self, index: int, *, resume: bool) -> None:
        """Connect as a client does: what is not resumed is subscribed to."""
        follower = self.followers[index]
        self.act(lambda: follower.connect(resume=resume))
        for channel, following in follower.channels.items():
            self.act(functools.partial(follower.subscribe, channel, following.since if resume else None))

    def publish(self, board: str, size: int, *, together: bool, long: bool) -> None:
        """Append many: in one transaction, or in one each."""

        def append(tx: Transaction, count: int) -> None:
            for _ in range(count):
                number = self.numbers = self.numbers + 1
                text = f"note {number}" + "." * (300 if long else 0)
                note = notes.Note(id=f"n{number}", board=board, text=text)
                tx.append(notes.board_channel(board), notes.NoteAdded(note))

        if together:
            self.change(lambda tx: append(tx, size))
            return

        def submit() -> None:
            for _ in range(size):
                self.storage.write(
                    lambda raw: append(Transaction(raw, notes.PATH, None, self.houses[0].reactions), 1)
                )

        self.act(submit)

    def _count(self, board: str, tx: Transaction) -> None:
        """Change a newest value, as a service does: in a table, and for whoever listens."""
        self.counts += 1
        self.newest[board] = self.counts
        membership.put_course(tx.raw, board, str(self.counts))
        counted = notes.Counted(notes.Count(board=board, count=self.counts))
        tx.publish_latest(notes.board_channel(board), counted)

    # The end

    def end(self) -> None:
        """Let everything heal, compare everybody with the log, and close."""
        try:
            if not self.broken:
                self._come_to_an_end()
        finally:
            self.loop.run_until_complete(self._close())
            self.storage.end()
            self.loop.close()

    async def _close(self) -> None:
        for house in self.houses:
            await house.server.close()
            await house.positions.close()
            await house.dispatcher.close()
            await house.hub.close()

    def _come_to_an_end(self) -> None:
        """Let everything heal, and see that everybody who may has exactly what the log has."""
        self.storage.failing_reads = 0
        self.storage.starts_reads = self.storage.delivers_reads = True
        self.storage.delivers_only = None
        for node in range(2):
            self.bus(node).losing = 0
            self.act(self.bus(node).release)
        for follower in self.followers:
            if follower.guest is not None:
                self.act(follower.guest.line.drain)
        for follower in self.followers:
            if follower.guest is None:
                self.act(functools.partial(follower.connect, resume=True))
        # The last event of a channel may have been lost on its way to a node: the log tells. Newest values are in no
        # log, so they are said once more.
        for board in BOARDS:
            self.change(functools.partial(self._count, board))
        for _ in range(10):
            self.wait_a_little()
            self._enter_all()
        self._compare()

    def wait_a_little(self) -> None:
        self.loop.now += 6
        self.act(lambda: None)

    def let_positions_be_checked(self) -> None:
        """Let 5 s pass, as they do: not in one leap."""
        for _ in range(10):
            self.loop.now += 0.5
            self.act(lambda: None)

    def _enter_all(self) -> None:
        for follower in self.followers:
            for channel, following in follower.channels.items():
                self.act(functools.partial(follower.subscribe, channel, following.since))

    def _position(self, channel: str) -> Position:
        found: list[Position] = []
        self.write(lambda tx: found.append(tx.position(channel)))
        return found[0]

    def _compare(self) -> None:
        for board in BOARDS:
            channel = notes.board_channel(board)
            position = self._position(channel)
            for follower in self.followers:
                following = follower.channels[channel]
                if (follower.user, board) in self.enrolled:
                    where = f"{follower.user} in {channel} is at {following}, the log at {position}"
                    assert follower.is_caught_up(channel, position), where
                    assert following.count == self.newest[board], f"{where}, and has an old count"
                else:
                    assert following.state == "out", f"{follower.user} is still in {channel}"
