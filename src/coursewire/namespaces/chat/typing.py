"""Who types where, now. Kept in memory only; pure, the time is passed in."""

from __future__ import annotations

EXPIRES_S = 6.0
"""Somebody who falls silent stops typing by itself."""

PER_ROOM = 50
"""More typists than this are not told of one by one; the newest are dropped, the list stays short."""


class TypingRoster:
    """The typists of every room, each until a deadline."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, float]] = {}

    def set(self, room_id: str, user_id: str, now: float, *, active: bool) -> bool:
        """Note that somebody types, or no longer. Return whether the list changed."""
        typists = self._rooms.get(room_id)
        if not active:
            if typists is None or typists.pop(user_id, None) is None:
                return False
            if not typists:
                del self._rooms[room_id]
            return True
        if typists is None:
            typists = self._rooms[room_id] = {}
        if user_id not in typists and len(typists) >= PER_ROOM:
            return False
        is_new = user_id not in typists
        typists[user_id] = now + EXPIRES_S
        return is_new

    def expire(self, room_id: str, now: float) -> bool:
        """Drop who fell silent. Return whether the list changed."""
        typists = self._rooms.get(room_id, {})
        silent = [user_id for user_id, deadline in typists.items() if deadline <= now]
        for user_id in silent:
            del typists[user_id]
        if silent and not typists:
            del self._rooms[room_id]
        return bool(silent)

    def leave(self, user_id: str) -> list[str]:
        """Take somebody out everywhere; return the rooms that changed."""
        rooms = [room_id for room_id, typists in self._rooms.items() if user_id in typists]
        for room_id in rooms:
            self.set(room_id, user_id, 0, active=False)
        return rooms

    def typists(self, room_id: str) -> list[str]:
        """Return who types, the longest first."""
        return list(self._rooms.get(room_id, ()))

    def next_deadline(self, room_id: str) -> float | None:
        """Return when `expire` may next find somebody silent."""
        return min(self._rooms.get(room_id, {}).values(), default=None)
