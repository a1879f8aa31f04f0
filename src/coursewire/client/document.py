"""A document that one writes in together with others: opened, kept up to date, saved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from pycrdt import Doc

from coursewire.client.document_editing import Editing, Flight
from coursewire.client.document_text import DocumentText
from coursewire.errors import Conflict, CoursewireError, Forbidden, Unavailable
from coursewire.namespaces.collaboration import contract as collaboration

if TYPE_CHECKING:
    from coursewire.client.collaboration_commands import CollaborationCommands

logger = logging.getLogger("coursewire.client")

LAYOUT: Final = 1
"""The generation of elements that this client knows."""
SAVE_S: Final = 10.0
"""How long leaving a document waits until everything is saved."""
RETRY_S: Final = 1.0
"""How long after a failure the same is tried again, where the error does not say; at first sooner."""
SOON_S: Final = 0.05
AROUND: Final = 32
"""Characters of the text around a quote that go with it."""


class Document:
    """A document, as long as its `async with` lasts. Everything here belongs to the client's event loop.

    `text` is edited as a string; `doc` is the Yjs document itself, for whoever wants more of it: edits of both are sent
    by themselves, one update at a time. After a reconnect it catches up by itself.
    """

    def __init__(
        self, client: CollaborationCommands, document_id: str, layout: int, opened: set[Document]
    ) -> None:
        self.id = document_id
        self.about: collaboration.Document | None = None
        """Its title and the like, as of when it was opened."""
        self.mode: collaboration.Mode = "view"
        """What one may do in it: view, comment or edit."""
        self.epoch: str | None = None
        self.participants: dict[str, collaboration.Participant] = {}
        """Who is in it, by user id."""
        self.annotations: dict[str, collaboration.Annotation] = {}
        """Those that one may see, by id, in the order in which they were written."""
        self.text = DocumentText(lambda: self.doc)
        self.unsaved: str | None = None
        """The text with what could not be saved: after the document began anew, or its mode had changed."""
        self._client = client
        self._layout = layout
        self._opened = opened
        self._editing = Editing()
        self._stirred = asyncio.Event()
        self._settled = asyncio.Event()
        self._must_open = True
        self._failures = 0
        """One after the other."""
        self._over: CoursewireError | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._handlers: list[Callable[[Any], Any]] = []

    # Life

    async def __aenter__(self) -> Self:
        self._opened.add(self)
        try:
            await self._open()
        except BaseException:
            self._opened.discard(self)
            raise
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._over is None:
                await self.saved()
        finally:
            self._opened.discard(self)
            if self._keeping is not None:
                self._keeping.cancel()
                await asyncio.gather(self._keeping, return_exceptions=True)
            if self._over is None and self._client.state in {"connected", "degraded"}:
                asyncio.ensure_future(self._say_goodbye())  # noqa: RUF006 - nobody waits for it, and it cannot fail

    async def _say_goodbye(self) -> None:
        try:
            await self._client.run(
                collaboration.CloseDocument, collaboration.DocumentClosed, document_id=self.id
            )
        except CoursewireError as error:
            logger.debug("leaving document %s: %s", self.id, error)

    # What one does

    @property
    def doc(self) -> Doc[Any]:
        """The Yjs document. Another one after the document began anew."""
        return self._editing.doc

    @property
    def is_saved(self) -> bool:
        """Whether everything that was written here is committed at the server."""
        return self._editing.is_saved

    async def saved(self, timeout_s: float = SAVE_S) -> None:
        """Wait until everything that was written here is committed.

        Raises what the server refuses it with, and Unavailable when it takes too long: it may be saved yet.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not self.is_saved:
                    if self._over is not None:
                        raise self._over
                    self._settled.clear()
                    self._stirred.set()
                    await self._settled.wait()
        except TimeoutError:
            raise Unavailable("not everything that was written is saved") from None

    def on_change(self, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Call `handler(news)` with what the others do: an update, an annotation, a participant. A decorator."""
        self._handlers.append(handler)
        return handler

    async def annotate(
        self,
        quote: str,
        body: str,
        *,
        motivation: collaboration.Motivation = "commenting",
        visibility: str = "course",
        tags: Sequence[str] = (),
    ) -> collaboration.Annotation:
        """Write beside the first place where the text has `quote`. Raises ValueError where it has not."""
        text = str(self.text)
        at = text.index(quote)
        end = at + len(quote)
        place = collaboration.Quote(
            exact=quote, prefix=text[max(0, at - AROUND) : at], suffix=text[end : end + AROUND]
        )
        return await self._client.annotate(
            self.id, body, place, motivation=motivation, visibility=visibility, tags=tags
        )

    # What the client tells

    def reopen(self) -> None:
        """Open it again: there is another session, or something was missed."""
        self._editing.lost()
        self._must_open = True
        self._stirred.set()

    def take(self, news: Any) -> None:
        """Take what has happened in the document."""
        match news:
            case collaboration.Update() if news.update:
                self._apply(news.update)
            case collaboration.Annotation():
                self._fold(news)
            case collaboration.Participant():
                self._meet(news)
            case collaboration.ModeChanged():
                self._change_mode(news.mode)
            case collaboration.Reset():
                self.reopen()
        for handler in tuple(self._handlers):
            try:
                handler(news)
            except Exception:
                logger.exception("a handler of document %s failed", self.id)

    def end(self, error: CoursewireError | None) -> None:
        """Note that there is no document any more for whoever has opened it."""
        self._over = error or Unavailable("the client was stopped")
        self._stirred.set()
        self._settled.set()

    def _apply(self, update: bytes) -> None:
        try:
            self._editing.received(update)
        except (ValueError, RuntimeError):
            logger.warning("document %s could not be brought up to date; it is read anew", self.id)
            self._begin_anew()

    def _begin_anew(self) -> None:
        if not self._editing.is_saved:
            self.unsaved = str(self.text)
        self._editing = Editing()
        self.epoch = None
        self.reopen()

    def _fold(self, annotation: collaboration.Annotation) -> None:
        known = self.annotations.get(annotation.id)
        if known is not None and known.revision > annotation.revision:
            return
        if annotation.state == "deleted":
            self.annotations.pop(annotation.id, None)
        else:
            self.annotations[annotation.id] = annotation

    def _meet(self, participant: collaboration.Participant) -> None:
        if participant.here:
            self.participants[participant.user_id] = participant
        else:
            self.participants.pop(participant.user_id, None)

    def _change_mode(self, mode: collaboration.Mode | None) -> None:
        if mode is None:
            self.end(Forbidden("the document is closed to you"))
        else:
            self.mode = mode

    # Keeping up with the server

    async def _keep(self) -> None:
        """Open again when that is necessary, and send what is written: one update at a time."""
        watched: Editing | None = None
        while self._over is None:
            if watched is not self._editing:
                watched = self._editing
                watched.doc.observe(lambda _: self._stirred.set())
            self._stirred.clear()
            try:
                if self._must_open:
                    await self._open()
                flight = self._editing.next()
                if flight is None:
                    self._settled.set()
                    await self._stirred.wait()
                else:
                    await self._send(flight)
            except CoursewireError as error:
                await self._recover(error)

    async def _open(self) -> None:
        editing = self._editing
        self._must_open = False
        try:
            answer = await self._client.run(
                collaboration.OpenDocument,
                collaboration.DocumentOpened,
                document_id=self.id,
                client_id=editing.doc.client_id,
                layout=self._layout,
                epoch=self.epoch,
                state_vector=editing.doc.get_state(),
            )
        except BaseException:
            self._must_open = True
            raise
        if self.epoch not in {None, answer.epoch}:
            # Another life of the document: what was written in the old one is not merged, or all would be there twice.
            self._begin_anew()
            return
        self.epoch, self.mode, self.about = answer.epoch, answer.mode, answer.document
        self.participants = {one.user_id: one for one in answer.participants if one.here}
        self.annotations = {one.id: one for one in answer.annotations}
        try:
            editing.opened(answer.update, answer.state_vector)
        except (ValueError, RuntimeError):
            raise Unavailable("the document could not be read") from None

    async def _send(self, flight: Flight) -> None:
        editing = self._editing
        try:
            await self._client.run(
                collaboration.UpdateDocument,
                collaboration.UpdateSaved,
                document_id=self.id,
                epoch=self.epoch,
                sequence=flight.sequence,
                update=flight.update,
            )
        except BaseException:
            editing.returned(flight)
            raise
        editing.saved(flight)
        self._failures = 0

    async def _recover(self, error: CoursewireError) -> None:
        if not (error.retryable or isinstance(error, Conflict)):
            self.unsaved = str(self.text)
            self.end(error)
            return
        # A gap, another life of the document, or something that passes: opening it again tells what the server lacks.
        self.reopen()
        self._failures += 1
        wait_s = min(RETRY_S, SOON_S * 2**self._failures)
        await asyncio.sleep(error.retry_after_ms / 1000 if error.retry_after_ms is not None else wait_s)
