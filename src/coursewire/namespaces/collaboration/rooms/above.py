"""Who of those here stands above all courses: administrators and the LMS, whom no roster names, only their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.collaboration.rules.modes import ABOVE_ALL
from coursewire.realtime.namespace import only_self

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Transaction
    from coursewire.realtime.visit import Visit


def grant_self(tx: Transaction, caller: Caller, user_id: str) -> bool:
    """Allow `user:<id>` to that user only, and say whether they stand above all."""
    only_self(tx, caller, user_id)
    return not caller.roles.isdisjoint(ABOVE_ALL)


class Above:
    """Follows the sessions of a node, by the right that each has to the channel of its user."""

    def __init__(self) -> None:
        self._sessions: dict[int, str] = {}
        """User id by session."""
        self.users: frozenset[str] = frozenset()
        """Their ids. Replaced, never changed: readers of the storage look at it from their threads."""

    def granted(self, visit: Visit, user_id: str, is_above: bool) -> None:  # noqa: FBT001 - a grant is positional
        """Hear whether a session stands above all; another token may say something else."""
        if is_above:
            self._sessions[visit.session_id] = user_id
            self.users = frozenset(self._sessions.values())
        else:
            self.left(visit, user_id)

    def left(self, visit: Visit, _: str) -> None:
        """Hear that a session is gone."""
        if self._sessions.pop(visit.session_id, None) is not None:
            self.users = frozenset(self._sessions.values())
