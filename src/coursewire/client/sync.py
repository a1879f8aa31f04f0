"""The clients for scripts: the same methods, blocking, on an event loop in a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, Self, TypeVar

from coursewire.client import chat as asynchronous
from coursewire.client.namespace import NamespaceClient
from coursewire.client.options import ClientOptions
from coursewire.client.outputs import Diagnostics, State
from coursewire.client.token import Token
from coursewire.namespaces.chat import contract
from coursewire.realtime.contract import Event, Ready

P = ParamSpec("P")
R = TypeVar("R")
ClientT = TypeVar("ClientT", bound=NamespaceClient)

CLOSE_TIMEOUT_S = 5.0
NOT_OPEN = "the client is not open: use it in a `with` block"


class _LoopThread:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self.loop.run_forever, name="coursewire-client", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine there and wait for it. An interrupt here cancels it."""
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("a handler runs on the client's own thread and must not call blocking methods")
        with self._lock:
            if self._stopped:
                coroutine.close()
                raise RuntimeError(NOT_OPEN)
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


class SyncClient(Generic[ClientT]):
    """What the blocking client of every namespace offers. A context manager; safe to use from any thread."""

    client: ClassVar[type[NamespaceClient]]

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        outbox: Path | str | None = None,
        patience: float | None = 10.0,
        options: ClientOptions | None = None,
    ) -> None:
        """Take what the asynchronous client takes."""
        self._client: ClientT = self.client(url, token, outbox=outbox, patience=patience, options=options)  # type: ignore[assignment]  # the subclass names both
        self._thread: _LoopThread | None = None

    def __enter__(self) -> Self:
        self._thread = _LoopThread()
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
            try:
                thread.run(self._client.close())
            finally:
                thread.stop()

    @property
    def state(self) -> State:
        """What the client is doing (CLI4)."""
        return self._client.state

    @property
    def diagnostics(self) -> Diagnostics:
        """The state with its figures."""
        return self._client.diagnostics

    @property
    def session(self) -> Ready | None:
        """Who one is, with the server's flags and limits."""
        return self._client.session

    def on(self, event: str | type[Event[Any]], handler: Callable[..., Any]) -> None:
        """Call a handler for an event, on the client's own thread: it must not call blocking methods."""
        self._client.on(event, handler)

    def _run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        if self._thread is None:
            coroutine.close()
            raise RuntimeError(NOT_OPEN)
        return self._thread.run(coroutine)


def _blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[SyncClient[Any], P], R]:
    """Turn a method of the asynchronous client into a blocking one with the same parameters and docstring."""

    def call(self: SyncClient[Any], /, *arguments: P.args, **options: P.kwargs) -> R:
        return self._run(method(self._client, *arguments, **options))

    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call


class ChatClient(SyncClient[asynchronous.ChatClient]):
    """Rooms and messages: `with ChatClient(url, token) as chat: for message in chat.messages(room_id): ...`."""

    client = asynchronous.ChatClient

    subscribe = _blocking(asynchronous.ChatClient.subscribe)
    rooms = _blocking(asynchronous.ChatClient.rooms)
    open_room = _blocking(asynchronous.ChatClient.open_room)
    join = _blocking(asynchronous.ChatClient.join)
    leave = _blocking(asynchronous.ChatClient.leave)
    update_room = _blocking(asynchronous.ChatClient.update_room)
    members = _blocking(asynchronous.ChatClient.members)
    send = _blocking(asynchronous.ChatClient.send)
    edit = _blocking(asynchronous.ChatClient.edit)
    delete = _blocking(asynchronous.ChatClient.delete)
    history = _blocking(asynchronous.ChatClient.history)
    mark = _blocking(asynchronous.ChatClient.mark)
    set_typing = _blocking(asynchronous.ChatClient.set_typing)
    set_presence = _blocking(asynchronous.ChatClient.set_presence)

    def messages(self, room_id: str, *, history: int = 0) -> Generator[contract.Message]:
        """Yield the last `history` messages of a room, then every new one, each once and in order."""
        messages = self._client.messages(room_id, history=history)
        try:
            while True:
                yield self._run(_next(messages))
        except (StopAsyncIteration, CancelledError):
            return
        except GeneratorExit:
            with contextlib.suppress(RuntimeError, CancelledError):
                self._run(messages.aclose())
            raise


async def _next(messages: Any) -> contract.Message:
    """Return the next message; a coroutine, which `anext` itself is not."""
    message: contract.Message = await anext(messages)
    return message
