"""Where the guests of one document stand: their awareness, with names and colours that are the server's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from coursewire.namespaces.collaboration.encoding.awareness import (
    Entry,
    checked_cursor,
    read_awareness,
    write_awareness,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursewire.namespaces.collaboration.rooms.people import Guest

EVERY_S: Final = 0.05
"""Carets that move within this time are told together, each as it is at its end."""
CARETS_AT_ONCE: Final = 1_000
"""In one message, as many as a reader takes."""


class Carets:
    """The carets of a document on this node. One for each guest, so never more than there are."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._moved: dict[int, Entry] = {}
        """Not told yet."""

    def move(self, guest: Guest, colour: str, data: bytes) -> bool:
        """Take what a guest says of its own caret, and return whether there is something to tell.

        Raises Invalid(field="awareness"). What it says of the carets of others is passed over.
        """
        moved = False
        for entry in read_awareness(data):
            if entry.client_id != guest.client_id:
                continue
            before = self._entries.get(entry.client_id)
            is_newer = before is None or entry.clock > before.clock
            if not is_newer and not (
                before is not None and entry.clock == before.clock and entry.state is None
            ):
                continue
            self._put(Entry(entry.client_id, entry.clock, _written(guest, colour, entry.state)))
            moved = True
        return moved

    def leave(self, client_id: int) -> bool:
        """Take the caret of a guest who has left away, and return whether there was one.

        At the clock that it had: y-protocols takes that for newer, and a guest who is back goes on from there.
        """
        before = self._entries.pop(client_id, None)
        if before is None or before.state is None:
            return False
        self._moved[client_id] = Entry(client_id, before.clock, None)
        return True

    def _put(self, entry: Entry) -> None:
        self._entries[entry.client_id] = self._moved[entry.client_id] = entry

    def take_moved(self) -> Iterable[bytes]:
        """Return what is to be told, encoded, and begin to gather anew."""
        moved, self._moved = list(self._moved.values()), {}
        for start in range(0, len(moved), CARETS_AT_ONCE):
            yield write_awareness(moved[start : start + CARETS_AT_ONCE])

    def all(self) -> bytes:
        """Return every caret that there is, for a newcomer."""
        return write_awareness(
            [entry for entry in self._entries.values() if entry.state is not None][:CARETS_AT_ONCE]
        )


def _written(guest: Guest, colour: str, state: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a state that says who it is as the server knows it; of the rest only where the caret is.

    Whoever may only read has no caret: it would tell the others what they look at.
    """
    if state is None:
        return None
    kept: dict[str, Any] = {"user": {"id": guest.caller.user_id, "name": guest.caller.name, "color": colour}}
    if "cursor" in state and guest.mode != "view":
        kept["cursor"] = checked_cursor(state["cursor"])
    return kept
