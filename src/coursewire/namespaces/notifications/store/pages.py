"""Pages of an inbox, whatever the filter: by index only, without looking through what does not fit.

A filter that names neither stages, categories, priorities nor a course is one walk along the index by time. Any other
is a merge of walks, one for each combination of stage, category and priority that fits: within a combination the index
is in the order of the list. There are at most 108 of them, each read a few keys at a time.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, tuple_

from coursewire.namespaces.notifications.rules import CATEGORIES, PRIORITIES, READ, UNREAD, UNSEEN
from coursewire.namespaces.notifications.store.tables import ME, items
from coursewire.storage.statement import Prepared, Row

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

ALL_STAGES = (UNSEEN, UNREAD, READ)
FIRST_KEYS = 8
"""What is read of a combination at first; most give little to a page."""


class Place(NamedTuple):
    """Where a list goes on: after the item of this key."""

    moved_at: int
    id: str


TOP = Place(2**62, "")


class Wanted(NamedTuple):
    """Which items are meant. Empty categories or priorities are all."""

    shelf: int
    stages: Sequence[int] = ALL_STAGES
    categories: Sequence[str] = ()
    priorities: Sequence[str] = ()
    course_id: str | None = None
    since: int = 0


def _walk(*conditions: ColumnElement[bool]) -> Prepared:
    keys: Select[Any] = (
        select(items.c.moved_at, items.c.id)
        .where(
            items.c.user_id == ME,
            items.c.shelf == bindparam("shelf"),
            *conditions,
            tuple_(items.c.moved_at, items.c.id) < tuple_(bindparam("moved_at"), bindparam("id")),
            items.c.moved_at >= bindparam("since"),
            or_(items.c.expires_at.is_(None), items.c.expires_at > bindparam("now")),
        )
        .order_by(items.c.moved_at.desc(), items.c.id.desc())
        .limit(bindparam("most"))
    )
    return Prepared(keys)


_KIND = (
    items.c.noticed == bindparam("noticed"),
    items.c.category == bindparam("category"),
    items.c.priority == bindparam("priority"),
)
ALL_OF_SHELF = _walk()
ONE_KIND = _walk(*_KIND)
ONE_KIND_OF_COURSE = _walk(items.c.course_id == bindparam("course_id"), *_KIND)


def page(tx: Transaction, user_id: str, wanted: Wanted, after: Place, limit: int) -> list[Place]:
    """Return the keys of up to `limit` items, those that moved last first, that come after a place."""
    walks = list(_walks(tx, user_id, wanted, after, limit))
    if len(walks) == 1:
        return list(itertools.islice(walks[0], limit))
    return list(itertools.islice(heapq.merge(*walks, reverse=True), limit))


def _walks(
    tx: Transaction, user_id: str, wanted: Wanted, after: Place, limit: int
) -> Iterator[Iterator[Place]]:
    given = {"me": user_id, "shelf": wanted.shelf, "since": wanted.since, "now": tx.now}
    takes_all = not (wanted.categories or wanted.priorities) and set(wanted.stages) == set(ALL_STAGES)
    if wanted.course_id is None and takes_all:
        yield _keys(tx, ALL_OF_SHELF, given, after, limit, first=limit)
        return
    statement = ONE_KIND
    if wanted.course_id is not None:
        statement, given = ONE_KIND_OF_COURSE, {**given, "course_id": wanted.course_id}
    for noticed, category, priority in itertools.product(
        sorted(set(wanted.stages)),
        sorted(set(wanted.categories) or CATEGORIES),
        sorted(set(wanted.priorities) or PRIORITIES),
    ):
        kind = {"noticed": noticed, "category": category, "priority": priority}
        yield _keys(tx, statement, {**given, **kind}, after, limit, first=FIRST_KEYS)


def _keys(
    tx: Transaction, statement: Prepared, given: dict[str, Any], after: Place, limit: int, *, first: int
) -> Iterator[Place]:
    most = first
    while True:
        rows: list[Row] = tx.all(statement, **given, moved_at=after.moved_at, id=after.id, most=most)
        yield from map(Place._make, rows)
        if len(rows) < most:
            return
        after = Place._make(rows[-1])
        most = min(most * 4, limit)
