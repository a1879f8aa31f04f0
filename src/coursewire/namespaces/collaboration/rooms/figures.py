"""What the operator sees of the open documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections import Counter

    from coursewire.namespaces.collaboration.rooms.rooms import Rooms

_COUNTED: Final = {
    "loads": "Documents that were loaded into memory",
    "failed_loads": "Documents that could not be loaded: nothing was stored of them",
    "unloads": "Documents that were let go of, with nobody in them",
    "drops": "Documents in memory that were not what the rows say, and were loaded again",
    "refused_by_document": "Edits that passed every check and could not be applied all the same",
    "compactions": "Snapshots that were put in place of edits",
    "failed_compactions": "Snapshots that were not the document they stand for: an alarm; the edits were kept",
}

Counters = Mapping[str, tuple[str, tuple[str, ...], Callable[[], Any]]]


def counters_of(rooms: Rooms) -> Counters:
    """Return how to read the numbers of documents that only grow, by their names."""
    return {
        f"collaboration_documents_{name}": (text, (), partial(_count, rooms.counts, name))
        for name, text in _COUNTED.items()
    }


def _count(counts: Counter[str], name: str) -> int:
    return counts[name]
