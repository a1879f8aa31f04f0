"""What a person has left in annotations. The statements look through the whole table: it is done so rarely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from sqlalchemy import bindparam, func, literal_column, select, update

from coursewire.namespaces.collaboration.rules.audiences import GROUP
from coursewire.namespaces.collaboration.store.annotations import SLICE, notes, stored_of
from coursewire.namespaces.collaboration.store.tables import documents
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.namespaces.collaboration.rules.annotations import Stored
    from coursewire.realtime.transaction import Transaction

_whose = bindparam("whose", type_=notes.c.author_id.type)
_by = Prepared(
    select(notes.c.id, notes.c.document_id).where(notes.c.author_id == _whose).order_by(notes.c.id)
)
# An id in quotation marks is found whole; LIKE would take some of its characters for others.
_calling = Prepared(
    select(notes, literal_column("''").label("author_name"))
    .where(func.replace(notes.c.mentions, bindparam("quoted"), literal_column("''")) != notes.c.mentions)
    .order_by(notes.c.id)
)
_resolved_by = Prepared(select(notes.c.id).where(notes.c.resolved_by == _whose).order_by(notes.c.id))
_unname_resolver = Prepared(update(notes).where(notes.c.resolved_by == _whose).values(resolved_by=None))
_unmention = Prepared(
    update(notes)
    .where(notes.c.id == bindparam("annotation_id"))
    .values(mentions=bindparam("left"), html=bindparam("new_html"))
)
_groups = Prepared(
    select(notes.c.visibility)
    .distinct()
    .where(
        notes.c.document_id == bindparam("document_id"),
        func.substr(notes.c.visibility, 1, len(GROUP)) == GROUP,
    )
)
_documents = Prepared(
    select(documents.c.id)
    .where(documents.c.course_id.in_(bindparam("course_ids", expanding=True)))
    .order_by(documents.c.id)
)


def documents_of_courses(tx: Transaction, course_ids: Sequence[str]) -> list[str]:
    """Return the ids of all documents of these courses."""
    return [
        row.id
        for start in range(0, len(course_ids), SLICE)
        for row in tx.all(_documents, course_ids=list(course_ids[start : start + SLICE]))
    ]


def annotations_by(tx: Transaction, user_id: str) -> list[tuple[str, str]]:
    """Return the ids of all that somebody has written, and of the documents that it stands in."""
    return [(row.id, row.document_id) for row in tx.all(_by, whose=user_id)]


def annotations_calling(tx: Transaction, user_id: str) -> list[Stored]:
    """Return the annotations that mention somebody, without the names of their authors."""
    return [stored_of(row) for row in tx.all(_calling, quoted=orjson.dumps(user_id).decode())]


def unmention(tx: Transaction, annotation_id: str, left: tuple[str, ...], html: str) -> None:
    """Write whom an annotation mentions."""
    tx.run(_unmention, annotation_id=annotation_id, left=orjson.dumps(left).decode(), new_html=html)


def unname_resolver(tx: Transaction, user_id: str) -> list[str]:
    """Let what somebody has resolved be resolved by nobody in particular; return its ids."""
    found = [row.id for row in tx.all(_resolved_by, whose=user_id)]
    tx.run(_unname_resolver, whose=user_id)
    return found


def groups_annotated(tx: Transaction, document_id: str) -> list[str]:
    """Return the groups for which something is written in a document."""
    return [row.visibility.removeprefix(GROUP) for row in tx.all(_groups, document_id=document_id)]
