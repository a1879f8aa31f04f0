"""What a room knows of its document beside it: which unit is in which element, and how far each client is.

pycrdt does not say in which element a unit is, so it is written down as updates are applied. Nothing is taken out again
when it is deleted: a late edit of somebody who has not heard of the deletion still refers to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from coursewire.namespaces.collaboration.encoding.elements import Elements
from coursewire.namespaces.collaboration.encoding.lib0 import Source, write_number, write_raw
from coursewire.namespaces.collaboration.encoding.pieces import Runs
from coursewire.namespaces.collaboration.encoding.reading import Content, Id, Update

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coursewire.namespaces.collaboration.encoding.reading import Struct

ROOT: Final[Id] = (-1, 0)
"""The home of what is in no element."""
UNSURE: Final[Id] = (-1, 2)
"""Stands for a unit of which nobody knows which it is."""
GONE: Final[Id] = (-1, 1)
"""The home of what nobody knows any more: it was collected, and whatever is put there is collected as well."""


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

    def is_new(self, unit: Id) -> bool:
        """Whether a unit was not in the document yet."""
        return unit[1] >= self.starts.get(unit[0], 0)


def attributes_of(element: Id) -> Id:
    """Return the home of the values of an element's attributes."""
    return element[0], -1 - element[1]


def are_attributes(home: Id) -> bool:
    """Whether a home is that of attributes."""
    return home[1] < 0


class Known:
    """Grows with each update that is applied, in the order in which they are."""

    __slots__ = (
        "_deleted",
        "_firsts",
        "_runs",
        "clocks",
        "depths",
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
        self._firsts: dict[Id, Id] = {}
        # What stands first in an element, as long as everything was put in front of the one before. Not packed.
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
        client, clock = unit
        return self._runs[client].begins(clock + 1, self.clocks[client])

    def first_in(self, home: Id) -> Id | None:
        """Return what stands first in an element; None in an empty one, `UNSURE` where that is not known."""
        return self._firsts.get(home, UNSURE) if self.sizes[home] else None

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
        beside: list[Id] = []
        for block in update.blocks.values():
            structs, homes = update.structs[block.first : block.last], placed.homes[block.first : block.last]
            beside += self._add_block(structs, homes)
        for client, clock in beside:
            self._note_pieces(self._runs[client].put_between(clock, self.clocks[client]))
        for unit in placed.depths:
            self.elements.add(unit, self.home(unit))
        if update.deletes:
            self.elements.delete(update.deletes)
            ends: defaultdict[int, list[int]] = defaultdict(list)
            for client, start, end in update.deletes:
                ends[client] += (start, end)
            for client, of_client in ends.items():
                self._note_pieces(self._runs[client].take_out(of_client, self.clocks[client]))

    def _note_place(self, home: Id, struct: Struct, beside: list[Id], *, goes_on: bool) -> None:
        """Note a new piece in an element; adds to `beside` between which units and those before them it may stand."""
        left, right = struct.left, struct.right
        if left is None and not goes_on:
            if self.first_in(home) == right:
                self._firsts[home] = struct.client, struct.clock
            else:
                self._firsts.pop(home, None)
        self.sizes[home] += 1
        if left is not None and not goes_on:
            beside.append((left[0], left[1] + 1))
        if right is not None:
            beside.append(right)

    def _note_pieces(self, homes: Iterable[Id | None]) -> None:
        for home in homes:
            self.kept += 1
            if home is not None:
                self.sizes[home] += 1

    def _add_block(self, structs: Sequence[Struct], homes: Sequence[Id]) -> list[Id]:
        """Note the structs of one client; return the units between which and those before them something is now."""
        client = structs[0].client
        known = self.clocks.get(client, 0)
        runs = self._runs.get(client)
        if runs is None:
            runs = self._runs[client] = Runs()
        kept = 0
        beside: list[Id] = []
        for struct, home in zip(structs, homes, strict=True):
            _, clock, size, content, left, right, _, _, text = struct
            end = clock + size
            if end <= known:
                continue
            start = max(clock, known)
            goes_on = start > clock or (left is not None and left[1] == clock - 1 and left[0] == client)
            runs.add(start, home, goes_on=goes_on)
            if runs.is_piece(start, content, right, goes_on=goes_on):
                self._note_place(home, struct, beside, goes_on=goes_on)
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
        return beside

    def pack(self) -> bytes:
        """Write all of it, to be kept beside a snapshot: a state alone has lost what was deleted."""
        out = bytearray((_VERSION,))
        clients = sorted(self.clocks)
        index = {client: number for number, client in enumerate(clients, 2)}
        halves: defaultdict[int, list[int]] = defaultdict(list)
        for client, clock in sorted(self.halves):
            halves[client].append(clock)
        _write(out, (len(clients),))
        for client in clients:
            runs = self._runs[client]
            _write(out, (client, self.clocks[client]))
            _write_rising(out, halves[client])
            _write_rising(out, self._deleted.get(client, ()))
            for clocks in (sorted(runs.split), sorted(runs.holes), runs.starts):
                _write_rising(out, clocks)
            _write(out, (runs.pieces,))
            for home in runs.homes:
                _write_home(out, index, home)
        elements = [unit for unit in self.depths if unit[0] >= 0]
        _write(out, (self.sizes[ROOT], self.sizes[GONE], len(elements)))
        for unit in elements:
            kind = 4 * self.depths[unit] + 2 * (unit in self.elements.gone) + (unit in self.texts)
            _write(out, (index[unit[0]], unit[1], kind, self.sizes[unit]))
        of_attributes = sorted((home, size) for home, size in self.sizes.items() if are_attributes(home))
        _write(out, (len(of_attributes),))
        for home, size in of_attributes:
            _write_home(out, index, home)
            _write(out, (size,))
        _write(out, (self.marked, self.kept, len(self.marks)))
        for name in sorted(self.marks):
            out += write_raw(name.encode())
        return bytes(out)

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
            known.halves.update((client, clock) for clock in _read_rising(source))
            if deleted := _read_rising(source):
                known._deleted[client] = deleted
            runs = known._runs[client] = Runs()
            runs.split, runs.holes = set(_read_rising(source)), set(_read_rising(source))
            runs.starts, runs.pieces = _read_rising(source), source.number()
            homes[client] = [_read_home(source) for _ in runs.starts]
        for client, packed_homes in homes.items():
            known._runs[client].homes = [_unit(source, clients, home) for home in packed_homes]
        known.sizes[ROOT], known.sizes[GONE] = source.number(), source.number()
        for _ in range(source.count(4)):
            unit = _unit(source, clients, (source.number(), source.number()))
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
            home = _unit(source, clients, _read_home(source))
            known.sizes[home] = source.number()
        known.marked, known.kept = source.number(), source.number()
        known.marks = {source.text() for _ in range(source.count())}
        source.finish()
        return known


_GONE: Final = frozenset({Content.COLLECTED, Content.DELETED})
_VERSION: Final = 4


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


def _write(out: bytearray, numbers: Iterable[int]) -> None:
    for number in numbers:
        out += write_number(number)


def _write_rising(out: bytearray, numbers: Iterable[int]) -> None:
    """Write numbers that rise, each as the step from the one before it."""
    numbers = list(numbers)
    _write(out, (len(numbers),))
    _write(out, (number - before for before, number in zip([0, *numbers], numbers, strict=False)))


def _read_rising(source: Source) -> list[int]:
    numbers: list[int] = []
    last = 0
    for _ in range(source.count()):
        last += source.number()
        numbers.append(last)
    return numbers


def _write_home(out: bytearray, index: dict[int, int], home: Id) -> None:
    client, clock = home
    if client < 0:
        _write(out, (clock,))
    elif are_attributes(home):
        _write(out, (index[client], 2 * attributes_of(home)[1] + 1))
    else:
        _write(out, (index[client], 2 * clock))


def _read_home(source: Source) -> tuple[int, int]:
    """Read the number of a client, and of what in it."""
    index = source.number()
    if index <= GONE[1]:
        return index, index
    clock = source.number()
    return index, -1 - clock // 2 if clock % 2 else clock // 2


def _unit(source: Source, clients: list[int], read: tuple[int, int]) -> Id:
    index, clock = read
    if index >= len(clients):
        raise source.refuse("it names a client that it does not have")
    return clients[index], clock
