"""A document that one writes in together with others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from coursewire.client.document_keeping import Kept, logger
from coursewire.client.document_quote import quoted
from coursewire.errors import CoursewireError, Unavailable
from coursewire.namespaces.collaboration import contract as collaboration

if TYPE_CHECKING:
    from coursewire.client.collaboration import CollaborationClient

LAYOUT: Final = 1
"""The generation of elements that this client knows."""
SAVE_S: Final = 10.0
"""How long leaving a document waits until everything is saved."""


class Document(Kept):
    """A document, as long as its `async with` lasts. Everything here belongs to the client's event loop.

    `text` is edited as a string; `doc` is the Yjs document itself, for whoever wants more of it: edits of both are sent
    by themselves, one update at a time. After a reconnect it catches up by itself. Do not await anything within a
    transaction of `doc`.
    """

    def __init__(self, client: CollaborationClient, document_id: str, layout: int) -> None:
        super().__init__(client, document_id, layout)
        self._keeping: asyncio.Task[None] | None = None

    # Life

    async def __aenter__(self) -> Self:
        self._client.hold(self)
        opening = asyncio.ensure_future(self._enter())
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The server may have let us in already, or may yet.
            opening.add_done_callback(self._entered_too_late)
            raise
        except BaseException:
            self._client.release(self)
            raise
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def _enter(self) -> None:
        self._must_open = True
        while self._must_open:
            await self._open()

    def _entered_too_late(self, opening: asyncio.Future[None]) -> None:
        if not opening.cancelled() and (error := opening.exception()) is not None:
            logger.debug("document %s: %s", self.id, error)
        self._client.release(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self.saved(SAVE_S)
            elif isinstance(error, Exception):
                # As a file does: what was written goes out, and the error of the block is the one that is seen.
                await self._saved_if_possible()
        finally:
            if self._keeping is not None:
                self._keeping.cancel()
                await asyncio.gather(self._keeping, return_exceptions=True)
            if not self._editing.is_saved:
                self.unsaved = self._copy()
            self._listeners.end(None)
            self._client.release(self)

    async def _saved_if_possible(self) -> None:
        try:
            await self.saved()
        except CoursewireError as error:
            logger.warning("document %s: %s", self.id, error)

    # What one does

    @property
    def participants(self) -> dict[str, collaboration.Participant]:
        """Who is in it, by user id."""
        return self._known.participants

    @property
    def annotations(self) -> dict[str, collaboration.Annotation]:
        """Those that one may see, by id, in the order in which they were written; not those taken back."""
        return self._known.annotations

    @property
    def is_saved(self) -> bool:
        """Whether everything that was written here is committed at the server."""
        return self._editing.is_saved and self._refusal is None

    async def saved(self, timeout_s: float = SAVE_S) -> None:
        """Wait until everything that was written here is committed.

        Raises, once, what some of it was refused with: that is in `unsaved`. Raises Unavailable when it takes too long:
        it may be saved yet.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not self.is_saved:
                    if self._refusal is not None:
                        refusal, self._refusal = self._refusal, None
                        raise refusal
                    if self._over is not None:
                        raise self._over
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            raise Unavailable("not everything that was written is saved") from None

    def on_change(self, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Call `handler(news)` with what happens: an edit of somebody else's, an annotation, who comes and goes.

        The news are the contract's `Update`, `Annotation`, `Participant`, `ModeChanged`, `Reset`, `ChangedDocument`;
        and a `Document` when it was opened again, with whatever was missed. It may be async; they run one after the
        other. A decorator.
        """
        self._listeners.add(handler)
        return handler

    async def changes(self) -> AsyncGenerator[Any]:
        """Yield the same news as a loop, from its first turn on. Raises what the document was taken away with."""
        if self._over is not None:
            raise self._over
        async with aclosing(self._listeners.loop()) as loop:
            async for news in loop:
                yield news

    async def annotate(
        self,
        quote: str,
        body: str,
        *,
        after: int = 0,
        motivation: collaboration.Motivation = "commenting",
        visibility: str = "course",
        tags: Sequence[str] = (),
        key: str | None = None,
    ) -> collaboration.Annotation:
        """Write beside the first `quote` from the character `after` on. Raises ValueError where the text has none.

        A page's words are not here: any quote is taken.
        """
        is_page = self.about is not None and self.about.kind == "page"
        place = quoted("" if is_page else str(self.text), quote, after)
        made = await self._client.annotate(
            self.id, body, place, motivation=motivation, visibility=visibility, tags=tags, key=key
        )
        self._known.note(made)
        return made
