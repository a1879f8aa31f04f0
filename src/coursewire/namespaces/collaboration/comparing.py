"""What has changed between two states of a document, and whose editor did it."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from coursewire.namespaces.collaboration.encoding.homes import ROOT
from coursewire.namespaces.collaboration.encoding.rendering import without_controls
from coursewire.namespaces.collaboration.encoding.structs import Content, Id
from coursewire.namespaces.collaboration.encoding.weaving import BREAKING, Item, Weave, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coursewire.namespaces.collaboration.encoding.deletions import Deletions

MOST_LINES: Final = 4_000
"""Of two texts without a common history together; more are told as one text taken away and another one written."""


class Part(NamedTuple):
    """A piece of text with one fate, and the editor that wrote it."""

    text: str
    change: Literal["kept", "added", "removed"]
    client_id: int | None = None
    """Who added or removed it, where that is known."""


def compare_states(before: bytes, after: bytes, deletions: Deletions) -> Iterator[Part]:
    """Yield what was kept, added and removed on the way from one state to a later one of the same epoch, in order.

    `deletions` say who took away what is gone in the later one, or in one that is later still.
    """
    return _joined(_Comparison(Weave(before), Weave(after), deletions).parts(ROOT))


def compare_texts(before: str, after: str) -> Iterator[Part]:
    """Yield the difference of two texts that have no history in common, line by line."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(old) + len(new) > MOST_LINES:
        yield from _joined([Part(before, "removed"), Part(after, "added")])
        return
    for tag, first, last, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Part("".join(new[start:stop]), "kept")
        else:
            yield from _joined(
                [Part("".join(old[first:last]), "removed"), Part("".join(new[start:stop]), "added")]
            )


class _Comparison:
    """The later state walked through in order; a deleted unit shows what the earlier one had in its place.

    What is gone does not come back: undoing writes it anew. So a unit that shows now has shown before, if it was there.
    """

    def __init__(self, before: Weave, after: Weave, deletions: Deletions) -> None:
        self._before = before
        self._after = after
        self._deletions = deletions

    def parts(self, home: Id) -> Iterator[Part]:
        for item in self._after.children(home):
            if item.deleted:
                yield from self._removed(item)
            elif item.content == Content.TEXT:
                yield from self._shown(item, item.text)
            elif item.content == Content.TYPE:
                yield from self.parts(item.id)
                if item.name in BREAKING:
                    yield from self._shown(item, "\n")

    def _shown(self, item: Item, text: str) -> Iterator[Part]:
        known = max(0, min(item.size, self._before.clocks.get(item.client, 0) - item.clock))
        yield Part(cut(text, 0, known), "kept")
        yield Part(cut(text, known, item.size), "added", item.client)

    def _removed(self, item: Item) -> Iterator[Part]:
        end = item.clock + item.size
        for gone in self._before.between(item.client, item.clock, end):
            if gone.deleted:
                continue
            if gone.content == Content.TEXT:
                start = max(0, item.clock - gone.clock)
                yield from self._taken(gone, gone.text, start, min(gone.size, end - gone.clock))
            else:
                for inner, says in self._before.shown_in(gone):
                    yield from self._taken(inner, says, 0, inner.size)

    def _taken(self, item: Item, says: str, start: int, end: int) -> Iterator[Part]:
        """Say who removed which of the units of an item; the end of a line is one unit, and one character."""
        clock = item.clock
        for first, last, by in self._deletions.between(item.client, clock + start, clock + end):
            yield Part(cut(says, first - clock, last - clock), "removed", by)


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """Put parts with the same fate and author together, and leave empty ones out."""
    told = (part for part in parts if part.text)
    for (change, client_id), alike in groupby(told, key=lambda part: (part.change, part.client_id)):
        if text := without_controls("".join(part.text for part in alike)):
            yield Part(text, change, client_id)
