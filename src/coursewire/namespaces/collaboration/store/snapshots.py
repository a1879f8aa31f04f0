"""Documents as they stood at an offset: what they are loaded from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from coursewire.namespaces.collaboration.store.tables import snapshots
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


class Snapshot(NamedTuple):
    """A document with all edits up to and with an offset."""

    offset: int
    state: bytes
    known: bytes
    deleted: bytes = b""
    """Who took away what is gone in it; `store/deletions.py` reads it."""


_of_epoch = (
    snapshots.c.document_id == bindparam("document_id"),
    snapshots.c.epoch == bindparam("in_epoch"),
)
_insert = Prepared(insert(snapshots))
_newest = Prepared(
    select(snapshots.c.offset, snapshots.c.state, snapshots.c.known)
    .where(*_of_epoch)
    .order_by(snapshots.c.offset.desc())
    .limit(bindparam("most"))
)
_offsets = Prepared(select(snapshots.c.offset).where(*_of_epoch).order_by(snapshots.c.offset.desc()))
_forget = Prepared(delete(snapshots).where(*_of_epoch, snapshots.c.offset < bindparam("before")))
_delete = Prepared(delete(snapshots).where(snapshots.c.document_id == bindparam("document_id")))


def newest_snapshots(tx: Transaction, document_id: str, epoch: str, most: int) -> list[Snapshot]:
    """Return the newest snapshots, the newest first."""
    rows = tx.all(_newest, document_id=document_id, in_epoch=epoch, most=most)
    return [Snapshot(row.offset, row.state, row.known) for row in rows]


def snapshot_offsets(tx: Transaction, document_id: str, epoch: str) -> list[int]:
    """Return where the snapshots of a document stand, the newest first."""
    return [row.offset for row in tx.all(_offsets, document_id=document_id, in_epoch=epoch)]


def insert_snapshot(tx: Transaction, document_id: str, epoch: str, snapshot: Snapshot) -> None:
    """Keep a snapshot."""
    tx.run(
        _insert,
        document_id=document_id,
        epoch=epoch,
        offset=snapshot.offset,
        made_at=tx.now,
        size=len(snapshot.state),
        state=snapshot.state,
        known=snapshot.known,
        deleted=snapshot.deleted,
    )


def forget_snapshots(tx: Transaction, document_id: str, epoch: str, before: int) -> None:
    """Let go of the snapshots before an offset."""
    tx.run(_forget, document_id=document_id, in_epoch=epoch, before=before)


def delete_snapshots(tx: Transaction, document_id: str) -> None:
    """Let go of all snapshots of a document."""
    tx.run(_delete, document_id=document_id)
