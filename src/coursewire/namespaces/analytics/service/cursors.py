"""Places in lists as clients hold them: opaque to them, and only good for the list that gave them."""

from __future__ import annotations

import re
from typing import Final

from coursewire.errors import Invalid
from coursewire.namespaces.analytics.store import BEFORE_ALL, Place

_CURSOR: Final = re.compile(r"([0-9]{1,15})/([A-Za-z0-9._:@-]{1,128})")


def place(cursor: str | None, command: str) -> Place:
    """Return where a list goes on. Raises Invalid for what `command` did not give."""
    if cursor is None:
        return BEFORE_ALL
    parts = _CURSOR.fullmatch(cursor)
    if parts is None:
        raise Invalid(f"must be a cursor that {command} gave", field="cursor")
    return Place(int(parts[1]), parts[2])


def cursor(behind: Place) -> str:
    """Return what leads back to a place."""
    return f"{behind.at}/{behind.id}"
