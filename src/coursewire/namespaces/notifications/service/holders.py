"""Telling those who have an item that it says something else now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.contract import NotificationChanged
from coursewire.namespaces.notifications.rules import HIDDEN
from coursewire.namespaces.notifications.service.shown import shown, tell_each

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.rules import Content, Item
    from coursewire.realtime.transaction import Transaction

HOLDERS: Final = {"holders": True}
"""As an audience: whoever has the content already, and is told what it says now."""


def tell_holders(tx: Transaction, items: Iterable[Item], content: Content) -> None:
    """Tell the owners of these items what they say now."""
    visible = [item for item in items if item.shelf != HIDDEN]
    tell_each(tx, [(item.user_id, NotificationChanged(shown(item, content))) for item in visible])


def tell_the_other_holders(tx: Transaction, content: Content, after: str) -> None:
    """Let the background tell the owners who come after one, by id."""
    delivery_id = store.insert_delivery(tx, content.id, HOLDERS, recipients=0)
    store.advance_delivery(tx, delivery_id, 0, after)
    tx.wake()


def go_on_telling(tx: Transaction, delivery_id: str, content: Content, after: str, most: int) -> None:
    """Tell the next owners, and note how far it has got."""
    items = store.with_content(tx, content.id, after, most)
    tell_holders(tx, items, content)
    last = items[-1].user_id if len(items) == most else None
    store.advance_delivery(tx, delivery_id, len(items), last)
