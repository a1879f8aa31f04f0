"""Telling those in whose lists a document stands: of its title, of edits and notes, and that they are let in or out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from coursewire.identity import groups, membership
from coursewire.namespaces.collaboration.contract import (
    ChangedDocument,
    CourseOfDocuments,
    DocumentChanged,
    DocumentsChanged,
    DocumentsEdited,
)
from coursewire.namespaces.collaboration.rules import modes
from coursewire.namespaces.collaboration.rules.audiences import Viewer, document_channel, group_in, may_see
from coursewire.namespaces.collaboration.store import documents, people

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from coursewire.identity.contract import GroupChanged, MembersChanged
    from coursewire.namespaces.collaboration.contract import Annotation, Mode
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction

    Teller = Callable[[Transaction, str, Sequence[str]], Iterable[tuple[str, Event[Any]]]]

CHANGED: Final = "changed"
"""The derived value of who is here and may open a document."""
COURSE: Final = "course"
"""That of who is here and has more or fewer documents in a course."""
ABOVE: Final = "above"
"""The same of who stands above all courses: no roster names them."""
EDITED: Final = "edited"
"""That of who is here and sees in a list that something was written: by document and audience, `<id> <audience>`."""


class AboveAll(Protocol):
    """Who of those here stands above all courses."""

    @property
    def users(self) -> frozenset[str]:
        """Their ids."""


def tell_changed(tx: Transaction, row: DocumentRow) -> None:
    """Say that a document has another title."""
    tx.publish_latest(document_channel(row.id), _changed(row), is_last=True)
    tx.derive(CHANGED, row.id)


def tell_edited(tx: Transaction, document_id: str) -> None:
    """Say that a document has another time of its last edit, to whoever may open it."""
    tx.derive(EDITED, f"{document_id} course")


def tell_counted(tx: Transaction, annotation: Annotation) -> None:
    """Say that another number of threads may be open beside a document, to those who see this one."""
    if annotation.parent_id is not None:
        return
    readers = None
    if annotation.visibility == "private":
        readers = [annotation.author_id] if annotation.author_id else []
    tx.derive(EDITED, f"{annotation.document_id} {annotation.visibility}", readers)


def tell_made(tx: Transaction, row: DocumentRow) -> None:
    """Say that there is a document, to whoever may open it."""
    _tell_of(tx, row.course_id, modes_in(tx, row, membership.roster_of(tx.raw, row.course_id)))
    tx.derive(ABOVE, row.course_id)


def tell_removed(tx: Transaction, row: DocumentRow, roster: Mapping[str, Collection[str]]) -> None:
    """Say that a document is gone, to whoever might open it."""
    _tell_of(tx, row.course_id, modes_in(tx, row, roster))
    tx.derive(ABOVE, row.course_id)


def tell_moved(
    tx: Transaction, roster: Mapping[str, Collection[str]], before: DocumentRow, after: DocumentRow
) -> None:
    """Say that one may do something else in a document, to whom that is so; and what it is called to who is let in."""
    then, now = modes_in(tx, before, roster), modes_in(tx, after, roster)
    let_in = sorted(now.keys() - then.keys())
    if let_in:
        tx.derive(CHANGED, after.id, let_in)
    _tell_of(tx, after.course_id, {user_id for user_id in roster if then.get(user_id) != now.get(user_id)})
    if modes.mode_of(modes.ABOVE_ALL, before) != modes.mode_of(modes.ABOVE_ALL, after):
        tx.derive(ABOVE, after.course_id)


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
    tx.derive(ABOVE, changed.course_id)


def _tell_of(tx: Transaction, course_id: str, user_ids: Collection[str]) -> None:
    if user_ids:
        tx.derive(COURSE, course_id, sorted(user_ids))


def tellers(above: AboveAll) -> dict[str, Teller]:
    """Return what computes each of these values, and knows who of those here stands above all."""
    return {
        CHANGED: partial(changed_for, above),
        COURSE: course_changed_for,
        ABOVE: partial(changed_above, above),
        EDITED: partial(edited_for, above),
    }


def changed_for(
    above: AboveAll, tx: Transaction, document_id: str, user_ids: Sequence[str]
) -> Iterator[tuple[str, DocumentChanged]]:
    """Yield what a document is called now, to those who may open it, in a few statements for all."""
    row = documents.load_document(tx, document_id)
    if row is None:
        return
    event = _changed(row)
    for user_id in modes_in(tx, row, _roles(above, tx, row.course_id, user_ids)):
        yield user_id, event


def course_changed_for(
    _: Transaction, course_id: str, user_ids: Sequence[str]
) -> Iterator[tuple[str, DocumentsChanged]]:
    """Yield the course whose documents are others now. For whom, was decided when they changed."""
    event = DocumentsChanged(CourseOfDocuments(course_id=course_id))
    for user_id in user_ids:
        yield user_id, event


def changed_above(
    above: AboveAll, tx: Transaction, course_id: str, user_ids: Sequence[str]
) -> Iterator[tuple[str, DocumentsChanged]]:
    """Yield the course whose documents are others now, to who stands above all."""
    return course_changed_for(tx, course_id, sorted(above.users.intersection(user_ids)))


def edited_for(
    above: AboveAll, tx: Transaction, argument: str, user_ids: Sequence[str]
) -> Iterator[tuple[str, DocumentsEdited]]:
    """Yield the course of a document, to those who may open it and see what was written for an audience."""
    document_id, audience = argument.split(" ", 1)
    row = documents.load_document(tx, document_id)
    if row is None:
        return
    event = DocumentsEdited(CourseOfDocuments(course_id=row.course_id))
    roster = _roles(above, tx, row.course_id, user_ids)
    group, members = group_in(audience), frozenset[str]()
    if group is not None:
        members = groups.members_among(tx.raw, row.course_id, group, list(roster))
    for user_id, mode in modes_in(tx, row, roster).items():
        held = frozenset({group} if group is not None and user_id in members else ())
        viewer = Viewer(user_id, mode, modes.is_staff(roster[user_id]), held)
        # What is private is asked for its author alone.
        if audience == "private" or may_see(viewer, audience, None):
            yield user_id, event


def _roles(
    above: AboveAll, tx: Transaction, course_id: str, user_ids: Sequence[str]
) -> dict[str, Collection[str]]:
    """Return what each of these people is in a course; who has no part in it is not in there."""
    roster: dict[str, Collection[str]] = dict(membership.roles_among(tx.raw, course_id, user_ids))
    return roster | dict.fromkeys(above.users.intersection(user_ids), modes.ABOVE_ALL)


def _changed(row: DocumentRow) -> DocumentChanged:
    return DocumentChanged(ChangedDocument(document_id=row.id, course_id=row.course_id, title=row.title))
