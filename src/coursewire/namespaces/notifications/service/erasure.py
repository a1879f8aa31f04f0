"""Erasing a person: their inbox, and what others were told of them (LOG5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.delivery.browsers import delete_subscriptions
from coursewire.namespaces.notifications.service.following import take_back
from coursewire.namespaces.notifications.service.shown import user_channel

if TYPE_CHECKING:
    from coursewire.identity.contract import UserErased
    from coursewire.realtime.transaction import Transaction


def erase_user(tx: Transaction, erased: UserErased) -> None:
    """Remove a person's rows and stream, and take back every notification that they are behind."""
    user_id = erased.user_id
    said = store.contents_of(tx, user_id)
    store.leave_out_of_deliveries(tx, user_id)
    store.erase_rows(tx, user_id)
    delete_subscriptions(tx, user_id)
    store.delete_unused_contents(tx, said)
    for content in store.contents_by(tx, user_id):
        take_back(tx, content)
    tx.forget_person(user_id, own=[user_channel(user_id)], others=[], rewrite=lambda data: data)
