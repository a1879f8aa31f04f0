"""Who gives a command on the event loop, and over which session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.live import Live


@dataclass(frozen=True, slots=True)
class Visit:
    """One session of a namespace, as those see it who keep something in memory about it."""

    live: Live
    caller: Caller
    session_id: int
    """Of this session on this node: a user may have several, one a tab."""
