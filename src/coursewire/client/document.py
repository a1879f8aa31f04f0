"""A document that one writes in together with others: opened, kept up to date, saved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from pycrdt import Doc

from coursewire.client.document_editing import Editing, Flight, readable
from coursewire.client.document_known import Known
from coursewire.client.document_listeners import Listeners
from coursewire.client.document_quote import quoted
from coursewire.client.document_text import DocumentText
from coursewire.errors import Conflict, CoursewireError, Forbidden, Invalid, Unavailable
from coursewire.namespaces.collaboration import contract as collaboration

if TYPE_CHECKING:
    from coursewire.client.collaboration import CollaborationClient

logger = logging.getLogger("coursewire.client")

LAYOUT: Final = 1
"""The generation of elements that this client knows."""
SAVE_S: Final = 10.0
"""How long leaving a document waits until everything is saved."""
RETRY_S: Final = 10.0
"""How long after a failure the same is tried again at most, where the error does not say; at first sooner."""
SOON_S: Final = 0.05
MEANWHILE: Final = 1_000
"""News that are kept while the document is being opened. When there are more, it is opened once again."""


class Document:
    """A document, as long as its `async with` lasts. Everything here belongs to the client's event loop.

    `text` is edited as a string; `doc` is the Yjs document itself, for whoever wants more of it: edits of both are sent
    by themselves, one update at a time. After a reconnect it catches up by itself. Do not await anything within a
    transaction of `doc`.
    """

    def __init__(self, client: CollaborationClient, document_id: str, layout: int) -> None:
        self.id = document_id
        self.about: collaboration.Document | None = None
        """Its title and the like, as of when it was opened."""
        self.mode: collaboration.Mode = "view"
        """What one may do in it: view, comment or edit."""
        self.epoch: str | None = None
        self.channels: tuple[str, ...] = ()
        """That bring it here."""
        self.text = DocumentText(lambda: self.doc, self._check_may_edit)
        self.unsaved: str | None = None
        """The text with what could not be saved: refused, of another life of the document, too late."""
        self._client = client
        self._layout = layout
        self._known = Known()
        self._editing = Editing()
        self._refusal: CoursewireError | None = None
        """Why something that was written was given up; whoever waits for it to be saved is told."""
        self._stirred = asyncio.Event()
        self._settled = asyncio.Event()
        self._must_open = True
        self._is_asking = False
        """Whether `document.open` is under way."""
        self._meanwhile: list[Any] | None = None
        """News that came while it was being opened: its answer may be older."""
        self._failures = 0
        """One after the other."""
        self._over: CoursewireError | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._listeners = Listeners(document_id)

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
                await self.saved()
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
    def doc(self) -> Doc[Any]:
        """The Yjs document. Another one after the document began anew, or an edit was refused."""
        return self._editing.doc

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

        It may be async; they run one after the other. A decorator.
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
        return await self._client.annotate(
            self.id, body, place, motivation=motivation, visibility=visibility, tags=tags, key=key
        )

    def _check_may_edit(self) -> None:
        if self._over is not None:
            raise self._over
        if self.about is None:
            raise RuntimeError("the document is not open: use it in an `async with` block")
        if self.mode != "edit":
            raise Forbidden("you may not edit this document", details={"mode": self.mode})

    # What the client tells

    def session_began(self) -> None:
        """Open it in the new session; where that is under way it goes to the new one, or fails with the old."""
        if not self._is_asking:
            self.reopen()

    def reopen(self) -> None:
        """Open it again: something was missed."""
        self._editing.lost()
        self._must_open = True
        self._stirred.set()

    async def take(self, news: Any) -> None:
        """Take what has happened in the document, and tell whoever listens."""
        if self._meanwhile is not None:
            if len(self._meanwhile) < MEANWHILE:
                self._meanwhile.append(news)
            else:
                self._must_open = True
        self._note(news)
        if not isinstance(news, collaboration.Awareness) and not self._is_own(news):
            await self._listeners.tell(news)

    def end(self, error: CoursewireError | None) -> None:
        """Note that there is no document any more for whoever has opened it."""
        if self._over is not None:
            return
        self._over = error or Unavailable("the client was stopped")
        if not self._editing.is_saved:
            self.unsaved = self._copy()
        self._stirred.set()
        self._settled.set()
        self._listeners.end(self._over)

    def forget(self, audience: str) -> None:
        """Forget the annotations for people to whom one belongs no more: `staff`, `group:<id>`."""
        self._known.forget(audience)

    def _is_own(self, news: Any) -> bool:
        return isinstance(news, collaboration.Update) and news.client_id == self.doc.client_id

    def _note(self, news: Any) -> None:
        match news:
            case collaboration.Update() if news.update:
                self._apply(news.update)
            case collaboration.ModeChanged():
                self._change_mode(news.mode)
            case collaboration.Reset() if news.epoch != self.epoch:
                self.reopen()
            case _:
                self._known.note(news)

    def _apply(self, update: bytes) -> None:
        try:
            self._editing.received(update)
        except (ValueError, RuntimeError):
            logger.warning("document %s could not be brought up to date; it is read anew", self.id)
            self._give_up(Conflict("the document could not be brought up to date, and was read anew"))

    def _give_up(self, error: CoursewireError) -> None:
        """Keep a copy of what cannot be saved, and go on with what the server has."""
        if not self._editing.is_saved:
            self.unsaved, self._refusal = self._copy(), error
        self._editing = Editing()
        self.epoch = None
        self.reopen()
        self._settled.set()

    def _copy(self) -> str:
        try:
            with readable():
                return str(self.text)
        except (ValueError, RuntimeError):
            return self.unsaved or ""

    def _change_mode(self, mode: collaboration.Mode | None) -> None:
        if mode is None:
            self.end(Forbidden("the document is closed to you"))
        elif mode != self.mode:
            # With another role there may be other channels, and other annotations.
            self.mode = mode
            self.reopen()

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
                elif (flight := self._editing.next()) is not None:
                    await self._send(flight)
                else:
                    self._failures = 0
                    self._settled.set()
                    await self._stirred.wait()
            except CoursewireError as error:
                await self._recover(error)

    async def _open(self) -> None:
        """Open it once. It may have to be opened again: `_must_open` says so, also after an error."""
        self._must_open, self._meanwhile = False, []
        try:
            answer = await self._ask()
            annotations = list(answer.annotations)
            if answer.annotations_cursor is not None:
                more = self._client.annotations(self.id, cursor=answer.annotations_cursor)
                annotations += [one async for one in more]
            self.channels = tuple(answer.positions)
            if self.epoch not in {None, answer.epoch}:
                # Another life of the document: merged with the old one, everything would be there twice.
                self._give_up(Conflict("the document has begun anew", details={"reason": "epoch"}))
                return
            self.epoch, self.mode, self.about = answer.epoch, answer.mode, answer.document
            self._known.begin(answer.participants, annotations)
            self._catch_up(answer)
        except BaseException:
            self._must_open = True
            raise
        finally:
            meanwhile, self._meanwhile = self._meanwhile, None
        for news in meanwhile:
            self._note(news)

    async def _ask(self) -> collaboration.DocumentOpened:
        self._is_asking = True
        try:
            answer = await self._client.run(
                collaboration.OpenDocument,
                collaboration.DocumentOpened,
                document_id=self.id,
                client_id=self.doc.client_id,
                layout=self._layout,
                epoch=self.epoch,
                state_vector=self.doc.get_state(),
            )
        finally:
            self._is_asking = False
        if answer.html is not None:
            self.channels = tuple(answer.positions)
            message = f"the document has elements of layout {answer.layout}, which this program does not know"
            raise Invalid(message, field="layout")
        return answer

    def _catch_up(self, answer: collaboration.DocumentOpened) -> None:
        try:
            self._editing.opened(answer.update, answer.state_vector)
        except (ValueError, RuntimeError):
            self._give_up(Conflict("the document could not be brought up to date, and was read anew"))
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
        except BaseException as error:
            editing.returned(flight)
            if not isinstance(error, CoursewireError) or error.retryable or isinstance(error, Conflict):
                raise
            # It never will be taken.
            self._give_up(error)
        else:
            editing.saved(flight)

    async def _recover(self, error: CoursewireError) -> None:
        if not (error.retryable or isinstance(error, Conflict)):
            self.end(error)
            return
        # A gap, another life of the document, or something that passes: opening it again tells what the server lacks.
        self.reopen()
        self._failures += 1
        wait_s = min(RETRY_S, SOON_S * 2**self._failures)
        await asyncio.sleep(error.retry_after_ms / 1000 if error.retry_after_ms is not None else wait_s)
