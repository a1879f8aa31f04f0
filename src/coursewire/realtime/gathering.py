"""Gathers small writes for a moment, so that they share a commit and their events a write to each receiver."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from coursewire.errors import CoursewireError, Internal

if TYPE_CHECKING:
    from coursewire.storage import Transaction

GATHER_S = 0.02
"""After a quiet while a write goes at once; from then on what comes goes together, once in so many seconds."""

MOST = 256
"""Works that wait; with these they go before their time. It is what a group of the storage takes at most."""

MOST_WEIGHT = 8 * 1024
"""And so many bytes of them: preparing them is a few milliseconds of the event loop."""

Work = Callable[["Transaction"], Any]
Settled = Callable[[BaseException | None], None]
Together = Callable[["Transaction", Sequence[Any]], Sequence[Any]]
"""Writes many of one kind, in a few statements for all; returns for each its result, or the error that refuses it."""


class Prepared(NamedTuple):
    """A write that was prepared: what the storage runs, and what is told how it ended, before whoever waits is."""

    work: Work
    settled: Settled
    together: Together | None = None
    """Writes it as one with those that follow it and have the same, from their parts."""
    part: Any = None


Prepare = Callable[[], Prepared]


class _Waiting(NamedTuple):
    work: Work
    settled: Settled
    together: Together | None
    part: Any
    future: Future[Any]


class Gathering:
    """Writes on their way to the storage, in order. All methods belong to the event loop."""

    def __init__(self, write: Callable[[Work], Future[Any]]) -> None:
        self._write = write
        self._waiting: list[tuple[Prepare, Future[Any]]] = []
        self._weight = 0
        self._timer: asyncio.Handle | None = None
        self._not_before = 0.0

    def add(self, prepare: Prepare, weight: int = 0) -> Future[Any]:
        """Take a write; the future is of its result.

        It is prepared when it leaves, all that leave together in the order in which they came: the same code at once
        for many costs half of what it costs for each after a sleep.
        """
        loop = asyncio.get_running_loop()
        future: Future[Any] = loop.create_future()
        self._waiting.append((prepare, future))
        self._weight += weight
        if len(self._waiting) >= MOST or self._weight >= MOST_WEIGHT:
            self.flush()
        elif self._timer is None:
            if loop.time() >= self._not_before:
                # At the end of this turn: what was read from the sockets in it leaves together.
                self._timer = loop.call_soon(self.flush)
            else:
                self._timer = loop.call_at(self._not_before, self.flush)
        return future

    def flush(self) -> None:
        """Prepare everything that waits, and hand it to the writer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        self._not_before = asyncio.get_running_loop().time() + GATHER_S
        waiting, self._waiting, self._weight = self._waiting, [], 0
        prepared: list[_Waiting] = []
        for prepare, future in waiting:
            try:
                prepared.append(_Waiting(*prepare(), future))
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                _tell(future, error, None)
        for together, group in groupby(prepared, lambda one: one.together):
            passengers = list(group)
            if together is not None and len(passengers) > 1:
                _Ferry(self._write, together, passengers).cross()
                continue
            for one in passengers:
                _cross_alone(self._write, one)


class _Ferry:
    """Works that are written as one, and how each of them ends."""

    __slots__ = ("_passengers", "_together", "_write")

    def __init__(
        self, write: Callable[[Work], Future[Any]], together: Together, passengers: Sequence[_Waiting]
    ) -> None:
        self._write = write
        self._together = together
        self._passengers = passengers

    def cross(self) -> None:
        parts, together = [one.part for one in self._passengers], self._together
        try:
            written = self._write(lambda tx: together(tx, parts))
        except Exception as error:  # noqa: BLE001 - the writer has no room: whoever waits is told
            for one in self._passengers:
                _end(one, error, None)
        else:
            written.add_done_callback(self._done)

    def _done(self, written: Future[Any]) -> None:
        error = asyncio.CancelledError() if written.cancelled() else written.exception()
        if error is None:
            for one, outcome in zip(self._passengers, written.result(), strict=True):
                refusal = outcome if isinstance(outcome, BaseException) else None
                _end(one, refusal, None if refusal is not None else outcome)
        elif isinstance(error, CoursewireError | asyncio.CancelledError) and not isinstance(error, Internal):
            for one in self._passengers:
                _end(one, error, None)
        else:
            # Something is wrong with one of them: nothing was written, and the others must not suffer for it.
            for one in self._passengers:
                _cross_alone(self._write, one)


def _cross_alone(write: Callable[[Work], Future[Any]], one: _Waiting) -> None:
    def done(written: Future[Any]) -> None:
        error = asyncio.CancelledError() if written.cancelled() else written.exception()
        _end(one, error, None if error is not None else written.result())

    try:
        written = write(one.work)
    except Exception as error:  # noqa: BLE001 - the writer has no room: whoever waits is told
        _end(one, error, None)
    else:
        written.add_done_callback(done)


def _end(one: _Waiting, error: BaseException | None, result: Any) -> None:
    one.settled(error)
    _tell(one.future, error, result)


def _tell(future: Future[Any], error: BaseException | None, result: Any) -> None:
    if future.done():
        return
    if isinstance(error, asyncio.CancelledError):
        future.cancel()
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
