"""The client of /collaboration: documents that one writes in together with others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from coursewire.client.collaboration_commands import CollaborationCommands
from coursewire.client.document import LAYOUT, Document
from coursewire.client.namespace import Meta
from coursewire.client.outputs import Json
from coursewire.errors import CoursewireError
from coursewire.realtime.contract import SessionReady


class CollaborationClient(CollaborationCommands):
    """Documents edited together, and annotations.

    `async with client.open_document(document_id) as document: document.text.insert(0, "Hello ")`
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._documents: set[Document] = set()

    def open_document(self, document_id: str, *, layout: int = LAYOUT) -> Document:
        """Return a document to be entered with `async with`, which opens it, and saves what was written at its end.

        `layout` is the generation of elements that the program knows. Entering raises NotFound, and Invalid for a
        document with newer elements: a program that leaves alone what it does not know may give a higher one.
        """
        return Document(self, document_id, layout)

    def hold(self, document: Document) -> None:
        """Give a document its news from now on."""
        self._documents.add(document)

    def tell_in_turn(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Tell those who listen to a document of something, in its turn among the events."""
        self._shell.put(tell)

    async def listen(self, channel: str) -> None:
        """Listen to a channel of a document that is open, until that is left. Raises Forbidden, NotFound."""
        await self._shell.subscribe(channel)

    def release(self, document: Document) -> None:
        """Leave a document, at once, unless it is open here a second time."""
        self._documents.discard(document)
        if document.id in {other.id for other in self._documents}:
            return
        for channel in document.channels:
            if channel not in self._interest:
                self._shell.unsubscribe(channel)

    async def handle_event(self, event: str, value: Any, meta: Meta) -> None:
        """Give it to the document that it is about, then to the handlers."""
        if event == SessionReady.event:
            for document in tuple(self._documents):
                document.session_began()
        else:
            document_id = _document_of(value, meta)
            for document in tuple(self._documents):
                if document.id == document_id:
                    await document.take(value)
        await super().handle_event(event, value, meta)

    async def load_snapshot(self, channel: str, reason: str, position: Json) -> Json:
        """Open the document again: its answer holds more than was missed."""
        document_id, _ = _parts_of(channel)
        for document in tuple(self._documents):
            if document.id == document_id:
                document.reopen()
        return await super().load_snapshot(channel, reason, position)

    async def channel_gone(self, channel: str, error: CoursewireError) -> None:
        """End a document that was taken away; of one that is closed in part, forget that part."""
        await super().channel_gone(channel, error)
        document_id, audience = _parts_of(channel)
        for document in tuple(self._documents):
            if document.id != document_id:
                continue
            if audience:
                document.lose(channel)
            else:
                document.end(error)

    async def close(self) -> None:
        """Disconnect for good."""
        for document in tuple(self._documents):
            document.end(None)
        await super().close()


def _document_of(value: Any, meta: Meta) -> str | None:
    """Return the id of the document that an event is about: by its payload, or by its channel."""
    named: str | None = getattr(value, "document_id", None)
    return named if named is not None else _parts_of(meta.channel)[0]


def _parts_of(channel: str) -> tuple[str | None, str]:
    """Return the document and the audience of a channel; no document of another channel."""
    kind, _, rest = channel.partition(":")
    document_id, _, audience = rest.partition(":")
    return (document_id, audience) if kind == "document" else (None, "")
