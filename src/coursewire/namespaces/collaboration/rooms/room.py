"""One document for as long as somebody is in it: loading it, dropping it, hearing of edits elsewhere."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from coursewire.errors import CoursewireError, Unavailable
from coursewire.namespaces.collaboration.rooms.company import Company
from coursewire.namespaces.collaboration.rooms.replica import Broken, Replica

if TYPE_CHECKING:
    from coursewire.bus.port import Committed
    from coursewire.namespaces.collaboration.service.contents import Contents
    from coursewire.realtime.live import Live

logger = logging.getLogger(__name__)

Load = Callable[[str], Awaitable["Contents"]]
ReadTail = Callable[[str, int], Awaitable["Committed"]]

HEARD_MEANWHILE: Final = 1_000
"""Messages of the bus that are kept while a document loads. When there are more it is loaded once again."""
TRIES: Final = 3
"""How often somebody who waits for a document starts over when it is dropped meanwhile."""
RETRY_MS: Final = 200
UNREADABLE: Final = "this document cannot be read at the moment"
EDITED: Final = "document.updated"


class State(NamedTuple):
    """What somebody needs to go on from what they have."""

    epoch: str
    update: bytes
    state_vector: bytes


class Room:
    """One document on this node. All methods belong to the event loop."""

    def __init__(
        self, document_id: str, live: Live, load: Load, read_tail: ReadTail, counts: Counter[str]
    ) -> None:
        self.document_id = document_id
        self.company = Company(document_id, live)
        self.replica: Replica | None = None
        """None: it is loading, or was dropped."""
        self.holds = 0
        """Who needs it without being in it: somebody who is about to enter, a compaction."""
        self.idle_since: float | None = None
        """Of the loop's clock; None: somebody is here."""
        self._load = load
        self._read_tail = read_tail
        self._counts = counts
        self._loading: asyncio.Task[Replica] | None = None
        self._heard: deque[Committed] = deque(maxlen=HEARD_MEANWHILE)
        self._is_stale = False
        """What is being loaded has changed in a way that the stream does not tell."""
        self._begun = 0
        self._ended = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        """Who waits until so many writes have ended, in that order."""

    @property
    def is_busy(self) -> bool:
        """Whether something of it is under way, or somebody is here."""
        return bool(
            len(self.company.people) or self.holds or self._begun > self._ended or self._loading is not None
        )

    # Loading

    async def ready(self) -> Replica:
        """Return the document, loaded; all who wait share one load (single flight). Raises NotFound, Unavailable."""
        if self.replica is not None:
            return self.replica
        return await asyncio.shield(self.begin_loading())

    def begin_loading(self) -> asyncio.Task[Replica]:
        """Load the document, unless that is under way."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(self._load_it())
            self._loading.add_done_callback(_seen)
        return self._loading

    async def _load_it(self) -> Replica:
        try:
            replica = await self._load_unchanged()
        except CoursewireError:
            self._counts["failed_loads"] += 1
            raise
        except Exception as error:
            self._counts["failed_loads"] += 1
            logger.exception("document %s could not be loaded", self.document_id)
            raise Unavailable(UNREADABLE, retry_after_ms=1_000) from error
        else:
            # In the same turn in which the load ends: who comes behind it finds either of the two.
            self.replica = replica
            return replica
        finally:
            self._loading = None
            self._heard.clear()

    async def _load_unchanged(self) -> Replica:
        for _ in range(TRIES):
            self._heard.clear()
            self._is_stale = False
            self._counts["loads"] += 1
            replica = Replica(await self._load(self.document_id))
            try:
                if len(self._heard) < HEARD_MEANWHILE and not self._is_stale:
                    for message in self._heard:
                        _take(replica, message)
                    return replica
            except Broken:
                logger.warning("document %s changed while it was loaded; once more", self.document_id)
        raise Unavailable(UNREADABLE, retry_after_ms=1_000)

    def present(self) -> Replica:
        """Return the document, for who cannot wait. Raises Unavailable while it loads."""
        if self.replica is None:
            self.begin_loading()
            raise Unavailable("the document is being loaded", retry_after_ms=RETRY_MS)
        return self.replica

    def drop(self, why: str) -> None:
        """Forget the document: it is not what the rows say. Whoever is here waits until it is loaded again."""
        self._is_stale = True
        if self.replica is None:
            return
        logger.warning("document %s is loaded again: %s", self.document_id, why)
        self._counts["drops"] += 1
        self.replica = None
        if len(self.company.people):
            self.begin_loading()

    # Writing

    def begin(self) -> None:
        """Note that an edit is on its way into the database that the document has in it."""
        self._begun += 1

    def end(self, replica: Replica, raw: bytes, error: BaseException | None) -> None:
        """Note that it is committed; or not: then the document is ahead of what there is, and is dropped."""
        self._ended += 1
        replica.settled(raw)
        if error is not None and replica is self.replica:
            self.drop(f"an edit was not written: {error}")
        while self._waiting and self._waiting[0][0] <= self._ended:
            waiting = self._waiting.popleft()[1]
            if not waiting.done():
                waiting.set_result(None)

    async def state_for(self, answer: Callable[[Replica], State], offset: int | None = None) -> State:
        """Return what `answer` makes of the document, once all that it has in it is committed.

        It has in it what is logged up to `offset`, by default up to now. Raises NotFound, Unavailable.
        """
        for _ in range(TRIES):
            replica = await self.ready()
            if offset is None or replica.offset < offset:
                await self._catch_up(replica, offset)
                if self.replica is not replica:
                    continue
            state = answer(replica)
            if self._begun > self._ended:
                written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append((self._begun, written))
                await written
            if self.replica is replica:
                return state
        raise Unavailable("the document is being loaded", retry_after_ms=RETRY_MS)

    # Hearing

    async def _catch_up(self, replica: Replica, offset: int | None) -> None:
        """Take from the log what the bus has not brought yet, or has lost (DOC5).

        Else somebody who comes with a position beyond it would get it neither with the state nor as an event.
        """
        while True:
            tail = await self._read_tail(self.document_id, replica.offset)
            if self.replica is not replica:
                return
            try:
                _take(replica, tail)
            except Broken as broken:
                self.drop(str(broken))
                return
            if not tail.events and replica.offset < (offset or 0):
                self.drop("the log ends before what somebody was told")
            if not tail.events or (offset is not None and replica.offset >= offset):
                return

    def hear(self, message: Committed) -> None:
        """Take what was committed in the document's stream, here or on another node."""
        if self._loading is not None:
            self._heard.append(message)
        elif self.replica is not None:
            try:
                _take(self.replica, message)
            except Broken as broken:
                self.drop(str(broken))


def _seen(loading: asyncio.Task[Replica]) -> None:
    if not loading.cancelled():
        loading.exception()  # it is in the log, and who waits is told


def _take(replica: Replica, message: Committed) -> None:
    if message.epoch != replica.stream_epoch:
        raise Broken("the stream has begun anew")
    for event in message.events:
        if event.offset > replica.offset:
            raw = event.attachment if event.event == EDITED else None
            replica.hear(event.offset, raw, event.actor)


def answering(state_vector: bytes, epoch: str | None) -> Callable[[Replica], State]:
    """Return what answers with all that somebody lacks: of another epoch, or with nothing, everything."""

    def answer(replica: Replica) -> State:
        known: Any = state_vector if epoch in {None, replica.epoch} else b""
        return State(replica.epoch, replica.diff(known), replica.state_vector())

    return answer
