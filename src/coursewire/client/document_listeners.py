"""Who listens to what happens in a document: handlers, and loops."""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from coursewire.client.inbox import Stream
from coursewire.errors import CoursewireError

logger = logging.getLogger("coursewire.client")


class Listeners:
    """The listeners of one document. They are told one after the other; a slow one holds up the client's inbox."""

    def __init__(self, document_id: str) -> None:
        self._document_id = document_id
        self._handlers: list[Callable[[Any], Any]] = []
        self._streams: set[Stream[Any]] = set()

    def add(self, handler: Callable[[Any], Any]) -> None:
        """Tell a handler from now on."""
        self._handlers.append(handler)

    async def tell(self, news: Any) -> None:
        """Tell everybody. A handler that raises is logged, and the others go on."""
        for handler in tuple(self._handlers):
            try:
                returned = handler(news)
                if inspect.isawaitable(returned):
                    await returned
            except Exception:
                logger.exception("a handler of document %s failed", self._document_id)
        for stream in tuple(self._streams):
            await stream.put(news)

    async def loop(self) -> AsyncGenerator[Any]:
        """Yield what is told from now on, until `end`."""
        stream: Stream[Any] = Stream()
        self._streams.add(stream)
        try:
            async for news in stream:
                yield news
        finally:
            self._streams.discard(stream)
            stream.close()

    def end(self, error: CoursewireError | None) -> None:
        """End the loops, by raising the error if there is one."""
        for stream in tuple(self._streams):
            stream.close(error)
