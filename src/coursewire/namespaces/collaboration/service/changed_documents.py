"""Telling of documents: a new title to those in whose lists it stands, and who is let in or out of what in a course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.identity import groups, membership
from coursewire.namespaces.collaboration.contract import (
    ChangedDocument,
    CourseOfDocuments,
    DocumentChanged,
    DocumentsChanged,
)
from coursewire.namespaces.collaboration.rules import modes
from coursewire.namespaces.collaboration.rules.audiences import document_channel
from coursewire.namespaces.collaboration.store import documents, people

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from coursewire.identity.contract import GroupChanged, MembersChanged
    from coursewire.namespaces.collaboration.contract import Mode
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction

CHANGED: Final = "changed"
"""The derived value of who is here and may open a document."""
COURSE: Final = "course"
"""That of who is here and has more or fewer documents in a course."""


def tell_changed(tx: Transaction, row: DocumentRow) -> None:
    """Say that a document has another title."""
    tx.publish_latest(document_channel(row.id), _changed(row), is_last=True)
    tx.derive(CHANGED, row.id)


def tell_made(tx: Transaction, row: DocumentRow) -> None:
    """Say that there is a document, to whoever may open it."""
    _tell_of(tx, row.course_id, modes_in(tx, row, membership.roster_of(tx.raw, row.course_id)))


def tell_removed(tx: Transaction, row: DocumentRow, roster: Mapping[str, Collection[str]]) -> None:
    """Say that a document is gone, to whoever might open it."""
    _tell_of(tx, row.course_id, modes_in(tx, row, roster))


def tell_moved(
    tx: Transaction, roster: Mapping[str, Collection[str]], before: DocumentRow, after: DocumentRow
) -> None:
    """Say that one may do something else in a document, to whom that is so; and what it is called to who is let in."""
    then, now = modes_in(tx, before, roster), modes_in(tx, after, roster)
    let_in = sorted(now.keys() - then.keys())
    if let_in:
        tx.derive(CHANGED, after.id, let_in)
    _tell_of(tx, after.course_id, {user_id for user_id in roster if then.get(user_id) != now.get(user_id)})


def modes_in(tx: Transaction, row: DocumentRow, roster: Mapping[str, Collection[str]]) -> dict[str, Mode]:
    """Return what each of these people of its course may do in a document; who may not open it is not in there."""
    members: Collection[str] = ()
    if row.group is not None:
        members = groups.members_among(tx.raw, row.course_id, row.group, list(roster))
    found: dict[str, Mode] = {}
    for user_id, roles in roster.items():
        held = {row.group} if row.group is not None and user_id in members else frozenset()
        mode = modes.mode_of(roles, row, held)
        if mode is not None:
            found[user_id] = mode
    return found


def follow_roster(tx: Transaction, changed: MembersChanged) -> None:
    """Say to who comes into a course, leaves it or is something else there that its documents are others for them."""
    _tell_of(tx, changed.course_id, {*changed.added, *changed.removed, *changed.changed})


def follow_group(tx: Transaction, changed: GroupChanged) -> None:
    """Say to a group, to who leaves it, and to the staff, who see the names of all, that the course has changed."""
    members = groups.members_of(tx.raw, changed.course_id, changed.group_id)
    staff = people.staff_of(tx, changed.course_id)
    _tell_of(tx, changed.course_id, {*members, *changed.removed, *staff})


def _tell_of(tx: Transaction, course_id: str, user_ids: Collection[str]) -> None:
    if user_ids:
        tx.derive(COURSE, course_id, sorted(user_ids))


def changed_for(
    tx: Transaction, document_id: str, user_ids: Sequence[str]
) -> Iterator[tuple[str, DocumentChanged]]:
    """Yield what a document is called now, to those of its course who may open it, in a few statements for all."""
    row = documents.load_document(tx, document_id)
    if row is None:
        return
    event = _changed(row)
    for user_id in modes_in(tx, row, membership.roles_among(tx.raw, row.course_id, user_ids)):
        yield user_id, event


def course_changed_for(
    _: Transaction, course_id: str, user_ids: Sequence[str]
) -> Iterator[tuple[str, DocumentsChanged]]:
    """Yield the course whose documents are others now. For whom, was decided when they changed."""
    event = DocumentsChanged(CourseOfDocuments(course_id=course_id))
    for user_id in user_ids:
        yield user_id, event


def _changed(row: DocumentRow) -> DocumentChanged:
    return DocumentChanged(ChangedDocument(document_id=row.id, course_id=row.course_id, title=row.title))
