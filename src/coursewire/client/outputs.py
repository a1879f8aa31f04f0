"""What the state machine asks of its shell, one type per output of `tests/traces/README.md`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

State: TypeAlias = Literal[
    "idle",
    "connecting",
    "connected",
    "recovering",
    "reconnecting",
    "degraded",
    "unavailable",
    "unauthorized",
    "closed",
]
"""What a namespace is doing (CLI4)."""

Transport: TypeAlias = Literal["websocket", "polling"]

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What a status display shows of a namespace (CLI4). Times in milliseconds."""

    state: State
    since: int
    transport: Transport | None
    latency_ms: int | None
    attempts: int
    queued: int


@dataclass(frozen=True, slots=True)
class StateChanged:
    """Show it."""

    state: State


@dataclass(frozen=True, slots=True)
class FetchToken:
    """Get a fresh token, then call `Machine.token`."""

    reason: Literal["connect", "expiring", "expired"]


@dataclass(frozen=True, slots=True)
class Connect:
    """Open the transport if there is none, then send CONNECT with `auth.resume`."""

    resume: Json


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Leave the namespace."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The transport is dead: close it."""


@dataclass(frozen=True, slots=True)
class Emit:
    """Send a command, and call `Machine.answer` with its ack."""

    ref: str
    command: str
    payload: Json


@dataclass(frozen=True, slots=True)
class Deliver:
    """Run the handlers of an event."""

    event: str
    data: Any
    meta: Json


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The channel is live from this position on."""

    channel: str
    epoch: str
    offset: int
    recovered: bool


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """The channel was taken away."""

    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class NeedSnapshot:
    """Load the channel's state anew, then call `Machine.snapshot_loaded`."""

    channel: str
    reason: str
    position: Json


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Call `Machine.timer` with this name in `ms` milliseconds; replaces the timer of that name."""

    name: str
    ms: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget the timer."""

    name: str


@dataclass(frozen=True, slots=True)
class Settle:
    """The final answer of a command."""

    ref: str
    answer: Json


@dataclass(frozen=True, slots=True)
class Persist:
    """Store these commands, in order; they have a key and no final answer."""

    outbox: list[Json]


@dataclass(frozen=True, slots=True)
class RefusedCommand:
    """The command was not taken."""

    ref: str
    error: Json


Output: TypeAlias = (
    StateChanged
    | FetchToken
    | Connect
    | Disconnect
    | Reset
    | Emit
    | Deliver
    | Subscribed
    | Unsubscribed
    | NeedSnapshot
    | SetTimer
    | CancelTimer
    | Settle
    | Persist
    | RefusedCommand
)
