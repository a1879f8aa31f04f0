"""Pages of an inbox, whatever the filter: one walk along one index that holds all that a filter asks for.

It reads no row of the table and sorts nothing. A filter that hardly anything fits walks along the entries of a whole
inbox at worst: some 10 ms for 100,000. An index for each filter would be quicker there, but would cost every receiver
of a course's notification one more page that is written (docs/decisions/0008-notifications-in-slices.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, or_, select, tuple_

from coursewire.namespaces.notifications.rules import READ, UNREAD, UNSEEN
from coursewire.namespaces.notifications.store.tables import ME, items
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.rules import Item
    from coursewire.realtime.transaction import Transaction

ALL_STAGES = (UNSEEN, UNREAD, READ)


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
    since: int | None = None

    def fits(self, item: Item) -> bool:
        """Whether an item is one of these."""
        return (
            item.shelf == self.shelf
            and item.noticed in self.stages
            and (not self.categories or item.category in self.categories)
            and (not self.priorities or item.priority in self.priorities)
            and self.course_id in (None, item.course_id)
            and item.moved_at >= (self.since or 0)
        )


def page(tx: Transaction, user_id: str, wanted: Wanted, after: Place, limit: int) -> list[Place]:
    """Return the keys of up to `limit` items, those that moved last first, that come after a place."""
    if not wanted.stages:
        return []
    conditions: dict[str, Any] = {
        "stages": None if set(wanted.stages) == set(ALL_STAGES) else sorted(set(wanted.stages)),
        "categories": sorted(set(wanted.categories)) or None,
        "priorities": sorted(set(wanted.priorities)) or None,
        "course_id": wanted.course_id,
        "since": wanted.since,
    }
    given = {name: value for name, value in conditions.items() if value is not None}
    rows = tx.all(
        walk(frozenset(given)),
        me=user_id,
        shelf=wanted.shelf,
        moved_at=after.moved_at,
        id=after.id,
        now=tx.now,
        most=limit,
        **given,
    )
    return list(map(Place._make, rows))


_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "stages": items.c.noticed.in_(bindparam("stages", expanding=True)),
    "categories": items.c.category.in_(bindparam("categories", expanding=True)),
    "priorities": items.c.priority.in_(bindparam("priorities", expanding=True)),
    "course_id": items.c.course_id == bindparam("course_id"),
    "since": items.c.moved_at >= bindparam("since"),
}
CONDITIONS = tuple(_CONDITIONS)


@cache
def walk(conditions: frozenset[str]) -> Prepared:
    """Return the statement for these conditions, some of CONDITIONS."""
    return Prepared(
        select(items.c.moved_at, items.c.id)
        .where(
            items.c.user_id == ME,
            items.c.shelf == bindparam("shelf"),
            tuple_(items.c.moved_at, items.c.id) < tuple_(bindparam("moved_at"), bindparam("id")),
            *(_CONDITIONS[name] for name in sorted(conditions)),
            or_(items.c.expires_at.is_(None), items.c.expires_at > bindparam("now")),
        )
        .order_by(items.c.moved_at.desc(), items.c.id.desc())
        .limit(bindparam("most"))
    )
