"""A document for scripts: opened, read and written from any thread, while the client's own keeps it up to date."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from coursewire.client.blocking import each
from coursewire.client.document import SAVE_S, Document
from coursewire.client.document_text import DocumentText
from coursewire.namespaces.collaboration import contract as collaboration

R = TypeVar("R")
Run = Callable[[Coroutine[Any, Any, Any]], Any]


class SyncText:
    """The text of a document, as `DocumentText` is; each edit is done when the method returns, and saved later."""

    def __init__(self, run: Run, text: DocumentText) -> None:
        self._run = run
        self._text = text

    def __str__(self) -> str:
        return self._do(lambda: str(self._text))

    def __len__(self) -> int:
        return self._do(lambda: len(self._text))

    def __contains__(self, quote: str) -> bool:
        return quote in str(self)

    def __getitem__(self, where: int | slice) -> str:
        return str(self)[where]

    def __iadd__(self, text: str) -> Self:
        self.append(text)
        return self

    def append(self, text: str) -> None:
        """Write at the end; a line break begins a new paragraph."""
        self._do(lambda: self._text.append(text))

    def insert(self, index: int, text: str) -> None:
        """Write before the character `index`. Raises IndexError."""
        self._do(lambda: self._text.insert(index, text))

    def delete(self, index: int, length: int = 1) -> None:
        """Delete `length` characters from `index` on. Raises IndexError."""
        self._do(lambda: self._text.delete(index, length))

    def replace(self, old: str, new: str) -> None:
        """Replace the first `old` by `new`. Raises ValueError when the text does not have it."""
        self._do(lambda: self._text.replace(old, new))

    def _do(self, act: Callable[[], R]) -> R:
        async def there() -> R:
            return act()

        done: R = self._run(there())
        return done


class SyncDocument:
    """A document, as long as its `with` lasts."""

    def __init__(self, run: Run, document: Document) -> None:
        self._run = run
        self._document = document
        self.text = SyncText(run, document.text)

    def __enter__(self) -> Self:
        self._run(self._document.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._document.__aexit__(kind, error, trace))

    @property
    def id(self) -> str:
        """Its id."""
        return self._document.id

    @property
    def about(self) -> collaboration.Document | None:
        """Its title as it is now, and the like as of when it was opened."""
        return self._document.about

    @property
    def mode(self) -> collaboration.Mode:
        """What one may do in it: view, comment or edit."""
        return self._document.mode

    @property
    def is_saved(self) -> bool:
        """Whether everything that was written here is committed at the server."""
        return self._document.is_saved

    @property
    def unsaved(self) -> str | None:
        """The text with what could not be saved."""
        return self._document.unsaved

    @property
    def participants(self) -> dict[str, collaboration.Participant]:
        """Who is in it now, by user id."""
        return dict(self._document.participants)

    @property
    def annotations(self) -> dict[str, collaboration.Annotation]:
        """Those that one may see now, by id."""
        return dict(self._document.annotations)

    def saved(self, timeout_s: float = SAVE_S) -> None:
        """Wait until everything that was written here is committed. Raises as the asynchronous one does."""
        self._run(self._document.saved(timeout_s))

    def annotate(
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
        """Write beside the first place behind the character `after` where the text has `quote`.

        Raises ValueError where it has not.
        """
        made: collaboration.Annotation = self._run(
            self._document.annotate(
                quote, body, after=after, motivation=motivation, visibility=visibility, tags=tags, key=key
            )
        )
        return made

    def changes(self) -> Generator[Any]:
        """Yield what happens, as the asynchronous one does; `break` ends it."""
        return each(self._run, self._document.changes())

    def on_change(self, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Call `handler(news)` on the client's thread with what the others do; it must not call blocking methods."""
        return self._document.on_change(handler)
