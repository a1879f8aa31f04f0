"""Reads on by sequence, also where some come late: a row's sequence is given before its transaction commits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MISSING: Final = 1_000
"""Sequences that are waited for. Beyond that the lowest are given up: their figures are right again when the course is
next read from the database."""

WAITED_MS: Final = 60_000
"""No transaction takes longer: what is not there by then was rolled back."""


class Follower:
    """How far somebody has read, and which sequences were not there when they passed them.

    SQLite has one writer, so none is ever missing for long. On Postgres two transactions may commit in another order
    than that of their sequences; whoever only remembered the highest one would never see the other's rows.
    """

    def __init__(self, top: int) -> None:
        self.top = top
        self._missing: dict[int, int] = {}

    @property
    def missing(self) -> list[int]:
        """Return the sequences to ask for again."""
        return sorted(self._missing)

    def took(self, sequences: Iterable[int], now: int) -> None:
        """Note what was read, the missing ones that have come and those behind the top."""
        for sequence in sorted(sequences):
            if sequence <= self.top:
                self._missing.pop(sequence, None)
                continue
            # Of a long gap only the end: what is still under way is near the top.
            for gone in range(max(self.top + 1, sequence - MISSING), sequence):
                self._missing[gone] = now
            self.top = sequence
        late = [sequence for sequence, since in self._missing.items() if now - since > WAITED_MS]
        for sequence in late:
            del self._missing[sequence]
        for sequence in sorted(self._missing)[: max(0, len(self._missing) - MISSING)]:
            del self._missing[sequence]
