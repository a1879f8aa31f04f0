"""How a document is kept equal to the server's: opened, again when necessary, fed with news, its edits sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pycrdt import Doc

from coursewire.client.document_caret import Caret
from coursewire.client.document_editing import Editing, Flight, readable
from coursewire.client.document_known import Known
from coursewire.client.document_listeners import Listeners
from coursewire.client.document_text import DocumentText
from coursewire.errors import (
    Conflict,
    CoursewireError,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
)
from coursewire.namespaces.collaboration import contract as collaboration
from coursewire.realtime.contract import Nothing

if TYPE_CHECKING:
    from coursewire.client.collaboration import CollaborationClient

logger = logging.getLogger("coursewire.client")

RETRY_S: Final = 10.0
"""How long after a failure the same is tried again at most, where the error does not say; at first sooner."""
SOON_S: Final = 0.05
MEANWHILE: Final = 1_000
"""News that are kept while the document is being opened. When there are more, it is opened once again."""
NOT_READ = "the document could not be brought up to date, and was read anew"


class Kept:
    """What stands behind a document that is open. Everything here belongs to the client's event loop."""

    def __init__(self, client: CollaborationClient, document_id: str, layout: int) -> None:
        self.id = document_id
        self.about: collaboration.Document | None = None
        """Its title as it is now, and the like as of when it was opened."""
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
        self._listeners = Listeners(document_id)
        self._editing = Editing()
        self._caret = Caret()
        self._given_up: CoursewireError | None = None
        """Why the next opening begins with nothing; until then the text stays as it is."""
        self._refusal: CoursewireError | None = None
        """Why something that was written was given up; whoever waits for it to be saved is told."""
        self._copied = 0
        """How much was written when `unsaved` was taken."""
        self._stirred = asyncio.Event()
        self._settled = asyncio.Event()
        self._must_open = True
        self._is_asking = False
        """Whether `document.open` is under way."""
        self._meanwhile: list[Any] | None = None
        """News that came while it was being opened: its answer may be older."""
        self._gained: list[str] = []
        """Channels that have become ours, and that nobody listens to yet."""
        self._failures = 0
        """One after the other."""
        self._over: CoursewireError | None = None

    @property
    def doc(self) -> Doc[Any]:
        """The Yjs document. Another one after the document began anew, or an edit was refused."""
        return self._editing.doc

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
        is_known = isinstance(news, collaboration.ChangedDocument) and self._is_called(news.title)
        self._note(news)
        is_own = isinstance(news, collaboration.Update) and news.client_id == self.doc.client_id
        if not (is_own or is_known) and not isinstance(news, collaboration.Awareness):
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

    def lose(self, channel: str) -> None:
        """Note that a channel of some of its people is not for us any more, and forget what was only there."""
        self._listen_to([name for name in self.channels if name != channel])

    def _note(self, news: Any) -> None:
        match news:
            case collaboration.Update() if news.update:
                self._apply(news.update)
            case collaboration.ModeChanged(mode=None):
                self.end(Forbidden("the document is closed to you"))
            case collaboration.ModeChanged(mode=str(mode)) if mode != self.mode:
                # With another role there may be other channels, and other annotations.
                self.mode = mode
                self.reopen()
            case collaboration.Reset() if news.epoch != self.epoch:
                self.reopen()
            case collaboration.ChangedDocument() if self.about is not None:
                self.about = self.about.model_copy(update={"title": news.title})
            case collaboration.DocumentChannels():
                self._gained = [name for name in news.channels if name not in self.channels]
                self._listen_to([name for name in self.channels if name in news.channels])
                self._stirred.set()
            case _:
                self._known.note(news)

    def _is_called(self, title: str) -> bool:
        return self.about is not None and self.about.title == title

    def _listen_to(self, channels: Sequence[str]) -> None:
        self.channels = tuple(channels)
        own = f"document:{self.id}:"
        self._known.keep([name.removeprefix(own) for name in channels if name.startswith(own)])

    def _apply(self, update: bytes) -> None:
        try:
            self._editing.received(update)
        except (ValueError, RuntimeError):
            self._give_up(Conflict(NOT_READ))

    def _check_may_edit(self) -> None:
        if self._over is not None:
            raise self._over
        if self.about is None:
            raise RuntimeError("the document is not open: use it in an `async with` block")
        if self.mode != "edit":
            raise Forbidden("you may not edit this document", details={"mode": self.mode})

    # What cannot be saved

    def _give_up(self, error: CoursewireError) -> None:
        """Keep a copy of what cannot be saved, and go on with what the server has."""
        logger.info("document %s is read anew: %s", self.id, error)
        self._given_up = error
        self._keep_copy(error)
        self.reopen()
        self._settled.set()

    def _keep_copy(self, error: CoursewireError) -> None:
        if not self._editing.is_saved and self._editing.writes != self._copied:
            self._copied = self._editing.writes
            self.unsaved, self._refusal = self._copy(), error

    def _copy(self) -> str:
        try:
            with readable():
                return str(self.text)
        except (ValueError, RuntimeError):
            return self.unsaved or ""

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
                elif self._gained:
                    await self._listen_too(self._gained)
                elif (flight := self._editing.next()) is not None:
                    await self._send(flight)
                else:
                    self._failures = 0
                    self._settled.set()
                    await self._rest()
            except CoursewireError as error:
                await self._recover(error)
            except Exception:
                # Such as an answer of a server that is newer than we are. Nobody waits for this task: they are told so.
                logger.exception("document %s cannot be kept up to date", self.id)
                self.end(Internal("the document cannot be kept up to date: the log says why"))

    async def _rest(self) -> None:
        """Wait for something to do; meanwhile show where was written, once others have that and can find it."""
        loop = asyncio.get_running_loop()
        if self._editing.last is not None:
            self._caret.edited(self.doc.client_id, self._editing.last)
            self._editing.last = None
        wait_s = self._caret.wait_s(loop.time())
        try:
            async with asyncio.timeout(wait_s):
                await self._stirred.wait()
        except TimeoutError:
            caret = self._caret.take(loop.time())
            if caret is not None:
                await self._show(caret)

    async def _show(self, caret: bytes) -> None:
        try:
            await self._client.run(collaboration.SetAwareness, Nothing, document_id=self.id, awareness=caret)
        except CoursewireError as error:
            logger.debug("document %s shows no caret: %s", self.id, error)  # with the next edit, another one

    async def _open(self) -> None:
        """Open it once. It may have to be opened again: `_must_open` says so, also after an error."""
        is_first = self.about is None
        self._must_open, self._meanwhile, self._gained = False, [], []
        try:
            editing = self._editing if self._given_up is None else Editing()
            epoch = self.epoch if self._given_up is None else None
            answer = await self._ask(editing, epoch)
            annotations = list(answer.annotations)
            if answer.annotations_cursor is not None:
                more = self._client.annotations(self.id, cursor=answer.annotations_cursor)
                annotations += [one async for one in more]
            if epoch not in {None, answer.epoch}:
                # Another life of the document: merged with the old one, everything would be there twice.
                self._given_up = Conflict("the document has begun anew", details={"reason": "epoch"})
                editing = Editing(Doc(client_id=editing.doc.client_id))
            self._begin(editing, answer)
            self._known.begin(answer.participants, annotations)
        except BaseException:
            self._must_open = True
            raise
        finally:
            meanwhile, self._meanwhile = self._meanwhile, None
        for news in meanwhile:
            self._note(news)
        if not is_first:
            # Those who listen may await what this task does: they are told where they are told of everything else.
            self._client.tell_in_turn(lambda: self._listeners.tell(answer.document))

    async def _listen_too(self, channels: Sequence[str]) -> None:
        """Listen to what has become ours to see, and read what was written there: told as if it were new."""
        self._gained, self._meanwhile = [], []
        before = set(self._known.annotations)
        try:
            for channel in channels:
                with suppress(Forbidden, NotFound):  # ours no more already: that is told too
                    await self._client.listen(channel)
                    self.channels = (*self.channels, channel)
            found = [one async for one in self._client.annotations(self.id)]
        finally:
            meanwhile, self._meanwhile = self._meanwhile, None
        for news in (*found, *meanwhile):
            self._note(news)
        gained = [one for one in self._known.annotations.values() if one.id not in before]
        for one in gained:
            self._client.tell_in_turn(partial(self._listeners.tell, one))

    async def _ask(self, editing: Editing, epoch: str | None) -> collaboration.DocumentOpened:
        self._is_asking = True
        try:
            answer = await self._client.run(
                collaboration.OpenDocument,
                collaboration.DocumentOpened,
                document_id=self.id,
                client_id=editing.doc.client_id,
                layout=self._layout,
                epoch=epoch,
                state_vector=editing.doc.get_state(),
            )
        finally:
            self._is_asking = False
        self.channels = tuple(answer.positions)
        if answer.html is not None:
            message = f"the document has elements of layout {answer.layout}, which this program does not know"
            raise Invalid(message, field="layout")
        return answer

    def _begin(self, editing: Editing, answer: collaboration.DocumentOpened) -> None:
        """Go on with what the server has; what was given up is kept as a copy, with what was written since."""
        try:
            editing.opened(answer.update, answer.state_vector)
        except (ValueError, RuntimeError):
            self._give_up(Conflict(NOT_READ))
            raise Unavailable("the document could not be read") from None
        if self._given_up is not None:
            self._keep_copy(self._given_up)
            self._editing, self._given_up, self._copied = editing, None, 0
        self.epoch, self.mode, self.about = answer.epoch, answer.mode, answer.document
        self._caret.opened(self.doc.client_id)

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
            if isinstance(error, TooLarge) and editing.halved(flight):
                return
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
