"""What passes in /chat and is stored nowhere: who types, and how people are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.chat.contract import (
    Author,
    OnePresence,
    Presence,
    PresenceChanged,
    SetPresence,
    SetTyping,
    Typing,
    TypingChanged,
)
from coursewire.namespaces.chat.typing import TypingRoster
from coursewire.realtime.contract import Nothing
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.realtime.live import Live
    from coursewire.realtime.presence import Standing
    from coursewire.realtime.visit import Visit


class Moment:
    """The typists of this node's rooms."""

    def __init__(self) -> None:
        self._typing = TypingRoster()
        self._watched: set[str] = set()
        """Rooms with a timer running: one each, however often people start and stop."""

    def set_typing(self, visit: Visit, command: SetTyping) -> Nothing:
        """Tell the room who types now, whenever that changes."""
        live, caller, room_id = visit.live, visit.caller, command.room_id
        if command.active:
            author = Author(user_id=caller.user_id, name=caller.name, avatar_url=caller.avatar_url)
            has_changed = self._typing.start(room_id, author, live.now)
            self._watch(live, room_id)
        else:
            has_changed = self._typing.stop(room_id, caller.user_id)
        if has_changed:
            self._tell(live, room_id)
        return Nothing()

    def set_presence(self, visit: Visit, command: SetPresence) -> OnePresence:
        """Choose how one is shown."""
        user_id = visit.caller.user_id
        return OnePresence(presence=_presence(user_id, visit.live.set_status(user_id, command.status)))

    def departed(self, live: Live, user_id: str) -> None:
        """Somebody whose last connection is gone types no more."""
        for room_id in self._typing.leave(user_id):
            self._tell(live, room_id)

    def _watch(self, live: Live, room_id: str) -> None:
        deadline = self._typing.next_deadline(room_id)
        if deadline is not None and room_id not in self._watched:
            self._watched.add(room_id)
            live.later(deadline, lambda: self._expire(live, room_id))

    def _expire(self, live: Live, room_id: str) -> None:
        self._watched.discard(room_id)
        if self._typing.expire(room_id, live.now):
            self._tell(live, room_id)
        self._watch(live, room_id)

    def _tell(self, live: Live, room_id: str) -> None:
        typing = Typing(room_id=room_id, users=self._typing.typists(room_id))
        live.publish_unlogged(f"room:{room_id}", TypingChanged(typing))


def presence_changed(user_id: str, standing: Standing) -> PresenceChanged:
    """Make the event that shows a user to others."""
    return PresenceChanged(_presence(user_id, standing))


def _presence(user_id: str, standing: Standing) -> Presence:
    return Presence(user_id=user_id, status=standing.status, last_seen_at=iso(standing.last_seen_at))
