"""One session's listening to one channel, and how far it has come."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursewire.realtime.channels import Channel
    from coursewire.realtime.session import Session


class State(Enum):
    """How a subscription gets its logged events."""

    JOINING = "joining"
    """Not now: what it misses is being read."""
    AHEAD = "ahead"
    """It was replayed past what this node has fanned out; live from its offset on."""
    LIVE = "live"
    """With everybody else."""
    LAGGING = "lagging"
    """From the log, once its socket has drained (FAN3)."""
    CLOSED = "closed"
    """Not any more."""


class Subscription:
    """One session's listening to one channel."""

    __slots__ = ("carrier", "channel", "grant", "offset", "session", "socket", "state")

    def __init__(self, session: Session, channel: Channel) -> None:
        self.session = session
        self.socket = session.socket
        self.carrier = session.socket.session
        """The Engine.IO session below. A fan-out writes to it, past the socket, which would only look whether it is
        open: before it is accepted nothing is LIVE, and its subscriptions end with it, on the spot."""
        self.channel = channel
        self.state = State.JOINING
        self.offset = 0
        """The last logged event that was written to the socket's outbox. While it is LIVE the channel knows that, and
        this may lag behind (`Crowd`)."""
        self.grant: Any = None
        """What the channel's rule said that the right is good for."""

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state is not State.CLOSED
