"""People with inboxes on a real private database: commands and works run at once, on a clock that the test moves."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
from sqlalchemy import select
from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.bus.port import Committed, DeriveWanted, Unlogged
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.chat import namespace as chat
from coursewire.namespaces.notifications import namespace as notifications
from coursewire.namespaces.notifications import rules, service, store
from coursewire.namespaces.notifications.channels import OutgoingChannels
from coursewire.namespaces.notifications.contract import (
    Counts,
    ListNotifications,
    Marked,
    MarkNotifications,
    Notification,
    NotificationBody,
    NotificationPage,
    SnoozeNotification,
    UpdatePreferences,
)
from coursewire.namespaces.notifications.store import tables
from coursewire.realtime.contract import Command, Mode
from coursewire.realtime.namespace import Opening, Signal, Staged
from coursewire.realtime.running import _digest, run_once
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import Role, iso, new_id

Json = dict[str, Any]
PATH = "/notifications"
COURSE = "cs101"
HOUR = 3_600_000
NOON = 1_763_985_600_000
"""Monday, 24 November 2025, 12:00 UTC."""

_ITEMS = Prepared(select(*(tables.items.c[name] for name in rules.Item.__dataclass_fields__)))
_COUNTS = Prepared(select(tables.counts))
_OUTGOING = Prepared(select(tables.outgoing).order_by(tables.outgoing.c.id))


class Inboxes:
    """A course with a teacher, two learners, and everything that was told to them."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.ledger.now = NOON
        self.effects: list[Any] = []
        self.channels = OutgoingChannels()
        self.namespaces = {made.path: made for made in (chat.make(), notifications.make())}
        reactions: dict[type[Any], list[tuple[str, Any]]] = {}
        for path, made in self.namespaces.items():
            for kind, react in made.reactions.items():
                reactions.setdefault(kind, []).append((path, react))
        self.reactions: Reactions = reactions
        self.enrol({"ada": "instructor", "ben": "learner", "cleo": "learner"})

    def close(self) -> None:
        self.ledger.close()

    # People

    def caller(self, user_id: str, *roles: Role) -> Caller:
        return Caller(user_id=user_id, name=user_id.title(), roles=frozenset(roles))

    def enrol(self, people: dict[str, Role], course_id: str = COURSE) -> None:
        roster = [Enrolment(user_id, user_id.title(), frozenset({role})) for user_id, role in people.items()]

        def work(raw: Any) -> None:
            tx = Transaction(raw, "", None, self.reactions)
            facts = membership.put_course(raw, course_id, course_id.upper())
            for fact in (*facts, *membership.put_members(raw, course_id, roster)):
                tx.tell(fact)

        self.write(work)

    def unenrol(self, user_id: str, course_id: str = COURSE) -> None:
        def work(raw: Any) -> None:
            for fact in membership.remove_member(raw, course_id, user_id):
                Transaction(raw, "", None, self.reactions).tell(fact)

        self.write(work)

    def erase(self, user_id: str) -> None:
        def work(raw: Any) -> None:
            for fact in membership.erase_user(raw, user_id):
                Transaction(raw, "", self.caller("lms", "service"), self.reactions).tell(fact)

        self.write(work)

    # Commands and works

    def run(self, who: str, command: Command, path: str = PATH) -> Any:
        """Run a command as the dispatcher does; return its answer as the model."""
        caller = self.caller(who)
        handler = self.namespaces[path].commands[type(command)]
        assert not isinstance(handler, Signal | Opening | Staged)
        if command.mode is Mode.READ:
            return self.write(
                lambda raw: handler(Transaction(raw, path, caller, self.reactions), caller, command)
            )
        key = getattr(command, "key", None)
        encoded = self.write(
            lambda raw: run_once(raw, path, caller, self.reactions, handler, command, key, _digest(command))
        )
        return command.returns.model_validate_json(encoded.json)

    def do(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """Run a function on a transaction of /notifications."""
        return self.write(
            lambda raw: function(Transaction(raw, PATH, None, self.reactions), *arguments, **options)
        )

    def write(self, work: Any) -> Any:
        self.ledger.now += 1
        group = self.ledger.group([work])
        [outcome] = group.outcomes
        if outcome.error is not None:
            raise outcome.error
        self.effects += group.effects
        return outcome.value

    def work_off(self) -> int:
        """Let the background work until nothing waits; return how many works that took."""
        for number in range(10_000):
            waiting = self.do(store.what_waits, 100)
            for delivery_id in waiting.deliveries:
                self.do(lambda tx, one=delivery_id: service.go_on_delivering(self.channels, tx, one))
            for sweep_id in waiting.sweeps:
                self.do(service.go_on_marking, self.do(store.load_sweep, sweep_id))
            if waiting.to_wake:
                self.do(service.wake_snoozed)
            if waiting.expired:
                self.do(service.sweep_expired)
            if not (waiting.deliveries or any(waiting[1:])):
                return number
        raise AssertionError("it never comes to rest")

    # Short ways

    def send(self, *users: str, **fields: Any) -> Any:
        """Notify these users, or another `audience`, and let it arrive."""
        fields.setdefault("audience", {"users": list(users)})
        fields = {"category": "assignment", "title": "Due on Friday", **fields}
        started = self.do(service.start_delivery, NotificationBody.model_validate(fields))
        self.work_off()
        return started

    def page(self, who: str, limit: int = 50, cursor: str | None = None, **wanted: Any) -> NotificationPage:
        payload = {"filter": wanted, "limit": limit, "cursor": cursor}
        page: NotificationPage = self.run(who, ListNotifications.model_validate(payload))
        return page

    def items(self, who: str, **wanted: Any) -> list[Notification]:
        return self.page(who, **wanted).items

    def counts(self, who: str) -> Counts:
        return self.page(who, limit=1).counts

    def mark(self, who: str, mark: str, *ids: str, key: str | None = None, **wanted: Any) -> Marked:
        meant: Json = {"ids": list(ids)} if ids else {"filter": wanted}
        payload = {"key": key or new_id(), "as": mark, **meant}
        marked: Marked = self.run(who, MarkNotifications.model_validate(payload))
        return marked

    def snooze(self, who: str, item_id: str, until: int) -> Any:
        return self.run(who, SnoozeNotification(key=new_id(), id=item_id, until=iso(until)))

    def prefer(self, who: str, **changes: Any) -> Any:
        return self.run(who, UpdatePreferences.model_validate({"key": new_id(), **changes})).preferences

    # What was told, and what is true

    def events(self, who: str) -> list[tuple[str, Json]]:
        """Return the name and data of every event in a person's stream, as a replay gives them."""
        found = self.do(lambda tx: log.read_after(tx.raw, PATH, f"user:{who}", 0, 10_000))
        return [(event.event, orjson.loads(event.data)) for event in found]

    def told(self) -> list[tuple[str, str]]:
        """Return channel and event name of what was committed since the last call."""
        found, self.effects = self.effects, []
        told: list[tuple[str, str]] = []
        for effect in found:
            if isinstance(effect, Committed) and effect.namespace == PATH:
                told += [(effect.channel, event.event) for event in effect.events]
            elif isinstance(effect, Unlogged) and effect.namespace == PATH:
                told.append((effect.channel, effect.event))
            elif isinstance(effect, DeriveWanted) and effect.namespace == PATH:
                told += [(f"user:{user_id}", effect.name) for user_id in effect.user_ids or ()]
        return told

    def rows(self) -> list[rules.Item]:
        return [rules.Item(*row) for row in self.do(lambda tx: tx.all(_ITEMS))]

    def outgoing(self) -> list[Any]:
        found: list[Any] = self.do(lambda tx: tx.all(_OUTGOING))
        return found

    def check_counts(self) -> None:
        """Compare the counts with the items, one by one."""
        unread: Counter[tuple[str, str, str]] = Counter()
        unseen: Counter[tuple[str, str, str]] = Counter()
        for item in self.rows():
            kind = (item.user_id, item.category, item.priority)
            if item.shelf == rules.INBOX:
                unread[kind] += item.read_at is None
                unseen[kind] += item.seen_at is None
        stored = self.do(lambda tx: tx.all(_COUNTS))
        assert {tuple(row[:3]): row.unread for row in stored if row.unread} == +unread
        assert {tuple(row[:3]): row.unseen for row in stored if row.unseen} == +unseen
