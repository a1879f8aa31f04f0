"""What runs as long as the demo campus is open: the class at work, and the jobs that read its essays."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final

from coursewire.demo.class_at_work import lesson_until
from coursewire.demo.grading import Grading
from coursewire.demo.seeding import seed_class
from coursewire.namespaces.analytics import service
from coursewire.realtime.transaction import Transaction
from coursewire.storage.engine import wall_clock

if TYPE_CHECKING:
    from coursewire.app import Node
    from coursewire.namespaces.analytics.contract import ActivityBody

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
"""At most so often something is reported: what was done within a second goes in one work of the storage."""
AGAIN_S: Final = 5.0

Sleep = Callable[[float], Awaitable[None]]


class Living:
    """The campus by itself: what is done depends only on the seed, a clock in milliseconds and a sleep in seconds."""

    def __init__(
        self,
        node: Node,
        *,
        seed: int = 1,
        clock: Callable[[], int] = wall_clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._node = node
        self._seed = seed
        self._clock = clock
        self._sleep = sleep
        self.grading = Grading(node, Random(seed), sleep=sleep)  # noqa: S311 - a class, not a secret

    async def run(self) -> None:
        """Seed the class, and let it work until cancelled."""
        try:
            began = await seed_class(self._node, self._seed)
        except Exception:
            logger.exception("the class could not be enrolled: only what you do happens")
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(partial(self.work, began)))
            group.create_task(self._keep(self.grading.run))

    async def work(self, began: int | None = None) -> None:
        """Let the class go on where its past has ended, at `began`; or, as on a restart, in the middle of a lesson."""
        at_work, _ = lesson_until(self._seed, began or self._clock())
        while True:
            done = at_work.until(self._clock())
            if done:
                await self._node.storage.write(partial(self._report, done=done))
            await self._sleep(max(LOOK_EVERY_S, (at_work.next_at - self._clock()) / 1_000))

    def _report(self, raw: Any, done: list[ActivityBody]) -> None:
        service.take_batch(Transaction(raw, "/analytics", None, self._node.reactions), done)

    async def _keep(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run for ever: a failure is logged, and tried again."""
        while True:
            try:
                await run()
            except Exception:
                logger.exception("the simulated class stumbled; it goes on")
            await self._sleep(AGAIN_S)


@contextlib.asynccontextmanager
async def living(node: Node) -> AsyncIterator[None]:
    """Let the campus live for as long as this is open; at the end nothing of it runs, and no job waits for ever."""
    campus = Living(node)
    running = asyncio.ensure_future(campus.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await campus.grading.close()
