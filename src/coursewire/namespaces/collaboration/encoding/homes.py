"""Where a unit is: the element that it is in, or what stands for one."""

from __future__ import annotations

from typing import Final

from coursewire.namespaces.collaboration.encoding.structs import Id

ROOT: Final[Id] = (-1, 0)
"""The home of what is in no element."""
GONE: Final[Id] = (-1, 1)
"""The home of what nobody knows any more: it was collected, and whatever is put there is collected as well."""
UNSURE: Final[Id] = (-1, 2)
"""Stands for a unit of which nobody knows which it is."""


def attributes_of(element: Id) -> Id:
    """Return the home of the values of an element's attributes."""
    return element[0], -1 - element[1]


def are_attributes(home: Id) -> bool:
    """Whether a home is that of attributes."""
    return home[1] < 0
