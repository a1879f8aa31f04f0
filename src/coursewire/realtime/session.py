"""One namespace of one connection, once its token was accepted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursewire.edge.connection import Socket
    from coursewire.identity.caller import Caller
    from coursewire.realtime.lane import Lane
    from coursewire.realtime.limits import Bucket
    from coursewire.realtime.namespace import Namespace
    from coursewire.realtime.subscription import Subscription


_ids = itertools.count(1)


class Session:
    """Who is at the other end, what they listen to, and what they have asked for."""

    __slots__ = (
        "bucket",
        "caller",
        "expiry",
        "expiry_was_told",
        "id",
        "is_closed",
        "is_ready",
        "lane",
        "namespace",
        "socket",
        "subscriptions",
    )

    def __init__(self, socket: Socket, namespace: Namespace, caller: Caller, bucket: Bucket | None) -> None:
        self.id = next(_ids)
        """Of this node."""
        self.socket = socket
        self.namespace = namespace
        self.caller = caller
        self.lane: Lane
        self.bucket = bucket
        """None where limits are off."""
        self.subscriptions: dict[str, Subscription] = {}
        self.expiry: int | None = None
        """The slot of the door's deadlines at which the token is about to end, then at which it has ended (SES2)."""
        self.expiry_was_told = False
        self.is_ready = False
        self.is_closed = False
