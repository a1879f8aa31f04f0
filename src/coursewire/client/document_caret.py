"""Where a program writes in a document: behind its last edit, said as an editor says where its caret stands. No I/O."""

from __future__ import annotations

from math import inf
from typing import Final

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding.awareness import Entry, write_awareness
from coursewire.namespaces.collaboration.encoding.reading import Update, read_update
from coursewire.namespaces.collaboration.encoding.structs import Content, Id

EVERY_S: Final = 0.2
"""A caret moves on the screens of others five times a second at most."""


class Caret:
    """What is told of one program's caret; its name and colour are the server's."""

    def __init__(self) -> None:
        self._edit: tuple[int, bytes] | None = None
        """The last edit that was made here, and by which client id."""
        self._is_told = True
        self._told_at = -inf
        self._clock = 0

    def edited(self, client_id: int, update: bytes) -> None:
        """Note where something was written."""
        self._edit, self._is_told = (client_id, update), False

    def opened(self, client_id: int) -> None:
        """Note that nobody in the document has heard of it; one in another document than this editor's is nowhere."""
        if self._edit is not None and self._edit[0] != client_id:
            self._edit = None
        self._is_told = self._edit is None

    def wait_s(self, now: float) -> float | None:
        """Return in how many seconds it is to be told; None when there is nothing to tell."""
        return None if self._is_told else max(0.0, self._told_at + EVERY_S - now)

    def take(self, now: float) -> bytes | None:
        """Return what is to be told now, as an awareness update; None when it cannot be said where that was."""
        self._is_told, self._told_at = True, now
        found = None if self._edit is None else end_of(*self._edit)
        if found is None or self._edit is None:
            return None
        # Behind that unit, wherever it comes to stand; in its place, once it is gone.
        position = {"item": {"client": found[0], "clock": found[1]}, "assoc": -1}
        self._clock += 1
        state = {"cursor": {"anchor": position, "head": position}}
        return write_awareness([Entry(self._edit[0], self._clock, state)])


def end_of(client_id: int, edit: bytes) -> Id | None:
    """Return the last unit that an edit has written, or else taken away; None when there is none, or it is not read."""
    try:
        read = read_update(edit)
    except (Invalid, TooLarge):
        return None  # of a program with elements of its own, or a very long one
    return _written(read, client_id) or _taken(read)


def _written(read: Update, client_id: int) -> Id | None:
    block = read.blocks.get(client_id)
    structs = [] if block is None else read.structs[block.first : block.last]
    texts = (struct for struct in reversed(structs) if struct.content == Content.TEXT)
    return next(((client_id, text.clock + text.size - 1) for text in texts), None)


def _taken(read: Update) -> Id | None:
    return next(((client, end - 1) for client, _, end in reversed(read.deletes)), None)
