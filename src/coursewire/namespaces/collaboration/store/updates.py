"""Edits as they were committed: what a document is, together with its last snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from coursewire.namespaces.collaboration.store.tables import updates
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursewire.realtime.transaction import Transaction


class Edit(NamedTuple):
    """One update, and where it stands in the stream of its document; the seed stands at 0, before the first."""

    offset: int
    bytes: bytes


_of_epoch = (updates.c.document_id == bindparam("document_id"), updates.c.epoch == bindparam("in_epoch"))
_insert = Prepared(insert(updates))
_after = Prepared(
    select(updates.c.offset, updates.c.bytes)
    .where(*_of_epoch, updates.c.offset > bindparam("after"))
    .order_by(updates.c.offset)
)
_forget = Prepared(delete(updates).where(*_of_epoch, updates.c.offset <= bindparam("up_to")))
_delete = Prepared(delete(updates).where(updates.c.document_id == bindparam("document_id")))
_unname = Prepared(
    update(updates)
    .where(updates.c.document_id == bindparam("of_document"), updates.c.user_id == bindparam("whose"))
    .values(user_id=bindparam("nobody"))
)


class Kept(NamedTuple):
    """An edit, and who wrote it with which editor."""

    edit: Edit
    client_id: int
    user_id: str


def insert_updates(tx: Transaction, document_id: str, epoch: str, edits: Iterable[Kept]) -> None:
    """Keep edits."""
    tx.many(
        _insert,
        [
            {
                "document_id": document_id,
                "epoch": epoch,
                "offset": edit.offset,
                "client_id": client_id,
                "user_id": user_id,
                "at": tx.now,
                "bytes": edit.bytes,
            }
            for edit, client_id, user_id in edits
        ],
    )


def updates_after(tx: Transaction, document_id: str, epoch: str, offset: int) -> list[Edit]:
    """Return the edits behind an offset, in order."""
    rows = tx.all(_after, document_id=document_id, in_epoch=epoch, after=offset)
    return [Edit(row.offset, row.bytes) for row in rows]


def forget_updates(tx: Transaction, document_id: str, epoch: str, offset: int) -> None:
    """Let go of the edits up to and with an offset: a snapshot has them."""
    tx.run(_forget, document_id=document_id, in_epoch=epoch, up_to=offset)


def delete_updates(tx: Transaction, document_id: str) -> None:
    """Let go of all edits of a document."""
    tx.run(_delete, document_id=document_id)


def unname_updates(tx: Transaction, document_id: str, user_id: str, nobody: str) -> None:
    """Let somebody's edits of a document be nobody's in particular."""
    tx.run(_unname, of_document=document_id, whose=user_id, nobody=nobody)
