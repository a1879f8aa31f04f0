"""Time, storage and bus under a test's hand: nothing happens by itself, and everything happens the same way again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from coursewire.bus.memory import MemoryBus
from coursewire.bus.port import BusMessage, Committed
from coursewire.errors import Unavailable
from coursewire.storage.sqlite import SQLiteDatabase
from coursewire.storage.transaction import Transaction
from coursewire.storage.writer import Outcome, Work, Writer, attempt

T = TypeVar("T")

START_MS = 1_000_000


class SteppedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still until a test moves it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def turn(self) -> None:
        """Run what is ready now, once."""
        self.call_soon(self.stop)
        self.run_forever()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is ready to run."""
        ready: Any = self._ready  # type: ignore[attr-defined]
        return len(ready) == 0


@cache
def _empty_database() -> bytes:
    """Return the file of a migrated database: migrating anew for each example would take most of the time."""
    database = SQLiteDatabase("sqlite://")
    database.migrate()
    content = Path(database.path).read_bytes()
    database.dispose()
    return content


class _Job(NamedTuple):
    work: Work[Any]
    future: asyncio.Future[Any]

    def settle(self, outcome: Outcome) -> None:
        """Tell whoever waits, unless they gave up."""
        if self.future.done():
            return
        if outcome.error is not None:
            self.future.set_exception(outcome.error)
        else:
            self.future.set_result(outcome.value)


class SteppedStorage:
    """Stands for `Storage`, without threads: jobs run between two turns of the loop, unless a test holds reads back."""

    def __init__(self) -> None:
        self.committed: Callable[[list[Any]], None] = lambda _effects: None
        self._file = SQLiteDatabase("sqlite://")
        Path(self._file.path).write_bytes(_empty_database())
        self._writer = Writer(self._file.writer, lambda: START_MS)
        self._writer.open()
        self._reader = self._file.reader()
        self._writes: list[_Job] = []
        self._reads: list[_Job] = []
        self._read: list[tuple[_Job, Outcome]] = []
        self.group = 256
        """Works that one group commits at most."""
        self.starts_reads = True
        self.delivers_reads = True
        self.delivers_only: int | None = None
        """How many more reads bring their result before the rest is held; None is all."""
        self.failing_reads = 0
        """So many of the next reads find the machine away."""

    @property
    def is_well(self) -> bool:
        """Whether reads come back, and with what was asked for."""
        flowing = self.starts_reads and self.delivers_reads and self.delivers_only is None
        return flowing and not self.failing_reads

    def write(self, work: Work[T]) -> asyncio.Future[T]:
        """Commit soon."""
        self._writes.append(_Job(work, asyncio.get_running_loop().create_future()))
        return self._writes[-1].future

    def read(self, work: Work[T]) -> asyncio.Future[T]:
        """Read when reads are started."""
        self._reads.append(_Job(work, asyncio.get_running_loop().create_future()))
        return self._reads[-1].future

    def glance(self, work: Work[T]) -> asyncio.Future[T]:
        """Read at once while reads flow, as from a file; with the others where they do not."""
        future = self.read(work)
        if self.is_well:
            job = self._reads.pop()
            job.settle(self._run(job))
        return future

    def step(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Commit what waits as one group, run reads, deliver what was read; return whether there was anything."""
        did = False
        if jobs := self._writes:
            did = True
            rest = iter(jobs[1 : self.group])
            group = self._writer.commit(jobs[0].work, lambda: getattr(next(rest, None), "work", None))
            done = len(group.outcomes)
            self._writes = jobs[done:]
            loop.call_soon(self._deliver_group, jobs[:done], group.outcomes, group.effects)
        if self.starts_reads and self._reads:
            did = True
            reads, self._reads = self._reads, []
            self._read += [(job, self._run(job)) for job in reads]
        while self.delivers_reads and self._read:
            if self.delivers_only == 0:
                self.delivers_reads, self.delivers_only = False, None
                break
            did = True
            job, outcome = self._read.pop(0)
            loop.call_soon(job.settle, outcome)
            if self.delivers_only is not None:
                self.delivers_only -= 1
        return did

    def _run(self, job: _Job) -> Outcome:
        if self.failing_reads:
            self.failing_reads -= 1
            return Outcome(None, Unavailable("the storage is away for now"))
        self._reader.begin()
        outcome = attempt(job.work, Transaction(self._reader, START_MS))
        self._reader.rollback()
        return outcome

    def _deliver_group(self, jobs: list[_Job], outcomes: list[Outcome], effects: list[Any]) -> None:
        if effects:
            self.committed(effects)
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.settle(outcome)

    def end(self) -> None:
        """Close the files."""
        self._reader.close()
        self._writer.close()
        self._file.dispose()


class LossyBus(MemoryBus):
    """A bus that loses or holds back what a test says. What it holds comes later, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.losing = 0
        """So many of the next messages about committed events are lost."""
        self._held: list[BusMessage] | None = None

    @property
    def holds(self) -> bool:
        """Whether messages wait."""
        return self._held is not None

    def publish(self, message: BusMessage) -> None:
        if isinstance(message, Committed) and self.losing:
            self.losing -= 1
        elif self._held is not None:
            self._held.append(message)
        else:
            super().publish(message)

    def hold(self) -> None:
        """Hold back everything from now on."""
        self._held = self._held or []

    def release(self) -> None:
        """Bring what was held back."""
        held, self._held = self._held or [], None
        for message in held:
            super().publish(message)
