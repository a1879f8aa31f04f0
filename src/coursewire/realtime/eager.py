"""Starts coroutines without a task, alone or many step by step: they run at once, up to where they have to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Iterable
from typing import Any, Final, TypeVar

T = TypeVar("T")


class _Step:
    """Awaited between two steps of a coroutine; see `start_together`."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        yield self


STEP: Final = _Step()


def start(coroutine: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
    """Run a coroutine to its end, or to its first wait and from there as a task; return the future of its result.

    Most that ends without a wait never needed a task, a turn of the loop, or a context. Up to its first wait it
    runs in the caller's task and context, as with `asyncio.Task(eager_start=True)` of Python 3.12.
    """
    loop = asyncio.get_running_loop()
    try:
        awaited = _send(coroutine)
    except StopIteration as ended:
        done: asyncio.Future[T] = loop.create_future()
        done.set_result(ended.value)
        return done
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it is the future's, as it would be the task's
        return _failed(error)
    return loop.create_task(_Begun(coroutine, awaited))


def start_together(coroutines: Iterable[Coroutine[Any, Any, None]]) -> list[asyncio.Future[None] | None]:
    """Run coroutines as `start` does, each up to its next `await STEP`, then all of them to the one after it.

    So one step is done for all of them while its code and data lie in the processor's caches (ADR 0014). Nothing else
    runs in between. Whichever has to wait goes on alone, and there a step ends in nothing. Returns a future for each:
    of those that wait, and of those that have failed; None for whichever has ended.
    """
    loop = asyncio.get_running_loop()
    running = list(enumerate(coroutines))
    futures: list[asyncio.Future[None] | None] = [None] * len(running)
    while running:
        further = []
        for one in running:
            number, coroutine = one
            try:
                awaited = coroutine.send(None)
            except StopIteration:
                continue
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above
                futures[number] = _failed(error)
                continue
            if awaited is STEP:
                further.append(one)
            else:
                futures[number] = loop.create_task(_Begun(coroutine, awaited))
        running = further
    return futures


def _send(coroutine: Coroutine[Any, Any, T], value: Any = None) -> Any:
    """Run a coroutine to where it has to wait, whatever its steps."""
    awaited = coroutine.send(value)
    while awaited is STEP:
        awaited = coroutine.send(None)
    return awaited


def _failed(error: Exception | asyncio.CancelledError) -> asyncio.Future[Any]:
    failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    if isinstance(error, asyncio.CancelledError):
        failed.cancel()
    else:
        failed.set_exception(error)
    return failed


class _Begun(Coroutine[Any, Any, T]):
    """A coroutine that has run up to its first wait: a task that steps it first gets what it waits for."""

    __slots__ = ("_awaited", "_coroutine", "_handed_over")

    def __init__(self, coroutine: Coroutine[Any, Any, T], awaited: Any) -> None:
        self._coroutine = coroutine
        self._awaited = awaited
        self._handed_over = False

    def send(self, value: Any) -> Any:
        if not self._handed_over:
            self._handed_over = True
            return self._awaited
        return _send(self._coroutine, value)

    def throw(self, *error: Any) -> Any:
        self._handed_over = True
        awaited = self._coroutine.throw(*error)
        return _send(self._coroutine) if awaited is STEP else awaited

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, T]:
        raise TypeError("it is for a task to step")
