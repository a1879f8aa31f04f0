"""Queries on what is to leave: claiming it, settling it, and where people are reached. The only SQL of this folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import BindParameter, bindparam, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.identity.store import courses, users
from coursewire.namespaces.notifications.delivery.parcels import Claim, Claimed, Parcel, Told
from coursewire.namespaces.notifications.delivery.tables import secrets, subscriptions
from coursewire.namespaces.notifications.store.tables import WAITING, contents, items, outgoing, preferences
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction
    from coursewire.storage.statement import Row

Channel = Literal["email", "push"]
Kind = Literal["immediate", "daily", "weekly"]
KINDS: Final[tuple[Kind, ...]] = ("immediate", "daily", "weekly")

MOST_IN_DIGEST: Final = 500
"""Rows that one digest takes; what is beyond comes with the next round, as another mail."""
ROWS_AT_ONCE: Final = 1_000
"""Rows that one claim takes, or a digest more: their texts are in memory together. The rest waits for its turn."""
SUBSCRIPTIONS_EACH: Final = 20
"""Browsers of one person; the one that subscribed first makes room for the twenty-first."""

_channel: BindParameter[str] = bindparam("channel")
_kind: BindParameter[str] = bindparam("kind")
_at: BindParameter[int] = bindparam("at")
_most: BindParameter[int] = bindparam("most")
_ids: BindParameter[str] = bindparam("ids", expanding=True)
_user_id: BindParameter[str] = bindparam("user_id")
_due = (
    outgoing.c.channel == _channel,
    outgoing.c.kind == _kind,
    outgoing.c.state == WAITING,
    outgoing.c.not_before <= _at,
)
_row = (outgoing.c.id, outgoing.c.user_id, outgoing.c.attempts)

_any_due = Prepared(select(literal_column("1").label("one")).select_from(outgoing).where(*_due).limit(1))
_next_due = Prepared(select(*_row).where(*_due).order_by(outgoing.c.not_before).limit(_most))
_due_of_users = Prepared(
    select(*_row)
    .where(*_due, outgoing.c.user_id.in_(bindparam("user_ids", expanding=True)))
    .order_by(outgoing.c.user_id, outgoing.c.id)
)
_claim = Prepared(
    update(outgoing)
    .where(outgoing.c.id.in_(_ids))
    .values(not_before=bindparam("until"), attempts=outgoing.c.attempts + literal_column("1"))
)
_told = Prepared(
    select(
        outgoing.c.id,
        outgoing.c.user_id,
        outgoing.c.created_at,
        items.c.noticed,
        items.c.group_count,
        items.c.expires_at,
        outgoing.c.item_id,
        contents.c.id.label("content_id"),
        contents.c.category,
        contents.c.priority,
        contents.c.title,
        contents.c.body,
        contents.c.html,
        contents.c.actor,
        contents.c.action,
        contents.c.mandatory,
        courses.c.title.label("course"),
        users.c.email,
        preferences.c.data.label("preferences"),
    )
    .select_from(
        outgoing.outerjoin(
            items, (items.c.user_id == outgoing.c.user_id) & (items.c.id == outgoing.c.item_id)
        )
        .outerjoin(contents, contents.c.id == outgoing.c.content_id)
        .outerjoin(courses, courses.c.id == contents.c.course_id)
        .outerjoin(users, users.c.id == outgoing.c.user_id)
        .outerjoin(preferences, preferences.c.user_id == outgoing.c.user_id)
    )
    .where(outgoing.c.id.in_(_ids))
    .order_by(outgoing.c.id)
)
_delete = Prepared(delete(outgoing).where(outgoing.c.id.in_(_ids)))
# `attempts` is the claim's number: whoever has lost it to another node changes nothing.
_mine = (outgoing.c.id.in_(_ids), outgoing.c.attempts == bindparam("attempt"))
_postpone = Prepared(
    update(outgoing).where(*_mine).values(not_before=bindparam("until"), error=bindparam("reason"))
)
_release = Prepared(
    update(outgoing).where(*_mine).values(not_before=_at, attempts=outgoing.c.attempts - literal_column("1"))
)
_give_up = Prepared(
    update(outgoing)
    .where(*_mine)
    .values(state=literal_column("'failed'"), finished_at=_at, error=bindparam("reason"))
)
_forget_failed = Prepared(
    delete(outgoing).where(
        outgoing.c.id.in_(
            select(outgoing.c.id)
            .where(outgoing.c.state == literal_column("'failed'"), outgoing.c.finished_at < _at)
            .limit(_most)
        )
    )
)

_save_subscription = Prepared(
    insert(subscriptions)
    .values({column.name: bindparam(column.name) for column in subscriptions.c})
    .on_conflict_do_update(
        index_elements=["endpoint"],
        set_={name: bindparam(name) for name in ("user_id", "p256dh", "auth", "created_at")},
    )
)
_subscriptions_of = Prepared(
    select(subscriptions).where(subscriptions.c.user_id.in_(bindparam("user_ids", expanding=True)))
)
_newest = (
    select(subscriptions.c.endpoint)
    .where(subscriptions.c.user_id == _user_id)
    .order_by(subscriptions.c.created_at.desc(), subscriptions.c.endpoint)
    .limit(_most)
)
_delete_oldest = Prepared(
    delete(subscriptions).where(
        subscriptions.c.user_id == _user_id, subscriptions.c.endpoint.not_in(_newest.scalar_subquery())
    )
)
_delete_subscription = Prepared(
    delete(subscriptions).where(
        subscriptions.c.user_id == _user_id, subscriptions.c.endpoint == bindparam("endpoint")
    )
)
_delete_gone = Prepared(
    delete(subscriptions).where(
        subscriptions.c.user_id == _user_id,
        subscriptions.c.endpoint.in_(bindparam("endpoints", expanding=True)),
    )
)
_delete_subscriptions = Prepared(delete(subscriptions).where(subscriptions.c.user_id == _user_id))
_secret = Prepared(select(secrets.c.secret).where(secrets.c.purpose == bindparam("purpose")))


def any_due(tx: Transaction, channel: Channel) -> bool:
    """Whether something is to leave now."""
    return any(tx.one(_any_due, channel=channel, kind=kind, at=tx.now) for kind in KINDS)


def claim(tx: Transaction, channel: Channel, *, most: int, lease_ms: int) -> list[Claim]:
    """Take what is due, up to `most` messages, so that no other node sees it for `lease_ms`.

    The lease is `not_before`: whoever dies leaves rows that are due again when it is over. Each claim counts as an
    attempt, and so does one that kills us.
    """
    claims: list[Claim] = []
    for kind in KINDS:
        room = most - len(claims)
        rows = tx.all(_next_due, channel=channel, kind=kind, at=tx.now, most=room) if room else []
        if kind == "immediate":
            claims += [_claim_of([row], kind, tx.now + lease_ms) for row in rows]
        elif rows:
            # All that is due for these people, not only what fitted into the page.
            whose = list({row.user_id for row in rows})
            groups: dict[str, list[Row]] = defaultdict(list)
            for row in tx.all(_due_of_users, channel=channel, kind=kind, at=tx.now, user_ids=whose):
                groups[row.user_id].append(row)
            taken = sum(len(claimed.rows) for claimed in claims)
            for found in groups.values():
                if taken < ROWS_AT_ONCE:
                    claims.append(_claim_of(found[:MOST_IN_DIGEST], kind, tx.now + lease_ms))
                    taken += len(claims[-1].rows)
    ids = [row.id for claimed in claims for row in claimed.rows]
    for start in range(0, len(ids), MOST_IN_DIGEST):
        tx.run(_claim, ids=ids[start : start + MOST_IN_DIGEST], until=tx.now + lease_ms)
    return claims


def _claim_of(rows: Sequence[Row], kind: Kind, until: int) -> Claim:
    return Claim(
        user_id=rows[0].user_id,
        kind=kind,
        rows=tuple(Claimed(row.id, row.attempts + 1) for row in rows),
        until=until,
    )


def parcels(tx: Transaction, claims: Sequence[Claim]) -> list[Parcel]:
    """Return what is to be said to whom, for each claim in turn, in a few queries for all."""
    ids = [row.id for claimed in claims for row in claimed.rows]
    told: dict[str, Row] = {}
    for start in range(0, len(ids), MOST_IN_DIGEST):
        told |= {row.id: row for row in tx.all(_told, ids=ids[start : start + MOST_IN_DIGEST])}
    browsers: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for row in tx.all(_subscriptions_of, user_ids=list({claimed.user_id for claimed in claims})):
        browsers[row.user_id].append((row.endpoint, row.p256dh, row.auth))
    return [
        _parcel(claimed, [told[row.id] for row in claimed.rows if row.id in told], browsers[claimed.user_id])
        for claimed in claims
    ]


def _parcel(claimed: Claim, rows: Sequence[Row], browsers: list[tuple[str, str, str]]) -> Parcel:
    return Parcel(
        claim=claimed,
        email=rows[0].email if rows else None,
        preferences=(rows[0].preferences or "") if rows else "",
        told=tuple(_told_of(row) for row in rows if row.content_id is not None and row.noticed is not None),
        browsers=tuple(browsers),
    )


def _told_of(row: Row) -> Told:
    return Told(
        id=row.id,
        item_id=row.item_id,
        noticed=row.noticed,
        expires_at=row.expires_at,
        category=row.category,
        priority=row.priority,
        title=row.title,
        body=row.body,
        html=row.html,
        course=row.course,
        actor=row.actor,
        action=row.action,
        mandatory=bool(row.mandatory),
        count=row.group_count,
        created_at=row.created_at,
    )


def finish(tx: Transaction, claimed: Claim, gone: Sequence[str] = ()) -> None:
    """Forget rows that were sent, or that nobody wants any more, and the subscriptions that have ended."""
    tx.run(_delete, ids=claimed.ids)
    if gone:
        tx.run(_delete_gone, user_id=claimed.user_id, endpoints=list(gone))


def postpone(tx: Transaction, claimed: Claim, *, until: int, reason: str) -> None:
    """Try these rows again at `until`, unless another node has them by now."""
    for attempt, ids in claimed.by_attempt.items():
        tx.run(_postpone, ids=ids, attempt=attempt, until=until, reason=reason)


def release(tx: Transaction, claimed: Claim) -> None:
    """Give rows back that were not tried."""
    for attempt, ids in claimed.by_attempt.items():
        tx.run(_release, ids=ids, attempt=attempt, at=tx.now)


def give_up(tx: Transaction, claimed: Claim, *, reason: str) -> None:
    """Keep these rows as failed."""
    for attempt, ids in claimed.by_attempt.items():
        tx.run(_give_up, ids=ids, attempt=attempt, at=tx.now, reason=reason)


def forget_failed(tx: Transaction, *, before: int, most: int) -> int:
    """Delete up to `most` rows that were given up before a time, and return how many there were."""
    return tx.run(_forget_failed, at=before, most=most)


def save_subscription(tx: Transaction, user_id: str, endpoint: str, p256dh: str, auth: str) -> None:
    """Reach somebody at this browser; another person who used it before is not reached there any more."""
    params: dict[str, Any] = {"endpoint": endpoint, "user_id": user_id, "p256dh": p256dh, "auth": auth}
    tx.run(_save_subscription, **params, created_at=tx.now)
    tx.run(_delete_oldest, user_id=user_id, most=SUBSCRIPTIONS_EACH)


def delete_subscription(tx: Transaction, user_id: str, endpoint: str) -> bool:
    """Reach somebody at this browser no more; False when there was nothing to end."""
    return bool(tx.run(_delete_subscription, user_id=user_id, endpoint=endpoint))


def delete_subscriptions(tx: Transaction, user_id: str) -> None:
    """Forget all browsers of somebody."""
    tx.run(_delete_subscriptions, user_id=user_id)


def link_secret(tx: Transaction) -> str:
    """Return what signs the links in mails."""
    row = tx.one(_secret, purpose="links")
    if row is None:
        raise RuntimeError("the database has no secret for links: it was not migrated")
    return str(row.secret)
