"""Forgetting what nobody asks for any more: a slice of one table in each statement, found by an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, bindparam, delete, exists, literal_column, select, tuple_, update

from coursewire.namespaces.notifications.store.items import Left, forget_sent
from coursewire.namespaces.notifications.store.tables import (
    FAILED,
    FINISHED,
    RUNNING,
    WAITING,
    contents,
    dedupes,
    deliveries,
    items,
    outgoing,
)
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

_before: BindParameter[int] = bindparam("before")
_most: BindParameter[int] = bindparam("most")
_ids: BindParameter[str] = bindparam("ids", expanding=True)
_KEY = (dedupes.c.user_id, dedupes.c.dedupe_key)
_old_keys = select(*_KEY).where(dedupes.c.at < _before).order_by(dedupes.c.at).limit(_most)
_forget_keys = Prepared(delete(dedupes).where(tuple_(*_KEY).in_(_old_keys)))

_old_deliveries = Prepared(
    select(deliveries.c.id, deliveries.c.content_id)
    .where(deliveries.c.state == FINISHED, deliveries.c.finished_at < _before)
    .order_by(deliveries.c.finished_at)
    .limit(_most)
)
_forget_deliveries = Prepared(delete(deliveries).where(deliveries.c.id.in_(_ids)))
_forget_contents = Prepared(
    # What all of an audience had had already has reached nobody, and goes with the delivery.
    delete(contents).where(
        contents.c.id.in_(_ids),
        contents.c.source.is_(None),
        ~exists().where(items.c.content_id == contents.c.id),
        ~exists().where(deliveries.c.content_id == contents.c.id, deliveries.c.state == RUNNING),
    )
)

_given_up = Prepared(
    select(outgoing.c.id, *(outgoing.c[name] for name in Left._fields))
    .where(outgoing.c.state == FAILED, outgoing.c.finished_at < _before)
    .order_by(outgoing.c.finished_at)
    .limit(_most)
)
_forget_given_up = Prepared(delete(outgoing).where(outgoing.c.id.in_(_ids)))
_overdue = (
    select(outgoing.c.id)
    .where(
        outgoing.c.channel.in_(("email", "push")),
        outgoing.c.kind.in_(("immediate", "daily", "weekly")),
        outgoing.c.state == WAITING,
        outgoing.c.not_before < _before,
    )
    .limit(_most)
)
_give_up_overdue = Prepared(
    update(outgoing)
    .where(outgoing.c.id.in_(_overdue))
    .values(
        state=literal_column("'failed'"),
        finished_at=bindparam("at"),
        error=literal_column("'not sent in time'"),
    )
)


def forget_keys(tx: Transaction, *, before: int, most: int) -> int:
    """Forget up to `most` notes of who has had which key since before a time, and return how many."""
    return tx.run(_forget_keys, before=before, most=most)


def forget_deliveries(tx: Transaction, *, before: int, most: int) -> int:
    """Forget up to `most` deliveries that were finished before a time, and return how many."""
    rows = tx.all(_old_deliveries, before=before, most=most)
    if rows:
        tx.run(_forget_deliveries, ids=[row.id for row in rows])
        tx.run(_forget_contents, ids=[row.content_id for row in rows])
    return len(rows)


def forget_given_up(tx: Transaction, *, before: int, most: int) -> int:
    """Forget up to `most` messages that were given up before a time, with what was kept only for them; how many."""
    rows = tx.all(_given_up, before=before, most=most)
    if rows:
        tx.run(_forget_given_up, ids=[row.id for row in rows])
        forget_sent(tx, [Left._make(row[1:]) for row in rows])
    return len(rows)


def give_up_overdue(tx: Transaction, *, before: int, most: int) -> int:
    """Give up to `most` messages up that have been due since before a time, and return how many."""
    return tx.run(_give_up_overdue, before=before, most=most, at=tx.now)
