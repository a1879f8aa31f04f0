"""Starts coroutines without a task: they run at once, up to where they have to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def start(coroutine: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
    """Run a coroutine to its end, or to its first wait and from there as a task; return the future of its result.

    Most that ends without a wait never needed a task, a turn of the loop, or a context. Up to its first wait it
    runs in the caller's task and context, as with `asyncio.Task(eager_start=True)` of Python 3.12.
    """
    loop = asyncio.get_running_loop()
    try:
        awaited = coroutine.send(None)
    except StopIteration as ended:
        done: asyncio.Future[T] = loop.create_future()
        done.set_result(ended.value)
        return done
    except Exception as error:  # noqa: BLE001 - it is the future's, as it would be the task's
        failed: asyncio.Future[T] = loop.create_future()
        failed.set_exception(error)
        return failed
    return loop.create_task(_Begun(coroutine, awaited))


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
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        self._handed_over = True
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, T]:
        raise TypeError("it is for a task to step")
