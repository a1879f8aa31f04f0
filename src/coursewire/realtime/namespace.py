"""How a namespace is declared: its path, commands, events, channels and reactions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from coursewire.errors import Forbidden, Invalid
from coursewire.realtime.contract import COMMON_COMMANDS, COMMON_EVENTS, Command, Event, Result

if TYPE_CHECKING:
    from coursewire.errors import CoursewireError
    from coursewire.identity.caller import Caller
    from coursewire.realtime.background import Background
    from coursewire.realtime.live import Live
    from coursewire.realtime.presence import Standing
    from coursewire.realtime.transaction import Transaction
    from coursewire.realtime.visit import Visit
    from coursewire.vocabulary import Position

Handler = Callable[["Transaction", "Caller", Any], Result]
"""A service function: load, decide, save, append."""


ChannelRule = Callable[["Transaction", "Caller", str], Any]
"""Raises Forbidden or NotFound when the caller may not listen to the channel of this id (SUB1).

It may return what the right is good for, its *grant*: `ChannelKind.granted` is told.
"""


def only_self(_: Transaction, caller: Caller, user_id: str) -> None:
    """Allow `user:<id>` to that user only."""
    if caller.user_id != user_id:
        raise Forbidden("this channel belongs to somebody else", field="channel")


@dataclass(frozen=True, slots=True)
class Signal:
    """A command without storage: `run` reaches only who is here now.

    `channel` names the channel whose right the caller needs: a live subscription is proof of it, otherwise the
    channel's rule is asked. A `run` that has to wait returns an awaitable; the session's later commands wait with it.
    """

    run: Callable[[Visit, Any], Result | Awaitable[Result]]
    channel: Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """A command that enters channels: it subscribes, and answers with what a client needs to begin there.

    `channels` reads their names, or raises what refuses the caller. With the positions of all of them `run` makes the
    answer on the event loop; the subscriptions go live behind the ack, from these positions on: what `run` reads is as
    of then, or newer (SUB3). Where a channel refuses, or `run` raises, all of them end again.
    """

    channels: Callable[[Transaction, Caller, Any], Sequence[str]]
    run: Callable[[Visit, Any, Mapping[str, Position]], Awaitable[Result]]


class Step(Protocol):
    """What `Staged.prepare` has made of a command."""

    def run(self, tx: Transaction, caller: Caller, command: Any) -> Result:
        """Write it. In the storage writer; may run twice, so it changes nothing but the transaction."""
        ...

    def settled(self, error: BaseException | None) -> None:
        """Hear on the event loop, before the ack, that it is committed, or why it is not."""
        ...


class Written(NamedTuple):
    """One of several commands that are written together."""

    caller: Caller
    command: Any
    step: Any
    """What `prepare` has made of it."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A command that changes something in memory before it is written.

    `prepare` runs on the event loop when the command is handed to the writer, with those that were gathered with it:
    in the order in which they came, and nothing is awaited in between. So the memory sees the commands of all sessions
    in the order in which they are committed. It may raise.
    """

    prepare: Callable[[Visit, Any], Step]
    weight: Callable[[Any], int] | None = None
    """Bytes of a command: many that are light are prepared together, a heavy one at once."""
    together: Callable[[Transaction, Sequence[Written]], Sequence[Result | CoursewireError]] | None = None
    """Writes several that were prepared, in their order, as each `Step.run` would, in a few statements for all; returns
    what each of them has come to. What it raises has written nothing: then each is run alone."""


class Outdated(Exception):  # noqa: N818 - what a plan is, not an error that anybody is told
    """So much has changed since a command was planned that it has to be planned again."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A command with more work than the storage writer should do, for which everybody's commands wait.

    `plan` runs in a reader, on a snapshot, and writes nothing. `write` runs in the writer with what `plan` has made of
    the command; it decides again, and raises `Outdated`, before it has written anything, where that fits no more. No
    other command of the session runs beside it (CMD1).
    """

    plan: Callable[[Transaction, Caller, Any], Any]
    write: Callable[[Transaction, Caller, Any, Any], Result]

    def __call__(self, tx: Transaction, caller: Caller, command: Any) -> Result:
        """Run both in one transaction: nothing can have changed then."""
        return self.write(tx, caller, command, self.plan(tx, caller, command))


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """The channels `<kind>:<id>`: who may listen, and which current values come with the subscription."""

    rule: ChannelRule
    latest: Callable[[Transaction, str], Iterable[Event[Any]]] | None = None
    present: Callable[[str, Standing], Event[Any]] | None = None
    """Makes the event that tells this channel's listeners how one of them, by user id, is here."""
    granted: Callable[[Visit, str, Any], None] | None = None
    """Is told on the event loop what the rule grants a session in the channel of this id: when it begins to listen, and
    whenever a change of rights has changed it (FAN4)."""
    left: Callable[[Visit, str], None] | None = None
    """Is told when a session that was granted something listens no more, for whatever reason."""


@dataclass(frozen=True, slots=True)
class Derived:
    """LATEST events that are computed from the database, after a commit, for the users who are here.

    A service says `tx.derive("unread", room_id)`; after `delay_s`, and for one argument at most once per `interval_s`
    (longer where thousands are here, so that it stays a small part of the work), `compute(tx, argument, user_ids)`
    runs once for all of them on each node and returns, per user id, the event for the channel `user:<id>`: one query
    for many receivers, however many commits asked for it.
    """

    compute: Callable[[Transaction, str, Sequence[str]], Iterable[tuple[str, Event[Any]]]]
    delay_s: float = 0.2
    interval_s: float = 1.0
    is_kept: bool = True
    """Whether who subscribes later gets the newest value too; else it is sent, and then forgotten."""


@dataclass(frozen=True)
class Namespace:
    """One namespace. The hub, the dispatcher and the generated contracts read it; nothing registers itself."""

    path: str
    commands: Mapping[type[Command], Handler | Signal | Opening | Staged]
    events: tuple[type[Event[Any]], ...]
    channels: Mapping[str, ChannelKind]
    derived: Mapping[str, Derived] = field(default_factory=dict)
    reactions: Mapping[type[Any], Callable[[Transaction, Any], None]] = field(default_factory=dict)
    """What this namespace does, in the same transaction, when another part reports an event or a fact of this type."""
    background: tuple[Callable[[Background], Coroutine[Any, Any, None]], ...] = ()
    """What runs beside the requests as long as the node does."""
    departed: Callable[[Live, str], None] | None = None
    """The last connection of the user of this id is gone."""

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "by_name",
            {command.command: command for command in (*COMMON_COMMANDS, *self.commands)},
        )
        for command in self.commands:
            if not command.command:
                raise TypeError(f"{command.__name__} has no name")
        planned = frozenset(kind for kind, handler in self.commands.items() if isinstance(handler, Planned))
        object.__setattr__(self, "planned", planned)

    by_name: Mapping[str, type[Command]] = field(init=False, repr=False)
    """The commands by the name they have on the wire, the common ones included."""
    planned: frozenset[type[Command]] = field(init=False, repr=False)
    """Commands beside which no other of their session runs."""

    def kind_of(self, channel: str) -> tuple[ChannelKind, str]:
        """Return the declaration of a channel and the id in its name. Raises Invalid for a name that has none."""
        prefix, colon, channel_id = channel.partition(":")
        kind = self.channels.get(prefix)
        if kind is None or not colon or not channel_id:
            kinds = ", ".join(f"{prefix}:<id>" for prefix in self.channels)
            raise Invalid(f"must be one of {kinds}", field="channel")
        return kind, channel_id

    @property
    def all_events(self) -> tuple[type[Event[Any]], ...]:
        """The events of this namespace and those that every namespace says."""
        return (*COMMON_EVENTS, *self.events)
