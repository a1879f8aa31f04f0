"""Gathers small writes for a moment, so that they share a commit and their events a write to each receiver."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursewire.storage import Transaction

GATHER_S = 0.02
"""After a quiet while a write goes at once; from then on what comes goes together, once in so many seconds."""

MOST = 256
"""Works that wait; with these they go before their time. It is what a group of the storage takes at most."""

Work = Callable[["Transaction"], Any]
Settled = Callable[[BaseException | None], None]


class Gathering:
    """Works on their way to the storage writer, in order. All methods belong to the event loop."""

    def __init__(self, write: Callable[[Work], Future[Any]]) -> None:
        self._write = write
        self._waiting: list[tuple[Work, Settled, Future[Any]]] = []
        self._timer: asyncio.Handle | None = None
        self._not_before = 0.0

    def add(self, work: Work, settled: Settled) -> Future[Any]:
        """Take a work; the future is of its result. `settled` is told how it ended before the future is done."""
        loop = asyncio.get_running_loop()
        future: Future[Any] = loop.create_future()
        self._waiting.append((work, settled, future))
        if len(self._waiting) >= MOST:
            self.flush()
        elif self._timer is None:
            if loop.time() >= self._not_before:
                # At the end of this turn: what was read from the sockets in it leaves together.
                self._timer = loop.call_soon(self.flush)
            else:
                self._timer = loop.call_at(self._not_before, self.flush)
        return future

    def flush(self) -> None:
        """Hand everything that waits to the writer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        self._not_before = asyncio.get_running_loop().time() + GATHER_S
        waiting, self._waiting = self._waiting, []
        for work, settled, future in waiting:
            _Passage(settled, future).follow(self._write, work)


class _Passage:
    """How one work ends, passed on to whoever prepared it and then to whoever waits."""

    __slots__ = ("_future", "_settled")

    def __init__(self, settled: Settled, future: Future[Any]) -> None:
        self._settled = settled
        self._future = future

    def follow(self, write: Callable[[Work], Future[Any]], work: Work) -> None:
        try:
            written = write(work)
        except Exception as error:  # noqa: BLE001 - the writer has no room: whoever waits is told
            self._end(error, None)
        else:
            written.add_done_callback(self._done)

    def _done(self, written: Future[Any]) -> None:
        error = asyncio.CancelledError() if written.cancelled() else written.exception()
        self._end(error, None if error is not None else written.result())

    def _end(self, error: BaseException | None, result: Any) -> None:
        self._settled(error)
        if self._future.done():
            return
        if isinstance(error, asyncio.CancelledError):
            self._future.cancel()
        elif error is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(result)
