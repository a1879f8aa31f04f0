"""Items and counts as they travel, and how people are told of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.contract import Counts, CountsChanged, Notification
from coursewire.namespaces.notifications.rules import CATEGORIES, PRIORITIES
from coursewire.namespaces.notifications.store import Kind, Waiting
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.rules import Content, Item
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction

COUNTS = "counts"
"""The derived value that follows every change of what waits."""
OF_ALL = ""
"""Its argument: the counts of all who are here are computed together, so never by two at a time."""


def user_channel(user_id: str) -> str:
    """Name the channel of one person."""
    return f"user:{user_id}"


def shown(item: Item, content: Content, *, toast: bool = False) -> Notification:
    """Return an item as it travels."""
    return Notification(
        id=item.id,
        content_id=item.content_id,
        category=content.category,
        priority=content.priority,
        title=content.title,
        body=content.body,
        html=content.html,
        course_id=content.course_id,
        actor=content.actor,
        action=content.action,
        group_key=item.group_key,
        group_count=item.group_count,
        mandatory=content.mandatory,
        toast=toast,
        created_at=iso(item.created_at),
        moved_at=iso(item.moved_at),
        expires_at=_iso(item.expires_at),
        seen_at=_iso(item.seen_at),
        read_at=_iso(item.read_at),
        archived_at=_iso(item.archived_at),
        snoozed_until=_iso(item.snoozed_until),
    )


def show_all(tx: Transaction, items: Sequence[Item]) -> list[Notification]:
    """Return items (up to a SLICE) as they travel, with what they say."""
    contents = store.load_contents(tx, (item.content_id for item in items))
    return [shown(item, contents[item.content_id]) for item in items]


def _iso(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)


def count_changes(tx: Transaction, changes: Iterable[tuple[Item | None, Item | None]]) -> None:
    """Keep the counts of items that changed, given as they were and as they are, and let them follow to the clients."""
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for before, after in changes:
        for item, sign in ((before, -1), (after, 1)):
            if item is not None and item.unread:
                kind = sums[item.user_id, item.category, item.priority]
                kind[0] += sign
                kind[1] += sign * item.unseen
    moved = {Kind._make(kind): Waiting._make(change) for kind, change in sums.items() if any(change)}
    if moved:
        store.add_counts(tx, moved)
        tx.derive(COUNTS, OF_ALL, user_ids=sorted({kind.user_id for kind in moved}))


def counts_of(tx: Transaction, user_id: str) -> Counts:
    """Return what waits for one person."""
    return _counts(user_id, store.read_counts(tx, [user_id]))


def derived_counts(tx: Transaction, _: str, user_ids: Sequence[str]) -> Iterable[tuple[str, Event[Any]]]:
    """Return what waits for the people who are here, one query for many."""
    of_user: dict[str, dict[Kind, Waiting]] = {user_id: {} for user_id in user_ids}
    for kind, waiting in store.read_counts(tx, user_ids).items():
        of_user[kind.user_id][kind] = waiting
    for user_id, found in of_user.items():
        yield user_id, CountsChanged(_counts(user_id, found))


def latest_of_user(tx: Transaction, user_id: str) -> Iterable[Event[Any]]:
    """Return the counts that come with a subscription to `user:<id>`."""
    return [CountsChanged(counts_of(tx, user_id))]


def _counts(user_id: str, found: Mapping[Kind, Waiting]) -> Counts:
    by_category, by_priority = dict.fromkeys(CATEGORIES, 0), dict.fromkeys(PRIORITIES, 0)
    unseen = 0
    for kind, waiting in found.items():
        by_category[kind.category] += waiting.unread  # type: ignore[index]  # only categories are stored
        by_priority[kind.priority] += waiting.unread  # type: ignore[index]  # only priorities are stored
        unseen += waiting.unseen
    return Counts(
        user_id=user_id,
        unread=sum(by_category.values()),
        unseen=unseen,
        by_category=by_category,
        by_priority=by_priority,
    )


def tell_each(tx: Transaction, events: Iterable[tuple[str, Event[Any]]]) -> None:
    """Tell people, by user id, one event or several each, in a few statements for all of them."""
    rounds: list[list[tuple[str, Event[Any]]]] = []
    told: dict[str, int] = defaultdict(int)
    for user_id, event in events:
        number = told[user_id]
        told[user_id] += 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append((user_channel(user_id), event))
    for some in rounds:
        tx.append_each(some, actor=None)
