"""The groups of a course by name, for those who may address them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.identity import groups
from coursewire.namespaces.collaboration.contract import DocumentGroup

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.rules.audiences import Viewer
    from coursewire.realtime.transaction import Transaction


def groups_seen(tx: Transaction, course_id: str, viewer: Viewer) -> list[DocumentGroup]:
    """Return somebody's groups; all of the course to staff. Who is in none costs no query."""
    found = groups.groups_of_course(tx.raw, course_id) if viewer.is_staff or viewer.groups else []
    return [
        DocumentGroup(id=group.id, title=group.title)
        for group in found
        if viewer.is_staff or group.id in viewer.groups
    ]
