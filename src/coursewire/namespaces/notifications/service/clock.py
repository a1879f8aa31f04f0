"""What time does to items: snoozed ones come back, expired ones go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.notifications import reach, rules, store
from coursewire.namespaces.notifications.contract import NotificationChanged
from coursewire.namespaces.notifications.service.shown import count_changes, shown, tell_each

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

AT_ONCE: Final = 200
"""Items that one work of the storage takes."""


def wake_snoozed(tx: Transaction) -> None:
    """Bring snoozed items back whose time has come: at the top, unread, and with a toast where one is wanted."""
    asleep = store.to_wake(tx, AT_ONCE)
    pairs = [(item, rules.woken(item, tx.now)) for item in asleep]
    stored = store.stored_preferences(tx, {item.user_id for item in asleep})
    contents = store.load_contents(tx, (item.content_id for item in asleep))
    store.rewrite_items(tx, [after for _, after in pairs])
    count_changes(tx, pairs)
    told = []
    for _, item in pairs:
        content = contents[item.content_id]
        wishes = reach.wishes_of(stored.get(item.user_id, ""))
        where = reach.decide(wishes, content, addressed=True, now=tx.now)
        # One that has expired meanwhile is on its way out: no server ran when its time was over.
        is_over = item.expires_at is not None and item.expires_at <= tx.now
        told.append(
            (item.user_id, NotificationChanged(shown(item, content, toast=where.toast and not is_over)))
        )
    tell_each(tx, told)


def sweep_expired(tx: Transaction) -> None:
    """Remove items whose time is over. Clients know when that is."""
    gone = store.expired(tx, AT_ONCE)
    store.delete_items(tx, gone)
    count_changes(tx, [(item, None) for item in gone])
    store.delete_unused_contents(tx, (item.content_id for item in gone))
