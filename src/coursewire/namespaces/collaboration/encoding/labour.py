"""Counts what putting an update into a document may cost pycrdt beyond its bytes, and refuses too much of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.encoding.applying import first_deleted
from coursewire.namespaces.collaboration.encoding.known import GONE, UNSURE, are_attributes
from coursewire.namespaces.collaboration.encoding.reading import too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coursewire.namespaces.collaboration.encoding.known import Known, Placed
    from coursewire.namespaces.collaboration.encoding.reading import Id, Struct, Update

MOST_STEPS: Final = 1_000_000
"""Units that may have to be walked past to find the places of all structs, some 0.18 us each. It grows with the square
of the structs: 3,000 in 27 KB kept a node busy for 0.3 s."""
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


def count_steps(update: Update, known: Known, placed: Placed) -> int:
    """Count the units that may have to be walked past; refuse so many that it is the square of the structs.

    An editor puts something between two neighbours. What others wrote there meanwhile has to be walked past: how much
    that is nobody can tell, but no more than the element holds. And text is cut where something is put into it, or
    taken out: 18,000 places of a pasted million of characters, the last one first, took 5.7 s.
    """
    walks = _Walks(update, known)
    cuts = walks.cuts
    structs, homes, starts = update.structs, placed.homes, placed.starts
    for index in placed.order:
        struct = structs[index]
        home = homes[index]
        if struct.clock + struct.size <= starts[struct.client] or home == GONE:
            continue  # it was there, or is collected at once
        walks.put(struct, home)
        if walks.steps + cuts.steps > MOST_STEPS:
            raise too_large("it changes too many places of one long text")
    for client, start, end in first_deleted(update):
        cuts.cut(client, start)
        cuts.cut(client, end)
    return walks.steps + cuts.steps


class _Walks:
    """What is walked past to put the structs of an update in, one after the other.

    Only what was put behind the same unit, and behind that, is walked past, up to what it was put in front of: lines do
    not cross in YATA. So nothing is where nobody has put anything behind a unit; where this update has, and that stands
    right behind it (text typed on and on, or backwards); and between two units that were written one behind the other,
    with nothing put between them since.
    """

    def __init__(self, update: Update, known: Known) -> None:
        self._update = update
        self._known = known
        self._behind: dict[Id, Id] = {}
        # By a unit that this update has put something behind: what stands there now.
        self._first: dict[Id, Id] = {}
        # By an element: what this update has put first.
        self._sizes: dict[Id, int] = {}
        # Pieces that it has made, by element.
        self.cuts = _Cuts(update, known)
        self.steps = 0
        """How many steps all of it takes, without the cuts."""

    def put(self, struct: Struct, home: Id) -> None:
        """Put in a struct that is new, into an element that is there."""
        left, right = struct.left, struct.right
        made = 1
        if left is None:
            first = self._first.get(home)
            is_sure = not are_attributes(home) and (
                (self._known.first_in(home) if first is None else first) == right
            )
            self._first[home] = (struct.client, struct.clock) if is_sure else UNSURE
        else:
            made += self.cuts.cut(left[0], left[1] + 1)
            is_sure = self._stands_behind(left, right)
            self._behind[left] = (struct.client, struct.clock) if is_sure else UNSURE
        if not is_sure:
            weight = OF_ATTRIBUTE if are_attributes(home) and left is None else 1
            self.steps += (self._sizes.get(home, 1) + self._known.sizes[home]) * weight
        if right is not None:
            made += self.cuts.cut(*right)
        self._sizes[home] = self._sizes.get(home, 1) + made

    def _stands_behind(self, left: Id, right: Id | None) -> bool:
        """Whether it is known what stands behind a unit, and it is this, or nothing was ever put there."""
        behind = self._behind.get(left)
        if behind is not None:
            return behind == right
        if self._known.has(left):
            has_behind, ends_run = self._known.has_behind(left), self._known.ends_run(left)
        else:
            struct = self._update.structs[self._update.at(left)]
            has_behind, ends_run = False, left[1] == struct.clock + struct.size - 1
        if has_behind:
            return False
        return ends_run or right == (left[0], left[1] + 1)


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
