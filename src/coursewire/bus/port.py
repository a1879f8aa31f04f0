"""The port between nodes: what they tell each other, in messages that `codec` can write as bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol


class LoggedEvent(NamedTuple):
    """One committed event, as the log holds it. `data` is JSON, `at` is milliseconds since 1970.

    `attachment` is the field of the payload that is bytes, which `data` lacks.
    """

    offset: int
    id: str
    event: str
    data: bytes
    at: int
    actor: str | None
    attachment: bytes | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """Logged events of one channel that are now in the log, with consecutive offsets from `first` on."""

    namespace: str
    channel: str
    epoch: str
    first: int
    events: tuple[LoggedEvent, ...]


@dataclass(frozen=True, slots=True)
class Unlogged:
    """An event that is stored nowhere: the newest value of a `key`, or ephemeral where `key` is None."""

    namespace: str
    channel: str
    id: str
    event: str
    data: bytes
    at: int
    actor: str | None = None
    key: str | None = None
    attachment: bytes | None = None
    is_last: bool = False
    """Of a key: nobody who comes later gets this value."""


@dataclass(frozen=True, slots=True)
class RightsChanged:
    """Memberships or roles of these users changed: decide their live subscriptions again (FAN4).

    `course_id` or `channel` narrows it down; an empty `user_ids` means everybody it may touch.
    """

    user_ids: tuple[str, ...] = ()
    course_id: str | None = None
    namespace: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class SessionsOver:
    """Tokens of this user that were issued up to `ended_at` (milliseconds since 1970) are good for nothing any more."""

    user_id: str
    ended_at: int


@dataclass(frozen=True, slots=True)
class PresenceSeen:
    """What one node knows of one user: how many connections, and the status. Repeated as a heartbeat."""

    node: str
    namespace: str
    user_id: str
    connections: int
    status: Literal["online", "away", "busy", "invisible"]
    at: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The logged events of these channels were rewritten (LOG5): forget what was kept of them for replays.

    Without channels: of every channel of the namespace, because the log has trimmed what is taken back.
    """

    namespace: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeriveWanted:
    """A value that a namespace derives from the database has changed, for `user_ids` or all who are here."""

    namespace: str
    name: str
    argument: str
    user_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class WorkWaits:
    """There is something to do for what a namespace runs in the background. Lost, it is found a little later."""

    namespace: str


BusMessage = (
    Committed | Unlogged | RightsChanged | SessionsOver | PresenceSeen | TakenBack | DeriveWanted | WorkWaits
)
Listener = Callable[[BusMessage], None]


class Bus(Protocol):
    """Carries messages to every node, this one included, each sender's in the order it sent them.

    It may lose messages when a node or the network dies: the log is the truth, and a hole in the offsets
    tells.
    """

    def publish(self, message: BusMessage) -> None:
        """Send a message to the listeners of all nodes. Call it on the event loop."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every message, on the event loop; returns what ends that.

        A listener that raises is logged and stops neither the others nor itself.
        """
