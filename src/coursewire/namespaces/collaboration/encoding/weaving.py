"""Puts the units of a state in the order in which they stand, deleted ones too: who wrote which, and what is gone.

pycrdt shows a document without the ids of its units. So this is the integration of Yjs once more (`Item.integrate`;
Nicolaescu et al., Near Real-Time Peer-to-Peer Shared Editing on Extensible Data Types, 2016), for reading only.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.encoding.homes import GONE, ROOT, are_attributes
from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.placing import MOST_DEPTH, place_loosely
from coursewire.namespaces.collaboration.encoding.reading import MOST_CLOCK, Update, read_update
from coursewire.namespaces.collaboration.encoding.rendering import LINES
from coursewire.namespaces.collaboration.encoding.structs import Content, Id, Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

BREAKING: Final = LINES | {"hardBreak"}
"""Elements that end a line of text."""


def cut(text: str, start: int, end: int) -> str:
    """Return the units of a text from `start` up to `end`, counted in UTF-16."""
    if text.isascii():
        return text[start:end]
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le", "replace")


class Item:
    """Units that stand beside one another."""

    __slots__ = (
        "client",
        "clock",
        "content",
        "deleted",
        "home",
        "keyed",
        "left",
        "name",
        "next",
        "right",
        "size",
        "text",
    )

    def __init__(self, struct: Struct, home: Id) -> None:
        self.client = struct.client
        self.clock = struct.clock
        self.size = struct.size
        self.content = struct.content
        self.text = struct.text if struct.content == Content.TEXT else ""
        self.name = struct.text if struct.content == Content.TYPE else ""
        self.home = home
        self.left = struct.left
        self.right = struct.right
        self.keyed = are_attributes(home)
        self.deleted = struct.content == Content.DELETED
        self.next: Item | None = None

    @property
    def id(self) -> Id:
        """Its first unit."""
        return self.client, self.clock

    def split(self, at: int) -> Item:
        """Cut it before its unit number `at`, and return what is behind."""
        behind = Item(Struct(self.client, self.clock + at, self.size - at, self.content), self.home)
        self.text, behind.text = cut(self.text, 0, at), cut(self.text, at, self.size)
        self.size = at
        behind.left = self.client, behind.clock - 1
        behind.right = self.right
        behind.deleted, behind.name = self.deleted, self.name
        behind.next, self.next = self.next, behind
        return behind


class Weave:
    """The items of a state, in order, by the element that they are in."""

    def __init__(self, state: bytes) -> None:
        update = read_update(state, most_structs=MOST_CLOCK, most_clients=MOST_CLOCK)
        placed = place_loosely(update, Known())
        self.clocks = {client: block.end for client, block in update.blocks.items()}
        """How many units of each client there are."""
        self._first: dict[Id, Item] = {}
        self._items: dict[int, list[Item]] = {}
        self._clocks: dict[int, list[int]] = {}
        for index in placed.order:
            if placed.homes[index] != GONE:
                self._put(Item(update.structs[index], placed.homes[index]))
        self._delete(update)

    def children(self, home: Id = ROOT) -> Iterator[Item]:
        """Yield what is in an element, deleted or not."""
        item = self._first.get(home)
        while item is not None:
            yield item
            item = item.next

    def shown(self, home: Id = ROOT, depth: int = 0) -> Iterator[tuple[Item, str]]:
        """Yield the items that show in an element and in those that are in it, each with what it says."""
        for item in self.children(home):
            if not item.deleted and depth <= MOST_DEPTH:
                yield from self.shown_in(item, depth)

    def shown_in(self, item: Item, depth: int = 0) -> Iterator[tuple[Item, str]]:
        """Yield an item and what shows in it."""
        if item.content == Content.TEXT:
            yield item, item.text
        elif item.content == Content.TYPE:
            yield from self.shown(item.id, depth + 1)
            if item.name in BREAKING:
                yield item, "\n"

    def at(self, unit: Id) -> Item | None:
        """Return the item that a unit is in; None when nothing is known of it."""
        clocks = self._clocks.get(unit[0])
        if clocks is None:
            return None
        index = bisect_right(clocks, unit[1]) - 1
        if index < 0:
            return None
        item = self._items[unit[0]][index]
        return item if unit[1] < item.clock + item.size else None

    def between(self, client: int, start: int, end: int) -> Iterator[Item]:
        """Yield the items of a client that have units from `start` up to `end`."""
        clocks = self._clocks.get(client, [])
        for index in range(max(0, bisect_right(clocks, start) - 1), len(clocks)):
            item = self._items[client][index]
            if item.clock >= end:
                return
            if item.clock + item.size > start:
                yield item

    def _put(self, item: Item) -> None:
        left = None if item.left is None else self._ending(item.left)
        right = None if item.right is None else self._beginning(item.right)
        if not item.keyed:
            left = self._settle(item, left, right)
            if left is None:
                item.next = self._first.get(item.home)
                self._first[item.home] = item
            else:
                item.next, left.next = left.next, item
        self._note(item)

    def _settle(self, item: Item, left: Item | None, right: Item | None) -> Item | None:
        """Return behind which item it comes, of those that were put at the same place."""
        other = self._first.get(item.home) if left is None else left.next
        passed: set[Item] = set()
        conflicting: set[Item] = set()
        while other is not None and other is not right:
            passed.add(other)
            conflicting.add(other)
            if other.left == item.left:
                if other.client < item.client:
                    left = other
                    conflicting.clear()
                elif other.right == item.right:
                    break
            else:
                origin = None if other.left is None else self.at(other.left)
                if origin is None or origin not in passed:
                    break
                if origin not in conflicting:
                    left = other
                    conflicting.clear()
            other = other.next
        return left

    def _note(self, item: Item) -> None:
        clocks = self._clocks.setdefault(item.client, [])
        index = bisect_right(clocks, item.clock)
        clocks.insert(index, item.clock)
        self._items.setdefault(item.client, []).insert(index, item)

    def _ending(self, unit: Id) -> Item | None:
        """Return the item that ends with a unit: one that goes on is cut behind it."""
        item = self.at(unit)
        if item is not None and unit[1] < item.clock + item.size - 1:
            self._note(item.split(unit[1] - item.clock + 1))
        return item

    def _beginning(self, unit: Id) -> Item | None:
        """Return the item that begins with a unit: one that begins earlier is cut before it."""
        item = self.at(unit)
        if item is not None and unit[1] > item.clock:
            item = item.split(unit[1] - item.clock)
            self._note(item)
        return item

    def _next(self, client: int, clock: int, end: int) -> int:
        """Return where the next item of a client begins behind a unit; `end` when there is none before it."""
        clocks = self._clocks.get(client, [])
        index = bisect_right(clocks, clock)
        return min(clocks[index], end) if index < len(clocks) else end

    def _delete(self, update: Update) -> None:
        for client, start, end in update.deletes:
            clock = start
            while clock < end:
                item = self._beginning((client, clock))
                if item is None:
                    # Of what was collected there is nothing but a size, and that may be any.
                    clock = self._next(client, clock, end)
                    continue
                self._ending((client, min(end, item.clock + item.size) - 1))
                item.deleted = True
                clock = item.clock + item.size
