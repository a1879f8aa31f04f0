"""Whom a text calls: `@<user id>`, `@staff` and `@room`. Pure: it knows nobody."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

Group = Literal["room", "staff"]

MOST_NAMES: Final = 50
"""More names than this in one text are only words."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
# Not within a word, so that an address such as ada@school.org calls nobody.
_CALL = re.compile(r"(?<![\w.:@\-/])@([A-Za-z0-9._:@\-]{1,128})")
_TRAILING = ".:-_@"


class Called(NamedTuple):
    """What stands behind the at-signs of a text."""

    names: tuple[str, ...]
    """Each may be the id of somebody, as it stands or without the marks that end a sentence; in order, each once."""
    groups: tuple[Group, ...]


NOBODY: Final = Called((), ())


def called_in(text: str) -> Called:
    """Read a text once. What stands in code calls nobody."""
    if "@" not in text:
        return NOBODY
    names: dict[str, None] = {}
    groups: dict[Group, None] = {}
    for found in _CALL.finditer(_CODE.sub(" ", text)):
        word, bare = found[1], found[1].rstrip(_TRAILING)
        if bare == "staff":
            groups["staff"] = None
        elif bare == "room":
            groups["room"] = None
        elif bare and len(names) < MOST_NAMES:
            names |= {word: None, bare: None}
    return Called(tuple(names), tuple(groups))
