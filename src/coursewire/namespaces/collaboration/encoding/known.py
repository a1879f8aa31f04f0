"""What a room knows of its document beside it: which unit is in which element, and how far each client is.

pycrdt does not say in which element a unit is, so it is written down as updates are applied. Nothing is taken out again
when it is deleted: a late edit of somebody who has not heard of the deletion still refers to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from coursewire.namespaces.collaboration.encoding.elements import Elements
from coursewire.namespaces.collaboration.encoding.homes import GONE, ROOT, UNSURE, are_attributes
from coursewire.namespaces.collaboration.encoding.lib0 import Source, write_raw
from coursewire.namespaces.collaboration.encoding.packed import (
    named,
    read_home,
    read_rising,
    read_unit,
    write_home,
    write_numbers,
    write_rising,
)
from coursewire.namespaces.collaboration.encoding.pieces import Runs
from coursewire.namespaces.collaboration.encoding.reading import Update
from coursewire.namespaces.collaboration.encoding.structs import Content, Id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coursewire.namespaces.collaboration.encoding.neighbours import Neighbours
    from coursewire.namespaces.collaboration.encoding.structs import Struct

LONG: Final = 16
"""Pieces in an element from which on what is known of its order is packed: of fewer it may as well be forgotten."""


@dataclass(slots=True)
class Placed:
    """Where the structs of an update belong."""

    homes: list[Id]
    """Of each struct the element that it is in."""
    order: list[int]
    """The structs, each after those that it stands beside."""
    depths: dict[Id, int]
    """New elements, and in how many others each is, itself counted."""
    texts: set[Id]
    """Those of them that are a run of text."""
    starts: dict[int, int]
    """Of each client: how far the document was."""
    steps: int = 0
    """Units that may have to be walked past to put them there."""
    neighbours: Neighbours | None = field(default=None, compare=False)
    """What stands right behind what, with them; None: not found out."""

    def is_new(self, unit: Id) -> bool:
        """Whether a unit was not in the document yet."""
        return unit[1] >= self.starts.get(unit[0], 0)


class Known:
    """Grows with each update that is applied, in the order in which they are."""

    __slots__ = (
        "_behind",
        "_deleted",
        "_firsts",
        "_runs",
        "clocks",
        "depths",
        "disputed",
        "elements",
        "halves",
        "kept",
        "marked",
        "marks",
        "sizes",
        "texts",
    )

    def __init__(self) -> None:
        self.clocks: dict[int, int] = {}
        """How many units of each client there are: what is missing is told by them."""
        self.depths: dict[Id, int] = {ROOT: 0, GONE: 0}
        """Elements, and in how many others each is, itself counted."""
        self.texts: set[Id] = set()
        """Those of them that are a run of text."""
        self.elements = Elements(GONE)
        """Those of them that are there still."""
        self.sizes: Counter[Id] = Counter()
        """Pieces in each element, and in its attributes, deleted ones too: at most so many are walked past to find a
        place in it."""
        self.halves: set[Id] = set()
        """Second halves of surrogate pairs."""
        self.marks: set[str] = set()
        """How all marks are called that there ever were."""
        self.marked = 0
        """How often one began or ended."""
        self.kept = 0
        """How many places there are to remember, beside the halves: what memory this takes."""
        self.disputed: set[Id] = set()
        """Elements in front of which something was put that may not stand right behind what it was put behind."""
        self._firsts: dict[Id, Id] = {}
        # What stands first in an element, as long as everything was put in front of the one before.
        self._behind: dict[Id, Id] = {}
        # What stands right behind an element, as long as everything was put in front of the one before.
        self._runs: dict[int, Runs] = {}
        self._deleted: dict[int, list[int]] = {}
        # Of each client: from, up to, from, up to ...: what was an element once, for all we know.

    def has(self, unit: Id) -> bool:
        """Whether a unit is in the document."""
        return unit[1] < self.clocks.get(unit[0], 0)

    def home(self, unit: Id) -> Id:
        """Return the element that a unit is in, of one that is in the document."""
        return self._runs[unit[0]].at(unit[1])

    def run(self, unit: Id) -> Id:
        """Return the first unit of the run that a unit is in, of one that is in the document."""
        runs = self._runs[unit[0]]
        return unit[0], runs.starts[bisect_right(runs.starts, unit[1]) - 1]

    def run_of(self, unit: Id) -> tuple[int, int, int]:
        """Return from which clock up to which the run goes that a unit is in, and how many pieces may be behind it.

        The unit is in the document; the pieces are those of its client.
        """
        runs = self._runs[unit[0]]
        starts = runs.starts
        index = bisect_right(starts, unit[1])
        end = starts[index] if index < len(starts) else self.clocks[unit[0]]
        return starts[index - 1], end, runs.pieces - index

    def pieces_of(self, client: int) -> int:
        """Return how many pieces the units of a client are in."""
        runs = self._runs.get(client)
        return runs.pieces if runs is not None else 0

    def has_behind(self, unit: Id) -> bool:
        """Whether anything was put behind a unit of the document, but for the next one of its run."""
        return unit[1] + 1 in self._runs[unit[0]].split

    def is_cut(self, client: int, clock: int) -> bool:
        """Whether a run is in pieces in front of a unit of the document."""
        runs = self._runs[client]
        return clock in runs.split or clock in runs.holes

    def ends_run(self, unit: Id) -> bool:
        """Whether a unit of the document is the last one of its run."""
        return self._begins_run((unit[0], unit[1] + 1))

    def _begins_run(self, unit: Id) -> bool:
        client, clock = unit
        return self._runs[client].begins(clock, self.clocks[client])

    def first_in(self, home: Id) -> Id | None:
        """Return what stands first in an element; None in an empty one, `UNSURE` where that is not known."""
        return self._firsts.get(home, UNSURE) if self.sizes[home] else None

    def right_behind(self, unit: Id) -> Id | None:
        """Return what stands right behind an element that something was put behind; None where that is not known."""
        return self._behind.get(unit)

    def is_deleted(self, unit: Id) -> bool:
        """Whether a unit came to us as deleted, so that it may have been an element."""
        return _is_in(self._deleted, unit)

    def add(self, update: Update, placed: Placed) -> None:
        """Note an update that was applied."""
        if placed.depths:
            self.depths.update(placed.depths)
            self.texts |= placed.texts
        if update.halves:
            # Before the clocks go on: only those of new units.
            self.halves.update(half for half in update.halves if placed.is_new(half))
        behind: list[Id] = []
        before: list[Id] = []
        for block in update.blocks.values():
            structs, homes = update.structs[block.first : block.last], placed.homes[block.first : block.last]
            self._add_block(structs, homes, behind, before)
        # What begins a run is cut from the unit before it as it is, and nothing is behind that for it.
        behind += [unit for unit in before if not self._begins_run(unit)]
        for client, clock in behind:
            self._note_pieces(self._runs[client].put_between(clock, self.clocks[client]))
        if placed.neighbours is not None:
            self._note_neighbours(placed.neighbours)
        for unit in placed.depths:
            self.elements.add(unit, self.home(unit))
        if update.deletes:
            self.elements.delete(update.deletes)
            ends: defaultdict[int, list[int]] = defaultdict(list)
            for client, start, end in update.deletes:
                ends[client] += (start, end)
            for client, of_client in ends.items():
                self._note_pieces(self._runs[client].take_out(of_client, self.clocks[client]))

    def _note_neighbours(self, neighbours: Neighbours) -> None:
        """Note what an update has changed of what stands where; of text only what stands first."""
        for home, unit in neighbours.firsts.items():
            if unit != UNSURE and not are_attributes(home):
                self._firsts[home] = unit
            else:
                self._firsts.pop(home, None)
        for left, home in neighbours.homes.items():
            if home in self.texts or are_attributes(home):
                continue
            unit = neighbours.behind[left]
            if unit == UNSURE:
                self._behind.pop(left, None)
            elif self.has_behind(left):
                self.kept += left not in self._behind
                self._behind[left] = unit
        for unit in neighbours.disputed:
            home = self.home(unit)
            if home not in self.texts and not are_attributes(home):
                self.disputed.add(unit)

    def _note_pieces(self, homes: Iterable[Id | None]) -> None:
        for home in homes:
            self.kept += 1
            if home is not None:
                self.sizes[home] += 1

    def _add_block(
        self, structs: Sequence[Struct], homes: Sequence[Id], behind: list[Id], before: list[Id]
    ) -> None:
        """Note the structs of one client; adds between which units and those before them something may be now.

        To `behind` those that would come next behind what it was put behind, to `before` what it was put before.
        """
        client = structs[0].client
        known = self.clocks.get(client, 0)
        runs = self._runs.get(client)
        if runs is None:
            runs = self._runs[client] = Runs()
        kept = 0
        for struct, home in zip(structs, homes, strict=True):
            _, clock, size, content, left, right, _, _, text = struct
            end = clock + size
            if end <= known:
                continue
            start = max(clock, known)
            goes_on = start > clock or (left is not None and left[1] == clock - 1 and left[0] == client)
            runs.add(start, home, goes_on=goes_on)
            if runs.is_piece(start, content, right, goes_on=goes_on):
                self.sizes[home] += 1
                if left is not None and not goes_on:
                    behind.append((left[0], left[1] + 1))
                if right is not None:
                    before.append(right)
            if not goes_on or content == Content.TYPE:
                kept += 1
            if content == Content.MARK:
                self.marks.add(text)
                self.marked += 1
            elif content in _GONE:
                _note(self._deleted, client, start, end)
            known = end
        self.kept += kept
        self.clocks[client] = known

    def pack(self) -> bytes:
        """Write all of it, to be kept beside a snapshot: a state alone has lost what was deleted."""
        out = bytearray((_VERSION,))
        clients = sorted(self.clocks)
        index = {client: number for number, client in enumerate(clients, 2)}
        halves: defaultdict[int, list[int]] = defaultdict(list)
        for client, clock in sorted(self.halves):
            halves[client].append(clock)
        write_numbers(out, (len(clients),))
        for client in clients:
            runs = self._runs[client]
            write_numbers(out, (client, self.clocks[client]))
            write_rising(out, halves[client])
            write_rising(out, self._deleted.get(client, ()))
            for clocks in (sorted(runs.split), sorted(runs.holes), runs.starts):
                write_rising(out, clocks)
            write_numbers(out, (runs.pieces,))
            for home in runs.homes:
                write_home(out, index, home)
        elements = [unit for unit in self.depths if unit[0] >= 0]
        write_numbers(out, (self.sizes[ROOT], self.sizes[GONE], len(elements)))
        for unit in elements:
            kind = 4 * self.depths[unit] + 2 * (unit in self.elements.gone) + (unit in self.texts)
            write_numbers(out, (index[unit[0]], unit[1], kind, self.sizes[unit]))
        of_attributes = sorted((home, size) for home, size in self.sizes.items() if are_attributes(home))
        write_numbers(out, (len(of_attributes),))
        for home, size in of_attributes:
            write_home(out, index, home)
            write_numbers(out, (size,))
        self._pack_neighbours(out, index)
        write_numbers(out, (self.marked, self.kept, len(self.marks)))
        for name in sorted(self.marks):
            out += write_raw(name.encode())
        return bytes(out)

    def _pack_neighbours(self, out: bytearray, index: dict[int, int]) -> None:
        firsts = [(home, unit) for home, unit in self._firsts.items() if self._is_long(home)]
        write_numbers(out, (len(firsts),))
        for home, unit in sorted(firsts):
            write_home(out, index, home)
            write_numbers(out, (index[unit[0]], unit[1]))
        behind = [(left, unit) for left, unit in self._behind.items() if self._is_long(self.home(left))]
        disputed = [unit for unit in self.disputed if self._is_long(self.home(unit))]
        for units in (sorted(behind), [(unit,) for unit in sorted(disputed)]):
            write_numbers(out, (len(units),))
            for several in units:
                for client, clock in several:
                    write_numbers(out, (index[client], clock))

    def _is_long(self, home: Id) -> bool:
        """Whether so much is in an element that it matters what is known of its order."""
        return self.sizes[home] >= LONG and not are_attributes(home) and home not in self.texts

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read what `pack` wrote. Raises Invalid(field="known") for anything else."""
        source = Source(packed, "known")
        if source.byte() != _VERSION:
            raise source.refuse("it is of another version")
        known = cls()
        clients: list[int] = [-1, -1]
        homes: dict[int, list[tuple[int, int]]] = {}
        for _ in range(source.count(9)):
            client = source.number()
            clients.append(client)
            known.clocks[client] = source.number()
            known.halves.update((client, clock) for clock in read_rising(source))
            if deleted := read_rising(source):
                known._deleted[client] = deleted
            runs = known._runs[client] = Runs()
            runs.split, runs.holes = set(read_rising(source)), set(read_rising(source))
            runs.starts, runs.pieces = read_rising(source), source.number()
            homes[client] = [read_home(source) for _ in runs.starts]
        for client, packed_homes in homes.items():
            known._runs[client].homes = [named(source, clients, home) for home in packed_homes]
        known.sizes[ROOT], known.sizes[GONE] = source.number(), source.number()
        for _ in range(source.count(4)):
            unit = read_unit(source, clients)
            kind = source.number()
            known.depths[unit] = kind // 4
            if kind % 2:
                known.texts.add(unit)
            if kind & 2:
                known.elements.gone.add(unit)
            else:
                known.elements.add(unit, ROOT)
            known.sizes[unit] = source.number()
        for _ in range(source.count(3)):
            home = named(source, clients, read_home(source))
            known.sizes[home] = source.number()
        known._unpack_neighbours(source, clients)
        known.marked, known.kept = source.number(), source.number()
        known.marks = {source.text() for _ in range(source.count())}
        source.finish()
        return known

    def _unpack_neighbours(self, source: Source, clients: list[int]) -> None:
        for _ in range(source.count(4)):
            home = named(source, clients, read_home(source))
            self._firsts[home] = read_unit(source, clients)
        for _ in range(source.count(4)):
            left = read_unit(source, clients)
            self._behind[left] = read_unit(source, clients)
        self.disputed = {read_unit(source, clients) for _ in range(source.count(2))}


_GONE: Final = frozenset({Content.COLLECTED, Content.DELETED})
_VERSION: Final = 5


def _is_in(spans: dict[int, list[int]], unit: Id) -> bool:
    """Whether a unit is in the spans of its client: from, up to, from, up to ..."""
    of_client = spans.get(unit[0])
    return of_client is not None and bisect_right(of_client, unit[1]) % 2 == 1


def _note(spans: dict[int, list[int]], client: int, start: int, end: int) -> None:
    """Put units behind the spans of their client."""
    of_client = spans.setdefault(client, [])
    if of_client and of_client[-1] == start:
        of_client[-1] = end
    else:
        of_client += (start, end)
