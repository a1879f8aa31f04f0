"""Whom a namespace's shell tells what it hears: the typed client in front of it."""

from __future__ import annotations

from typing import Any, Protocol

from coursewire.client.outputs import Json, State
from coursewire.errors import CoursewireError


class Owner(Protocol):
    """Whom the shell tells."""

    def state_changed(self, state: State) -> None:
        """Note the namespace's new state."""

    def session_ready(self, data: Json) -> None:
        """Note the payload of `session.ready`, before its handlers run and before the state changes."""

    async def handle(self, event: str, data: Any, meta: Json) -> None:
        """Run the handlers of an event."""

    async def load_snapshot(self, channel: str, reason: str, position: Json) -> Json:
        """Load the state of a channel anew and return the position that was read before it."""

    def channel_taken(self, channel: str) -> None:
        """Note at once that a channel was taken away: whoever wants it from now on wants it anew."""

    async def channel_gone(self, channel: str, error: CoursewireError) -> None:
        """End what listened to a channel that was taken away, in its turn behind the events before."""
