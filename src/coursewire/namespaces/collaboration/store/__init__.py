"""The tables of /collaboration and their queries: the only SQL of this namespace. One file for each subject."""

from coursewire.namespaces.collaboration.store import (
    annotations,
    documents,
    snapshots,
    tables,
    updates,
    versions,
    writers,
)

__all__ = ["annotations", "documents", "snapshots", "tables", "updates", "versions", "writers"]
