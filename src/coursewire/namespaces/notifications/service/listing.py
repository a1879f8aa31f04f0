"""Reading an inbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coursewire.errors import Invalid
from coursewire.namespaces.notifications import rules, store
from coursewire.namespaces.notifications.contract import NotificationPage
from coursewire.namespaces.notifications.service.shown import counts_of, show_all, user_channel
from coursewire.namespaces.notifications.store import Place, Wanted
from coursewire.vocabulary import milliseconds

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.notifications.contract import Filter, ListNotifications
    from coursewire.realtime.transaction import Transaction

_CURSOR = re.compile(r"(\d{1,15})/([A-Za-z0-9._:@-]{1,128})")


def list_notifications(tx: Transaction, caller: Caller, command: ListNotifications) -> NotificationPage:
    """Return a page of the caller's inbox."""
    rules.check_own(caller, command.filter)
    position = tx.position(user_channel(caller.user_id))
    after = store.TOP if command.cursor is None else _place(command.cursor)
    wanted = wanted_by(command.filter)
    found = store.page(tx, caller.user_id, wanted, after, command.limit + 1)
    places = found[: command.limit]
    items = {item.id: item for item in store.load_items(tx, caller.user_id, [place.id for place in places])}
    next_cursor = None
    if len(found) > command.limit:
        next_cursor = f"{places[-1].moved_at}/{places[-1].id}"
    return NotificationPage(
        items=show_all(tx, [items[place.id] for place in places]),
        next_cursor=next_cursor,
        counts=counts_of(tx, caller.user_id),
        position=position,
    )


def wanted_by(wanted: Filter) -> Wanted:
    """Return which items a filter means. Raises Invalid for a time that is none."""
    return Wanted(
        shelf=rules.shelf_of(wanted),
        stages=rules.stages_of(wanted),
        categories=wanted.category,
        priorities=wanted.priority,
        course_id=wanted.course_id,
        since=None if wanted.since is None else moment(wanted.since, field="filter.since"),
    )


def moment(time: str, *, field: str) -> int:
    """Read a time of the contract. Raises Invalid, naming the field, for one that no calendar has."""
    try:
        return milliseconds(time)
    except (ValueError, OverflowError):
        raise Invalid("must be a time such as 2026-11-22T18:22:54.123Z", field=field) from None


def _place(cursor: str) -> Place:
    parts = _CURSOR.fullmatch(cursor)
    if parts is None:
        raise Invalid("must be a cursor that notification.list gave", field="cursor")
    return Place(int(parts[1]), parts[2])
