"""The tables of /analytics and its queries: the only SQL of this namespace."""

from coursewire.namespaces.analytics.store.activity import (
    erase_activity,
    existing_courses,
    insert_activity,
    known,
    roles_of,
    trim_activity,
)

__all__ = [
    "erase_activity",
    "existing_courses",
    "insert_activity",
    "known",
    "roles_of",
    "trim_activity",
]
