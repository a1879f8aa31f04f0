"""Which elements of a document there are still: what opening it and comparing it cost goes by their number.

Runs of text are elements here too, as they are in Yjs: a paragraph that says something is two.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursewire.namespaces.collaboration.encoding.known import Known
    from coursewire.namespaces.collaboration.encoding.structs import Id

SWEPT_AFTER: Final = 5_000
"""Elements that have to go before there is another sweep: it takes some 40 ms where there are many."""


class Elements:
    """The elements that nobody has deleted.

    An editor that deletes an element names all that is in it, as far as it has heard of it. What others put there at
    the same time, or what a hostile one leaves out, counts until a `sweep`.
    """

    __slots__ = ("_gone_since", "_there", "count", "gone")

    def __init__(self, nowhere: Id) -> None:
        self.count = 0
        """How many there are."""
        self.gone = {nowhere}
        """Those that were deleted; and the home of what nobody knows any more."""
        self._there: dict[int, list[int]] = {}
        """Of each client the clocks of those that are there, rising."""
        self._gone_since = SWEPT_AFTER

    def add(self, unit: Id, home: Id) -> None:
        """Note a new one; where it is put into one that is gone it is gone as well."""
        if home in self.gone:
            self.gone.add(unit)
            return
        clocks = self._there.setdefault(unit[0], [])
        if clocks and clocks[-1] > unit[1]:
            insort(clocks, unit[1])
        else:
            clocks.append(unit[1])
        self.count += 1

    def among(self, ranges: Iterable[tuple[int, int, int]]) -> int:
        """Return how many of those that are there an edit would take away."""
        return sum(last - first for _, first, last in self._in(ranges))

    def delete(self, ranges: Iterable[tuple[int, int, int]]) -> None:
        """Note what was deleted; each one takes its time once, however often it is deleted."""
        for client, first, last in self._in(ranges):
            clocks = self._there[client]
            self.gone.update((client, clock) for clock in clocks[first:last])
            del clocks[first:last]
            self.count -= last - first
            self._gone_since += last - first

    def sweep(self, known: Known) -> bool:
        """Note that what is in something that is gone is gone too; False when there was a sweep not long ago."""
        if self._gone_since < SWEPT_AFTER:
            return False
        self._gone_since = 0
        for unit in known.depths:
            # Each stands behind the one that it is in.
            if unit[0] >= 0 and unit not in self.gone and known.home(unit) in self.gone:
                client, clock = unit
                self.gone.add(unit)
                clocks = self._there[client]
                del clocks[bisect_left(clocks, clock)]
                self.count -= 1
        return True

    def _in(self, ranges: Iterable[tuple[int, int, int]]) -> Iterable[tuple[int, int, int]]:
        """Yield the client and the indices from and up to which ranges hold some that are there."""
        for client, start, end in ranges:
            clocks = self._there.get(client)
            if clocks:
                first = bisect_left(clocks, start)
                if first < len(clocks) and clocks[first] < end:
                    yield client, first, bisect_left(clocks, end, first)
