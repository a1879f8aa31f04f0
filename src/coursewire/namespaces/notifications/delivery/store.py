"""Queries on what is to leave: whose turn it is, claiming it, settling it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from sqlalchemy import BindParameter, ScalarSelect, bindparam, delete, func, literal_column, select, update

from coursewire.identity.store import courses, users
from coursewire.namespaces.notifications.delivery.browsers import browsers_of
from coursewire.namespaces.notifications.delivery.parcels import Browser, Claim, Claimed, Parcel, Told
from coursewire.namespaces.notifications.delivery.tables import secrets
from coursewire.namespaces.notifications.store.items import Left, forget_sent
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
PEOPLE_AT_ONCE: Final = 256
"""People who are asked in one work whether something of theirs is due."""

_channel: BindParameter[str] = bindparam("channel")
_kind: BindParameter[str] = bindparam("kind")
_at: BindParameter[int] = bindparam("at")
_most: BindParameter[int] = bindparam("most")
_ids: BindParameter[str] = bindparam("ids", expanding=True)
_due = (
    outgoing.c.channel == _channel,
    outgoing.c.kind == _kind,
    outgoing.c.state == WAITING,
    outgoing.c.not_before <= _at,
)
_row = (outgoing.c.id, outgoing.c.user_id, outgoing.c.attempts)

_any_due = Prepared(select(literal_column("1").label("one")).select_from(outgoing).where(*_due).limit(1))
_ONE: Any = literal_column("1")
_first_turn = (
    select(func.min(outgoing.c.user_id))
    .where(outgoing.c.user_id > bindparam("after", type_=outgoing.c.user_id.type))
    .scalar_subquery()
)
_turns = select(_first_turn.label("user_id"), _ONE.label("number")).cte("turns", recursive=True)
_later_turn = (
    select(func.min(outgoing.c.user_id)).where(outgoing.c.user_id > _turns.c.user_id).scalar_subquery()
)
_turns = _turns.union_all(
    select(_later_turn, _turns.c.number + _ONE).where(_turns.c.user_id.is_not(None), _turns.c.number < _most)
)


def _first_due(kind: Kind) -> ScalarSelect[Any]:
    return (
        select(outgoing.c.id)
        .where(
            outgoing.c.user_id == _turns.c.user_id,
            outgoing.c.channel == _channel,
            outgoing.c.state == WAITING,
            outgoing.c.kind == literal_column(f"'{kind}'"),
            outgoing.c.not_before <= _at,
        )
        .order_by(outgoing.c.not_before)
        .limit(_ONE)
        .scalar_subquery()
    )


_next_in_turn = Prepared(
    # From one person to the next along the index, past however many rows each of them has.
    select(_turns.c.user_id, *(_first_due(kind).label(kind) for kind in KINDS))
    .where(_turns.c.user_id.is_not(None))
    .order_by(_turns.c.number)
)
_still_due = Prepared(
    select(*_row).where(outgoing.c.id.in_(_ids), outgoing.c.state == WAITING, outgoing.c.not_before <= _at)
)
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
        items.c.shelf,
        items.c.noticed,
        items.c.group_count,
        items.c.expires_at,
        outgoing.c.item_id,
        outgoing.c.reached,
        contents.c.id.label("content_id"),
        contents.c.category,
        contents.c.priority,
        contents.c.title,
        contents.c.body,
        contents.c.html,
        contents.c.actor,
        contents.c.action,
        contents.c.mandatory,
        contents.c.course_id,
        contents.c.source,
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
_to_delete = Prepared(
    select(*(outgoing.c[name] for name in Left._fields)).where(outgoing.c.id.in_(_ids)).distinct()
)
_delete = Prepared(delete(outgoing).where(outgoing.c.id.in_(_ids)))
# `attempts` is the claim's number: whoever has lost it to another node changes nothing.
_mine = (outgoing.c.id.in_(_ids), outgoing.c.attempts == bindparam("attempt"))
_reached = func.coalesce(bindparam("reached", type_=outgoing.c.reached.type), outgoing.c.reached)
_postpone = Prepared(
    update(outgoing)
    .where(*_mine)
    .values(not_before=bindparam("until"), error=bindparam("reason"), reached=_reached)
)
_release = Prepared(
    update(outgoing)
    .where(*_mine)
    .values(
        not_before=bindparam("until"),
        attempts=outgoing.c.attempts - _ONE,
        error=func.coalesce(bindparam("reason", type_=outgoing.c.error.type), outgoing.c.error),
        reached=_reached,
    )
)
_waits_for = (
    select(outgoing.c.id)
    .where(
        outgoing.c.user_id == bindparam("whose"),
        outgoing.c.channel == _channel,
        outgoing.c.state == WAITING,
        outgoing.c.not_before < bindparam("until"),
    )
    .limit(_most)
)
_hold_back = Prepared(
    update(outgoing).where(outgoing.c.id.in_(_waits_for)).values(not_before=bindparam("until"))
)
_give_up = Prepared(
    update(outgoing)
    .where(*_mine)
    .values(state=literal_column("'failed'"), finished_at=_at, error=bindparam("reason"))
)
_secret = Prepared(select(secrets.c.secret).where(secrets.c.purpose == bindparam("purpose")))


def any_due(tx: Transaction, channel: Channel) -> bool:
    """Whether something is to leave now."""
    return any(tx.one(_any_due, channel=channel, kind=kind, at=tx.now) for kind in KINDS)


class Turn(NamedTuple):
    """Something of a person is due."""

    user_id: str
    kind: Kind
    id: str
    """The row that is due first."""


def next_in_turn(
    tx: Transaction, channel: Channel, *, after: str, busy: Collection[str], most: int
) -> tuple[list[Turn], str]:
    """Return up to `most` people of whom something is due, and where to go on: `""` behind the last of all.

    They come by id, from `after` on, each once, so that nobody's thousand rows hold up anybody. `busy` are left out.
    At most PEOPLE_AT_ONCE are looked at.
    """
    rows = tx.all(_next_in_turn, channel=channel, after=after, at=tx.now, most=PEOPLE_AT_ONCE)
    found: list[Turn] = []
    for row in rows:
        if len(found) == most:
            return found, after
        after = row.user_id
        due = next(((kind, id_) for kind, id_ in zip(KINDS, row[1:], strict=True) if id_ is not None), None)
        if due is not None and after not in busy:
            found.append(Turn(after, *due))
    return found, after if len(rows) == PEOPLE_AT_ONCE else ""


def claim(tx: Transaction, channel: Channel, turns: Sequence[Turn], *, lease_ms: int) -> list[Claim]:
    """Take what is due of these people, one message each, so that no other node sees it for `lease_ms`.

    The lease is `not_before`: whoever dies leaves rows that are due again when it is over. Each claim counts as an
    attempt, and so does one that kills us. What another node has taken meanwhile is left out.
    """
    claims: list[Claim] = []
    until = tx.now + lease_ms
    single = [turn.id for turn in turns if turn.kind == "immediate"]
    if single:
        rows = tx.all(_still_due, ids=single, at=tx.now)
        claims += [_claim_of([row], "immediate", until) for row in rows]
    for kind in KINDS[1:]:
        whose = [turn.user_id for turn in turns if turn.kind == kind]
        # All that is due for these people is one message.
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in (
            tx.all(_due_of_users, channel=channel, kind=kind, at=tx.now, user_ids=whose) if whose else ()
        ):
            groups[row.user_id].append(row)
        taken = sum(len(claimed.rows) for claimed in claims)
        for found in groups.values():
            if taken < ROWS_AT_ONCE:
                claims.append(_claim_of(found[:MOST_IN_DIGEST], kind, until))
                taken += len(claims[-1].rows)
    ids = [row.id for claimed in claims for row in claimed.rows]
    for start in range(0, len(ids), MOST_IN_DIGEST):
        tx.run(_claim, ids=ids[start : start + MOST_IN_DIGEST], until=until)
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
    browsers = browsers_of(tx, {claimed.user_id for claimed in claims})
    return [
        _parcel(claimed, [told[row.id] for row in claimed.rows if row.id in told], browsers[claimed.user_id])
        for claimed in claims
    ]


def _parcel(claimed: Claim, rows: Sequence[Row], browsers: list[Browser]) -> Parcel:
    return Parcel(
        claim=claimed,
        email=rows[0].email if rows else None,
        preferences=(rows[0].preferences or "") if rows else "",
        told=tuple(_told_of(row) for row in rows if row.content_id is not None and row.noticed is not None),
        browsers=tuple(browsers),
        # A digest may hold rows that joined it after the others had been told.
        reached=frozenset.intersection(*(frozenset((row.reached or "").split()) for row in rows))
        if rows
        else frozenset(),
    )


def _told_of(row: Row) -> Told:
    return Told(
        id=row.id,
        item_id=row.item_id,
        shelf=row.shelf,
        noticed=row.noticed,
        expires_at=row.expires_at,
        category=row.category,
        priority=row.priority,
        title=row.title,
        body=row.body,
        html=row.html,
        course_id=row.course_id,
        source=row.source,
        course=row.course,
        actor=row.actor,
        action=row.action,
        mandatory=bool(row.mandatory),
        count=row.group_count,
        created_at=row.created_at,
    )


def finish(tx: Transaction, claimed: Claim) -> None:
    """Forget rows that were sent, or that nobody wants any more, and what was kept only for them."""
    gone = [Left._make(row) for row in tx.all(_to_delete, ids=claimed.ids)]
    tx.run(_delete, ids=claimed.ids)
    forget_sent(tx, gone)


def postpone(
    tx: Transaction, claimed: Claim, *, until: int, reason: str, reached: Collection[str] = ()
) -> None:
    """Try these rows again at `until`, unless another node has them by now, but not with those who were reached."""
    names = " ".join(sorted(reached)) or None
    for attempt, ids in claimed.by_attempt.items():
        tx.run(_postpone, ids=ids, attempt=attempt, until=until, reason=reason, reached=names)


def release(
    tx: Transaction,
    claimed: Claim,
    *,
    until: int | None = None,
    reason: str | None = None,
    reached: Collection[str] = (),
) -> None:
    """Give rows back that were not tried: due now, or at `until`."""
    at = tx.now if until is None else until
    names = " ".join(sorted(reached)) or None
    for attempt, ids in claimed.by_attempt.items():
        tx.run(_release, ids=ids, attempt=attempt, until=at, reason=reason, reached=names)


def hold_back(tx: Transaction, channel: Channel, user_id: str, *, until: int) -> None:
    """Let what waits for one person wait until then, up to ROWS_AT_ONCE: what stalls is where they are reached.

    Of more the next is tried, and holds back as many again.
    """
    tx.run(_hold_back, channel=channel, whose=user_id, until=until, most=ROWS_AT_ONCE)


def give_up(tx: Transaction, claimed: Claim, *, reason: str) -> None:
    """Keep these rows as failed."""
    for attempt, ids in claimed.by_attempt.items():
        tx.run(_give_up, ids=ids, attempt=attempt, at=tx.now, reason=reason)


def link_secret(tx: Transaction) -> str:
    """Return what signs the links in mails."""
    row = tx.one(_secret, purpose="links")
    if row is None:
        raise RuntimeError("the database has no secret for links: it was not migrated")
    return str(row.secret)
