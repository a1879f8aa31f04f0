"""Whose the client ids of a document are, and how far each has written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BindParameter, bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.namespaces.collaboration.store.tables import writers
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


class Writer(NamedTuple):
    """Whose a client id is; `clock` counts the units that it has written."""

    user_id: str
    clock: int


_of_epoch = (writers.c.document_id == bindparam("document_id"), writers.c.epoch == bindparam("in_epoch"))
_FIELDS = (writers.c.client_id, writers.c.user_id, writers.c.clock)
_clients: BindParameter[int] = bindparam("client_ids", expanding=True)
_one = Prepared(select(*_FIELDS).where(*_of_epoch, writers.c.client_id == bindparam("client_id")))
_some = Prepared(select(*_FIELDS).where(*_of_epoch, writers.c.client_id.in_(_clients)))
_all = Prepared(select(*_FIELDS).where(*_of_epoch))
_new = insert(writers)
_save = Prepared(
    _new.on_conflict_do_update(
        index_elements=[writers.c.document_id, writers.c.epoch, writers.c.client_id],
        # Whose it is stays as it is: the first who writes with it owns it.
        set_={
            "clock": case(
                (_new.excluded.clock > writers.c.clock, _new.excluded.clock), else_=writers.c.clock
            ),
            "last_at": _new.excluded.last_at,
        },
    )
)
_count = Prepared(select(func.count().label("n")).where(*_of_epoch))
_since = Prepared(
    select(writers.c.user_id)
    .distinct()
    .where(*_of_epoch, writers.c.last_at > bindparam("after"))
    .order_by(writers.c.user_id)
)
_delete = Prepared(delete(writers).where(writers.c.document_id == bindparam("document_id")))
_documents = Prepared(select(writers.c.document_id).distinct().where(writers.c.user_id == bindparam("whose")))
_unname = Prepared(
    update(writers).where(writers.c.user_id == bindparam("whose")).values(user_id=bindparam("nobody"))
)

SLICE = 500
"""Client ids in one statement."""


def load_writers(
    tx: Transaction, document_id: str, epoch: str, client_ids: Collection[int]
) -> dict[int, Writer]:
    """Return those of these client ids that somebody has written with; of one, which is the rule, by its key."""
    if len(client_ids) == 1:
        [client_id] = client_ids
        rows = tx.all(_one, document_id=document_id, in_epoch=epoch, client_id=client_id)
    else:
        ids = list(client_ids)
        rows = [
            row
            for start in range(0, len(ids), SLICE)
            for row in tx.all(
                _some, document_id=document_id, in_epoch=epoch, client_ids=ids[start : start + SLICE]
            )
        ]
    return {row.client_id: Writer(row.user_id, row.clock) for row in rows}


def count_writers(tx: Transaction, document_id: str, epoch: str) -> int:
    """Return how many client ids were ever written with."""
    row = tx.one(_count, document_id=document_id, in_epoch=epoch)
    return row.n if row is not None else 0


def all_writers(tx: Transaction, document_id: str, epoch: str) -> dict[int, Writer]:
    """Return every client id that was ever written with."""
    rows = tx.all(_all, document_id=document_id, in_epoch=epoch)
    return {row.client_id: Writer(row.user_id, row.clock) for row in rows}


def save_writers(
    tx: Transaction, document_id: str, epoch: str, written: Iterable[tuple[int, Writer]]
) -> None:
    """Note how far client ids have written; whoever is the first owns one."""
    tx.many(
        _save,
        [
            {
                "document_id": document_id,
                "epoch": epoch,
                "client_id": client_id,
                "user_id": writer.user_id,
                "clock": writer.clock,
                "first_at": tx.now,
                "last_at": tx.now,
            }
            for client_id, writer in written
        ],
    )


def editors_since(tx: Transaction, document_id: str, epoch: str, at: int) -> list[str]:
    """Return who has edited after a time, in milliseconds, in the order of their ids."""
    return [row.user_id for row in tx.all(_since, document_id=document_id, in_epoch=epoch, after=at)]


def delete_writers(tx: Transaction, document_id: str) -> None:
    """Let go of the client ids of a document: it begins anew, or is gone."""
    tx.run(_delete, document_id=document_id)


def documents_written_by(tx: Transaction, user_id: str) -> list[str]:
    """Return the documents that somebody has edited."""
    return [row.document_id for row in tx.all(_documents, whose=user_id)]


def unname_writer(tx: Transaction, user_id: str, nobody: str) -> None:
    """Let what somebody wrote be nobody's in particular; their client ids stay taken."""
    tx.run(_unname, whose=user_id, nobody=nobody)
