"""Who is here: for each user of a namespace a status, and when they were last seen. Pure; the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["online", "away", "busy", "invisible"]
Shown = Literal["online", "away", "busy", "offline"]

GRACE_S = 5.0
"""Somebody whose last connection ends is shown as offline after this: a reconnect should not flicker."""

TOLD_UP_TO = 200
"""In channels with more listeners nobody is told who comes and goes: it would be listeners squared."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a user is shown to others."""

    status: Shown
    last_seen_at: int
    """Milliseconds since 1970."""


@dataclass(slots=True)
class _Here:
    sessions: int = 0
    status: Status = "online"
    last_seen_at: int = 0


class Presence:
    """The users of one namespace on this node. Bounded by the sessions there are, and by `forget`."""

    def __init__(self) -> None:
        self._users: dict[str, _Here] = {}

    def arrived(self, user_id: str, now: int) -> bool:
        """Count a session in. Return whether it is the user's first."""
        here = self._users.setdefault(user_id, _Here())
        here.sessions += 1
        here.last_seen_at = now
        return here.sessions == 1

    def left(self, user_id: str, now: int) -> bool:
        """Count a session out. Return whether it was the user's last: call `gone` after the grace."""
        here = self._users[user_id]
        here.sessions -= 1
        here.last_seen_at = now
        return here.sessions == 0

    def gone(self, user_id: str) -> bool:
        """Forget a user who has not come back. Return whether to tell: who was invisible goes unseen as well."""
        here = self._users.get(user_id)
        if here is None or here.sessions > 0:
            return False
        del self._users[user_id]
        return here.status != "invisible"

    def set(self, user_id: str, status: Status, now: int) -> Standing:
        """Choose how a user is shown."""
        here = self._users.setdefault(user_id, _Here())
        here.status = status
        here.last_seen_at = now
        return self.standing(user_id, now)

    def standing(self, user_id: str, now: int) -> Standing:
        """Return how a user is shown; whoever is not here is offline as of now."""
        here = self._users.get(user_id)
        if here is None:
            return Standing("offline", now)
        status: Shown = "offline" if here.status == "invisible" else here.status
        return Standing(status, here.last_seen_at)
