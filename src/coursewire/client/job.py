"""Work that reports itself: `with client.job("essay-grading") as job: for essay in job.track(essays): ...`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from coursewire.client.http import Requests
from coursewire.client.job_ending import ending_of
from coursewire.client.job_life import JobLife, Pace, Work
from coursewire.client.job_progress import JobCancelled, Progress

T = TypeVar("T")
R = TypeVar("R")

TURN_S: Final = 0.05
"""An `async for` over plain items lets others run this often, so that reports leave."""


class _Reported(Progress):
    """Progress with the life that reports it."""

    def __init__(self, requests: Requests, work: Work, total: int | None, pace: Pace) -> None:
        super().__init__(total)
        self._life = JobLife(requests, work, self, pace)

    @property
    def id(self) -> str:
        """The job's id. Raises RuntimeError before the block was entered."""
        if self._life.job is None:
            raise RuntimeError("the job has no id yet: use it in a `with` block")
        return self._life.job.id


class AsyncJob(_Reported):
    """Work on an event loop: `async with lms.job("essay-grading") as job: async for essay in job.track(essays): ...`.

    Reports leave on that loop: what blocks it holds them back too. For work that does, use the blocking client,
    which reports from a thread of its own.
    """

    async def __aenter__(self) -> Self:
        await self._life.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        await self._life.end(ending_of(error))
        return isinstance(error, JobCancelled)

    def track(self, items: Iterable[T] | AsyncIterable[T], total: int | None = None) -> Tracked[T]:
        """Yield the items, for `async for` or, when they are plain, `for`; each counts when its turn is over."""
        self._expect(items, total)
        return Tracked(self, items)


class Tracked(Generic[T]):
    """Items whose loop is reported."""

    def __init__(self, job: AsyncJob, items: Iterable[T] | AsyncIterable[T]) -> None:
        self._job = job
        self._items = items

    def __iter__(self) -> Iterator[T]:
        if not isinstance(self._items, Iterable):
            raise TypeError("use `async for`: the items are asynchronous")
        return self._job._each(self._items)  # noqa: SLF001 - of one house

    async def __aiter__(self) -> AsyncIterator[T]:
        if isinstance(self._items, AsyncIterable):
            async for item in self._items:
                self._job.stop_if_cancelled()
                yield item
                self._job.update()
            return
        turned = time.monotonic()
        for item in self:
            yield item
            if time.monotonic() - turned > TURN_S:
                await asyncio.sleep(0)
                turned = time.monotonic()


class Job(_Reported):
    """Work in a script: `with lms.job("essay-grading") as job: for essay in job.track(essays): ...`.

    The client's own thread reports it, at most four times a second, also while the loop is busy or waits. In a
    process that was forked off, what is said here is not reported: report from the one that entered the block.
    """

    def __init__(
        self,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
        requests: Requests,
        work: Work,
        total: int | None,
        pace: Pace,
    ) -> None:
        super().__init__(requests, work, total, pace)
        self._run = run
        self._process = 0

    def __enter__(self) -> Self:
        self._process = os.getpid()
        self._run(self._life.begin())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        # A child that leaves the block by its copy does not end the work of its parent.
        if os.getpid() == self._process:
            self._run(self._life.end(ending_of(error)))
        return isinstance(error, JobCancelled)

    def track(self, items: Iterable[T], total: int | None = None) -> Iterator[T]:
        """Yield the items; each counts when its turn is over. The total grows by their number, where that is known.

        When somebody wants the job to end, the loop ends by JobCancelled before the next item, and the `with` block
        with it: what stands behind the loop is not run, what stands behind the block is.
        """
        self._expect(items, total)
        return self._each(items)
