"""The tables of /notifications and its queries: the only SQL of this namespace."""

from coursewire.namespaces.notifications.store import tables

__all__ = ["tables"]
