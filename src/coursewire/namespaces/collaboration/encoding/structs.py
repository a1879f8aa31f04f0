"""Reads the structs of a Yjs update: runs of text, elements, marks and values, each with what it stands beside.

The encoding is version 1 of Yjs updates (`UpdateEncoderV1`; the structs are `GC`, `Item` and the `Content*` of Yjs
13). What the editor never writes is refused here: other roots than `default`, other types than elements and their
text, embedded objects, subdocuments, holes. pycrdt refuses some of that only after it has changed the document, and
Yjs takes all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from coursewire.errors import Invalid
from coursewire.namespaces.collaboration.encoding.lib0 import Source

MOST_MARK: Final = 4 * 1024
"""Bytes of what a mark says, such as where a link leads: every piece of text that has the mark is read with it."""
MOST_NAME: Final = 64
"""Characters of the name of an element, an attribute or a mark."""

ROOT_NAME: Final = "default"
"""Where Tiptap keeps a document."""

Id = tuple[int, int]
"""A client, and the clock of one of its units: a character in UTF-16, an element, a value."""


class Content:
    """The kinds of content, by their number in the encoding."""

    COLLECTED = 0
    DELETED = 1
    TEXT = 4
    MARK = 6
    TYPE = 7
    VALUES = 8


class Struct(NamedTuple):
    """Units of one client that stand beside one another."""

    client: int
    clock: int
    size: int
    content: int
    left: Id | None = None
    """The unit that it was put behind."""
    right: Id | None = None
    """The unit that it was put before."""
    parent: Id | str | None = None
    """The element that it is in; None: that of its neighbours."""
    key: str | None = None
    """Of an attribute."""
    text: str = ""
    """Of text: what it says; of an element: its name, empty for a run of text in one; of a mark: its name."""


def read_struct(source: Source, client: int, clock: int, own: bytes) -> Struct:
    """Read one struct of a client, from this clock on; `own`: how the client was written.

    Raises Invalid(field="update").
    """
    at = source.at
    if at >= source.end:
        raise source.refuse("it is cut short")
    info = source.data[at]
    at += 1
    content = info & 0x1F
    read = _CONTENTS.get(content)
    left = right = parent = key = None
    if read is None:
        if not info:
            source.at = at
            return _new(Struct, (client, clock, source.number(), info, None, None, None, None, ""))
        raise source.refuse("an editor does not write this content")
    if info & 0x80:
        left, at = _neighbour_at(source, at, client, clock, own)
    if info & 0x40:
        right, at = _neighbour_at(source, at, client, clock, own)
    source.at = at
    if left is None and right is None:
        parent = _read_parent(source, client, clock, own)
        if info & 0x20:
            key = _read_name(source)
            if content not in _KEYED:
                raise source.refuse("an attribute is no value")
    size, text = read(source)
    return _new(Struct, (client, clock, size, content, left, right, parent, key, text))


_new = tuple.__new__
"""Makes a struct of all its fields in a third of the time; there are thousands."""


def _neighbour_at(source: Source, at: int, client: int, clock: int, own: bytes) -> tuple[Id, int]:
    """Read a unit that has to be there before this one; return it, and where it ends."""
    if source.data.startswith(own, at):
        unit = client
        number, at = source.number_at(at + len(own))
        if number >= clock:
            raise _refuse_order(source)
    else:
        unit, at = source.number_at(at)
        number, at = source.number_at(at)
        if unit == client and number >= clock:
            raise _refuse_order(source)
    return (unit, number), at


def _refuse_order(source: Source) -> Invalid:
    return source.refuse("a struct stands beside one that comes after it")


def _read_parent(source: Source, client: int, clock: int, own: bytes) -> Id | str:
    how = source.byte()
    if how == 0:
        parent, source.at = _neighbour_at(source, source.at, client, clock, own)
        return parent
    if how != 1:
        raise source.refuse("a parent is of no known kind")
    name = source.text()
    if name != ROOT_NAME:
        raise source.refuse(f"the document is in {ROOT_NAME!r}, and nowhere else")
    return name


def _read_name(source: Source) -> str:
    name = source.text()
    if not 0 < len(name) <= MOST_NAME:
        raise _refuse_name(source)
    return name


def _refuse_name(source: Source) -> Invalid:
    return source.refuse(f"a name has 1 to {MOST_NAME} characters")


def _read_deleted(source: Source) -> tuple[int, str]:
    return source.number(), ""


def _read_text(source: Source) -> tuple[int, str]:
    text, source.at = source.text_at(source.at)
    if text.isascii():
        return len(text), text
    return len(text) + sum(character > "\uffff" for character in text), text


def _read_type(source: Source) -> tuple[int, str]:
    kind = source.byte()
    if kind == _ELEMENT:
        text, source.at = source.text_at(source.at)
        if not 0 < len(text) <= MOST_NAME:
            raise _refuse_name(source)
        return 1, text
    if kind != _TEXT_OF_ELEMENT:
        raise source.refuse("an editor does not write this type")
    return 1, ""


def _read_mark(source: Source) -> tuple[int, str]:
    name = _read_name(source)
    if len(source.json()) > MOST_MARK:
        raise source.refuse(f"a mark has at most {MOST_MARK} bytes")
    return 1, name


def _read_values(source: Source) -> tuple[int, str]:
    count = source.count()
    for _ in range(count):
        source.value()
    return count, ""


_ELEMENT: Final = 3
_TEXT_OF_ELEMENT: Final = 6
_KEYED: Final = frozenset({Content.DELETED, Content.VALUES})
_CONTENTS: Final[dict[int, Callable[[Source], tuple[int, str]]]] = {
    Content.DELETED: _read_deleted,
    Content.TEXT: _read_text,
    Content.MARK: _read_mark,
    Content.TYPE: _read_type,
    Content.VALUES: _read_values,
}
"""How each content is read: its size in units, and what it says."""
