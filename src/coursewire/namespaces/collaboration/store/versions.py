"""Versions of documents: their tables, writing them, and their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from coursewire.namespaces.collaboration.contract import Version
from coursewire.namespaces.collaboration.store.tables import documents, snapshots, updates
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.realtime.transaction import Transaction
    from coursewire.storage import Row

versions = Table(
    "collaboration_versions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document_id", Text, nullable=False),
    Column("number", Integer, nullable=False),  # counted from 1 in each document
    Column("epoch", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),  # of the last edit in it
    Column("title", Text, nullable=False),
    Column("automatic", Text),  # why it was saved, where nobody asked for it
    Column("saved_by", Text),
    Column("saved_at", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column(
        "state", LargeBinary, nullable=False
    ),  # an update from nothing; last, so that lists do not read it
)
Index("ix_collaboration_versions_document", versions.c.document_id, versions.c.number, unique=True)
Index(
    "ix_collaboration_versions_saver",
    versions.c.saved_by,
    sqlite_where=versions.c.saved_by.is_not(None),
    postgresql_where=versions.c.saved_by.is_not(None),
)

editors = Table(
    "collaboration_version_editors",
    metadata,
    Column("version_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Who has edited since the version before."""
Index("ix_collaboration_version_editors_user", editors.c.user_id)

SLICE: Final = 500
"""How many documents one look takes."""


class Due(NamedTuple):
    """A document that was edited since its last version, as far as its row tells."""

    document_id: str
    edited_at: int
    """To the minute."""
    since: int
    """Of the first edit that no version has."""


_of_document = versions.c.document_id == bindparam("document_id")
_FIELDS = tuple(column for column in versions.columns if column.name != "state")
_load = Prepared(select(*_FIELDS).where(versions.c.id == bindparam("version_id")))
_state = Prepared(select(versions.c.state).where(versions.c.id == bindparam("version_id")))
_last = Prepared(select(*_FIELDS).where(_of_document).order_by(versions.c.number.desc()).limit(1))
_page = Prepared(
    select(*_FIELDS)
    .where(
        _of_document,
        versions.c.number < bindparam("before"),
        or_(bindparam("named_only") == 0, versions.c.automatic.is_(None)),
    )
    .order_by(versions.c.number.desc())
    .limit(bindparam("most"))
)
_editors = Prepared(
    select(editors.c.version_id, editors.c.user_id)
    .where(editors.c.version_id.in_(bindparam("ids", expanding=True)))
    .order_by(editors.c.version_id, editors.c.user_id)
)
_named = Prepared(select(func.count().label("named")).where(_of_document, versions.c.automatic.is_(None)))
_insert = Prepared(insert(versions))
_insert_editor = Prepared(insert(editors))
_oldest_kept = Prepared(
    select(versions.c.number)
    .where(_of_document, versions.c.automatic.is_not(None))
    .order_by(versions.c.number.desc())
    .offset(bindparam("kept"))
    .limit(1)
)
_too_old = and_(_of_document, versions.c.automatic.is_not(None), versions.c.number <= bindparam("up_to"))
_trim_editors = Prepared(
    delete(editors).where(editors.c.version_id.in_(select(versions.c.id).where(_too_old)))
)
_trim = Prepared(delete(versions).where(_too_old))
_delete_editors = Prepared(
    delete(editors).where(editors.c.version_id.in_(select(versions.c.id).where(_of_document)))
)
_delete = Prepared(delete(versions).where(_of_document))
_naming = Prepared(
    select(versions.c.document_id)
    .distinct()
    .where(
        or_(
            versions.c.saved_by == bindparam("whose"),
            versions.c.id.in_(select(editors.c.version_id).where(editors.c.user_id == bindparam("whose"))),
        )
    )
    .order_by(versions.c.document_id)
)
_unname = Prepared(update(versions).where(versions.c.saved_by == bindparam("whose")).values(saved_by=None))
_unname_editor = Prepared(delete(editors).where(editors.c.user_id == bindparam("whose")))
_offset_of_edit = (
    select(func.max(updates.c.offset))
    .where(updates.c.document_id == documents.c.id, updates.c.epoch == documents.c.epoch)
    .scalar_subquery()
)
_offset_of_snapshot = (
    select(func.max(snapshots.c.offset))
    .where(snapshots.c.document_id == documents.c.id, snapshots.c.epoch == documents.c.epoch)
    .scalar_subquery()
)
_edited = func.coalesce(_offset_of_edit, _offset_of_snapshot, 0)
_last_edit = Prepared(select(_edited.label("last_edit")).where(documents.c.id == bindparam("document_id")))
_editors_after = Prepared(
    select(updates.c.user_id)
    .distinct()
    .where(
        updates.c.document_id == bindparam("document_id"),
        updates.c.epoch == bindparam("of_epoch"),
        updates.c.offset > bindparam("after"),
    )
)
_newest = versions.alias("newest")
# A seed is no edit; in another epoch everything is new.
_offset_of_version = case((_newest.c.epoch == documents.c.epoch, _newest.c.offset), else_=0)
_first_edit_at = (
    select(func.min(updates.c.at))
    .where(
        updates.c.document_id == documents.c.id,
        updates.c.epoch == documents.c.epoch,
        updates.c.offset > _offset_of_version,
    )
    .scalar_subquery()
)
_due = Prepared(
    select(
        documents.c.id,
        documents.c.updated_at,
        func.coalesce(_first_edit_at, documents.c.updated_at).label("since"),
    )
    .select_from(
        documents.outerjoin(
            _newest,
            and_(
                _newest.c.document_id == documents.c.id,
                _newest.c.number
                == select(func.max(versions.c.number))
                .where(versions.c.document_id == documents.c.id)
                .scalar_subquery(),
            ),
        )
    )
    .where(
        documents.c.id > bindparam("behind"),
        documents.c.updated_at > bindparam("edited_after"),
        _edited > _offset_of_version,
    )
    .order_by(documents.c.id)
    .limit(SLICE)
)


def load_version(tx: Transaction, version_id: str) -> tuple[Version, int] | None:
    """Return a version and the offset of the last edit in it; None where there is no such version."""
    return _one(tx, tx.one(_load, version_id=version_id))


def last_version(tx: Transaction, document_id: str) -> tuple[Version, int] | None:
    """Return the newest version of a document, and the offset of the last edit in it."""
    return _one(tx, tx.one(_last, document_id=document_id))


def state_of_version(tx: Transaction, version_id: str) -> bytes:
    """Return the state of a version that is there."""
    row = tx.one(_state, version_id=version_id)
    return b"" if row is None else row.state


def page_of_versions(
    tx: Transaction, document_id: str, *, before: int, named_only: bool, most: int
) -> list[Version]:
    """Return versions with a number below `before`, the newest first."""
    rows = tx.all(_page, document_id=document_id, before=before, named_only=int(named_only), most=most)
    return _versions(tx, rows)


def count_named(tx: Transaction, document_id: str) -> int:
    """Return how many versions of a document somebody gave a name."""
    row = tx.one(_named, document_id=document_id)
    return 0 if row is None else row.named


def insert_version(tx: Transaction, version: Version, offset: int, state: bytes) -> None:
    """Keep a version that is saved now."""
    tx.run(
        _insert,
        id=version.id,
        document_id=version.document_id,
        number=version.number,
        epoch=version.epoch,
        offset=offset,
        title=version.title,
        automatic=version.automatic,
        saved_by=version.saved_by,
        saved_at=tx.now,
        size=version.size,
        state=state,
    )
    tx.many(_insert_editor, [{"version_id": version.id, "user_id": user_id} for user_id in version.editors])


def trim_automatic(tx: Transaction, document_id: str, *, kept: int) -> None:
    """Forget the automatic versions of a document but for the newest ones."""
    row = tx.one(_oldest_kept, document_id=document_id, kept=kept)
    if row is not None:
        tx.run(_trim_editors, document_id=document_id, up_to=row.number)
        tx.run(_trim, document_id=document_id, up_to=row.number)


def delete_versions(tx: Transaction, document_id: str) -> None:
    """Forget all versions of a document."""
    tx.run(_delete_editors, document_id=document_id)
    tx.run(_delete, document_id=document_id)


def documents_naming(tx: Transaction, user_id: str) -> list[str]:
    """Return the documents of which a version names somebody."""
    return [row.document_id for row in tx.all(_naming, whose=user_id)]


def forget_versions_of(tx: Transaction, user_id: str) -> None:
    """Take somebody's name off all versions."""
    tx.run(_unname, whose=user_id)
    tx.run(_unname_editor, whose=user_id)


def last_edit(tx: Transaction, document_id: str) -> int:
    """Return the offset of the last edit of a document; 0 of one that nobody has edited since it was made."""
    row = tx.one(_last_edit, document_id=document_id)
    return 0 if row is None else row.last_edit


def editors_after(tx: Transaction, document_id: str, epoch: str, offset: int) -> set[str]:
    """Return who has edited after an offset, of the edits that no snapshot has replaced."""
    rows = tx.all(_editors_after, document_id=document_id, of_epoch=epoch, after=offset)
    return {row.user_id for row in rows}


def due_documents(tx: Transaction, *, behind: str, edited_after: int) -> list[Due]:
    """Return documents, by id behind `behind`, that were edited after a time and have no version of it."""
    rows = tx.all(_due, behind=behind, edited_after=edited_after)
    return [Due(row.id, row.updated_at, row.since) for row in rows]


def _one(tx: Transaction, row: Row | None) -> tuple[Version, int] | None:
    return None if row is None else (_versions(tx, [row])[0], row.offset)


def _versions(tx: Transaction, rows: Sequence[Row]) -> list[Version]:
    """Read versions; who edited, in one statement for all."""
    of_version: dict[str, list[str]] = {row.id: [] for row in rows}
    if rows:
        for row in tx.all(_editors, ids=list(of_version)):
            of_version[row.version_id].append(row.user_id)
    return [
        Version(
            id=row.id,
            document_id=row.document_id,
            epoch=row.epoch,
            number=row.number,
            title=row.title,
            automatic=row.automatic,
            saved_by=row.saved_by,
            editors=of_version[row.id],
            size=row.size,
            saved_at=iso(row.saved_at),
        )
        for row in rows
    ]
