"""Switching mails off for somebody who has followed the link in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.namespaces.notifications import reach, store
from coursewire.namespaces.notifications.contract import DeliveryChoices, UpdatePreferences
from coursewire.namespaces.notifications.service.preferences import update_preferences
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.namespaces.notifications.delivery.links import Unsubscribe
    from coursewire.realtime.transaction import Transaction


def follow_link(channels: OutgoingChannels, tx: Transaction, what: Unsubscribe) -> None:
    """Switch the email of a category off, or of all categories that come in one of the digests.

    What waits to be sent is dropped when its turn comes. Of somebody who was erased nothing is written.
    """
    if membership.user(tx.raw, what.user_id) is None:
        return
    stored = store.stored_preferences(tx, [what.user_id]).get(what.user_id, "")
    off = DeliveryChoices(email="off")
    command = UpdatePreferences(
        key=new_id(),
        categories={
            category: off
            for category, choice in reach.wishes_of(stored).categories.items()
            if what.scope in {category, choice.email}
        },
    )
    update_preferences(channels, tx, Caller(user_id=what.user_id, name=what.user_id), command)
