"""The tables of /collaboration in the first schema, each part in a file of its own."""

from coursewire.storage.migrations.first.collaboration import annotations, documents, versions

TABLES: tuple[str, ...] = (*versions.TABLES, *annotations.TABLES, *documents.TABLES)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    documents.create()
    annotations.create()
    versions.create()
