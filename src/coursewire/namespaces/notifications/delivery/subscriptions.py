"""Which browsers of somebody get push messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.errors import Disabled, Invalid
from coursewire.namespaces.notifications.delivery import browsers
from coursewire.namespaces.notifications.delivery.addresses import check_endpoint
from coursewire.namespaces.notifications.delivery.encryption import ReceiverKeys
from coursewire.realtime.contract import Once

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.namespaces.notifications.contract import SubscribePush, UnsubscribePush
    from coursewire.realtime.transaction import Transaction


def subscribe_push(
    channels: OutgoingChannels, tx: Transaction, caller: Caller, command: SubscribePush
) -> Once:
    """Reach the caller at a browser. Raises Disabled where push is not set up, Invalid for what cannot be one."""
    if "push" not in channels.configured:
        raise Disabled("this server sends no push messages")
    try:
        check_endpoint(command.endpoint, allow_private=channels.private_endpoints)
    except ValueError as error:
        raise Invalid(str(error), field="endpoint") from None
    keys = command.keys
    try:
        ReceiverKeys.parse(keys.p256dh, keys.auth)
    except ValueError as error:
        field, _, rest = str(error).partition(" ")
        raise Invalid(rest, field=f"keys.{field}") from None
    browsers.save_subscription(tx, caller.user_id, command.endpoint, keys.p256dh, keys.auth)
    return Once()


def unsubscribe_push(tx: Transaction, caller: Caller, command: UnsubscribePush) -> Once:
    """Reach the caller at a browser no more; for one that is not known nothing is to be done."""
    browsers.delete_subscription(tx, caller.user_id, command.endpoint)
    return Once()
