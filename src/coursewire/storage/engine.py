"""Storage for asyncio: one writing thread, a few reading threads, bounded queues to both."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Self, TypeVar

from coursewire.errors import Overloaded, Unavailable
from coursewire.storage.adapter import Database, Session, open_database
from coursewire.storage.transaction import Transaction
from coursewire.storage.writer import Outcome, Work, Writer, attempt, away, discard

logger = logging.getLogger(__name__)

T = TypeVar("T")

GROUP_READS = 32
"""Reads that one reader takes at once, on one snapshot, or a few more; the rest is left to the others."""

QUEUED_WRITES = 10_000
QUEUED_READS = 10_000
"""When so many works wait or run, the next gets Overloaded at once: nothing is dropped that was accepted."""


def wall_clock() -> int:
    """Return milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class _Job(NamedTuple):
    work: Work[Any]
    future: asyncio.Future[Any]


def _nothing(effects: list[Any]) -> None:
    """Deliver to nobody, until the composition root says to whom."""


class Storage:
    """A database in use. Open it with `Storage.open`; all methods belong to the loop it was opened on."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], int] = wall_clock,
        queued_writes: int = QUEUED_WRITES,
        queued_reads: int = QUEUED_READS,
    ) -> None:
        self.committed: Callable[[list[Any]], None] = _nothing
        """Called on the loop once per commit group that has effects, with all of them in commit order, before
        the callers of its works go on."""
        self._database = database
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._bounds = {"write": queued_writes, "read": queued_reads}
        self._room = dict(self._bounds)
        self._turns: dict[str, list[_Job]] = {"write": [], "read": []}
        self._writes: SimpleQueue[list[_Job] | None] = SimpleQueue()
        self._reads: SimpleQueue[list[_Job] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._glancing: Session | None = None
        """The loop's own reading session."""
        self._has_snapshot = False
        """Whether it is in a transaction, which ends with the turn of the loop at the latest."""
        self._closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Callable[[], int] = wall_clock,
        queued_writes: int = QUEUED_WRITES,
        queued_reads: int = QUEUED_READS,
        hold: bool = False,
    ) -> Self:
        """Open the database at `url`: `sqlite:///campus.db`, or `sqlite://` for one that is gone at close.

        With `hold` no other server may have it while it is open. The schema is not touched: `migrate` does that.
        Raises ValueError for an unsupported URL, Unavailable when the database cannot be opened or is held.
        """
        database = open_database(url)
        if hold:
            database.hold()
        storage = cls(database, clock=clock, queued_writes=queued_writes, queued_reads=queued_reads)
        await storage.start()
        return storage

    async def start(self) -> None:
        """Open the database and begin to work; `open` has done that. Raises Unavailable."""
        writer = Writer(self._database.writer, self._clock)
        ready: asyncio.Future[None] = self._loop.create_future()
        self._spawn("storage-writer", self._write_loop, writer, ready)
        try:
            await ready
        except Exception:
            self._database.dispose()
            raise
        for number in range(self._database.readers):
            self._spawn(f"storage-reader-{number}", self._read_loop)

    def _spawn(self, name: str, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    async def migrate(self) -> None:
        """Bring the schema up to date; nothing happens where it is. Raises Unavailable where that is impossible."""
        await asyncio.to_thread(self._database.migrate)

    def write(self, work: Work[T]) -> asyncio.Future[T]:
        """Run `work` in the writer; the future has its value once it is committed.

        Works commit in the order of these calls. The future raises what `work` raised, which has then left
        nothing, or Unavailable when the transaction could not be committed. A caller who is cancelled does not
        learn whether the work happened. The call itself raises Overloaded when too many works wait, and
        Unavailable after `close`.
        """
        return self._submit(self._writes, "write", work)

    def read(self, work: Work[T]) -> asyncio.Future[T]:
        """Run `work` in a reader, on a snapshot that holds all committed before; raises as `write` does."""
        return self._submit(self._reads, "read", work)

    def glance(self, work: Work[T]) -> asyncio.Future[T]:
        """Run `work`, which reads a few rows by their keys, as `read` does; where the database is a file, at once.

        Waking a reader, and taking the GIL back from it at each statement, costs several times the CPU of such a
        work (docs/decisions/0003-storage.md). What cannot be read without waiting goes to a reader after all.
        """
        outcome = self._look(work) if self._database.is_local and not self._closed else None
        if outcome is None:
            return self.read(work)
        future: asyncio.Future[T] = self._loop.create_future()
        _settle(future, outcome)
        return future

    @property
    def waiting(self) -> dict[str, int]:
        """How many works wait or run, by kind: `write`, `read`."""
        return {kind: bound - self._room[kind] for kind, bound in self._bounds.items()}

    async def close(self) -> None:
        """Finish what was accepted, then close the database. Later works get Unavailable."""
        if self._closed:
            return
        self._closed = True
        self._hand_over(self._reads, self._turns["read"])
        self._hand_over(self._writes, self._turns["write"])
        writing, *reading = self._threads
        for _ in reading:
            self._reads.put(None)
        for thread in reading:
            await asyncio.to_thread(thread.join)
        self._discard_glancing()
        # The writer goes when no other session is left: of two that go at once neither sees itself as the last one,
        # which in SQLite is to move the write-ahead log into the file.
        self._writes.put(None)
        await asyncio.to_thread(writing.join)
        self._database.dispose()

    def _look(self, work: Work[Any]) -> Outcome | None:
        """Run a work on the loop; None when the machine failed it, or would have waited.

        Works of one turn of the loop share a snapshot, until the loop hears of a commit or gets what a reader saw:
        so each sees all that anybody here could know of.
        """
        try:
            self._glancing = session = self._glancing or self._database.reader(patient=False)
            if not self._has_snapshot:
                session.begin()
                self._has_snapshot = True
                self._loop.call_soon(self._end_snapshot)
            tx = Transaction(session, self._clock())
            outcome = attempt(work, tx)
        except Exception:
            logger.exception("the event loop's reading session failed")
            outcome, broken = None, True
        else:
            broken = tx.broken is not None
        if broken:
            self._discard_glancing()
        return None if broken else outcome

    def _end_snapshot(self) -> None:
        """Let the next glance see what has been committed."""
        if self._has_snapshot and self._glancing is not None:
            self._has_snapshot = False
            try:
                self._glancing.rollback()
            except Exception:
                logger.exception("the event loop's reading session failed")
                self._discard_glancing()

    def _discard_glancing(self) -> None:
        self._has_snapshot = False
        if self._glancing is not None:
            discard(self._glancing)
            self._glancing = None

    def _submit(self, queue: SimpleQueue[list[_Job] | None], kind: str, work: Work[T]) -> asyncio.Future[T]:
        if self._closed:
            raise Unavailable("the storage is closed")
        if self._room[kind] == 0:
            raise Overloaded(f"too many {kind}s are waiting for the storage", retry_after_ms=1_000)
        self._room[kind] -= 1
        future: asyncio.Future[T] = self._loop.create_future()
        turn = self._turns[kind]
        if not turn:
            self._loop.call_soon(self._hand_over, queue, turn)
        turn.append(_Job(work, future))
        return future

    def _hand_over(self, queue: SimpleQueue[list[_Job] | None], turn: list[_Job]) -> None:
        """Give the threads what came in one turn of the loop: waking one costs more than many a work."""
        for start in range(0, len(turn), GROUP_READS):
            queue.put(turn[start : start + GROUP_READS])
        turn.clear()

    def _write_loop(self, writer: Writer, ready: asyncio.Future[None]) -> None:
        try:
            writer.open()
        except Exception as error:  # noqa: BLE001 - it goes to whoever opens the storage
            self._tell(_settle, ready, Outcome(None, error))
            return
        self._tell(_settle, ready, Outcome(None, None))
        waiting: deque[_Job] = deque()
        jobs: list[_Job] = []
        ended = False

        def more() -> Work[Any] | None:
            nonlocal ended
            if not waiting and not ended:
                with suppress(Empty):
                    turn = self._writes.get_nowait()
                    ended = turn is None
                    waiting.extend(turn or ())
            if not waiting:
                return None
            jobs.append(waiting.popleft())
            return jobs[-1].work

        while waiting or not ended:
            if not waiting:
                turn = self._writes.get()
                if turn is None:
                    break
                waiting.extend(turn)
            jobs = [waiting.popleft()]
            group = writer.commit(jobs[0].work, more)
            self._tell(self._deliver_group, jobs, group.outcomes, group.effects)
        writer.close()

    def _read_loop(self) -> None:
        session: Session | None = None
        ended = False
        while not ended:
            jobs: list[_Job] = []
            turn = self._reads.get()
            # All that wait, and only then the snapshot: it holds what was committed before each of these calls.
            with suppress(Empty):
                while turn is not None:
                    jobs += turn
                    if len(jobs) >= GROUP_READS:
                        break
                    turn = self._reads.get_nowait()
            ended = turn is None
            if jobs:
                session = self._run_reads(session, jobs)
        if session is not None:
            session.close()

    def _run_reads(self, session: Session | None, jobs: list[_Job]) -> Session | None:
        """Run works on one snapshot, and return the session while it is good."""
        outcomes: list[Outcome] = []
        try:
            session = session or self._database.reader()
            self._run_on_snapshot(session, jobs, outcomes)
        except Exception as error:
            logger.exception("a reading session failed")
            outcomes += [Outcome(None, away(error)) for _ in jobs[len(outcomes) :]]
            if session is not None:
                discard(session)
            session = None
        self._tell(self._deliver_reads, jobs, outcomes)
        return session

    def _run_on_snapshot(self, session: Session, jobs: list[_Job], outcomes: list[Outcome]) -> None:
        session.begin()
        for job in jobs:
            tx = Transaction(session, self._clock())
            outcomes.append(attempt(job.work, tx))
            if tx.broken is not None:  # the snapshot may be gone
                raise tx.broken
        session.rollback()

    def _tell(self, callback: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:  # the loop is gone, and everybody who waited with it
            logger.warning("storage outlived its event loop: close it first")

    def _deliver_group(self, jobs: list[_Job], outcomes: list[Outcome], effects: list[Any]) -> None:
        self._end_snapshot()
        self._room["write"] += len(jobs)
        if effects:
            try:
                self.committed(effects)
            except Exception:
                logger.exception("delivering committed effects failed")
        for job, outcome in zip(jobs, outcomes, strict=True):
            _settle(job.future, outcome)

    def _deliver_reads(self, jobs: list[_Job], outcomes: list[Outcome]) -> None:
        self._end_snapshot()
        self._room["read"] += len(jobs)
        for job, outcome in zip(jobs, outcomes, strict=True):
            _settle(job.future, outcome)


def _settle(future: asyncio.Future[Any], outcome: Outcome) -> None:
    if future.done():  # the caller gave up
        return
    if outcome.error is not None:
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome.value)
