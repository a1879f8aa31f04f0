"""What a command without storage can do: reach whoever listens now, and nobody later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coursewire.bus.port import Unlogged
from coursewire.realtime.attachments import split
from coursewire.realtime.contract import Delivery
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.bus.port import Bus
    from coursewire.realtime.contract import Event
    from coursewire.realtime.here import Here
    from coursewire.realtime.presence import Standing, Status
    from coursewire.realtime.visit import Visit


class Live:
    """The present moment of one namespace."""

    def __init__(self, namespace: str, bus: Bus, here: Here) -> None:
        self._namespace = namespace
        self._bus = bus
        self._here = here

    @property
    def now(self) -> float:
        """Seconds of the event loop's clock."""
        return asyncio.get_running_loop().time()

    def later(self, at: float, action: Callable[[], None]) -> None:
        """Run `action` at a time of `now`'s clock."""
        asyncio.get_running_loop().call_at(at, action)

    def publish_unlogged(self, channel: str, event: Event[Any], actor: str | None = None) -> None:
        """Send an ephemeral event to whoever listens now: it is stored nowhere, and dropped where a socket is full."""
        if event.delivery is not Delivery.EPHEMERAL:
            raise TypeError(f"{event.event} is not of class ephemeral")
        data, attachment = split(event)
        at = time.time_ns() // 1_000_000
        self._bus.publish(
            Unlogged(self._namespace, channel, new_id(), event.event, data, at, actor, attachment=attachment)
        )

    def publish_latest(
        self, channel: str, event: Event[Any], actor: str | None = None, *, is_last: bool = False
    ) -> None:
        """Give a channel a newest value that only its listeners keep. `is_last`: it is sent, and then forgotten."""
        if event.delivery is not Delivery.LATEST or event.per is None:
            raise TypeError(f"{event.event} is not of class latest")
        data = event.data.as_json()
        key = str(getattr(event.data, event.per))
        at = time.time_ns() // 1_000_000
        message = Unlogged(
            self._namespace, channel, new_id(), event.event, data, at, actor, key, is_last=is_last
        )
        self._bus.publish(message)

    def leave(self, visit: Visit, is_meant: Callable[[str], bool]) -> None:
        """End a session's subscriptions to the channels that are meant, as its `unsubscribe` would."""
        self._here.leave(self._namespace, visit, is_meant)

    def set_status(self, user_id: str, status: Status) -> Standing:
        """Choose how a user is shown to others, and tell them."""
        return self._here.set_status(self._namespace, user_id, status)
