"""In which pieces the units of a client are: at most so many of an element are walked past to find a place in it.

Text that was typed on and on, or pasted, is one piece until something is put into it, or taken out of it. A piece is
never put together again here, so there are no fewer than in the document itself.
"""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.encoding.structs import Content, Id

if TYPE_CHECKING:
    from collections.abc import Iterator


class Runs:
    """Units of a client that were each put behind the one before, as typed text is, and the element that they are in.

    They follow one another in the document, whatever others put between them.
    """

    __slots__ = ("_content", "_gone_up_to", "_right", "holes", "homes", "pieces", "split", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.homes: list[Id] = []
        self.split: set[int] = set()
        """Units in front of which something was put that was not put there with the run, or behind the one before
        them. The one that is to come next may be among them."""
        self.holes: set[int] = set()
        """Units within a run with which something deleted begins, or before which it ends."""
        self.pieces = 0
        """How many there are, and not many more: about as many blocks, as pycrdt keeps them."""
        self._content = -1
        self._right: Id | None = None
        # What the last units were, and in front of which they were put; -1: not noted.
        self._gone_up_to = -1
        # How many units there were when the last one was deleted.

    def at(self, clock: int) -> Id:
        """Return the element that a unit is in."""
        return self.homes[bisect_right(self.starts, clock) - 1]

    def add(self, clock: int, home: Id, *, goes_on: bool) -> None:
        """Note the units from this clock on, which are behind all others."""
        if not (goes_on and self.homes and self.homes[-1] == home):
            self.starts.append(clock)
            self.homes.append(home)

    def begins(self, clock: int, end: int) -> bool:
        """Whether a run begins with a unit, of `end`, or would with the one that is to come next."""
        return clock == end or self.starts[bisect_right(self.starts, clock) - 1] == clock

    def is_piece(self, clock: int, content: int, right: Id | None, *, goes_on: bool) -> bool:
        """Note what the units from this clock on are; return whether they are a piece of their own."""
        joins = (
            goes_on
            and content == self._content
            and right == self._right
            and content not in _APART
            and clock != self._gone_up_to
            and clock not in self.split
        )
        self._content, self._right = content, right
        self.pieces += not joins
        return not joins

    def put_between(self, clock: int, end: int) -> Iterator[Id | None]:
        """Note that something was put between a unit, of `end`, and the one before it; yield whose new piece that is.

        None where it is no new one.
        """
        if clock not in self.split:
            self.split.add(clock)
            if clock in self.holes or self.begins(clock, end):
                yield None
            else:
                self.pieces += 1
                yield self.at(clock)

    def take_out(self, ends: list[int], end: int) -> Iterator[Id]:
        """Note what was deleted, from, up to, from, up to ..., of `end` units; yield whose new pieces those are."""
        if ends[-1] == end:
            self._gone_up_to = ends.pop()
        starts, homes, split, holes = self.starts, self.homes, self.split, self.holes
        low = index = 0
        high: float = 0
        for clock in ends:
            if clock in holes or clock in split:
                continue
            if not low < clock < high:
                index = bisect_right(starts, clock)
                low = starts[index - 1]
                high = starts[index] if index < len(starts) else inf
                if clock == low:
                    continue  # there it begins
            holes.add(clock)
            self.pieces += 1
            yield homes[index - 1]


_APART: Final = frozenset({Content.TYPE, Content.MARK})
"""What is a piece of its own, whatever it was put behind."""
