"""Who types where, now. Kept in memory only; pure, the time is passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract import Author

EXPIRES_S = 6.0
"""Somebody who falls silent stops typing by itself."""

PER_ROOM = 50
"""More typists than this are not told of one by one; the newest are dropped, the list stays short."""


class _Typist(NamedTuple):
    author: Author
    deadline: float


class TypingRoster:
    """The typists of every room, each until a deadline."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, _Typist]] = {}

    def start(self, room_id: str, author: Author, now: float) -> bool:
        """Note that somebody types, for the next EXPIRES_S. Return whether the list changed."""
        typists = self._rooms.setdefault(room_id, {})
        is_new = author.user_id not in typists
        if is_new and len(typists) >= PER_ROOM:
            return False
        typists[author.user_id] = _Typist(author, now + EXPIRES_S)
        return is_new

    def stop(self, room_id: str, user_id: str) -> bool:
        """Note that somebody types no longer. Return whether the list changed."""
        typists = self._rooms.get(room_id)
        if typists is None or typists.pop(user_id, None) is None:
            return False
        if not typists:
            del self._rooms[room_id]
        return True

    def expire(self, room_id: str, now: float) -> bool:
        """Drop who fell silent. Return whether the list changed."""
        typists = self._rooms.get(room_id, {})
        silent = [user_id for user_id, typist in typists.items() if typist.deadline <= now]
        for user_id in silent:
            self.stop(room_id, user_id)
        return bool(silent)

    def leave(self, user_id: str) -> list[str]:
        """Take somebody out everywhere; return the rooms that changed."""
        rooms = [room_id for room_id, typists in self._rooms.items() if user_id in typists]
        for room_id in rooms:
            self.stop(room_id, user_id)
        return rooms

    def typists(self, room_id: str) -> list[Author]:
        """Return who types, the longest first."""
        return [typist.author for typist in self._rooms.get(room_id, {}).values()]

    def next_deadline(self, room_id: str) -> float | None:
        """Return when `expire` may next find somebody silent; None where nobody types."""
        return min((typist.deadline for typist in self._rooms.get(room_id, {}).values()), default=None)
