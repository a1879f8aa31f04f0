"""Carets on the way: awareness updates of y-protocols, read without trusting one length.

The encoding: how many, and of each the client id, its clock and its state as JSON; a state of `null` is a caret that is
gone. pycrdt's own reader takes a text that is cut short for a whole one, and its `Awareness` never forgets a client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from coursewire.errors import Invalid
from coursewire.namespaces.collaboration.encoding.lib0 import (
    MOST_NUMBER,
    Source,
    depth_of,
    write_number,
    write_raw,
)
from coursewire.namespaces.collaboration.encoding.structs import ROOT_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_STATE: Final = 4 * 1024
"""Bytes of one state: two relative positions, a name and a colour."""
MOST_DEPTH: Final = 6
"""Of lists and objects in one another: `{cursor: {anchor: {item: {client, clock}}}}` is four."""
MOST_ENTRIES: Final = 1_000


class Entry(NamedTuple):
    """What one editor shows of itself."""

    client_id: int
    clock: int
    """Grows with each report: of two, the higher one holds; of two that are equal, the one that says it is gone."""
    state: dict[str, Any] | None
    """None: it is gone."""


def read_awareness(data: bytes) -> list[Entry]:
    """Read an awareness update. Raises Invalid(field="awareness") for anything that is not one from end to end."""
    source = Source(data, "awareness")
    entries: list[Entry] = []
    seen: set[int] = set()
    count = source.count(4)
    if count > MOST_ENTRIES:
        raise source.refuse(f"it has more than {MOST_ENTRIES} entries")
    for _ in range(count):
        entry = Entry(source.number(), source.number(), _read_state(source))
        if entry.client_id in seen:
            raise source.refuse("a client is there twice")
        seen.add(entry.client_id)
        entries.append(entry)
    source.finish()
    return entries


def _read_state(source: Source) -> dict[str, Any] | None:
    raw = source.raw()
    if len(raw) > MOST_STATE:
        raise source.refuse(f"a state has more than {MOST_STATE} bytes")
    try:
        state = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise source.refuse("a state is not JSON") from None
    if state is not None and not isinstance(state, dict):
        raise source.refuse("a state is no object")
    if depth_of(state, MOST_DEPTH) > MOST_DEPTH:
        raise source.refuse("a state is too deep")
    return state


def checked_cursor(cursor: object) -> dict[str, Any] | None:
    """Return a cursor as editors read it: two relative positions; None where it is none. Raises Invalid.

    y-tiptap draws the cursors of others at every change, and one that Yjs cannot read (`RelativePosition`) stops it.
    """
    if cursor is None:
        return None
    if not isinstance(cursor, dict) or not all(_is_position(cursor.get(end)) for end in ("anchor", "head")):
        raise Invalid("must say where the cursor is: an anchor and a head", field="awareness")
    return {"anchor": cursor["anchor"], "head": cursor["head"]}


def _is_position(position: object) -> bool:
    """Whether it is a relative position in our document: behind a unit, in an element, or in the document itself."""
    if not isinstance(position, dict) or not position.keys() <= _OF_POSITION:
        return False
    named = [position[name] for name in ("type", "item") if position.get(name) is not None]
    root = position.get("tname")
    return (
        bool(named or root)
        and (root is None or root == ROOT_NAME)
        and all(_is_id(unit) for unit in named)
        and _is_whole(position.get("assoc", 0), least=-1)
    )


def _is_id(unit: object) -> bool:
    return (
        isinstance(unit, dict)
        and unit.keys() == {"client", "clock"}
        and all(_is_whole(number) for number in unit.values())
    )


def _is_whole(number: object, least: int = 0) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and least <= number <= MOST_NUMBER


_OF_POSITION: Final = frozenset({"type", "tname", "item", "assoc"})


def write_awareness(entries: Iterable[Entry]) -> bytes:
    """Write an awareness update."""
    written = [
        write_number(entry.client_id) + write_number(entry.clock) + write_raw(orjson.dumps(entry.state))
        for entry in entries
    ]
    return write_number(len(written)) + b"".join(written)
