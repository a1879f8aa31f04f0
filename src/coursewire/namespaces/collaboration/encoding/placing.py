"""Finds out where the structs of an update belong, and refuses what an editor of this document would not have written.

Read alone (reading.py), an update may be whole and well formed, and still be nonsense in this document: pycrdt raises
for some of it when the document is half changed, and a document with half a character in it does not load again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from coursewire.errors import TooLarge
from coursewire.namespaces.collaboration.encoding.homes import (
    GONE,
    ROOT,
    are_attributes,
    attributes_of,
)
from coursewire.namespaces.collaboration.encoding.known import Known, Placed
from coursewire.namespaces.collaboration.encoding.labour import Labour, is_typed_on
from coursewire.namespaces.collaboration.encoding.neighbours import Neighbours
from coursewire.namespaces.collaboration.encoding.reading import MOST_CLOCK, Update, read_update, unreadable
from coursewire.namespaces.collaboration.encoding.structs import Content, Id, Struct

MOST_DEPTH: Final = 100
"""Elements in one another. A list in a list takes two. Deleting 100,000 of them ends the process: yrs walks down by
calling itself; a browser gives up much earlier."""
MOST_ELEMENTS: Final = 40_000
"""In a document, runs of text among them: 20,000 paragraphs that say something. 62,000 tiny ones in 1.9 MB took 1.4 s
to open and 5.5 s to compare."""
MOST_MARKED: Final = 1_000_000
"""Kinds of marks in a document, times how often one begins or ends in it: each piece of text is read with all marks
that it has. 1,500 kinds and 1,500 pieces took 0.36 s and 187 MB to read, of an update of 38 KB."""
MOST_KEPT: Final = 1_500_000
"""Places to remember, about 80 bytes each, those of deleted text among them: a document that is written and deleted
again and again is small, and what is known of it grows."""


_GONE: Final = frozenset({Content.COLLECTED, Content.DELETED})
_WRITTEN: Final = frozenset({Content.TEXT, Content.MARK})


def check_profile(update: Update, known: Known) -> None:
    """Raise Invalid(field="update") for what is no edit of this document. Nothing may be missing.

    What passes is applied by pycrdt without an error, and the document loads from its own state afterwards.
    """
    _check_grown(update, known)
    placed = _place_typed(update, known)
    if placed is None or not is_typed_on(update, known):
        labour = Labour(update, known)
        if placed is None:
            placed = place(update, known, labour.put)
        else:
            labour.put(update.structs[0], placed.homes[0])
        placed.steps, placed.neighbours = labour.steps(), labour.neighbours
    _check_pairs(update, known, placed)
    update.placed = placed


def _check_grown(update: Update, known: Known) -> None:
    """Refuse what would make a document costly that is small when encoded."""
    _check_elements(update, known)
    if update.blocks and known.kept + len(known.halves) > MOST_KEPT:
        raise TooLarge("this document has seen too many edits: begin another one", field="update")
    marks = [struct.text for struct in update.structs if struct.content == Content.MARK]
    if marks and len(known.marks.union(marks)) * (known.marked + len(marks)) > MOST_MARKED:
        raise TooLarge(
            "this document has too many marks of too many kinds: begin another one", field="update"
        )


def _check_elements(update: Update, known: Known) -> None:
    """Refuse more elements than a document has; what the edit takes away itself makes room for others."""
    clocks, elements = known.clocks, known.elements
    if elements.count + len(update.structs) <= MOST_ELEMENTS:
        return
    new = sum(
        struct.content == Content.TYPE and struct.clock >= clocks.get(struct.client, 0)
        for struct in update.structs
    )
    if not new or elements.count + new <= MOST_ELEMENTS:
        return
    room = MOST_ELEMENTS - new + elements.among(update.deletes)
    if elements.count > room and not (elements.sweep(known) and elements.count <= room):
        raise too_many_elements("update")


def too_many_elements(field: str) -> TooLarge:
    """Return the error for what would have more elements than a document may."""
    most = f"{MOST_ELEMENTS:,} elements and runs of text, such as {MOST_ELEMENTS // 2:,} paragraphs"
    return TooLarge(f"a document has at most {most}: begin another one", field=field)


def note_applied(update: Update, known: Known) -> None:
    """Let `known` grow by an update that was applied; also by one that was checked elsewhere, before it was logged."""
    placed = update.placed
    if placed is None or any(known.clocks.get(client, 0) != start for client, start in placed.starts.items()):
        neighbours = Neighbours(update, known)
        placed = place_loosely(update, known, neighbours.put)
        placed.neighbours = neighbours
    known.add(update, placed)


def known_of(state: bytes) -> Known:
    """Read a whole state that was made here. Raises Invalid for what none of our documents holds.

    It knows less than what was noted all along and packed: of what is collected, a state has only the size.
    """
    known = Known()
    note_applied(read_update(state, most_structs=MOST_CLOCK, most_clients=MOST_CLOCK), known)
    return known


Put = Callable[[Struct, Id], object]
"""Is told of each struct that is new, and of the element that it is in, after all that it stands beside."""


def place(update: Update, known: Known, put: Put | None = None) -> Placed:
    """Find out where the structs of an update belong. Raises Invalid(field="update"), and what `put` raises."""
    return _Placing(update, known, put, strict=True).run()


def place_loosely(update: Update, known: Known, put: Put | None = None) -> Placed:
    """Find out where the structs of an update belong that is part of a document already, sensible or not."""
    return _Placing(update, known, put, strict=False).run()


def _place_typed(update: Update, known: Known) -> Placed | None:
    """Place what most updates are: some text, put into text that is there. None for any other, sensible or not."""
    structs = update.structs
    if len(structs) != 1:
        return None
    client, clock, _, content, left, right, _, _, _ = structs[0]
    clocks = known.clocks
    if (
        content != Content.TEXT
        or clocks.get(client, 0) != clock
        or left is None
        or left[1] >= clocks.get(left[0], 0)
    ):
        return None
    home = known.home(left)
    if right is not None and (right[1] >= clocks.get(right[0], 0) or known.home(right) != home):
        return None
    return Placed([home], [0], {}, set(), {client: clock}) if home in known.texts else None


class _Placing:
    """The structs in the order in which they can be put in: as `integrateStructs` of Yjs, but looking only."""

    def __init__(self, update: Update, known: Known, put: Put | None, *, strict: bool) -> None:
        self._strict = strict
        """Whether nonsense is refused; what is in the document already has a place in it, whatever it is."""
        self._put = put
        self._update = update
        self._known = known
        self._homes: list[Id | None] = [None] * len(update.structs)
        self._next = {client: block.first for client, block in update.blocks.items()}
        self._order: list[int] = []
        self._depths: dict[Id, int] = {}
        self._texts: set[Id] = set()

    def run(self) -> Placed:
        for client, block in self._update.blocks.items():
            if block.start > self._known.clocks.get(client, 0):
                raise unreadable("something before it is missing")
            self._place_up_to(client, block.last)
        starts = {client: self._known.clocks.get(client, 0) for client in self._update.blocks}
        homes = [home for home in self._homes if home is not None]
        return Placed(homes, self._order, self._depths, self._texts, starts)

    def _place_up_to(self, client: int, last: int) -> None:
        """Place the structs of a client below an index, and before each of them what it stands beside."""
        needed = self._go_on(client, last)
        if needed is None:
            return
        waiting = [(client, last), needed]
        clients = {client, needed[0]}
        while waiting:
            needed = self._go_on(*waiting[-1])
            if needed is None:
                clients.remove(waiting.pop()[0])
            elif needed[0] in clients:
                raise unreadable("two structs wait for one another")
            else:
                waiting.append(needed)
                clients.add(needed[0])

    def _go_on(self, client: int, last: int) -> tuple[int, int] | None:
        """Place the structs of a client below an index; or up to one that cannot be, and return what it needs.

        That is a client, and the index below which its structs are to be placed before.
        """
        structs, homes, put = self._update.structs, self._homes, self._put
        known = self._known.clocks.get(client, 0)
        for index in range(self._next[client], last):
            struct = structs[index]
            needed = self._unplaced(struct)
            if needed is not None:
                self._next[client] = index
                return needed
            home = homes[index] = self._place(index, known)
            self._order.append(index)
            if put is not None and home != GONE and struct.clock + struct.size > known:
                put(struct, home)  # the others were there, or are collected at once
        self._next[client] = max(last, self._next[client])
        return None

    def _unplaced(self, struct: Struct) -> tuple[int, int] | None:
        """Return what is to be placed before a struct: a client, and the index below which.

        What it stands beside of its own client is before it (structs.py), and so is placed.
        """
        client, _, _, _, left, right, parent, _, _ = struct
        for unit in (left, right, parent):
            if unit is None or unit[0] == client or isinstance(unit, str) or self._known.has(unit):
                continue
            block = self._update.blocks.get(unit[0])
            if block is None or not block.start <= unit[1] < block.end:
                raise unreadable("something before it is missing")
            index = self._update.at(unit)
            if self._homes[index] is None:
                return unit[0], index + 1
        return None

    def _place(self, index: int, known: int) -> Id:
        """Place a struct of a client of which so many units are in the document."""
        struct = self._update.structs[index]
        client, clock, _, content, left, right, _, _, name = struct
        if clock < known:
            return self._place_again(struct, known)
        if left is not None and right is None:
            goes_on = left[1] == clock - 1 and left[0] == client and clock > known
            home = (self._homes[index - 1] if goes_on else None) or self._home(left)
        else:
            home = self._home_of(struct)
        if self._strict:
            self._check_content(content, home)
        if content == Content.TYPE:
            depth = self._depth(home) + 1
            if depth > MOST_DEPTH and self._strict:
                raise unreadable(f"more than {MOST_DEPTH} elements are in one another")
            self._depths[client, clock] = depth
            if not name:
                self._texts.add((client, clock))
        return home

    def _check_content(self, content: int, home: Id) -> None:
        """Raise unless it is text in a run of text, an element or a run in an element, a value in an attribute."""
        if home == GONE or content in _GONE:
            return
        if home in self._texts or home in self._known.texts:
            fits = content in _WRITTEN
        elif are_attributes(home):
            fits = content == Content.VALUES
        else:
            fits = content == Content.TYPE
        if not fits:
            raise unreadable("this content does not belong there")

    def _place_again(self, struct: Struct, known: int) -> Id:
        """Place a struct that is there, or whose first units are: the others have to go on where those are."""
        first, last = (struct.client, struct.clock), (struct.client, known - 1)
        home = self._known.home(first)
        if struct.clock + struct.size <= known or not self._strict:
            return home
        if struct.content == Content.COLLECTED:
            return GONE  # what stood apart is collected together
        together = home == self._known.home(last) and (
            home == GONE or self._known.run(first) == self._known.run(last)
        )
        if not together or self._home_of(struct) not in {home, GONE}:
            raise unreadable("what was there has moved")
        self._check_content(struct.content, home)  # what is new of it is what it says, whatever the rest was
        return home

    def _home_of(self, struct: Struct) -> Id:
        if struct.content == Content.COLLECTED:
            return GONE
        if struct.parent is not None:
            home = ROOT if isinstance(struct.parent, str) else self._element(struct.parent)
            if struct.key is None or home == GONE:
                return home
            if home == ROOT:
                if self._strict:
                    raise unreadable("the document itself has no attributes")
                return GONE
            return attributes_of(home)
        units = [unit for unit in (struct.left, struct.right) if unit is not None]
        home = self._home(units[0])
        if len(units) == 1 or (other := self._home(units[1])) == home:
            return home
        if self._strict:
            raise unreadable("a struct stands between two that are in different elements")
        return GONE if other == GONE else home

    def _home(self, unit: Id) -> Id:
        if unit[1] < self._known.clocks.get(unit[0], 0):
            return self._known.home(unit)
        home = self._homes[self._update.at(unit)]
        return GONE if home is None else home

    def _element(self, unit: Id) -> Id:
        if unit in self._depths or unit in self._known.depths:
            return unit
        deleted = (
            self._known.is_deleted(unit)
            if self._known.has(unit)
            else self._update.structs[self._update.at(unit)].content in _GONE
        )
        if deleted or not self._strict:
            return GONE
        raise unreadable("something is in what holds nothing")

    def _depth(self, home: Id) -> int:
        depth = self._depths.get(home)
        return self._known.depths.get(home, 0) if depth is None else depth


def _check_pairs(update: Update, known: Known, placed: Placed) -> None:
    """Refuse what stands, begins or ends between the two halves of a surrogate pair."""
    if not update.halves and not known.halves:
        return

    def cuts(client: int, clock: int) -> bool:
        return (client, clock) in known.halves or (client, clock) in update.halves

    for struct in update.structs:
        if (struct.left is not None and cuts(struct.left[0], struct.left[1] + 1)) or (
            struct.right is not None and cuts(*struct.right)
        ):
            raise unreadable("a character is cut in two")
    for client, start, end in update.deletes:
        if cuts(client, start) or cuts(client, end):
            raise unreadable("a character is cut in two")
    for client, start in placed.starts.items():
        if (client, start) in update.halves:
            raise unreadable("a character is cut in two")
