"""The port between nodes: what they tell each other, as messages that can become bytes and come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import orjson


class LoggedEvent(NamedTuple):
    """One committed event, as the log holds it. `data` is JSON, `at` is milliseconds since 1970."""

    offset: int
    id: str
    event: str
    data: bytes
    at: int
    actor: str | None


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
    """An event that is stored nowhere: the newest value of a `key` (class latest), or ephemeral where `key` is None."""

    namespace: str
    channel: str
    id: str
    event: str
    data: bytes
    at: int
    actor: str | None = None
    key: str | None = None


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
class PresenceSeen:
    """What one node knows of one user: how many connections, and the status chosen. Repeated as a heartbeat."""

    node: str
    namespace: str
    user_id: str
    connections: int
    status: Literal["online", "away", "busy", "invisible"]
    at: int


BusMessage = Committed | Unlogged | RightsChanged | PresenceSeen
Listener = Callable[[BusMessage], None]


class Bus(Protocol):
    """Carries messages to every node, this one included, each sender's in the order it sent them.

    It may lose messages when a node or the network dies: the log is the truth, and a hole in the offsets tells.
    """

    def publish(self, message: BusMessage) -> None:
        """Send a message to the listeners of all nodes. Call it on the event loop."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every message, on the event loop; returns what ends that.

        A listener that raises is logged and stops neither the others nor itself.
        """


# Bytes: a JSON array whose first item names the kind, and JSON data travels inside as text.


def to_bytes(message: BusMessage) -> bytes:
    """Write a message as bytes, for a bus that leaves the process."""
    body: list[Any]
    match message:
        case Committed(namespace, channel, epoch, first, events):
            rows = [[e.offset, e.id, e.event, e.data.decode(), e.at, e.actor] for e in events]
            body = ["committed", namespace, channel, epoch, first, rows]
        case Unlogged(namespace, channel, id_, event, data, at, actor, key):
            body = ["unlogged", namespace, channel, id_, event, data.decode(), at, actor, key]
        case RightsChanged(user_ids, course_id, namespace, channel):
            body = ["rights", user_ids, course_id, namespace, channel]
        case PresenceSeen(node, namespace, user_id, connections, status, at):
            body = ["presence", node, namespace, user_id, connections, status, at]
    return orjson.dumps(body)


def from_bytes(data: bytes) -> BusMessage:
    """Read what `to_bytes` wrote. Raises ValueError for anything else, such as a newer node's message."""
    try:
        match orjson.loads(data):
            case ["committed", str(namespace), str(channel), str(epoch), int(first), list(rows)]:
                events = tuple(
                    LoggedEvent(offset, id_, event, text.encode(), at, actor)
                    for offset, id_, event, text, at, actor in rows
                )
                return Committed(namespace, channel, epoch, first, events)
            case ["unlogged", namespace, channel, id_, event, str(text), at, actor, key]:
                return Unlogged(namespace, channel, id_, event, text.encode(), at, actor, key)
            case ["rights", list(user_ids), course_id, namespace, channel]:
                return RightsChanged(tuple(user_ids), course_id, namespace, channel)
            case ["presence", node, namespace, user_id, connections, status, at]:
                return PresenceSeen(node, namespace, user_id, connections, status, at)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError("not a message of this bus") from error
    raise ValueError("not a message of this bus")
