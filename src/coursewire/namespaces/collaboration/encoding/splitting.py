"""Cuts an update in two that say the same one after the other, when a server takes no more than half of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding.applying import NOTHING, write_deletes
from coursewire.namespaces.collaboration.encoding.lib0 import Source, write_number
from coursewire.namespaces.collaboration.encoding.reading import MOST_CLOCK, read_update
from coursewire.namespaces.collaboration.encoding.structs import read_struct

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.encoding.reading import Update


def split(raw: bytes) -> tuple[bytes, bytes] | None:
    """Return the first half of an update of one client, and the second; what is deleted is in the second.

    None for one that cannot be cut: of one struct, of several clients, which may stand on one another, or not readable.
    """
    try:
        update = read_update(raw, most_structs=MOST_CLOCK, most_clients=MOST_CLOCK)
    except (Invalid, TooLarge):
        return None
    deletes = update.deletes
    if not update.blocks:
        half = len(deletes) // 2
        if not half:
            return None
        return NOTHING + write_deletes(deletes[:half]), NOTHING + write_deletes(deletes[half:])
    written, deleted = raw[: update.deletes_at], raw[update.deletes_at :]
    if len(update.blocks) > 1:
        return None
    halves = _halves(written, update)
    if halves is not None:
        return halves[0] + NOTHING, halves[1] + deleted
    return (written + NOTHING, NOTHING + deleted) if deletes else None


def _halves(written: bytes, update: Update) -> tuple[bytes, bytes] | None:
    """Cut what one client has written in front of the struct in the middle."""
    [(client, block)] = update.blocks.items()
    half = len(update.structs) // 2
    if not half:
        return None
    source = Source(written, "update")
    source.number()
    source.number()
    at = source.at
    source.number()
    own = written[at : source.at]
    source.number()
    begin = source.at
    for clock in update.clocks[:half]:
        read_struct(source, client, clock, own)
    first = _head(half, own, block.start) + written[begin : source.at]
    second = _head(len(update.structs) - half, own, update.clocks[half]) + written[source.at :]
    return first, second


def _head(count: int, own: bytes, clock: int) -> bytes:
    return write_number(1) + write_number(count) + own + write_number(clock)
