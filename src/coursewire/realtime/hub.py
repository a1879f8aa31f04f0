"""One node's sessions and channels: who subscribes, who may, what the bus brings, what a full socket misses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from coursewire import log
from coursewire.bus.port import BusMessage, Committed, DeriveWanted, RightsChanged, TakenBack, Unlogged
from coursewire.errors import CoursewireError, Invalid, NotFound, TooLarge
from coursewire.realtime.channels import Channel, Latest, State, Subscription
from coursewire.realtime.contract import ChannelClosed, ChannelGone, Event, Reason
from coursewire.realtime.derived import Derivations
from coursewire.realtime.encoding import encode_alone, encode_unlogged
from coursewire.realtime.recovery import Recovery
from coursewire.realtime.session import SUBSCRIPTIONS, Session
from coursewire.realtime.transaction import Reactions, Transaction

if TYPE_CHECKING:
    from coursewire.bus.port import Bus
    from coursewire.edge.connection import Connection
    from coursewire.identity.caller import Caller
    from coursewire.realtime.namespace import ChannelKind, Namespace
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction
    from coursewire.vocabulary import Position

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Joined:
    """A subscription as its session asked for it; `Hub.start` makes it live once the answer is written."""

    subscription: Subscription | None
    epoch: str
    recovered: bool
    reason: Reason | None
    latest: list[Latest]

    def as_wire(self) -> dict[str, Any]:
        """Return the contract's `{epoch, offset, recovered, reason?, latest?}`."""
        offset = self.subscription.offset if self.subscription else 0
        wire: dict[str, Any] = {"epoch": self.epoch, "offset": offset, "recovered": self.recovered}
        if self.reason is not None:
            wire["reason"] = self.reason
        if self.latest:
            wire["latest"] = [
                {"event": value.event, "data": orjson.Fragment(value.data)} for value in self.latest
            ]
        return wire


@dataclass(slots=True)
class _Checked:
    error: CoursewireError | None
    extent: log.Extent
    latest: list[Event[Any]]


class Hub:
    """Everything that this node delivers goes through here. All methods belong to the event loop."""

    def __init__(
        self, storage: Storage, bus: Bus, namespaces: Mapping[str, Namespace], reactions: Reactions
    ) -> None:
        self._storage = storage
        self._namespaces = namespaces
        self._reactions = reactions
        self._channels: dict[tuple[str, str], Channel] = {}
        self._sessions: dict[str, dict[str, set[Session]]] = {path: {} for path in namespaces}
        self._tasks: set[asyncio.Task[None]] = set()
        self._rates = {
            (path, event.event): event.rate
            for path, namespace in namespaces.items()
            for event in namespace.events
        }
        self.recovery = Recovery(storage)
        self._derivations = Derivations(storage, self, namespaces, reactions)
        self.on_listening: Callable[[Session, Channel], None] = lambda _session, _channel: None
        """Called when a subscription begins to live."""
        bus.subscribe(self.hear)

    # Sessions

    def add(self, session: Session) -> None:
        """Count a session in."""
        users = self._sessions[session.namespace.path]
        users.setdefault(session.caller.user_id, set()).add(session)

    def remove(self, session: Session) -> list[Channel]:
        """Count a session out, end its subscriptions, and return the channels it listened to."""
        users = self._sessions[session.namespace.path]
        sessions = users.get(session.caller.user_id)
        if sessions is not None:
            sessions.discard(session)
            if not sessions:
                del users[session.caller.user_id]
        channels = [subscription.channel for subscription in session.subscriptions.values()]
        for name in list(session.subscriptions):
            self.unsubscribe(session, name)
        return channels

    def sessions_of(self, user_id: str) -> list[Session]:
        """Return a user's sessions in all namespaces."""
        return [session for users in self._sessions.values() for session in users.get(user_id, ())]

    def users_of(self, path: str) -> Mapping[str, set[Session]]:
        """Return who is here in a namespace."""
        return self._sessions[path]

    def all_sessions(self) -> list[Session]:
        """Return every session."""
        return [session for users in self._sessions.values() for some in users.values() for session in some]

    @property
    def session_count(self) -> int:
        """How many sessions there are."""
        return sum(len(some) for users in self._sessions.values() for some in users.values())

    # Subscribing

    async def subscribe(
        self, session: Session, wanted: Mapping[str, Position | None]
    ) -> dict[str, Joined | CoursewireError]:
        """Subscribe a session to channels, replaying those with a position (SUB2). One read checks all of them.

        Returns a `Joined` or the error for each. Call `start` for each once the answer is written.
        """
        answers: dict[str, Joined | CoursewireError] = {}
        pending: dict[str, tuple[Subscription, ChannelKind, str]] = {}
        for name in wanted:
            try:
                kind, channel_id = self.kind_of(session.namespace, name)
                pending[name] = (self._register(session, name), kind, channel_id)
            except CoursewireError as error:
                answers[name] = error
        if not pending:
            return answers
        try:
            checked = await self._storage.read(lambda raw: self._check_all(raw, session, pending))
        except BaseException:
            for name in pending:
                self.unsubscribe(session, name)
            raise
        for name, (subscription, _, _) in pending.items():
            answers[name] = await self._join(subscription, checked[name], wanted[name])
        return answers

    def kind_of(self, namespace: Namespace, name: str) -> tuple[ChannelKind, str]:
        """Return the declaration of a channel and the id in its name. Raises Invalid for a name that has none."""
        prefix, colon, channel_id = name.partition(":")
        kind = namespace.channels.get(prefix)
        if kind is None or not colon or not channel_id:
            kinds = ", ".join(f"{prefix}:<id>" for prefix in namespace.channels)
            raise Invalid(f"must be one of {kinds}", field="channel")
        return kind, channel_id

    def _register(self, session: Session, name: str) -> Subscription:
        if name in session.subscriptions:
            self.unsubscribe(session, name)
        if len(session.subscriptions) >= SUBSCRIPTIONS:
            raise TooLarge(f"a session listens to at most {SUBSCRIPTIONS} channels", field="channel")
        key = (session.namespace.path, name)
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = Channel(*key, self.recovery.repair, self._on_new_epoch)
        subscription = Subscription(session, channel)
        channel.subscriptions[session] = subscription
        session.subscriptions[name] = subscription
        return subscription

    def _check_all(
        self,
        raw: StorageTransaction,
        session: Session,
        pending: Mapping[str, tuple[Subscription, ChannelKind, str]],
    ) -> dict[str, _Checked]:
        checked: dict[str, _Checked] = {}
        path, caller = session.namespace.path, session.caller
        tx = Transaction(raw, path, caller, self._reactions)
        for name, (_, kind, channel_id) in pending.items():
            error: CoursewireError | None = None
            latest: list[Event[Any]] = []
            try:
                kind.rule(tx, caller, channel_id)
                latest = list(kind.latest(tx, channel_id)) if kind.latest else []
            except CoursewireError as refused:
                error = refused
            checked[name] = _Checked(error, log.position(raw, path, name), latest)
        return checked

    async def _join(
        self, subscription: Subscription, checked: _Checked, since: Position | None
    ) -> Joined | CoursewireError:
        channel, session = subscription.channel, subscription.session
        if checked.error is not None:
            self.unsubscribe(session, channel.name)
            return checked.error
        if subscription.state is State.CLOSED:
            return NotFound("the channel was left before it was entered", field="channel")
        channel.open(checked.extent.epoch, checked.extent.offset)
        reason: Reason | None = None
        if since is not None:
            reason = await self.recovery.catch_up(subscription, since.epoch, since.offset)
        recovered = since is not None and reason is None
        if not recovered:
            subscription.offset = channel.top
        return Joined(subscription, channel.epoch or "", recovered, reason, _merge(checked.latest, channel))

    def start(self, subscription: Subscription) -> None:
        """Make a subscription live from its offset on: nothing missing, nothing twice."""
        channel = subscription.channel
        if subscription.state is State.CLOSED:
            return
        if subscription.session.socket.connection.full:
            subscription.state = State.LAGGING
        elif subscription.offset == channel.top:
            subscription.state = State.LIVE
        elif subscription.offset > channel.top:
            subscription.state = State.AHEAD
            channel.ahead.append(subscription)
        elif (recent := channel.recent(subscription.offset)) is not None:
            subscription.offset = channel.top
            subscription.state = State.LIVE
            subscription.session.socket.send(recent)
        else:
            subscription.state = State.LAGGING
            self._spawn(self._resume(subscription))
        self.on_listening(subscription.session, channel)

    def unsubscribe(self, session: Session, name: str) -> bool:
        """End a subscription at once. Return whether there was one."""
        subscription = session.subscriptions.pop(name, None)
        if subscription is None:
            return False
        subscription.state = State.CLOSED
        channel = subscription.channel
        if channel.subscriptions.get(session) is subscription:
            del channel.subscriptions[session]
        if not channel.subscriptions:
            channel.close()
            self._channels.pop((channel.namespace, channel.name), None)
        return True

    def close_channel(self, session: Session, name: str, reason: str) -> None:
        """End a subscription and tell its session why."""
        if self.unsubscribe(session, name):
            event = ChannelClosed(ChannelGone.model_validate({"reason": reason}))
            send_event(session, event, channel=name)

    # Full sockets (FAN3)

    def full(self, sessions: Iterable[Session]) -> None:
        """Stop queueing logged events for these sessions: their connection's outbox is full."""
        for session in sessions:
            for subscription in session.subscriptions.values():
                if subscription.state in (State.LIVE, State.AHEAD):
                    subscription.state = State.LAGGING

    def drained(self, sessions: Iterable[Session]) -> None:
        """Replay what these sessions have missed."""
        for session in sessions:
            for subscription in session.subscriptions.values():
                if subscription.state is State.LAGGING:
                    self._spawn(self._resume(subscription))

    async def _resume(self, subscription: Subscription) -> None:
        channel, session = subscription.channel, subscription.session
        reason = await self.recovery.catch_up(subscription, channel.epoch or "", subscription.offset)
        if subscription.state is not State.LAGGING:
            return
        if reason is not None:
            self.close_channel(session, channel.name, "lagging")
            return
        connection: Connection = session.socket.connection
        if not connection.full:
            for value in list(channel.latest.values()):
                if value.encoded is not None:
                    session.socket.send(value.encoded)
            self.start(subscription)

    def _on_new_epoch(self, channel: Channel) -> None:
        for subscription in list(channel.subscriptions.values()):
            self.close_channel(subscription.session, channel.name, "lagging")

    # What the bus brings

    def hear(self, message: BusMessage) -> None:
        """Take a message of the bus to whom it concerns."""
        match message:
            case Committed():
                channel = self._channels.get((message.namespace, message.channel))
                if channel is not None:
                    channel.deliver(message.epoch, message.events)
            case Unlogged():
                self._hear_unlogged(message)
            case DeriveWanted():
                self._derivations.want(message)
            case TakenBack(namespace, names):
                for name in names:
                    if (channel := self._channels.get((namespace, name))) is not None:
                        channel.forget_past()
                self.recovery.forget_past(namespace, frozenset(names))
            case RightsChanged():
                self._spawn(self._decide_again(message))
            case _:
                pass

    def _hear_unlogged(self, message: Unlogged) -> None:
        channel = self._channels.get((message.namespace, message.channel))
        if channel is None:
            return
        if message.key is None:
            channel.publish(encode_unlogged(message))
        else:
            rate = self._rates[message.namespace, message.event]
            channel.publish_latest(message.event, message.key, message.data, encode_unlogged(message), rate)

    async def _decide_again(self, changed: RightsChanged) -> None:
        """Ask the rules about the live subscriptions that a change touches, and end those without a right (FAN4)."""
        sessions = [
            session
            for user_id in changed.user_ids
            for session in self.sessions_of(user_id)
            if changed.namespace in (None, session.namespace.path)
        ]
        await asyncio.gather(*(self.decide_again(session) for session in sessions))

    async def decide_again(self, session: Session) -> None:
        """Ask the rules about all subscriptions of a session."""
        names = list(session.subscriptions)

        def refused(raw: StorageTransaction) -> list[str]:
            tx = Transaction(raw, session.namespace.path, session.caller, self._reactions)
            return [
                name for name in names if not self._may_listen(tx, session.namespace, session.caller, name)
            ]

        for name in await self._storage.read(refused):
            self.close_channel(session, name, "forbidden")

    async def may_listen(self, session: Session, name: str) -> bool:
        """Ask the rule of a channel that a session does not listen to."""

        def ask(raw: StorageTransaction) -> bool:
            tx = Transaction(raw, session.namespace.path, session.caller, self._reactions)
            return self._may_listen(tx, session.namespace, session.caller, name)

        return await self._storage.read(ask)

    def _may_listen(self, tx: Transaction, namespace: Namespace, caller: Caller, name: str) -> bool:
        kind, channel_id = self.kind_of(namespace, name)
        try:
            kind.rule(tx, caller, channel_id)
        except CoursewireError:
            return False
        return True

    # Sending

    def find(self, path: str, name: str) -> Channel | None:
        """Return a channel that somebody on this node listens to."""
        return self._channels.get((path, name))

    @property
    def channel_count(self) -> int:
        """How many channels somebody listens to."""
        return len(self._channels)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a background task of the hub failed", exc_info=error)

    async def close(self) -> None:
        """End what runs in the background."""
        self._derivations.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def send_event(session: Session, event: Event[Any], channel: str = "") -> None:
    """Say something to one session only."""
    session.socket.send(encode_alone(session.namespace.path, event, channel))


def _merge(stored: Sequence[Event[Any]], channel: Channel) -> list[Latest]:
    """Put the newest values together: what the database has, and above it what was published since."""
    merged: dict[tuple[str, str], Latest] = {}
    for event in stored:
        key = (event.event, str(getattr(event.data, event.per or "")))
        merged[key] = Latest(event.event, event.data.model_dump_json(exclude_none=True).encode(), None)
    merged.update(channel.latest)
    return list(merged.values())
