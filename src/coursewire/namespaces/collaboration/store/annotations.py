"""Annotations: their table, writing them, and the pages that a viewer may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Index,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from coursewire.identity.store import users
from coursewire.namespaces.collaboration.contract import Annotation, AnnotationTarget
from coursewire.namespaces.collaboration.rules.annotations import Counts, Stored
from coursewire.namespaces.collaboration.rules.audiences import GROUP
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso, milliseconds

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.contract import ListAnnotations
    from coursewire.namespaces.collaboration.rules.audiences import Viewer
    from coursewire.realtime.transaction import Transaction
    from coursewire.storage import Row

SHOWN: ColumnElement[str] = literal_column("'shown'")
_PRIVATE: ColumnElement[str] = literal_column("'private'")

notes = Table(
    "collaboration_annotations",
    metadata,
    Column("id", Text, primary_key=True),  # sorts by time
    Column("document_id", Text, nullable=False),
    Column("parent_id", Text),
    Column("author_id", Text),  # nobody, once it was taken back
    Column("visibility", Text, nullable=False),
    Column("motivation", Text, nullable=False),
    Column(
        "state", Text, nullable=False
    ),  # `deleted` only while it heads a thread; all others lose their row
    Column("orphaned", Integer, nullable=False),
    Column("resolved_by", Text),
    Column("resolved_at", BigInteger),
    Column("reply_count", Integer, nullable=False),  # that were not taken back
    Column("revision", BigInteger, nullable=False),
    Column("changed", Text, nullable=False),  # JSON: part -> the revision in which it last changed
    Column("created_at", BigInteger, nullable=False),
    Column("edited_at", BigInteger),
    Column("tags", Text, nullable=False),  # a JSON list
    Column("mentions", Text, nullable=False),  # a JSON list of user ids
    Column("target", Text),  # JSON; replies have none
    Column("body", Text, nullable=False),
    Column("html", Text, nullable=False),
)
Index("ix_collaboration_annotations_document", notes.c.document_id, notes.c.id)
Index(
    "ix_collaboration_annotations_thread",
    notes.c.parent_id,
    notes.c.id,
    sqlite_where=notes.c.parent_id.is_not(None),
    postgresql_where=notes.c.parent_id.is_not(None),
)
# Counting reads these alone, and no bodies.
Index(
    "ix_collaboration_annotations_count",
    notes.c.document_id,
    notes.c.visibility,
    notes.c.author_id,
    sqlite_where=notes.c.state == SHOWN,
    postgresql_where=notes.c.state == SHOWN,
)
_is_open = and_(notes.c.state == SHOWN, notes.c.parent_id.is_(None), notes.c.resolved_at.is_(None))
Index(
    "ix_collaboration_annotations_open",
    notes.c.document_id,
    notes.c.visibility,
    notes.c.author_id,
    sqlite_where=_is_open,
    postgresql_where=_is_open,
)

SLICE: Final = 500
"""How many ids one statement takes."""

_DOCUMENT: BindParameter[str] = bindparam("document_id")
_ID: BindParameter[str] = bindparam("annotation_id")
_ME: BindParameter[str] = bindparam("me")
_PARENT: BindParameter[str] = bindparam("of_parent")


def _flag(name: str) -> ColumnElement[bool]:
    return bindparam(name, type_=Integer) == literal_column("1")


_of_group = func.substr(notes.c.visibility, 1, len(GROUP)) == GROUP
_is_visible = or_(
    notes.c.visibility.in_(bindparam("audiences", expanding=True)),
    and_(notes.c.visibility == _PRIVATE, notes.c.author_id == _ME),
    and_(_flag("is_staff"), _of_group),
)
"""The same as `rules.audiences.may_see`: a test compares the two."""

_shown = select(notes, users.c.name.label("author_name")).select_from(
    notes.outerjoin(users, users.c.id == notes.c.author_id)
)
_page = (
    _shown.where(
        notes.c.document_id == _DOCUMENT,
        notes.c.id > bindparam("after"),
        _is_visible,
        or_(notes.c.state == SHOWN, notes.c.reply_count > literal_column("0")),
        or_(_flag("any_motivation"), notes.c.motivation == bindparam("motivation")),
        # A tag holds no quotation mark, so in quotation marks it is found whole; LIKE would not mind its case.
        or_(
            _flag("any_tag"),
            func.replace(notes.c.tags, bindparam("tag"), literal_column("''")) != notes.c.tags,
        ),
        or_(
            _flag("any_resolved"),
            and_(
                notes.c.parent_id.is_(None),
                notes.c.resolved_at.is_not(None) == _flag("is_resolved"),
            ),
        ),
    )
    .order_by(notes.c.id)
    .limit(bindparam("most"))
)
_pages = Prepared(_page)
_threads = Prepared(_page.where(or_(notes.c.id == _PARENT, notes.c.parent_id == _PARENT)))
_one = Prepared(_shown.where(notes.c.id == _ID))
_replies = Prepared(_shown.where(notes.c.parent_id == _ID).order_by(notes.c.id))
_of_document = Prepared(_shown.where(notes.c.document_id == _DOCUMENT).order_by(notes.c.id))
_repliers = Prepared(
    select(notes.c.author_id).distinct().where(notes.c.parent_id == _ID).order_by("author_id")
)
_everything: ColumnElement[Any] = func.count().label("everything")
_counts = Prepared(
    select(
        _everything,
        func.sum(case((notes.c.visibility == _PRIVATE, 1), else_=0)).label("private"),
        func.sum(case((notes.c.author_id == _ME, 1), else_=0)).label("mine"),
    ).where(notes.c.document_id == _DOCUMENT, notes.c.state == SHOWN)
)
_open = Prepared(
    select(notes.c.document_id, func.count().label("n"))
    .where(notes.c.document_id.in_(bindparam("document_ids", expanding=True)), _is_open, _is_visible)
    .group_by(notes.c.document_id)
)
_insert = Prepared(insert(notes).values({column.name: bindparam(column.name) for column in notes.c}))
_NEVER: Final = frozenset({"id", "document_id", "parent_id", "created_at", "reply_count"})
_rewrite = Prepared(
    update(notes)
    .where(notes.c.id == _ID)
    .values({column.name: bindparam(f"new_{column.name}") for column in notes.c if column.name not in _NEVER})
)
_count_reply = Prepared(
    update(notes)
    .where(notes.c.id == _ID)
    .values(reply_count=notes.c.reply_count + bindparam("more", type_=Integer))
)
_delete = Prepared(delete(notes).where(notes.c.id == _ID))
_delete_all = Prepared(delete(notes).where(notes.c.document_id == _DOCUMENT))


def insert_annotation(tx: Transaction, stored: Stored) -> None:
    """Write a new annotation; a reply is counted in its thread."""
    annotation = stored.annotation
    tx.run(
        _insert,
        id=annotation.id,
        document_id=annotation.document_id,
        parent_id=annotation.parent_id,
        created_at=milliseconds(annotation.created_at),
        reply_count=0,
        **_columns(stored),
    )
    if annotation.parent_id is not None:
        tx.run(_count_reply, annotation_id=annotation.parent_id, more=1)


def rewrite_annotation(tx: Transaction, stored: Stored) -> None:
    """Write an annotation that has changed."""
    columns = {f"new_{name}": value for name, value in _columns(stored).items()}
    tx.run(_rewrite, annotation_id=stored.annotation.id, **columns)


def delete_annotation(tx: Transaction, annotation: Annotation) -> None:
    """Delete the row of an annotation; a reply is counted in its thread no more."""
    tx.run(_delete, annotation_id=annotation.id)
    if annotation.parent_id is not None:
        tx.run(_count_reply, annotation_id=annotation.parent_id, more=-1)


def delete_annotations_of(tx: Transaction, document_id: str) -> None:
    """Delete all annotations of a document."""
    tx.run(_delete_all, document_id=document_id)


def annotations_of(tx: Transaction, document_id: str) -> list[Stored]:
    """Return all that is written beside a document, the oldest first."""
    return [stored_of(row) for row in tx.all(_of_document, document_id=document_id)]


def load_annotation(tx: Transaction, annotation_id: str) -> Stored | None:
    """Return an annotation, whoever may see it."""
    row = tx.one(_one, annotation_id=annotation_id)
    return stored_of(row) if row else None


def load_replies(tx: Transaction, annotation_id: str) -> list[Stored]:
    """Return the replies of a thread, the oldest first."""
    return [stored_of(row) for row in tx.all(_replies, annotation_id=annotation_id)]


def load_repliers(tx: Transaction, annotation_id: str) -> list[str]:
    """Return who has replied in a thread, each once."""
    return [row.author_id for row in tx.all(_repliers, annotation_id=annotation_id)]


def count_annotations(tx: Transaction, document_id: str, author_id: str) -> Counts:
    """Return how many annotations a document has, and how many of them are this author's."""
    row = tx.one(_counts, document_id=document_id, me=author_id)
    return Counts(row.everything - (row.private or 0), row.mine or 0) if row else Counts(0, 0)


def count_open(tx: Transaction, viewer: Viewer, document_ids: Sequence[str]) -> dict[str, int]:
    """Return how many threads of each of these documents are open that the viewer may see; none: it is left out.

    The viewer is one of their course: all documents are of that.
    """
    counts: dict[str, int] = {}
    for start in range(0, len(document_ids), SLICE):
        ids = list(document_ids[start : start + SLICE])
        counts |= {row.document_id: row.n for row in tx.all(_open, document_ids=ids, **_seen_by(viewer))}
    return counts


def page_of(
    tx: Transaction, viewer: Viewer, asked: ListAnnotations, after: str, most: int
) -> list[Annotation]:
    """Return up to `most` annotations behind an id that the viewer may see, the oldest first."""
    filters: dict[str, Any] = {
        "any_motivation": int(asked.motivation is None),
        "motivation": asked.motivation or "",
        "any_tag": int(asked.tag is None),
        "tag": orjson.dumps(asked.tag or "").decode(),
        "any_resolved": int(asked.resolved is None),
        "is_resolved": int(bool(asked.resolved)),
    }
    wanted = {"document_id": asked.document_id, "after": after, "most": most, **filters, **_seen_by(viewer)}
    if asked.parent_id is not None:
        rows = tx.all(_threads, of_parent=asked.parent_id, **wanted)
    else:
        rows = tx.all(_pages, **wanted)
    return [stored_of(row).annotation for row in rows]


def _seen_by(viewer: Viewer) -> dict[str, Any]:
    audiences = ["course", *(["staff"] if viewer.is_staff else [])]
    audiences += [f"{GROUP}{group}" for group in sorted(viewer.groups)]
    return {"audiences": audiences, "me": viewer.user_id, "is_staff": int(viewer.is_staff)}


def _columns(stored: Stored) -> dict[str, Any]:
    annotation = stored.annotation
    target, resolved_at, edited_at = annotation.target, annotation.resolved_at, annotation.edited_at
    return {
        "author_id": annotation.author_id,
        "visibility": annotation.visibility,
        "motivation": annotation.motivation,
        "state": annotation.state,
        "orphaned": int(annotation.orphaned),
        "resolved_by": annotation.resolved_by,
        "resolved_at": milliseconds(resolved_at) if resolved_at else None,
        "revision": annotation.revision,
        "changed": orjson.dumps(dict(stored.changed)).decode(),
        "edited_at": milliseconds(edited_at) if edited_at else None,
        "tags": orjson.dumps(annotation.tags).decode(),
        "mentions": orjson.dumps(stored.mentions).decode(),
        "target": target.model_dump_json(exclude_none=True) if target else None,
        "body": annotation.body,
        "html": annotation.html,
    }


def stored_of(row: Row) -> Stored:
    """Return an annotation from a row of the table and its author's name."""
    annotation = Annotation(
        id=row.id,
        document_id=row.document_id,
        parent_id=row.parent_id,
        author_id=row.author_id,
        # The LMS itself is no person with a name.
        author_name=row.author_name or row.author_id or "",
        motivation=row.motivation,
        body=row.body,
        html=row.html,
        tags=orjson.loads(row.tags),
        target=AnnotationTarget.model_validate_json(row.target) if row.target else None,
        orphaned=bool(row.orphaned),
        visibility=row.visibility,
        resolved_by=row.resolved_by,
        resolved_at=iso(row.resolved_at) if row.resolved_at is not None else None,
        reply_count=row.reply_count,
        state=row.state,
        revision=row.revision,
        created_at=iso(row.created_at),
        edited_at=iso(row.edited_at) if row.edited_at is not None else None,
    )
    return Stored(annotation, orjson.loads(row.changed), tuple(orjson.loads(row.mentions)))
