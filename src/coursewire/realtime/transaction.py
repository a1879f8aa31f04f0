"""What a service sees: statements, the time, and the ways to say what happened. It never commits and never emits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from coursewire import log
from coursewire.bus.port import (
    Committed,
    DeriveWanted,
    LoggedEvent,
    RightsChanged,
    SessionsOver,
    TakenBack,
    Unlogged,
    WorkWaits,
)
from coursewire.identity import groups, membership
from coursewire.identity.contract import GroupChanged, MembersChanged, SessionsEnded
from coursewire.realtime.attachments import Said, split, without_bytes
from coursewire.realtime.contract import Delivery
from coursewire.vocabulary import Model, Position, new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.contract import Event
    from coursewire.storage import Row
    from coursewire.storage import Transaction as StorageTransaction

THE_CALLER: Final = ""
"""As an actor: whoever runs the command."""

Reactions = Mapping[type[Any], Sequence[tuple[str, Callable[["Transaction", Any], None]]]]
"""Event or fact type -> (namespace, what it does then)."""


class Transaction:
    """A storage transaction within one namespace, for one caller.

    What is appended, published, derived or rechecked here happens when it commits, on every node, and not at all
    when it does not (LOG1).
    """

    __slots__ = (
        "_caller",
        "_namespace",
        "_raw",
        "_reactions",
        "all",
        "many",
        "noted",
        "now",
        "one",
        "run",
        "said",
        "subject",
    )

    def __init__(
        self, raw: StorageTransaction, namespace: str, caller: Caller | None, reactions: Reactions
    ) -> None:
        self._raw = raw
        self._namespace = namespace
        self._caller = caller
        self._reactions = reactions
        self.now: int = raw.now
        """Milliseconds since 1970."""
        self.subject: str | None = None
        """What the first event of this transaction was about: a remembered answer is taken back with it (LOG5)."""
        self.said: Said | None = None
        """The payload of the last event of its own, with its JSON: an answer often shows the same."""
        self.noted: Any = None
        """What a channel's rule has read, for whatever reads the channel's newest values behind it."""
        self.all: Callable[..., list[Row]] = raw.all
        self.one: Callable[..., Row | None] = raw.one
        self.run: Callable[..., int] = raw.run
        self.many: Callable[..., None] = raw.many

    @property
    def raw(self) -> StorageTransaction:
        """The storage's own transaction, for the packages below this one."""
        return self._raw

    def append(self, channel: str, event: Event[Any], *, actor: str | None = THE_CALLER) -> Position:
        """Log an event in a channel's stream and return its position (LOG1, LOG2)."""
        subject = getattr(event.data, event.subject) if event.subject else None
        if self.subject is None:
            self.subject = subject
        event_id = new_id()
        data, attachment = split(event)
        if attachment is None:
            self.said = event.data, data
        if actor is THE_CALLER:
            actor = self._caller.user_id if self._caller else None
        epoch, offset = log.append(
            self._raw,
            self._namespace,
            channel,
            event=event.event,
            data=data,
            id=event_id,
            at=self.now,
            actor=actor,
            subject=subject,
            attachment=attachment,
        )
        logged = LoggedEvent(offset, event_id, event.event, data, self.now, actor, attachment)
        self._raw.effects.append(Committed(self._namespace, channel, epoch, offset, (logged,)))
        self.tell(event)
        return Position(epoch=epoch, offset=offset)

    def append_each(
        self, events: Sequence[tuple[str, Event[Any]]], *, actor: str | None = THE_CALLER
    ) -> None:
        """Log events in channels, in a few statements for all; the same event object is encoded, and told, once."""
        if actor is THE_CALLER:
            actor = self._caller.user_id if self._caller else None
        encoded: dict[int, tuple[bytes, bytes | None]] = {}
        entries: list[log.Entry] = []
        for channel, event in events:
            parts = encoded.get(id(event))
            if parts is None:
                parts = encoded[id(event)] = split(event)
            subject = getattr(event.data, event.subject) if event.subject else None
            entries.append(log.Entry(channel, event.event, parts[0], new_id(), subject, parts[1]))
        positions = log.append_many(self._raw, self._namespace, entries, at=self.now, actor=actor)
        for entry, (epoch, offset) in zip(entries, positions, strict=True):
            channel, name, data, event_id, _, attachment, _ = entry
            logged = LoggedEvent(offset, event_id, name, data, self.now, actor, attachment)
            self._raw.effects.append(Committed(self._namespace, channel, epoch, offset, (logged,)))
        for event in {id(event): event for _, event in events}.values():
            self.tell(event)

    def append_in(self, channel: str, events: Sequence[tuple[Event[Any], str]]) -> list[Position]:
        """Log events of one channel, each with its own actor, in a few statements for all; return their positions."""
        entries = []
        for event, actor in events:
            data, attachment = split(event)
            subject = getattr(event.data, event.subject) if event.subject else None
            entries.append(log.Entry(channel, event.event, data, new_id(), subject, attachment, actor))
        positions = log.append_many(self._raw, self._namespace, entries, at=self.now)
        logged = [
            LoggedEvent(offset, entry.id, entry.event, entry.data, self.now, entry.actor, entry.attachment)
            for entry, (_, offset) in zip(entries, positions, strict=True)
        ]
        if logged:
            first = positions[0]
            self._raw.effects.append(
                Committed(self._namespace, channel, first.epoch, first.offset, tuple(logged))
            )
        for event, _ in events:
            self.tell(event)
        return [Position(epoch=epoch, offset=offset) for epoch, offset in positions]

    def wake(self) -> None:
        """Let what this namespace runs in the background look for work, once this is committed."""
        self._raw.effects.append(WorkWaits(self._namespace))

    def publish_latest(self, channel: str, event: Event[Any], *, is_last: bool = False) -> None:
        """Give a channel a newest value; whoever listens gets it, or a newer one, soon.

        `is_last`: it is sent, and then forgotten.
        """
        if event.delivery is not Delivery.LATEST or event.per is None:
            raise TypeError(f"{event.event} is not of class latest")
        self._raw.effects.append(
            Unlogged(
                self._namespace,
                channel,
                new_id(),
                event.event,
                split(event)[0],
                self.now,
                self._caller.user_id if self._caller else None,
                str(getattr(event.data, event.per)),
                is_last=is_last,
            )
        )

    def publish_unlogged(self, channel: str, event: Event[Any]) -> None:
        """Send an ephemeral event to whoever listens when this is committed: it is stored nowhere."""
        if event.delivery is not Delivery.EPHEMERAL:
            raise TypeError(f"{event.event} is not of class ephemeral")
        data, attachment = split(event)
        actor = self._caller.user_id if self._caller else None
        self._raw.effects.append(
            Unlogged(
                self._namespace,
                channel,
                new_id(),
                event.event,
                data,
                self.now,
                actor,
                attachment=attachment,
            )
        )

    def derive(self, name: str, argument: str, user_ids: Sequence[str] | None = None) -> None:
        """Ask for a derived value to be computed again: for these users, or for all who are here."""
        wanted = None if user_ids is None else tuple(user_ids)
        self._raw.effects.append(DeriveWanted(self._namespace, name, argument, wanted))

    def redact(
        self,
        subject: str,
        replacement: Model | Callable[[bytes], bytes],
        *,
        field: str = "id",
        channels: Collection[str] | None = None,
    ) -> None:
        """Rewrite every logged event about `subject` in place (LOG5), to this or by a pure function of its JSON.

        An attachment becomes empty, whatever the replacement has. In remembered answers it is the objects whose `field`
        names the subject. `channels`: only in these.
        """
        data = replacement if callable(replacement) else without_bytes(replacement)
        changed = log.redact(self._raw, self._namespace, subject, data, field=field, channels=channels)
        # Also when there were none: what the log has trimmed, a node may still keep for replays.
        self._take_back(changed)

    def begin_anew(self, channel: str) -> None:
        """Begin a channel's stream anew, empty: no position resumes, and nothing of its past is replayed (LOG4)."""
        log.reset(self._raw, self._namespace, channel)
        self._take_back((channel,))

    def channels_about(self, subject: str) -> frozenset[str]:
        """Return the channels of this namespace that have logged events about `subject`."""
        return log.channels_about(self._raw, self._namespace, subject)

    def forget_person(
        self,
        user_id: str,
        *,
        own: Iterable[str],
        others: Iterable[str],
        rewrite: Callable[[bytes], bytes],
    ) -> None:
        """Take somebody who was erased out of this namespace's log, as `log.forget_person` says (LOG5)."""
        self._take_back(
            log.forget_person(self._raw, self._namespace, user_id, own=own, others=others, rewrite=rewrite)
        )

    def _take_back(self, channels: Iterable[str]) -> None:
        taken = TakenBack(self._namespace, tuple(sorted(channels)))
        effects = self._raw.effects
        if not effects or effects[-1] != taken:  # of many messages of one room, once is enough
            effects.append(taken)

    def recheck_rights(self, user_ids: Iterable[str]) -> None:
        """Decide the live subscriptions of these users again (FAN4)."""
        affected = tuple(user_ids)
        if affected:
            self._raw.effects.append(RightsChanged(affected))

    def tell(self, fact: Any) -> None:
        """Let the namespaces react, in this transaction, to an event or a fact."""
        if isinstance(fact, MembersChanged):
            self.recheck_rights((*fact.removed, *fact.changed))
        elif isinstance(fact, GroupChanged):
            self.recheck_rights((*fact.removed, *fact.added))
        elif isinstance(fact, SessionsEnded):
            self._raw.effects.append(SessionsOver(fact.user_id, self.now))
        for namespace, react in self._reactions.get(type(fact), ()):
            react(Transaction(self._raw, namespace, self._caller, self._reactions), fact)

    def position(self, channel: str) -> Position:
        """Return how far a channel's stream has got. Read it before the state that it is to go with (SUB3)."""
        extent = log.position(self._raw, self._namespace, channel)
        return Position(epoch=extent.epoch, offset=extent.offset)

    def roles_in(self, caller: Caller, course_id: str) -> frozenset[str]:
        """Return what the caller is in a course, by its roster; nothing when not enrolled."""
        return frozenset(membership.roles_in(self._raw, caller.user_id, course_id))

    def groups_in(self, caller: Caller, course_id: str) -> frozenset[str]:
        """Return the groups of a course that the caller is in; none when not enrolled."""
        return groups.groups_of(self._raw, caller.user_id, course_id)
