"""Coroutines from threads that have no event loop: an event loop in a thread of its own, and faces in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

CLOSE_TIMEOUT_S = 5.0
FORKED = "the client was opened by the process that this one was forked from: open one here"


class NotOpenError(RuntimeError):
    """The client was not opened, or is closed."""

    def __init__(self) -> None:
        super().__init__("the client is not open: use it in a `with` block")


class LoopThread:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self.loop.run_forever, name="coursewire-client", daemon=True)
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether the thread is of this process: one that was forked off has it not."""
        return os.getpid() == self._process

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine there and wait for it. An interrupt here cancels it."""
        if not self.is_here:
            coroutine.close()
            raise RuntimeError(FORKED)
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("a handler runs on the client's own thread and must not call blocking methods")
        with self._lock:
            if self._stopped:
                coroutine.close()
                raise NotOpenError
            future: Future[R] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Stop the loop; what other threads still wait for is cancelled."""
        with self._lock:
            self._stopped = True
        asyncio.run_coroutine_threadsafe(_cancel_others(), self.loop).result(CLOSE_TIMEOUT_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(CLOSE_TIMEOUT_S)
        self.loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Asynchronous(Protocol):
    """What stands behind a blocking face."""

    async def __aenter__(self) -> Any: ...

    async def close(self) -> None:
        """End it for good."""


ClientT = TypeVar("ClientT", bound=Asynchronous)


class Blocking(Generic[ClientT]):
    """The blocking face of an asynchronous client. A context manager; safe to use from any thread."""

    def __init__(self, client: ClientT) -> None:
        self._client = client
        self._thread: LoopThread | None = None

    def __enter__(self) -> Self:
        self._thread = LoopThread()
        try:
            self._thread.run(self._client.__aenter__())
        except BaseException:
            self._thread.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect for good."""
        if self._thread is not None:
            thread, self._thread = self._thread, None
            if not thread.is_here:
                return  # the connection is the parent's
            try:
                thread.run(self._client.close())
            finally:
                thread.stop()

    def _run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        thread = self._thread  # another one may close the client at any moment
        if thread is None:
            coroutine.close()
            raise NotOpenError
        return thread.run(coroutine)

    def _each(self, items: AsyncGenerator[R]) -> Generator[R]:
        """Yield what an asynchronous loop yields; it ends too when another thread closes the client."""
        return each(self._run, items)


def each(run: Callable[[Coroutine[Any, Any, Any]], Any], items: AsyncGenerator[R]) -> Generator[R]:
    """Yield what an asynchronous loop yields, by `run`, which waits for a coroutine; until `run` is there no more."""
    has_begun = False
    try:
        while True:
            item = run(_next(items))
            has_begun = True
            yield item
    except (StopAsyncIteration, CancelledError):
        return
    except NotOpenError:
        if not has_begun:
            raise
        return  # it was closed while the loop had an item in hand
    except GeneratorExit:
        with contextlib.suppress(RuntimeError, CancelledError):
            run(items.aclose())
        raise


async def _next(items: AsyncGenerator[R]) -> R:
    """Return the next item; a coroutine, which `anext` itself is not."""
    return await anext(items)


def blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Blocking[Any], P], R]:
    """Turn a method of the asynchronous client into a blocking one with the same parameters and docstring."""

    def call(self: Blocking[Any], /, *arguments: P.args, **options: P.kwargs) -> R:
        return self._run(method(self._client, *arguments, **options))

    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call


def looping(
    method: Callable[Concatenate[Any, P], AsyncGenerator[R]],
) -> Callable[Concatenate[Blocking[Any], P], Generator[R]]:
    """Turn an asynchronous generator of the client into one for a plain `for` loop; `break` ends both."""

    def call(self: Blocking[Any], /, *arguments: P.args, **options: P.kwargs) -> Generator[R]:
        return self._each(method(self._client, *arguments, **options))

    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call
