"""The tables of /analytics in the first schema, each part in a file of its own."""

from __future__ import annotations

TABLES: tuple[str, ...] = ()
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
