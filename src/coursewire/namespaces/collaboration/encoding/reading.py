"""Reads a Yjs update without applying it: who wrote what, beside what, and what it takes away.

The encoding is version 1 of Yjs updates (`UpdateEncoderV1`; the structs are `GC`, `Item` and the `Content*` of Yjs
13). What the editor never writes is refused here: other roots than `default`, other types than elements and their
text, embedded objects, subdocuments, holes. pycrdt refuses some of that only after it has changed the document, and
Yjs takes all of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding.lib0 import Source

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.encoding.known import Placed

MOST_STRUCTS: Final = 20_000
"""Of one update: reading them takes tens of milliseconds."""
MOST_CLIENTS: Final = 1_000
"""Of one update: what somebody wrote offline in that many tabs."""
MOST_CLOCK: Final = 2**31 - 1
"""yrs counts in 32 bits."""
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


class Block(NamedTuple):
    """The structs of one client in an update: of units from `start` up to `end`, `structs[first:last]`."""

    start: int
    end: int
    first: int
    last: int


@dataclass(slots=True)
class Update:
    """An update that was read whole. Nothing of it is checked against a document."""

    structs: list[Struct] = field(default_factory=list)
    clocks: list[int] = field(default_factory=list)
    """Of their first units."""
    blocks: dict[int, Block] = field(default_factory=dict)
    """By client."""
    deletes: list[tuple[int, int, int]] = field(default_factory=list)
    """Client, and the units from, up to and without."""
    deletes_at: int = 0
    """Where in its bytes they begin: behind all structs."""
    halves: set[Id] = field(default_factory=set)
    """Second halves of surrogate pairs: nothing may begin or end in front of one."""
    placed: Placed | None = None
    """Where its structs belong, once that was found out."""

    def at(self, unit: Id) -> int:
        """Return which of the structs holds a unit of a client of this update."""
        block = self.blocks[unit[0]]
        return bisect_right(self.clocks, unit[1], block.first, block.last) - 1


Admit = Callable[[int, int], None]
"""Is told of a client and the first of its units before these are read; raises what refuses the update for them."""


def read_update(
    update: bytes,
    *,
    most_structs: int = MOST_STRUCTS,
    most_clients: int = MOST_CLIENTS,
    admit: Admit | None = None,
) -> Update:
    """Read an update. Raises Invalid and TooLarge (field="update"); costs a bounded number of steps for each byte."""
    source = Source(update, "update")
    read = Update()
    clients = source.count(4)
    if clients > most_clients:
        raise too_large(f"it has more than {most_clients:,} clients")
    for _ in range(clients):
        _read_block(source, read, most_structs, admit)
    read.deletes_at = source.at
    _read_deletes(source, read, most_structs)
    source.finish()
    return read


def _read_block(source: Source, read: Update, most_structs: int, admit: Admit | None) -> None:
    count = source.count(2)
    at = source.at
    client = source.number()
    own = source.data[at : source.at]
    clock = start = source.number()
    structs, clocks = read.structs, read.clocks
    first = len(structs)
    if first + count > most_structs:
        raise too_large(f"it has more than {most_structs:,} structs")
    if not count or client in read.blocks:
        raise source.refuse("a client is there twice, or for nothing")
    if admit is not None:
        admit(client, start)
    for _ in range(count):
        struct = _read_next(source, client, clock, own) or read_struct(source, client, clock)
        size = struct.size
        if size < 1:
            raise source.refuse("a struct is empty")
        if size > 1 and struct.content == Content.TEXT and size != len(struct.text):
            _note_halves(read.halves, struct)
        structs.append(struct)
        clocks.append(clock)
        clock += size
        if clock > MOST_CLOCK:
            raise source.refuse("a clock is too large")
    read.blocks[client] = Block(start, clock, first, len(structs))


def _read_next(source: Source, client: int, clock: int, own: bytes) -> Struct | None:
    """Read what an editor mostly writes: some text, or an element, right behind a unit of its own.

    None for anything else, and for whatever is odd about it, with nothing read: `read_struct` says what. `own` is the
    client as it was written.
    """
    data, begin = source.data, source.at
    try:
        info = data[begin]
        content = _BEHIND.get(info)
        if content is None or not data.startswith(own, begin + 1):
            return None
        left, at = _read_short(data, begin + 1 + len(own))
        right = None
        if info & 0x40:
            source.at = at
            right = _read_neighbour(source, client, clock)
            at, source.at = source.at, begin
        if content == Content.TYPE:
            size = data[at + 1] if data[at] == _ELEMENT else 0
            start = at + 2
        else:
            size, start = data[at], at + 1
    except IndexError:
        return None
    end = start + size
    raw = data[start:end]
    if left >= clock or not 0 < size <= _SHORT or end > source.end or not raw.isascii():
        return None
    source.at = end
    units = size if content == Content.TEXT else 1
    return Struct(client, clock, units, content, (client, left), right, None, None, raw.decode())


def _read_short(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of up to three bytes; return it, and where the next one stands. Raises IndexError for others."""
    number = data[at]
    if number > 0x7F:  # noqa: PLR2004 - seven bits in each byte
        at += 1
        number += (data[at] << 7) - 0x80
        if number > 0x3FFF:  # noqa: PLR2004
            at += 1
            number += (data[at] << 14) - 0x4000
            if number > 0x1FFFFF:  # noqa: PLR2004
                raise IndexError
    return number, at + 1


def read_struct(source: Source, client: int, clock: int) -> Struct:
    """Read one struct of a client, from this clock on. Raises Invalid(field="update")."""
    info = source.byte()
    if info == Content.COLLECTED:
        return Struct(client, clock, source.number(), info)
    content = info & 0x1F
    read = _CONTENTS.get(content)
    if read is None:
        raise source.refuse("an editor does not write this content")
    left = _read_neighbour(source, client, clock) if info & 0x80 else None
    right = _read_neighbour(source, client, clock) if info & 0x40 else None
    parent: Id | str | None = None
    key = None
    if left is None and right is None:
        parent, key = _read_parent(source, info, client, clock)
        if key is not None and content not in _KEYED:
            raise source.refuse("an attribute is no value")
    size, text = read(source)
    return Struct(client, clock, size, content, left, right, parent, key, text)


def _read_neighbour(source: Source, client: int, clock: int) -> Id:
    unit = source.number(), source.number()
    if unit[0] == client and unit[1] >= clock:
        raise source.refuse("a struct stands beside one that comes after it")
    return unit


def _read_parent(source: Source, info: int, client: int, clock: int) -> tuple[Id | str, str | None]:
    parent: Id | str
    how = source.number()
    if how == 1:
        parent = source.text()
        if parent != ROOT_NAME:
            raise source.refuse(f"the document is in {ROOT_NAME!r}, and nowhere else")
    elif how == 0:
        parent = _read_neighbour(source, client, clock)
    else:
        raise source.refuse("a parent is of no known kind")
    return parent, _read_name(source) if info & 0x20 else None


def _read_name(source: Source) -> str:
    name = source.text()
    if not 0 < len(name) <= MOST_NAME:
        raise source.refuse(f"a name has 1 to {MOST_NAME} characters")
    return name


def _read_deleted(source: Source) -> tuple[int, str]:
    return source.number(), ""


def _read_text(source: Source) -> tuple[int, str]:
    text = source.text()
    if text.isascii():
        return len(text), text
    return len(text) + sum(character > "\uffff" for character in text), text


def _read_mark(source: Source) -> tuple[int, str]:
    name = _read_name(source)
    if len(source.json()) > MOST_MARK:
        raise source.refuse(f"a mark has at most {MOST_MARK} bytes")
    return 1, name


def _read_type(source: Source) -> tuple[int, str]:
    kind = source.number()
    if kind == _ELEMENT:
        return 1, _read_name(source)
    if kind != _TEXT_OF_ELEMENT:
        raise source.refuse("an editor does not write this type")
    return 1, ""


def _read_values(source: Source) -> tuple[int, str]:
    count = source.count()
    for _ in range(count):
        source.value()
    return count, ""


_ELEMENT: Final = 3
_BEHIND: Final = {
    0x80 | Content.TEXT: Content.TEXT,
    0xC0 | Content.TEXT: Content.TEXT,
    0x80 | Content.TYPE: Content.TYPE,
    0xC0 | Content.TYPE: Content.TYPE,
}
"""How text and elements begin that have a left neighbour."""
_SHORT: Final = 64
"""Characters of ASCII: what is longer is worth the longer way, and no name is."""
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


def _note_halves(halves: set[Id], struct: Struct) -> None:
    clock = struct.clock
    for character in struct.text:
        clock += 1
        if character > "\uffff":
            halves.add((struct.client, clock))
            clock += 1


def _read_deletes(source: Source, read: Update, most_ranges: int) -> None:
    """Read what is taken away: each unit once, or the same ones could be walked through again and again."""
    seen: set[int] = set()
    for _ in range(source.count(2)):
        client, ranges = source.number(), source.count(2)
        if len(read.deletes) + ranges > most_ranges:
            raise too_large(f"it deletes more than {most_ranges:,} ranges")
        if client in seen:
            raise source.refuse("it deletes of one client twice")
        seen.add(client)
        end = 0
        deletes, number = read.deletes, source.number
        for _ in range(ranges):
            start = number()
            size = number()
            if start < end or size < 1 or start + size > MOST_CLOCK:
                raise source.refuse("what it deletes is not in order")
            end = start + size
            deletes.append((client, start, end))


def missing(update: Update, clocks: Mapping[int, int]) -> str | None:
    """Return what an update needs that a document with these clocks does not have; None when nothing is missing."""
    own = update.blocks

    def has(unit: Id) -> bool:
        client, clock = unit
        return clock < clocks.get(client, 0) or (
            client in own and own[client].start <= clock < own[client].end
        )

    for client, block in own.items():
        if block.start > clocks.get(client, 0):
            return f"edits of client {client} before {block.start}"
    for struct in update.structs:
        for unit in (struct.left, struct.right, struct.parent):
            if isinstance(unit, tuple) and unit[0] != struct.client and not has(unit):
                return f"edits of client {unit[0]} up to {unit[1]}"
    for client, _start, end in update.deletes:
        if not has((client, end - 1)):
            return f"edits of client {client} up to {end - 1}"
    return None


def too_large(why: str) -> TooLarge:
    """Return the error for more than is taken at once; the same in several updates may be."""
    return TooLarge(f"send this as several updates: {why}", field="update")


def unreadable(why: str) -> Invalid:
    """Return the error for an update that is well formed and yet no edit."""
    return Invalid(f"must be an edit of this document: {why}", field="update")
