"""Marking items, by id or by filter, and putting them away for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from coursewire.errors import NotFound
from coursewire.namespaces.notifications import rules, store
from coursewire.namespaces.notifications.contract import (
    Filter,
    Marked,
    NotificationChanged,
    NotificationsMarked,
    Snoozed,
    Sweep,
)
from coursewire.namespaces.notifications.service.listing import moment, wanted_by
from coursewire.namespaces.notifications.service.shown import (
    count_changes,
    counts_of,
    show_all,
    shown,
    user_channel,
)
from coursewire.namespaces.notifications.store import Place
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.notifications.contract import Mark, MarkNotifications, SnoozeNotification
    from coursewire.namespaces.notifications.rules import Item
    from coursewire.namespaces.notifications.store import SweepRow, Wanted
    from coursewire.realtime.transaction import Transaction


def mark_notifications(tx: Transaction, caller: Caller, command: MarkNotifications) -> Marked:
    """Mark some items of the caller's inbox."""
    if command.filter is not None:
        return _mark_filtered(tx, caller, command.filter, command.as_)
    ids = list(dict.fromkeys(command.ids or ()))
    found = store.load_items(tx, caller.user_id, ids)
    rules.check_all_found(ids, found)
    swept = _swept(tx, caller.user_id, found)
    marked = [rules.marked(item, command.as_, tx.now) for item in swept]
    _save(tx, found, marked)
    changed = [after for before, after in zip(swept, marked, strict=True) if after is not before]
    _tell(tx, caller.user_id, changed)
    return Marked(marked=len(changed), counts=counts_of(tx, caller.user_id))


def _swept(tx: Transaction, user_id: str, items: list[Item]) -> list[Item]:
    """Return items as the unfinished marks of their owner will have made them, and keep them from these.

    Clients have been told of those marks: what comes after them begins there.
    """
    for sweep in store.sweeps_of(tx, user_id):
        wanted, mark = _meant_by(sweep)
        spared = set(orjson.loads(sweep.spared))
        items = [
            rules.marked(item, mark, sweep.at)
            if item.id not in spared and item.moved_at <= sweep.before and wanted.fits(item)
            else item
            for item in items
        ]
        store.spare(tx, sweep, [item.id for item in items])
    return items


def _meant_by(sweep: SweepRow) -> tuple[Wanted, Mark]:
    mark: Mark = sweep.mark  # type: ignore[assignment]  # only marks are stored
    return wanted_by(Filter.model_validate_json(sweep.filter)), mark


def _mark_filtered(tx: Transaction, caller: Caller, wanted: Filter, mark: Mark) -> Marked:
    """Mark all that fit: a slice now, the rest by the background; many are told as one."""
    rules.check_own(caller, wanted)
    meant = wanted_by(wanted)
    changed: list[Item] = []
    if store.has_sweeps(tx, caller.user_id):
        more = True  # in turn: an earlier mark that is not finished would undo this one
    else:
        places = store.page(tx, caller.user_id, _yet_to_mark(meant, mark), _up_to(tx.now), store.SLICE)
        changed = _mark_places(tx, caller.user_id, places, mark, tx.now)
        more = len(places) == store.SLICE
    if more:
        store.insert_sweep(tx, caller.user_id, wanted.model_dump_json(exclude_none=True), mark, tx.now)
        tx.wake()
    _tell(tx, caller.user_id, changed[: rules.TOLD_ONE_BY_ONE])
    if more or len(changed) > rules.TOLD_ONE_BY_ONE:
        now = iso(tx.now)
        tx.append(
            user_channel(caller.user_id),
            NotificationsMarked(Sweep(filter=wanted, mark=mark, before=now, at=now)),
        )
    return Marked(marked=len(changed), more=more, counts=counts_of(tx, caller.user_id))


def go_on_marking(tx: Transaction, sweep: SweepRow) -> None:
    """Mark the next slice of what a filter has left. It was told when the command ran."""
    wanted, mark = _meant_by(sweep)
    spared = set(orjson.loads(sweep.spared))
    left = _yet_to_mark(wanted, mark)
    # What was spared fits still, so that many more are read: one hundred for each command meanwhile.
    places = store.page(tx, sweep.user_id, left, _up_to(sweep.before), store.SLICE + len(spared))
    meant = [place for place in places if place.id not in spared][: store.SLICE]
    _mark_places(tx, sweep.user_id, meant, mark, sweep.at)
    if len(meant) < store.SLICE:
        store.end_sweep(tx, sweep.id)


def _yet_to_mark(wanted: Wanted, mark: Mark) -> Wanted:
    """Return those of the wanted items that a mark would change: none is left when all are marked."""
    stages = set(wanted.stages) & set(rules.changed_by(mark, wanted.shelf))
    return wanted._replace(stages=sorted(stages))


def _up_to(before: int) -> Place:
    """Return the place before all items that moved then or earlier."""
    return Place(before + 1, "")


def _mark_places(tx: Transaction, user_id: str, places: list[Place], mark: Mark, at: int) -> list[Item]:
    found = {item.id: item for item in store.load_items(tx, user_id, [place.id for place in places])}
    return _mark(tx, [found[place.id] for place in places], mark, at)


def _mark(tx: Transaction, items: list[Item], mark: Mark, at: int) -> list[Item]:
    """Mark items and keep the counts; return those that have changed, as they are now."""
    marked = [rules.marked(item, mark, at) for item in items]
    _save(tx, items, marked)
    return [after for before, after in zip(items, marked, strict=True) if after is not before]


def _save(tx: Transaction, before: list[Item], after: list[Item]) -> None:
    """Write what has changed, and keep the counts."""
    changes = [(old, new) for old, new in zip(before, after, strict=True) if new != old]
    store.rewrite_items(tx, [new for _, new in changes])
    count_changes(tx, changes)


def _tell(tx: Transaction, user_id: str, changed: list[Item]) -> None:
    for notification in show_all(tx, changed):
        tx.append(user_channel(user_id), NotificationChanged(notification))


def snooze_notification(tx: Transaction, caller: Caller, command: SnoozeNotification) -> Snoozed:
    """Put an item away until its time."""
    until = moment(command.until, field="until")
    rules.check_until(until, tx.now)
    found = store.load_items(tx, caller.user_id, [command.id])
    if not found:
        raise NotFound("there is no such notification in your inbox", field="id")
    [item] = found
    away = rules.snoozed(_swept(tx, caller.user_id, found)[0], until)
    _save(tx, [item], [away])
    contents = store.load_contents(tx, [away.content_id])
    notification = shown(away, contents[away.content_id])
    tx.append(user_channel(caller.user_id), NotificationChanged(notification))
    return Snoozed(notification=notification, counts=counts_of(tx, caller.user_id))
