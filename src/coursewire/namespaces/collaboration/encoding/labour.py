"""Counts what putting an update into a document may cost pycrdt beyond its bytes, and refuses too much of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.encoding.applying import first_deleted
from coursewire.namespaces.collaboration.encoding.homes import are_attributes
from coursewire.namespaces.collaboration.encoding.neighbours import Neighbours
from coursewire.namespaces.collaboration.encoding.reading import too_large
from coursewire.namespaces.collaboration.encoding.structs import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coursewire.namespaces.collaboration.encoding.known import Known
    from coursewire.namespaces.collaboration.encoding.reading import Update
    from coursewire.namespaces.collaboration.encoding.structs import Id, Struct

MOST_STEPS: Final = 50_000
"""Units that may have to be walked past to find the places of all structs, 0.1 to 0.2 us each. It grows with the square
of the structs: 3,000 in 27 KB kept a node busy for 0.3 s. Who was away for a day while thirty others wrote 20,000
paragraphs behind the same one needs 20,000 for that place, however much they put there; so there may be two such
places in the largest document. Clients send what is too much in parts, down to a single edit."""
OF_ATTRIBUTE: Final = 2
"""Steps for each value that an attribute ever had: all of them are compared with a new one that does not say which it
comes after. 1,000 of those, 14 KB, took 27 s behind 100,000 others."""
READ_IN_STEP: Final = 300
"""Units of a text that are read over to find where it is cut, for as long as a step takes: 0.6 ns each."""
COPIED: Final = 16
"""Units behind the cut, which are copied, for each that is read over."""

MOVED: Final = 3
"""Units that are read over for as long as it takes to move a block: all of a client behind a cut are, in one array."""
MOST_MOVED: Final = 35_000_000
"""Blocks times ranges that are deleted among them: each of the two ends of a range moves those behind it, 1.7 ns each.
18,000 ranges in a text with 200,000 blocks behind it took 6 s."""


class Labour:
    """What it takes to put the structs of an update in one after the other, and to take out what it deletes.

    An editor puts something between two neighbours. What others wrote there meanwhile has to be walked past: how much
    that is nobody can tell, but no more than the element holds. And text is cut where something is put into it, or
    taken out: 18,000 places of a pasted million of characters, the last one first, took 5.7 s.
    """

    def __init__(self, update: Update, known: Known) -> None:
        self._update = update
        self._known = known
        self._cuts = _Cuts(update, known)
        self._sizes: dict[Id, int] = {}
        # Pieces that this update has made, by element.
        self._walked = 0
        self.neighbours: Neighbours | None = None
        """What stands right behind what, with all that was put in."""

    def put(self, struct: Struct, home: Id) -> None:
        """Put in a struct that is new, into an element that is there. Raises TooLarge before it is the square."""
        if self.neighbours is None:
            self.neighbours = Neighbours(self._update, self._known)
        left, right = struct.left, struct.right
        made = 1
        if left is not None and (left[1] != struct.clock - 1 or left[0] != struct.client):
            made += self._cuts.cut(left[0], left[1] + 1)
        before = self._sizes.get(home, 1)
        if not self.neighbours.put(struct, home):
            weight = OF_ATTRIBUTE if are_attributes(home) and left is None else 1
            self._walked += (before + self._known.sizes[home]) * weight
        if right is not None:
            made += self._cuts.cut(*right)
        self._sizes[home] = before + made
        if self._walked + self._cuts.steps > MOST_STEPS:
            raise too_large("it changes too many places of one long text")

    def steps(self) -> int:
        """Return how many units may have to be walked past for all of it."""
        for client, start, end in first_deleted(self._update):
            self._cuts.cut(client, start)
            self._cuts.cut(client, end)
        return self._walked + self._cuts.steps


def is_typed_on(update: Update, known: Known) -> bool:
    """Whether an update is what most are: text behind the last unit of its client, with nothing there so far."""
    if len(update.structs) != 1 or update.deletes:
        return False
    client, clock, _, content, left, right, _, _, _ = update.structs[0]
    return (
        content == Content.TEXT
        and left == (client, clock - 1)
        and known.clocks.get(client) == clock
        and not known.has_behind(left)
        and (right is None or known.is_cut(*right))
    )


def check_deletions(update: Update, known: Known, gone: Callable[[], Iterable[tuple[int, int, int]]]) -> None:
    """Refuse to delete in so many places that moving what is behind them takes too long.

    A difference of states repeats all deletions there ever were. These cost nothing, and are asked for, by `gone`, only
    when there would be too many with them.
    """
    if _moved(update, known, update.deletes) <= MOST_MOVED:
        return
    there: dict[int, tuple[list[int], list[int]]] = {}
    for client, start, end in gone():
        starts, ends = there.setdefault(client, ([], []))
        starts.append(start)
        ends.append(end)
    fresh = []
    for client, start, end in update.deletes:
        starts, ends = there.get(client, ([], []))
        index = bisect_right(starts, start)
        if not index or ends[index - 1] < end:
            fresh.append((client, start, end))
    if _moved(update, known, fresh) > MOST_MOVED:
        raise too_large("it deletes in too many places of a long document")


def _moved(update: Update, known: Known, ranges: Sequence[tuple[int, int, int]]) -> int:
    moved = 0
    for client, count in Counter(client for client, _, _ in ranges).items():
        block = update.blocks.get(client)
        moved += count * (known.pieces_of(client) + (block.last - block.first if block is not None else 0))
    return moved


class _Cuts:
    """Where text is cut by an update, and what that costs: it is read from its beginning, and copied to its end."""

    def __init__(self, update: Update, known: Known) -> None:
        self._update = update
        self._known = known
        self._made: dict[int, list[int]] = {}
        self._read = 0
        self.steps = 0
        """How many steps all of it takes."""

    def cut(self, client: int, clock: int) -> bool:
        """Cut in front of a unit, and return whether that makes another piece: not where something begins, or ends."""
        if clock < self._known.clocks.get(client, 0):
            if self._known.is_cut(client, clock):
                return False
            start, end, behind = self._known.run_of((client, clock))
        else:
            block = self._update.blocks.get(client)
            if block is None or not block.start <= clock < block.end:
                return False
            at = self._update.at((client, clock))
            struct = self._update.structs[at]
            start, end, behind = struct.clock, struct.clock + struct.size, block.last - at
        made = self._made.setdefault(client, [])
        index = bisect_right(made, clock)
        if index:
            start = max(start, made[index - 1])
        if start == clock:
            return False
        if index < len(made):
            end = min(end, made[index])
        made.insert(index, clock)
        self._read += clock - start + (end - clock) // COPIED + behind * MOVED
        self.steps = self._read // READ_IN_STEP
        return True
