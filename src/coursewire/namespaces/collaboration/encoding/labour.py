"""Counts what putting an update into a document may cost pycrdt beyond its bytes, and refuses too much of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.encoding.applying import first_deleted
from coursewire.namespaces.collaboration.encoding.known import GONE, are_attributes
from coursewire.namespaces.collaboration.encoding.reading import too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coursewire.namespaces.collaboration.encoding.known import Known, Placed
    from coursewire.namespaces.collaboration.encoding.reading import Id, Update

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
    that is nobody can tell, but no more than the element holds. It is nothing where the update itself has put the
    neighbour there: text typed on and on, one paragraph after the other. And text is cut where something is put
    into it, or taken out: 18,000 places of a pasted million of characters, the last one first, took 5.7 s.
    """
    behind: dict[Id, Id | None] = {}
    # By a unit that something was put behind: what is there now.
    front: dict[Id, Id | None] = {}
    # By an element: what is there now in front of what was its first unit.
    sizes: dict[Id, int] = {}
    cuts = _Cuts(update, known)
    structs, homes, starts = update.structs, placed.homes, placed.starts
    steps = 0
    for index in placed.order:
        client, clock, size, _, left, right, _, _, _ = structs[index]
        home = homes[index]
        if clock + size <= starts[client] or home == GONE:
            continue  # it was there, or is collected at once
        sizes[home] = crowd = sizes.get(home, 0) + 1
        if left is None:
            next_one = front.get(home, _UNKNOWN)
            front[home] = client, clock
        else:
            next_one = behind.get(left, _UNKNOWN)
            if next_one is _UNKNOWN:
                next_of_left = left[0], left[1] + 1
                cuts.cut(*next_of_left)
                if next_of_left == right:
                    crowd = 0  # this update has put nothing between them yet
            behind[left] = client, clock
        behind[client, clock + size - 1] = right
        if next_one != right or (left is None and are_attributes(home)):
            steps += (crowd + known.sizes[home]) * _weight(home)
            if right is not None:
                cuts.cut(*right)
        if steps + cuts.steps > MOST_STEPS:
            raise too_large("it changes too many places of one long text")
    for client, start, end in first_deleted(update):
        cuts.cut(client, start)
        cuts.cut(client, end)
    return steps + cuts.steps


def _weight(home: Id) -> int:
    return OF_ATTRIBUTE if are_attributes(home) else 1


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
        moved += count * (known.runs_of(client) + (block.last - block.first if block is not None else 0))
    return moved


_UNKNOWN: Final[Id] = (-2, 0)
"""What is behind a unit of which the update says nothing else."""


class _Cuts:
    """Where text is cut by an update, and what that costs: it is read from its beginning, and copied to its end."""

    def __init__(self, update: Update, known: Known) -> None:
        self._update = update
        self._known = known
        self._made: dict[int, list[int]] = {}
        self._read = 0
        self.steps = 0
        """How many steps all of it takes."""

    def cut(self, client: int, clock: int) -> None:
        """Cut in front of a unit: nothing where something begins, or ends."""
        if clock < self._known.clocks.get(client, 0):
            start, end, behind = self._known.run_of((client, clock))
        else:
            block = self._update.blocks.get(client)
            if block is None or not block.start <= clock < block.end:
                return
            at = self._update.at((client, clock))
            struct = self._update.structs[at]
            start, end, behind = struct.clock, struct.clock + struct.size, block.last - at
        made = self._made.setdefault(client, [])
        index = bisect_right(made, clock)
        if index:
            start = max(start, made[index - 1])
        if start == clock:
            return
        if index < len(made):
            end = min(end, made[index])
        made.insert(index, clock)
        self._read += clock - start + (end - clock) // COPIED + behind * MOVED
        self.steps = self._read // READ_IN_STEP
