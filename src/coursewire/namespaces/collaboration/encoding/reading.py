"""Reads a Yjs update without applying it: who wrote what, beside what, and what it takes away.

The encoding is version 1 of Yjs updates (`UpdateEncoderV1`); what they consist of is read in structs.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding.lib0 import Source
from coursewire.namespaces.collaboration.encoding.structs import Content, Id, Struct, read_struct

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.encoding.known import Placed

MOST_STRUCTS: Final = 20_000
"""Of one update: reading them takes tens of milliseconds."""
MOST_CLIENTS: Final = 1_000
"""Of one update: what somebody wrote offline in that many tabs."""
MOST_CLOCK: Final = 2**31 - 1
"""yrs counts in 32 bits."""


class Block(NamedTuple):
    """The structs of one client in an update: of units from `start` up to `end`, `structs[first:last]`."""

    start: int
    end: int
    first: int
    last: int


@dataclass(slots=True)
class Update:
    """An update that was read whole. Nothing of it is checked against a document."""

    structs: list[Struct] = field(default_factory=list)
    clocks: list[int] = field(default_factory=list)
    """Of their first units."""
    blocks: dict[int, Block] = field(default_factory=dict)
    """By client."""
    deletes: list[tuple[int, int, int]] = field(default_factory=list)
    """Client, and the units from, up to and without."""
    deletes_at: int = 0
    """Where in its bytes they begin: behind all structs."""
    halves: set[Id] = field(default_factory=set)
    """Second halves of surrogate pairs: nothing may begin or end in front of one."""
    placed: Placed | None = None
    """Where its structs belong, once that was found out."""

    def at(self, unit: Id) -> int:
        """Return which of the structs holds a unit of a client of this update."""
        block = self.blocks[unit[0]]
        return bisect_right(self.clocks, unit[1], block.first, block.last) - 1


Admit = Callable[[int, int], None]
"""Is told of a client and the first of its units before these are read; raises what refuses the update for them."""


def read_update(
    update: bytes,
    *,
    most_structs: int = MOST_STRUCTS,
    most_clients: int = MOST_CLIENTS,
    admit: Admit | None = None,
) -> Update:
    """Read an update. Raises Invalid and TooLarge (field="update"); costs a bounded number of steps for each byte."""
    source = Source(update, "update")
    read = Update()
    clients = source.count(4)
    if clients > most_clients:
        raise too_large(f"it has more than {most_clients:,} clients")
    for _ in range(clients):
        _read_block(source, read, most_structs, admit)
    read.deletes_at = source.at
    _read_deletes(source, read, most_structs)
    source.finish()
    return read


def _read_block(source: Source, read: Update, most_structs: int, admit: Admit | None) -> None:
    count = source.count(2)
    at = source.at
    client = source.number()
    own = source.data[at : source.at]
    clock = start = source.number()
    structs, clocks = read.structs, read.clocks
    first = len(structs)
    if first + count > most_structs:
        raise too_large(f"it has more than {most_structs:,} structs")
    if not count or client in read.blocks:
        raise source.refuse("a client is there twice, or for nothing")
    if admit is not None:
        admit(client, start)
    for _ in range(count):
        struct = read_struct(source, client, clock, own)
        _, _, size, content, _, _, _, _, text = struct
        if size < 1:
            raise source.refuse("a struct is empty")
        if content == Content.TEXT and size != len(text):
            _note_halves(read.halves, struct)
        structs.append(struct)
        clocks.append(clock)
        clock += size
        if clock > MOST_CLOCK:
            raise source.refuse("a clock is too large")
    read.blocks[client] = Block(start, clock, first, len(structs))


def _note_halves(halves: set[Id], struct: Struct) -> None:
    clock = struct.clock
    for character in struct.text:
        clock += 1
        if character > "\uffff":
            halves.add((struct.client, clock))
            clock += 1


def _read_deletes(source: Source, read: Update, most_ranges: int) -> None:
    """Read what is taken away: each unit once, or the same ones could be walked through again and again."""
    seen: set[int] = set()
    for _ in range(source.count(2)):
        client, ranges = source.number(), source.count(2)
        if len(read.deletes) + ranges > most_ranges:
            raise too_large(f"it deletes more than {most_ranges:,} ranges")
        if client in seen:
            raise source.refuse("it deletes of one client twice")
        seen.add(client)
        end = 0
        deletes, number = read.deletes, source.number
        for _ in range(ranges):
            start = number()
            size = number()
            if start < end or size < 1 or start + size > MOST_CLOCK:
                raise source.refuse("what it deletes is not in order")
            end = start + size
            deletes.append((client, start, end))


def missing(update: Update, clocks: Mapping[int, int]) -> str | None:
    """Return what an update needs that a document with these clocks does not have; None when nothing is missing."""
    own, known = update.blocks, clocks.get

    def lacks(unit: Id) -> bool:
        client, clock = unit
        block = own.get(client)
        return clock >= known(client, 0) and (block is None or not block.start <= clock < block.end)

    for client, block in own.items():
        if block.start > known(client, 0):
            return f"edits of client {client} before {block.start}"
    for client, _, _, _, left, right, parent, _, _ in update.structs:
        # What is of the same client comes before (structs.py).
        for unit in (left, right, parent):
            if unit is None or unit[0] == client or isinstance(unit, str):
                continue
            if lacks(unit):
                return f"edits of client {unit[0]} up to {unit[1]}"
    for client, _start, end in update.deletes:
        if lacks((client, end - 1)):
            return f"edits of client {client} up to {end - 1}"
    return None


def too_large(why: str) -> TooLarge:
    """Return the error for more than is taken at once; the same in several updates may be."""
    return TooLarge(f"send this as several updates: {why}", field="update")


def unreadable(why: str) -> Invalid:
    """Return the error for an update that is well formed and yet no edit."""
    return Invalid(f"must be an edit of this document: {why}", field="update")
