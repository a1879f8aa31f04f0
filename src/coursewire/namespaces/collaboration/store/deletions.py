"""Who took away what, as it is written down: in snapshots, and in the edits behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, select

from coursewire.namespaces.collaboration.store.tables import snapshots, updates
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


class Signed(NamedTuple):
    """An edit, and who made it with which editor."""

    bytes: bytes
    client_id: int
    user_id: str


_written_down = Prepared(
    select(snapshots.c.offset, snapshots.c.deleted)
    .where(
        snapshots.c.document_id == bindparam("document_id"),
        snapshots.c.epoch == bindparam("in_epoch"),
    )
    .order_by(snapshots.c.offset.desc())
)
_after = Prepared(
    select(updates.c.bytes, updates.c.client_id, updates.c.user_id)
    .where(
        updates.c.document_id == bindparam("document_id"),
        updates.c.epoch == bindparam("in_epoch"),
        updates.c.offset > bindparam("after"),
    )
    .order_by(updates.c.offset)
)


def written_down(tx: Transaction, document_id: str, epoch: str) -> list[tuple[int, bytes]]:
    """Return what the snapshots of a document say, each with its offset, the newest first."""
    rows = tx.all(_written_down, document_id=document_id, in_epoch=epoch)
    return [(row.offset, row.deleted) for row in rows]


def signed_after(tx: Transaction, document_id: str, epoch: str, offset: int) -> list[Signed]:
    """Return the edits behind an offset, in order."""
    rows = tx.all(_after, document_id=document_id, in_epoch=epoch, after=offset)
    return [Signed(row.bytes, row.client_id, row.user_id) for row in rows]
