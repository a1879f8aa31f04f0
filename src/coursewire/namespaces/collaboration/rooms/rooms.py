"""All documents that are open on this node: found, made, let go."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from coursewire.bus.port import BusMessage, Committed, Unlogged
from coursewire.errors import Overloaded, TooLarge, Unavailable
from coursewire.namespaces.collaboration.contract import DocumentReset
from coursewire.namespaces.collaboration.rooms.compacting import Compacting
from coursewire.namespaces.collaboration.rooms.room import Room
from coursewire.namespaces.collaboration.rules import limits
from coursewire.namespaces.collaboration.service.contents import Contents, load_contents
from coursewire.namespaces.collaboration.service.tails import NAMESPACE, read_tail
from coursewire.realtime.limits import Bucket, Rate

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.rules.modes import Grant
    from coursewire.realtime.background import Background
    from coursewire.realtime.live import Live
    from coursewire.realtime.visit import Visit

MOST_OPEN: Final = 2_000
"""Documents in memory at once. The next one takes the place of one that nobody is in; when somebody is in all of them,
opening it is answered with `overloaded`."""
MOST_BYTES: Final = 128 * 1024 * 1024
"""Of all of them together, encoded; in memory they are some ten times as much. The same holds beyond it."""
SHARE: Final = 10
"""Once half of either is taken, one person has at most a tenth, in all tabs together: nobody keeps the others out."""
IDLE_S: Final = 60.0
"""How long a document stays in memory after the last has left: who reloads the page finds it there."""
LOOK_EVERY_S: Final = 5.0

_PREFIX: Final = "document:"
_EDITS: Final = Rate(limits.BYTES_PER_SECOND, limits.BYTES_AT_ONCE)


class Limited(Protocol):
    """The settings that matter here."""

    rate_limits: bool


class Rooms:
    """The open documents of a node, by id. All methods belong to the event loop."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """What the operator sees of it."""
        self._rooms: dict[str, Room] = {}
        self._grants: dict[tuple[int, str], Grant] = {}
        """What each session may do in the documents that it listens to, whether it has opened them or not."""
        self._buckets: dict[str, tuple[Bucket, float]] = {}
        """By user, and when they last opened something: kept while they are in a document, and until it is full."""
        self.resting: dict[str, float] = {}
        """Whose last edit has broken a document, and until when, by the loop's clock, nothing is taken from them."""
        self.paid: dict[str, float] = {}
        """Whose edits took long, and until when, by the loop's clock, that takes up their share of the processor."""
        self._work: Background | None = None
        self._is_limited = True
        self.compacting = Compacting(self)

    # Running

    async def run(self, work: Background) -> None:
        """Begin, and let documents go that nobody is in."""
        self._work = work
        settings: Limited = work.settings
        self._is_limited = settings.rate_limits
        stop = work.listen(self.hear)
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                self.let_go(asyncio.get_running_loop().time() - IDLE_S)
        finally:
            stop()

    @property
    def work(self) -> Background:
        """Return what reads and writes. Raises Unavailable before the node has started."""
        if self._work is None:
            raise Unavailable("documents are not there yet", retry_after_ms=500)
        return self._work

    def hear(self, message: BusMessage) -> None:
        """Take what is said of documents that are open here."""
        if isinstance(message, Committed):
            if message.namespace == NAMESPACE and message.channel.startswith(_PREFIX):
                room = self._rooms.get(message.channel[len(_PREFIX) :])
                if room is not None:
                    room.hear(message)
                    self.compacting.consider(room)
        elif isinstance(message, Unlogged) and message.event == DocumentReset.event:
            room = self._rooms.get(message.channel[len(_PREFIX) :])
            if room is not None:
                room.drop("it has begun anew")

    # Finding

    def find(self, document_id: str) -> Room | None:
        """Return a document that is open here."""
        return self._rooms.get(document_id)

    @asynccontextmanager
    async def held(self, document_id: str, live: Live, user_id: str) -> AsyncIterator[Room]:
        """Hold a document open, for somebody who is about to enter. Raises Overloaded, TooLarge."""
        room = self._rooms.get(document_id)
        if room is None:
            self._make_space(user_id)
            room = self._rooms[document_id] = Room(
                document_id, live, self._load, self._read_tail, self.counts
            )
        room.holds += 1
        try:
            yield room
        finally:
            room.holds -= 1
            self._note(room)
            self.compacting.consider(room)

    async def _load(self, document_id: str) -> Contents:
        return await self.work.read(lambda tx: load_contents(tx, document_id))

    async def _read_tail(self, document_id: str, offset: int) -> Committed:
        return await self.work.read(lambda tx: read_tail(tx, document_id, offset))

    def _make_space(self, user_id: str) -> None:
        """Let go of what nobody is in as far as there has to be space for one more; that may be none."""
        many, size = _taken(self._rooms.values())
        if many >= MOST_OPEN or size >= MOST_BYTES:
            resting = [room for room in self._rooms.values() if not room.is_busy]
            for room in sorted(resting, key=lambda room: room.idle_since or 0.0):
                self._close(room)
                many, size = many - 1, size - _taken([room])[1]
                if many < MOST_OPEN and size < MOST_BYTES:
                    break
        if many >= MOST_OPEN or size >= MOST_BYTES:
            raise Overloaded("too many documents are open at the moment", retry_after_ms=5_000)
        if many >= MOST_OPEN // 2 or size >= MOST_BYTES // 2:
            many, size = _taken(room for room in self._rooms.values() if room.company.people.has(user_id))
            if many >= MOST_OPEN // SHARE or size >= MOST_BYTES // SHARE:
                raise TooLarge("you have too many documents open: close some of them", field="document_id")

    def let_go(self, idle_since: float) -> None:
        """Forget documents that nobody has been in since a time of the loop's clock.

        Before that, whatever was edited while it rested gets its snapshot: so the next load of it is short.
        """
        for room in list(self._rooms.values()):
            self.compacting.consider(room)
            self._note(room)
            if room.idle_since is not None and room.idle_since <= idle_since:
                self._close(room)
        now = asyncio.get_running_loop().time()
        self.resting = {user_id: until for user_id, until in self.resting.items() if until > now}
        self.paid = {user_id: until for user_id, until in self.paid.items() if until > now}
        here = {guest.caller.user_id for room in self._rooms.values() for guest in room.company.people}
        for user_id, (_, opened_at) in list(self._buckets.items()):
            if user_id not in here and opened_at <= idle_since:
                del self._buckets[user_id]

    def _note(self, room: Room) -> None:
        if room.is_busy:
            room.idle_since = None
        elif room.idle_since is None:
            room.idle_since = asyncio.get_running_loop().time()

    def _close(self, room: Room) -> None:
        del self._rooms[room.document_id]
        self.counts["unloads"] += 1

    # Rights

    def granted(self, visit: Visit, channel_id: str, grant: Grant) -> None:
        """Hear what a session may do in a document (FAN4)."""
        key = (visit.session_id, channel_id)
        before = self._grants.get(key)
        self._grants[key] = grant
        room = self._rooms.get(channel_id)
        if before is not None and room is not None:
            room.company.change_grant(visit.session_id, before, grant)

    def left(self, visit: Visit, channel_id: str) -> None:
        """Hear that a session listens to a document no more."""
        if self._grants.pop((visit.session_id, channel_id), None) is None:
            return
        room = self._rooms.get(channel_id)
        if room is not None:
            room.company.leave(visit.session_id)
            self._note(room)

    def grant_of(self, session_id: int, document_id: str) -> Grant | None:
        """Return what a session may do in a document that it listens to."""
        return self._grants.get((session_id, document_id))

    def bucket(self, user_id: str, now: float) -> Bucket | None:
        """Return how much somebody may send: in all tabs together, and no more for opening a document again."""
        if not self._is_limited:
            return None
        known = self._buckets.get(user_id)
        bucket = known[0] if known is not None else Bucket(_EDITS, now)
        self._buckets[user_id] = (bucket, now)
        return bucket

    @staticmethod
    def now_ms() -> int:
        """Return milliseconds since 1970."""
        return time.time_ns() // 1_000_000


def _taken(rooms: Iterable[Room]) -> tuple[int, int]:
    """Return how many these are, and how many bytes; one that is being loaded has none yet."""
    sizes = [room.replica.size if room.replica is not None else 0 for room in rooms]
    return len(sizes), sum(sizes)
