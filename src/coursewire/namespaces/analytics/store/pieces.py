"""Long lists of ids in statements of bounded length, and places in lists that go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

SLICE: Final = 500
"""Ids in one statement."""


class Place(NamedTuple):
    """Where a list, the newest first, goes on: behind what has this time and id."""

    at: int
    """Milliseconds since 1970."""
    id: str


BEFORE_ALL: Final = Place(2**53, "")
"""Where a list begins."""


def pieces(ids: Sequence[str]) -> Iterable[list[str]]:
    """Return the ids in lists of at most a SLICE."""
    return (list(ids[start : start + SLICE]) for start in range(0, len(ids), SLICE))
