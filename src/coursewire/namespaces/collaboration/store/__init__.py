"""The tables of /collaboration and their queries: the only SQL of this namespace. One file for each subject."""

from coursewire.namespaces.collaboration.store import annotations

__all__ = ["annotations"]
