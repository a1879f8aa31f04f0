"""Documents: made, listed, shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from coursewire.errors import Forbidden, Invalid, NotFound
from coursewire.identity import groups
from coursewire.namespaces.collaboration.contract import (
    Document,
    DocumentPage,
    OneDocument,
    Template,
    TemplatePage,
)
from coursewire.namespaces.collaboration.rules import modes
from coursewire.namespaces.collaboration.rules.audiences import Viewer
from coursewire.namespaces.collaboration.service import seeds
from coursewire.namespaces.collaboration.service.changed_documents import tell_made
from coursewire.namespaces.collaboration.service.groups import groups_seen
from coursewire.namespaces.collaboration.store import annotations as notes
from coursewire.namespaces.collaboration.store import documents
from coursewire.namespaces.collaboration.store.documents import DocumentRow, Place
from coursewire.vocabulary import iso, new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import (
        CreateDocument,
        ListDocuments,
        ListDocumentTemplates,
        Mode,
    )
    from coursewire.realtime.transaction import Transaction

LAYOUT: Final = 1
"""Which generation of elements the editor of this version writes."""
TO_MAKE: Final = frozenset({"content_developer"})
"""Who makes documents, beside staff; learners make those of their own groups."""

_CURSOR: Final = re.compile(r"([0-9]{1,15})/([A-Za-z0-9._@\-]{1,128})")
_BEFORE_ALL: Final = Place(2**53, "")


def roles_of(tx: Transaction, caller: Caller, course_id: str) -> frozenset[str]:
    """Return what somebody is in a course, and what they are above all courses. Raises NotFound for nothing."""
    roles = frozenset[str](tx.roles_in(caller, course_id)) | (caller.roles & modes.ABOVE_ALL)
    if not roles:
        raise NotFound("there is no such course, or you are not in it", field="course_id")
    return roles


def list_documents(tx: Transaction, caller: Caller, command: ListDocuments) -> DocumentPage:
    """Return a page of the documents of a course that the caller may open, the last edited first."""
    roles = roles_of(tx, caller, command.course_id)
    held = tx.groups_in(caller, command.course_id)
    is_staff = modes.is_staff(roles)
    found = documents.documents_of_course(
        tx,
        command.course_id,
        kind=command.kind,
        groups=None if is_staff else held,
        after=_place(command.cursor),
        most=command.limit + 1,
    )
    rows = found[: command.limit]
    last = rows[-1] if len(found) > len(rows) else None
    open_to_them = [(row, mode) for row in rows if (mode := modes.mode_of(roles, row, held)) is not None]
    viewer = Viewer(caller.user_id, "view", is_staff, held)
    next_cursor = f"{last.updated_at}/{last.id}" if last is not None else None
    return DocumentPage(
        items=shown(tx, viewer, open_to_them),
        next_cursor=next_cursor,
        may_make=_may_make_for_all(roles),
        groups=groups_seen(tx, command.course_id, viewer) if command.cursor is None else [],
    )


def _place(cursor: str | None) -> Place:
    if cursor is None:
        return _BEFORE_ALL
    parts = _CURSOR.fullmatch(cursor)
    if parts is None:
        raise Invalid("must be a cursor that document.list gave", field="cursor")
    return Place(int(parts[1]), parts[2])


def list_templates(tx: Transaction, caller: Caller, command: ListDocumentTemplates) -> TemplatePage:
    """Return what a document of this course can begin with."""
    roles_of(tx, caller, command.course_id)
    return TemplatePage(
        items=[Template(id=one.id, title=one.title, description=one.description) for one in seeds.TEMPLATES]
    )


def create_document(tx: Transaction, caller: Caller, command: CreateDocument) -> OneDocument:
    """Make a document, and write its seed: the one time that anybody does."""
    roles = roles_of(tx, caller, command.course_id)
    held = tx.groups_in(caller, command.course_id)
    _check_may_make(roles, held, command.group)
    if command.group is not None and not groups.is_group(tx.raw, command.course_id, command.group):
        raise Invalid("there is no such group in the course", field="group")
    seed = seeds.seed_of(command.kind, template=command.template)
    row = new_document(
        tx,
        caller,
        new_id(),
        course_id=command.course_id,
        title=command.title,
        kind=command.kind,
        group=command.group,
    )
    documents.insert_document(tx, row, None)
    seeds.write_seed(tx, row, seed)
    tell_made(tx, row)
    mode = modes.mode_of(roles, row, held) or "view"
    viewer = Viewer(caller.user_id, mode, modes.is_staff(roles), held)
    [document] = shown(tx, viewer, [(row, mode)])
    tx.subject = row.id
    return OneDocument(document=document)


def _may_make_for_all(roles: frozenset[str]) -> bool:
    return modes.is_staff(roles) or bool(roles & TO_MAKE)


def _check_may_make(roles: frozenset[str], held: frozenset[str], group: str | None) -> None:
    if _may_make_for_all(roles):
        return
    if group is None:
        raise Forbidden("learners make documents of their own groups: name one", field="group")
    if group not in held:
        raise Forbidden("you are not in this group", field="group")


def new_document(
    tx: Transaction,
    caller: Caller,
    document_id: str,
    *,
    course_id: str,
    title: str,
    kind: str,
    group: str | None = None,
    url: str | None = None,
) -> DocumentRow:
    """Return the row of a new document, not kept yet."""
    return DocumentRow(
        id=document_id,
        course_id=course_id,
        title=title,
        kind="page" if kind == "page" else "text",
        url=url,
        group=group,
        access={},
        is_archived=False,
        layout=LAYOUT,
        epoch=new_id(),
        created_by=caller.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )


def shown(tx: Transaction, viewer: Viewer, found: Sequence[tuple[DocumentRow, Mode]]) -> list[Document]:
    """Return documents of one course as a viewer sees them, with how many threads are open for them beside each."""
    counts = notes.count_open(tx, viewer, [row.id for row, _ in found])
    return [
        Document(
            id=row.id,
            course_id=row.course_id,
            title=row.title,
            kind=row.kind,
            url=row.url,
            created_by=row.created_by,
            created_at=iso(row.created_at),
            updated_at=iso(row.updated_at),
            mode=mode,
            open_annotations=counts.get(row.id, 0),
        )
        for row, mode in found
    ]
