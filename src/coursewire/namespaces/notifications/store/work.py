"""What the background has to do: notifications to many, marks of many, what is to leave by email or push."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import Label, bindparam, delete, func, insert, literal_column, select, update

from coursewire.namespaces.notifications.store.tables import (
    ME,
    RUNNING,
    WAITING,
    deliveries,
    items,
    outgoing,
    sweeps,
)
from coursewire.storage.statement import Prepared, Row
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.reach import Sending
    from coursewire.realtime.transaction import Transaction

_insert_delivery = Prepared(insert(deliveries))
_delivery = Prepared(select(deliveries).where(deliveries.c.id == bindparam("id")))
_running = Prepared(
    select(deliveries.c.id)
    .where(deliveries.c.state == RUNNING)
    .order_by(deliveries.c.created_at)
    .limit(bindparam("most"))
)
_of_content = Prepared(
    select(deliveries.c.id).where(
        deliveries.c.content_id == bindparam("content_id"), deliveries.c.state == RUNNING
    )
)
_advance = Prepared(
    update(deliveries)
    .where(deliveries.c.id == bindparam("of_id"))
    .values(reached=deliveries.c.reached + bindparam("more"), after=bindparam("last"))
)
_finish = Prepared(
    update(deliveries)
    .where(deliveries.c.id == bindparam("of_id"))
    .values(
        reached=deliveries.c.reached + bindparam("more"),
        state="finished",
        finished_at=bindparam("at"),
        # Whom it was for stands with each of them; here it is of no more use.
        audience="{}",
        after="",
    )
)
_named = Prepared(select(deliveries.c.id, deliveries.c.audience).where(deliveries.c.state == RUNNING))
_put_audience = Prepared(
    update(deliveries).where(deliveries.c.id == bindparam("of_id")).values(audience=bindparam("audience"))
)


def insert_delivery(
    tx: Transaction,
    content_id: str,
    audience: dict[str, Any],
    *,
    recipients: int,
    group_key: str | None = None,
    dedupe_key: str | None = None,
    expires_at: int | None = None,
) -> str:
    """Note that a content is to reach an audience, and return the id of that."""
    delivery_id = new_id()
    tx.run(
        _insert_delivery,
        id=delivery_id,
        content_id=content_id,
        state="running",
        audience=orjson.dumps(audience).decode(),
        group_key=group_key,
        dedupe_key=dedupe_key,
        expires_at=expires_at,
        recipients=recipients,
        reached=0,
        after="",
        created_at=tx.now,
        finished_at=None,
    )
    return delivery_id


def load_delivery(tx: Transaction, delivery_id: str) -> Row | None:
    """Return the row of a delivery."""
    return tx.one(_delivery, id=delivery_id)


def running_deliveries(tx: Transaction, most: int) -> list[str]:
    """Return the ids of up to `most` deliveries that are not finished, the oldest first."""
    return [row.id for row in tx.all(_running, most=most)]


def advance_delivery(tx: Transaction, delivery_id: str, reached: int, last: str | None) -> None:
    """Note that so many more were reached, up to `last`; None when nobody is left."""
    if last is None:
        tx.run(_finish, of_id=delivery_id, more=reached, at=tx.now)
    else:
        tx.run(_advance, of_id=delivery_id, more=reached, last=last)


def end_deliveries_of(tx: Transaction, content_id: str) -> None:
    """Let a content that was taken back reach nobody else."""
    for row in tx.all(_of_content, content_id=content_id):
        advance_delivery(tx, row.id, 0, None)


def leave_out_of_deliveries(tx: Transaction, user_id: str) -> None:
    """Take somebody who is erased out of the audiences that are not reached yet."""
    for row in tx.all(_named):
        audience = orjson.loads(row.audience)
        if user_id in audience.get("users", ()):
            audience["users"].remove(user_id)
            tx.run(_put_audience, of_id=row.id, audience=orjson.dumps(audience).decode())


# Marks of many


class SweepRow(NamedTuple):
    """A mark by filter that is not finished."""

    id: str
    user_id: str
    filter: str
    mark: str
    before: int
    at: int
    spared: str


_SWEEP = [sweeps.c[name] for name in SweepRow._fields]
_insert_sweep = Prepared(insert(sweeps))
_first_sweep: Label[str] = func.min(sweeps.c.id).label("first")
_sweeps_in_turn = Prepared(
    select(_first_sweep).group_by(sweeps.c.user_id).order_by(_first_sweep).limit(bindparam("most"))
)
_sweep = Prepared(select(*_SWEEP).where(sweeps.c.id == bindparam("of_id")))
_sweeps_of = Prepared(select(*_SWEEP).where(sweeps.c.user_id == ME).order_by(sweeps.c.id))
_spare = Prepared(update(sweeps).where(sweeps.c.id == bindparam("of_id")).values(spared=bindparam("spared")))
_end_sweep = Prepared(delete(sweeps).where(sweeps.c.id == bindparam("of_id")))


def insert_sweep(tx: Transaction, user_id: str, wanted: str, mark: str, before: int) -> None:
    """Note what is left of a mark by filter."""
    tx.run(
        _insert_sweep,
        id=new_id(),
        user_id=user_id,
        filter=wanted,
        mark=mark,
        before=before,
        at=tx.now,
        spared="[]",
    )


def load_sweep(tx: Transaction, sweep_id: str) -> SweepRow | None:
    """Return a mark that is not finished."""
    row = tx.one(_sweep, of_id=sweep_id)
    return None if row is None else SweepRow._make(row)


def has_sweeps(tx: Transaction, user_id: str) -> bool:
    """Whether marks of a user are not finished."""
    return bool(tx.all(_sweeps_of, me=user_id))


def sweeps_of(tx: Transaction, user_id: str) -> list[SweepRow]:
    """Return the marks of a user that are not finished, in their order."""
    return [SweepRow._make(row) for row in tx.all(_sweeps_of, me=user_id)]


def spare(tx: Transaction, sweep: SweepRow, ids: Sequence[str]) -> None:
    """Keep items from an unfinished mark: it was applied to them."""
    spared = sorted({*orjson.loads(sweep.spared), *ids})
    tx.run(_spare, of_id=sweep.id, spared=orjson.dumps(spared).decode())


def end_sweep(tx: Transaction, sweep_id: str) -> None:
    """Forget a mark that is finished."""
    tx.run(_end_sweep, of_id=sweep_id)


# What leaves by email or push, and whether there is anything to do

_insert_outgoing = Prepared(insert(outgoing))
_delete_waiting = Prepared(
    delete(outgoing).where(
        outgoing.c.user_id.in_(bindparam("user_ids", expanding=True)),
        outgoing.c.content_id == bindparam("content_id"),
        outgoing.c.state == WAITING,
    )
)


def insert_outgoing(
    tx: Transaction, sendings: Iterable[tuple[str, str, Sending]], *, content_id: str
) -> None:
    """Let contents leave: (user id, item id, how) each."""
    tx.many(
        _insert_outgoing,
        [
            {
                "id": new_id(),
                "user_id": user_id,
                "item_id": item_id,
                "content_id": content_id,
                "channel": sending.channel,
                "kind": sending.kind,
                "state": "waiting",
                "not_before": sending.not_before,
                "attempts": 0,
                "created_at": tx.now,
                "finished_at": None,
                "error": None,
                "reached": None,
            }
            for user_id, item_id, sending in sendings
        ],
    )


def delete_waiting(tx: Transaction, content_id: str, user_ids: Sequence[str]) -> None:
    """Let a content leave to up to a SLICE of users no more."""
    tx.run(_delete_waiting, content_id=content_id, user_ids=list(user_ids))


_ONE: Label[int] = literal_column("1").label("one")
_any_expired = Prepared(select(_ONE).select_from(items).where(items.c.expires_at <= bindparam("at")).limit(1))
_any_to_wake = Prepared(
    select(_ONE).select_from(items).where(items.c.snoozed_until <= bindparam("at")).limit(1)
)


class Waiting(NamedTuple):
    """Which kinds of work there are."""

    deliveries: list[str]
    sweeps: list[str]
    """The oldest of each person, for theirs are done in turn."""
    expired: bool
    to_wake: bool


def what_waits(tx: Transaction, most: int) -> Waiting:
    """Return which kinds of work there are now, and up to `most` deliveries and marks."""
    return Waiting(
        running_deliveries(tx, most),
        [row.first for row in tx.all(_sweeps_in_turn, most=most)],
        bool(tx.all(_any_expired, at=tx.now)),
        bool(tx.all(_any_to_wake, at=tx.now)),
    )
