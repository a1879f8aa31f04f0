"""A document's text as a Python string that can be edited: characters, and a line for each paragraph.

The document is a tree of paragraphs, headings, lists; pycrdt counts the bytes of its texts in UTF-8, browsers count
UTF-16. Here everything is counted in Python's characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

ROOT: Final = "default"
"""The fragment that the editor keeps a document in."""
LINES: Final = frozenset({"paragraph", "heading", "codeBlock"})
"""Elements that hold a line of text."""
BREAK: Final = "hardBreak"
PIECE: Final = 64 * 1024
"""Characters that go in one update: a longer text goes in several, as one update has its bound."""
PIECE_LINES: Final = 1_000
"""Lines likewise."""

Parent = XmlFragment | XmlElement
Marks = dict[str, Any]
Piece = tuple[str, Marks] | None
"""Some text with its marks; None is a break."""


@dataclass(slots=True)
class _Line:
    """An element that holds text, and where it stands."""

    element: XmlElement
    places: tuple[tuple[Parent, int], ...]
    """Its parent and its index there, then those of the parent, up to the fragment."""
    start: int
    """Of its first character in the whole text."""
    parts: list[_Part]

    @property
    def end(self) -> int:
        return self.start + sum(part.length for part in self.parts)


@dataclass(slots=True)
class _Part:
    """A run of text, or a break, inside of a line."""

    text: XmlText | None
    content: str
    index: int
    """Among the children of the line."""

    @property
    def length(self) -> int:
        return len(self.content)


class DocumentText:
    """The text of a document. Edits are the caller's own; those of others appear by themselves."""

    def __init__(self, doc: Callable[[], Doc[Any]], check: Callable[[], None] = lambda: None) -> None:
        """`check` raises when one must not write."""
        self._doc = doc
        self._check = check

    def __str__(self) -> str:
        return "\n".join(_content(line) for line in self._lines())

    def __len__(self) -> int:
        return len(str(self))

    def __contains__(self, quote: str) -> bool:
        return quote in str(self)

    def __getitem__(self, where: int | slice) -> str:
        return str(self)[where]

    def __iadd__(self, text: str) -> DocumentText:  # noqa: PYI034 - `document.text += "..."`
        self.append(text)
        return self

    def append(self, text: str) -> None:
        """Write at the end; a line break begins a new paragraph."""
        self.insert(len(self), text)

    def insert(self, index: int, text: str) -> None:
        """Write before the character `index`, 0 to `len`; a line break begins a new paragraph.

        Raises IndexError, and Forbidden for whoever may not edit; so do the other methods.
        """
        self._check()
        for piece in _in_pieces(text):
            with self._doc().transaction():
                self._insert(index, piece)
            index += len(piece)

    def _insert(self, index: int, text: str) -> None:
        line = self._line_at(index)
        if line.element.tag == "codeBlock":
            _write(line, index, text)
            return
        first, *others = text.split("\n")
        if others:
            _begin_lines(line, index, first, others)
        elif first:
            _write(line, index, first)

    def delete(self, index: int, length: int = 1) -> None:
        """Delete `length` characters from `index` on; the end of a line is one, and joins it to the next.

        Raises IndexError.
        """
        self._check()
        with self._doc().transaction():
            first, last = self._line_at(index), self._line_at(index + length)
            if first.start == last.start:
                _cut(first, index, index + length)
                return
            rest = _taken_from(last, index + length)
            between = [line for line in self._lines() if first.start < line.start <= last.start]
            for line in reversed(between):
                _remove(line)
            _cut(first, index, first.end)
            _fill(first.element, rest)

    def replace(self, old: str, new: str) -> None:
        """Replace the first `old` by `new`. Raises ValueError when the text does not have it."""
        self._check()
        index = str(self).index(old)
        with self._doc().transaction():
            self.insert(index + len(old), new)
            self.delete(index, len(old))

    # Where things are

    def _lines(self) -> Iterator[_Line]:
        start = 0
        for line in _walk(self._doc().get(ROOT, type=XmlFragment)):
            line.start = start
            start = line.end + 1
            yield line

    def _line_at(self, index: int) -> _Line:
        if index < 0:
            raise IndexError("characters are counted from 0")
        lines = list(self._lines())
        if not lines:
            root = self._doc().get(ROOT, type=XmlFragment)
            place = len(root.children)
            lines = [_Line(root.children.append(XmlElement("paragraph")), ((root, place),), 0, [])]
        found = next((line for line in lines if index <= line.end), None)
        if found is None:
            raise IndexError("this is beyond the end of the document")
        return found


def _in_pieces(text: str) -> Iterator[str]:
    lines = text.splitlines(keepends=True) if text.count("\n") > PIECE_LINES else [text]
    for first in range(0, len(lines), PIECE_LINES):
        piece = "".join(lines[first : first + PIECE_LINES])
        for start in range(0, len(piece), PIECE):
            yield piece[start : start + PIECE]


def _walk(parent: Parent, above: tuple[tuple[Parent, int], ...] = ()) -> Iterator[_Line]:
    for index, child in enumerate(parent.children):
        if not isinstance(child, XmlElement):
            continue
        places = ((parent, index), *above)
        if child.tag in LINES:
            yield _Line(child, places, 0, list(_parts(child)))
        else:
            yield from _walk(child, places)


def _parts(element: XmlElement) -> Iterator[_Part]:
    for index, child in enumerate(element.children):
        if isinstance(child, XmlText):
            yield _Part(child, "".join(piece for piece, _ in _pieces(child)), index)
        elif isinstance(child, XmlElement) and child.tag == BREAK:
            yield _Part(None, "\n", index)


def _pieces(text: XmlText) -> list[tuple[str, Marks]]:
    return [(piece, dict(marks or {})) for piece, marks in text.diff() if isinstance(piece, str)]


def _content(line: _Line) -> str:
    return "".join(part.content for part in line.parts)


def _bytes(text: str) -> int:
    return len(text.encode())


def _write(line: _Line, index: int, text: str) -> None:
    """Write inside of a line: into the run of text that stands there, or into a new one."""
    at, place = line.start, 0
    for part in line.parts:
        if part.text is not None and at <= index <= at + part.length:
            part.text.insert(_bytes(part.content[: index - at]), text)
            return
        at += part.length
        if at <= index:
            place = part.index + 1
    line.element.children.insert(place, XmlText(text))


def _begin_lines(line: _Line, index: int, first: str, others: list[str]) -> None:
    """Split a line, write `first` where it ends now, and the others below it; what stood behind goes to the last.

    The end of the last one is written last of all: the caret is shown behind that (`document_caret.py`).
    """
    behind = _taken_from(line, index)
    _cut(line, index, line.end)
    parent, place = line.places[0]
    bottom = parent.children.insert(place + 1, XmlElement("paragraph"))
    _fill(bottom, behind)
    if first:
        _write(line, index, first)
    *between, last = others
    for number, text in enumerate(between, 1):
        _fill(parent.children.insert(place + number, XmlElement("paragraph")), [(text, {})] if text else [])
    if last:
        head = bottom.children[0] if len(bottom.children) else None
        if isinstance(head, XmlText):
            head.insert(0, last, {})
        else:
            bottom.children.insert(0, XmlText(last))


def _taken_from(line: _Line, index: int) -> list[Piece]:
    """Return what a line has from `index` on."""
    taken: list[Piece] = []
    at = line.start
    for part in line.parts:
        if part.text is None:
            if at >= index:
                taken.append(None)
            at += 1
            continue
        for piece, marks in _pieces(part.text):
            if at + len(piece) > index:
                taken.append((piece[max(0, index - at) :], marks))
            at += len(piece)
    return taken


def _fill(element: XmlElement, pieces: list[Piece]) -> None:
    """Put pieces at the end of an element."""
    text: XmlText | None = None
    length = 0
    for piece in pieces:
        if piece is None:
            element.children.append(XmlElement(BREAK))
            text = None
            continue
        if text is None:
            text, length = element.children.append(XmlText("")), 0
        content, marks = piece
        # Always given: it takes on nothing of what stands before it.
        text.insert(length, content, marks)
        length += _bytes(content)


def _cut(line: _Line, start: int, end: int) -> None:
    """Delete characters of a line."""
    at = line.end
    for part in reversed(line.parts):
        at -= part.length
        low, high = max(start, at) - at, min(end, at + part.length) - at
        if low >= high:
            continue
        if part.text is None:
            del line.element.children[part.index]
        else:
            del part.text[_bytes(part.content[:low]) : _bytes(part.content[:high])]


def _remove(line: _Line) -> None:
    """Take a line out, and every list or quote that holds nothing else."""
    for parent, index in line.places:
        del parent.children[index]
        if len(parent.children):
            return
