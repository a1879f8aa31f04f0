"""One node's sessions and channels: who subscribes, who may, what the bus brings, what a full socket misses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from coursewire import log
from coursewire.bus.port import BusMessage, Committed, DeriveWanted, RightsChanged, TakenBack, Unlogged
from coursewire.errors import CoursewireError, NotFound, TooLarge, Unavailable
from coursewire.realtime.channels import Channel, Latest
from coursewire.realtime.contract import ChannelClosed, ChannelGone, Event, Reason
from coursewire.realtime.derived import Derivations
from coursewire.realtime.encoding import encode_alone, encode_unlogged
from coursewire.realtime.joined import Joined
from coursewire.realtime.recovery import Recovery
from coursewire.realtime.rights import Asked, Checked, Rights
from coursewire.realtime.session import Session
from coursewire.realtime.subscription import State, Subscription
from coursewire.realtime.transaction import Reactions

if TYPE_CHECKING:
    from coursewire.bus.port import Bus
    from coursewire.edge.connection import Connection
    from coursewire.realtime.namespace import Namespace
    from coursewire.storage import Storage
    from coursewire.vocabulary import Position

logger = logging.getLogger(__name__)


class Hub:
    """Everything that this node delivers goes through here. All methods belong to the event loop."""

    def __init__(
        self,
        storage: Storage,
        bus: Bus,
        namespaces: Mapping[str, Namespace],
        reactions: Reactions,
        *,
        max_subscriptions: int = 200,
        replay_events: int = log.REPLAY_EVENTS,
    ) -> None:
        self._storage = storage
        self._namespaces = namespaces
        self._reactions = reactions
        self._channels: dict[tuple[str, str], Channel] = {}
        self._sessions: dict[str, dict[str, set[Session]]] = {path: {} for path in namespaces}
        self._tasks: set[asyncio.Task[None]] = set()
        self._rates = {
            (path, event.event): (event.rate, event.early)
            for path, namespace in namespaces.items()
            for event in namespace.events
        }
        self._max_subscriptions = max_subscriptions
        self.recovery = Recovery(storage, replay_events)
        # Bound once: a channel of each person who is here would have three methods of its own.
        self._heal = self.recovery.repair, self._on_broken, self._on_shed
        self.rights = Rights(storage, reactions)
        self._derivations = Derivations(storage, self, namespaces, reactions)
        self.on_listening: Callable[[Session, Channel], None] = lambda _session, _channel: None
        """Called when a subscription begins to live."""
        self.on_granted: Callable[[Session, str, Any], None] = lambda _session, _name, _grant: None
        """Called when a rule grants a subscription something else than before."""
        self.on_left: Callable[[Session, str], None] = lambda _session, _name: None
        """Called when a subscription ends that was granted something."""
        self.on_refused: Callable[[Session, str], None] = lambda _session, _name: None
        """Called when a subscription has ended because its right has."""
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
        pending: dict[str, Subscription] = {}
        asked: dict[str, Asked] = {}
        for name in wanted:
            try:
                kind, channel_id = session.namespace.kind_of(name)
                pending[name] = subscription = self._register(session, name)
                epoch, since = subscription.channel.epoch, wanted[name]
                is_known = epoch is not None and (since is None or since.epoch == epoch)
                asked[name] = Asked(kind, channel_id, not is_known)
            except CoursewireError as error:
                answers[name] = error
        if not pending:
            return answers
        try:
            checked = await self.rights.examine(session, asked)
            for name, subscription in pending.items():
                answers[name] = await self._join(subscription, checked[name], wanted[name])
        except BaseException:
            for subscription in pending.values():
                self._end(subscription)
            raise
        return answers

    def _register(self, session: Session, name: str) -> Subscription:
        if session.is_closed:
            # It would be listed in the channel for ever: whoever ends a session has been here already.
            raise NotFound("the session has ended", field="channel")
        if name in session.subscriptions:
            self.unsubscribe(session, name)
        if len(session.subscriptions) >= self._max_subscriptions:
            most = self._max_subscriptions
            raise TooLarge(f"a session listens to at most {most} channels", field="channel")
        key = (session.namespace.path, name)
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = Channel(*key, *self._heal)
        subscription = Subscription(session, channel)
        channel.subscriptions[session] = subscription
        session.subscriptions[name] = subscription
        return subscription

    async def _join(
        self, subscription: Subscription, checked: Checked, since: Position | None
    ) -> Joined | CoursewireError:
        channel = subscription.channel
        if checked.error is not None:
            self._end(subscription)
            return checked.error
        if subscription.state is State.CLOSED:
            return Unavailable("the channel was left before it was entered")
        if checked.extent is not None:
            channel.open(checked.extent.epoch, checked.extent.offset)
            if channel.epoch != checked.extent.epoch:
                # One of the two is out of date. Everybody comes again, and then to what the log says.
                self._on_broken(channel)
                return Unavailable("the channel begins anew: subscribe again")
        if checked.grant is not None:
            self._grant(subscription, checked.grant)
        reason: Reason | None = None
        if since is not None:
            reason = await self.recovery.catch_up(subscription, since.epoch, since.offset)
        recovered = since is not None and reason is None
        if not recovered:
            subscription.offset = channel.top
        return Joined(subscription, channel.epoch or "", recovered, reason, checked.latest)

    def start(self, subscription: Subscription) -> None:
        """Make a subscription live from its offset on: nothing missing, nothing twice."""
        channel = subscription.channel
        if subscription.state is State.CLOSED:
            return
        if subscription.socket.connection.full:
            subscription.state = State.LAGGING
        elif subscription.offset == channel.top:
            channel.go_live(subscription)
        elif subscription.offset > channel.top:
            subscription.state = State.AHEAD
            channel.ahead.append(subscription)
        elif (recent := channel.recent(subscription.offset)) is not None:
            channel.go_live(subscription)
            subscription.socket.send(recent)
        else:
            self._resume_soon(subscription)
        self.on_listening(subscription.session, channel)

    def unsubscribe(self, session: Session, name: str) -> bool:
        """End a subscription at once. Return whether there was one."""
        subscription = session.subscriptions.get(name)
        return subscription is not None and self._end(subscription)

    def _end(self, subscription: Subscription) -> bool:
        """End this subscription, not one that has taken its place. Return whether it was open."""
        if subscription.state is State.CLOSED:
            return False
        session, channel = subscription.session, subscription.channel
        channel.leave_live(subscription, State.CLOSED)
        del session.subscriptions[channel.name]
        del channel.subscriptions[session]
        if subscription.grant is not None:
            self.on_left(session, channel.name)
        if not channel.subscriptions:
            channel.close()
            del self._channels[channel.namespace, channel.name]
        return True

    def _close(self, subscription: Subscription, reason: str) -> None:
        """End a subscription and tell its session why."""
        if self._end(subscription):
            event = ChannelClosed(ChannelGone.model_validate({"reason": reason}))
            send_event(subscription.session, event, channel=subscription.channel.name)

    # Full sockets (FAN3)

    def full(self, sessions: Iterable[Session]) -> None:
        """Stop queueing logged events for these sessions: their connection's outbox is full."""
        for session in sessions:
            for subscription in session.subscriptions.values():
                if subscription.state in (State.LIVE, State.AHEAD):
                    subscription.channel.leave_live(subscription, State.LAGGING)

    def drained(self, sessions: Iterable[Session]) -> None:
        """Replay what these sessions have missed."""
        for session in sessions:
            for subscription in session.subscriptions.values():
                if subscription.state is State.LAGGING:
                    self._resume_soon(subscription)

    def _resume_soon(self, subscription: Subscription) -> None:
        # Not LAGGING meanwhile: however often its socket fills and drains, one at a time replays to it.
        subscription.state = State.JOINING
        self._spawn(self._resume(subscription))

    async def _resume(self, subscription: Subscription) -> None:
        channel, session = subscription.channel, subscription.session
        try:
            reason = await self.recovery.catch_up(subscription, channel.epoch or "", subscription.offset)
        except CoursewireError:
            logger.exception("a replay could not be read; its client is to subscribe again")
            self._close(subscription, "lagging")
            return
        if subscription.state is State.CLOSED:
            return
        if reason is not None:
            self._close(subscription, "lagging")
            return
        connection: Connection = session.socket.connection
        if connection.full:
            subscription.state = State.LAGGING
            return
        for value in list(channel.latest.values()):
            if value.encoded is not None:
                session.socket.send(value.encoded)
        self.start(subscription)

    def _on_broken(self, channel: Channel) -> None:
        """Nobody who listens can go on: each comes again, and is told by the log what it can have."""
        for subscription in list(channel.subscriptions.values()):
            self._close(subscription, "lagging")

    def _on_shed(self, channel: Channel) -> None:
        """Replay to those whose sockets take it; the others follow when they have drained."""
        for subscription in list(channel.subscriptions.values()):
            if subscription.state is State.LAGGING and not subscription.socket.connection.full:
                self._resume_soon(subscription)

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
                for name in names or [name for path, name in self._channels if path == namespace]:
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
            rate, early = self._rates[message.namespace, message.event]
            value = Latest(message.event, message.data, encode_unlogged(message), message.is_last)
            channel.publish_latest(message.key, value, rate, early)

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
        """Ask the rules about all subscriptions of a session. Without an answer they end as well, to come again."""
        subscriptions = dict(session.subscriptions)
        try:
            grants = await self.rights.decide(session, list(subscriptions))
        except Exception:
            logger.exception("the rights of a session could not be checked; its client is to subscribe again")
            for subscription in subscriptions.values():
                self._close(subscription, "lagging")
            return
        for name, grant in grants.items():
            if isinstance(grant, CoursewireError):
                self._close(subscriptions[name], "forbidden")
                self.on_refused(session, name)
            elif grant is not None and subscriptions[name].is_open:
                self._grant(subscriptions[name], grant)

    def _grant(self, subscription: Subscription, grant: Any) -> None:
        if grant != subscription.grant:
            subscription.grant = grant
            self.on_granted(subscription.session, subscription.channel.name, grant)

    # Sending

    def find(self, path: str, name: str) -> Channel | None:
        """Return a channel that somebody on this node listens to."""
        return self._channels.get((path, name))

    @property
    def channel_count(self) -> int:
        """How many channels somebody listens to."""
        return len(self._channels)

    @property
    def channels(self) -> list[Channel]:
        """Return the channels that somebody listens to."""
        return list(self._channels.values())

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
        self.recovery.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def send_event(session: Session, event: Event[Any], channel: str = "") -> None:
    """Say something to one session only."""
    session.socket.send(encode_alone(session.namespace.path, event, channel))
