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

SHOWN_IN = 200
"""Channels of which it is remembered that a user is shown there as present, to be told when that ends. Beyond it the
one that was told longest ago is forgotten: unless the user listens to it still, it goes on showing them."""


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
    absences: int = 0
    shown_in: dict[str, None] | None = None
    """In the order in which they were told. None for the many who are shown nowhere."""


class Presence:
    """The users of one namespace on this node. Bounded by the sessions there are, and those that ended just now."""

    def __init__(self) -> None:
        self._users: dict[str, _Here] = {}

    def arrived(self, user_id: str, now: int) -> bool:
        """Count a session in. Return whether it is the user's first."""
        here = self._users.setdefault(user_id, _Here())
        here.sessions += 1
        here.last_seen_at = now
        return here.sessions == 1

    def left(self, user_id: str, now: int) -> int | None:
        """Count a session out. Return, when it was the user's last, what to call `gone` with after the grace."""
        here = self._users[user_id]
        here.sessions -= 1
        here.last_seen_at = now
        if here.sessions > 0:
            return None
        here.absences += 1
        return here.absences

    def gone(self, user_id: str, absence: int) -> bool:
        """Forget a user who has not come back since. Return whether to tell: who was invisible goes unseen as well."""
        here = self._users.get(user_id)
        if here is None or here.sessions > 0 or here.absences != absence:
            return False
        del self._users[user_id]
        return here.status != "invisible"

    def show(self, user_id: str, channel: str) -> None:
        """Note that a channel is told of a user as of one who is here."""
        here = self._users.get(user_id)
        if here is not None:
            shown_in = here.shown_in = here.shown_in or {}
            shown_in.pop(channel, None)
            shown_in[channel] = None
            if len(shown_in) > SHOWN_IN:
                del shown_in[next(iter(shown_in))]

    def hide(self, user_id: str, channel: str) -> None:
        """Note that a channel is told that a user is offline."""
        here = self._users.get(user_id)
        if here is not None and here.shown_in:
            here.shown_in.pop(channel, None)

    def shown_in(self, user_id: str) -> list[str]:
        """Return the channels in which a user is shown as present, whether they listen to them or not."""
        here = self._users.get(user_id)
        return list(here.shown_in or ()) if here is not None else []

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
