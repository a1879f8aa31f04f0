"""Documents, and how a caller stands to them; not what is in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import orjson
from sqlalchemy import and_, bindparam, delete, insert, or_, select, tuple_, update

from coursewire.identity.store import course_members, read_roles
from coursewire.namespaces.collaboration.store.tables import documents
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.contract import Access, AccessRole, DocumentKind
    from coursewire.realtime.transaction import Transaction
    from coursewire.storage import Row
    from coursewire.vocabulary import Role


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document, without what is in it."""

    id: str
    course_id: str
    title: str
    kind: DocumentKind
    url: str | None
    group: str | None
    access: Mapping[AccessRole, Access]
    is_archived: bool
    layout: int
    epoch: str
    created_by: str
    created_at: int
    updated_at: int


class Place(NamedTuple):
    """Where a list, the last edited first, goes on: behind what has this time and id."""

    at: int
    id: str


_of_id = documents.c.id == bindparam("document_id")
_FIELDS = tuple(column for column in documents.columns if column.name != "digest")
_load = Prepared(select(*_FIELDS).where(_of_id))
_load_for = Prepared(
    select(*_FIELDS, course_members.c.roles)
    .select_from(
        documents.outerjoin(
            course_members,
            and_(
                course_members.c.course_id == documents.c.course_id,
                course_members.c.user_id == bindparam("me"),
            ),
        )
    )
    .where(_of_id)
)
_digest = Prepared(select(documents.c.digest).where(_of_id))
_insert = Prepared(insert(documents))
_touch = Prepared(update(documents).where(_of_id).values(updated_at=bindparam("now")))
_set_epoch = Prepared(
    update(documents).where(_of_id).values(epoch=bindparam("new_epoch"), updated_at=bindparam("now"))
)
_change = Prepared(
    update(documents)
    .where(_of_id)
    .values(title=bindparam("new_title"), access=bindparam("new_access"), archived=bindparam("is_archived"))
)
_delete = Prepared(delete(documents).where(_of_id))
_unname = Prepared(
    update(documents)
    .where(documents.c.created_by == bindparam("whose"))
    .values(created_by=bindparam("nobody"))
)
_behind = tuple_(documents.c.updated_at, documents.c.id) < tuple_(bindparam("at"), bindparam("behind_id"))
_page = Prepared(
    select(*_FIELDS)
    .where(
        documents.c.course_id == bindparam("course_id"),
        _behind,
        or_(bindparam("of_kind") == "", documents.c.kind == bindparam("of_kind")),
        or_(
            bindparam("is_staff") == 1,
            documents.c.group_id.is_(None),
            documents.c.group_id.in_(bindparam("groups", expanding=True)),
        ),
    )
    .order_by(documents.c.updated_at.desc(), documents.c.id.desc())
    .limit(bindparam("most"))
)


def load_document(tx: Transaction, document_id: str) -> DocumentRow | None:
    """Return a document; None where there is no such document."""
    row = tx.one(_load, document_id=document_id)
    return _document(row) if row is not None else None


def load_document_for(
    tx: Transaction, user_id: str, document_id: str
) -> tuple[DocumentRow, frozenset[Role]] | None:
    """Return a document, and somebody's roles in its course, in one statement: it is asked for every edit."""
    row = tx.one(_load_for, me=user_id, document_id=document_id)
    if row is None:
        return None
    return _document(row), read_roles(row.roles) if row.roles else frozenset()


def document_digest(tx: Transaction, document_id: str) -> str | None:
    """Return the digest of what a document was made from; None where there is none."""
    row = tx.one(_digest, document_id=document_id)
    return None if row is None else row.digest or ""


def documents_of_course(
    tx: Transaction,
    course_id: str,
    *,
    kind: DocumentKind | None,
    groups: Collection[str] | None,
    after: Place,
    most: int,
) -> list[DocumentRow]:
    """Return a page of a course's documents, the last edited first; of groups only those (None: of all)."""
    rows = tx.all(
        _page,
        course_id=course_id,
        of_kind=kind or "",
        is_staff=int(groups is None),
        groups=list(groups or ()),
        at=after.at,
        behind_id=after.id,
        most=most,
    )
    return [_document(row) for row in rows]


def insert_document(tx: Transaction, document: DocumentRow, digest: str | None) -> None:
    """Keep a new document, with the digest of what the LMS made it from."""
    tx.run(
        _insert,
        id=document.id,
        course_id=document.course_id,
        title=document.title,
        kind=document.kind,
        url=document.url,
        group_id=document.group,
        access=orjson.dumps(dict(document.access)).decode(),
        archived=int(document.is_archived),
        layout=document.layout,
        epoch=document.epoch,
        digest=digest,
        created_by=document.created_by,
        created_at=document.created_at,
        updated_at=document.updated_at,
    )


def change_document(tx: Transaction, document: DocumentRow) -> None:
    """Keep another title, and what else may be done in it."""
    tx.run(
        _change,
        document_id=document.id,
        new_title=document.title,
        new_access=orjson.dumps(dict(document.access)).decode(),
        is_archived=int(document.is_archived),
    )


def touch_document(tx: Transaction, document_id: str) -> None:
    """Note that a document was edited now."""
    tx.run(_touch, document_id=document_id, now=tx.now)


def set_epoch(tx: Transaction, document_id: str, epoch: str) -> None:
    """Let a document begin anew."""
    tx.run(_set_epoch, document_id=document_id, new_epoch=epoch, now=tx.now)


def delete_document(tx: Transaction, document_id: str) -> None:
    """Take a document away; what is in it goes by `contents.delete_contents`."""
    tx.run(_delete, document_id=document_id)


def unname_creator(tx: Transaction, user_id: str, nobody: str) -> None:
    """Let documents be made by nobody in particular."""
    tx.run(_unname, whose=user_id, nobody=nobody)


def _document(row: Row) -> DocumentRow:
    return DocumentRow(
        id=row.id,
        course_id=row.course_id,
        title=row.title,
        kind=row.kind,
        url=row.url,
        group=row.group_id,
        access=_access(row.access),
        is_archived=row.archived == 1,
        layout=row.layout,
        epoch=row.epoch,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


@lru_cache(maxsize=1_024)
def _access(text: str) -> Mapping[AccessRole, Access]:
    """Read what was chosen for a document: hardly ever anything, and asked for every edit."""
    read: dict[AccessRole, Access] = orjson.loads(text)
    return read
