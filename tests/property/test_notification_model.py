"""Inboxes under any sequence of operations: counts equal a recount, and whoever folds the events has the inbox.

Slices are tiny here, so that deliveries and marks are mostly half-way when the next operation comes.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.unit.notifications.inboxes import COURSE, HOUR, Inboxes

from coursewire.namespaces.chat.contract import EditMessage, Message, OpenRoom, SendMessage, UpdateRoom
from coursewire.namespaces.notifications import rules, service, store
from coursewire.namespaces.notifications.contract import NotificationBody
from coursewire.vocabulary import iso, new_id

PEOPLE = ("ada", "ben", "cleo")
TINY = {
    "coursewire.namespaces.notifications.store.SLICE": 3,
    "coursewire.namespaces.notifications.rules.TOLD_ONE_BY_ONE": 2,
    "coursewire.namespaces.notifications.service.delivering.AT_ONCE": 2,
    "coursewire.namespaces.notifications.service.clock.AT_ONCE": 2,
}
SHOWN = ("title", "group_count", "moved_at", "seen_at", "read_at", "archived_at", "snoozed_until")

people = st.sampled_from(PEOPLE)
marks = st.sampled_from(["seen", "read", "unread", "archived"])
filters = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(["unseen", "unread", "read", "archived", "snoozed"]),
        "category": st.lists(st.sampled_from(["grade", "system"]), min_size=1, max_size=2),
        "priority": st.just(["urgent"]),
        "course_id": st.just(COURSE),
    },
)
bodies = st.fixed_dictionaries(
    {
        "audience": st.sampled_from(
            [{"users": ["ben"]}, {"users": ["ben", "cleo"]}, {"course_id": COURSE}, {"everyone": True}]
        ),
        "category": st.sampled_from(["grade", "system", "discussion"]),
        "title": st.sampled_from(["One", "Two", "Three"]),
    },
    optional={
        "priority": st.sampled_from(["low", "urgent"]),
        "course_id": st.just(COURSE),
        "group_key": st.sampled_from(["g", "h"]),
        "dedupe_key": st.sampled_from(["d", "e"]),
        "mandatory": st.just(value=True),
    },
)


class Screen:
    """What somebody's browser knows who has heard every event, and asked for nothing since."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}

    def hear(self, name: str, data: dict[str, Any]) -> None:
        """Take one event, as the contract says."""
        if name != "notifications.marked":
            self.items[data["id"]] = data
            return
        for item in self.items.values():
            if item["moved_at"] <= data["before"] and _fits(item, data["filter"]):
                _mark(item, data["mark"], data["at"])


def _fits(item: dict[str, Any], wanted: dict[str, Any]) -> bool:
    state = wanted.get("state")
    place = "archived" if "archived_at" in item else "snoozed" if "snoozed_until" in item else "inbox"
    return (
        place == (state if state in {"archived", "snoozed"} else "inbox")
        and (state != "unseen" or "seen_at" not in item)
        and (state != "unread" or "read_at" not in item)
        and (state != "read" or "read_at" in item)
        and item["category"] in (wanted["category"] or [item["category"]])
        and item["priority"] in (wanted["priority"] or [item["priority"]])
        and wanted.get("course_id") in (None, item.get("course_id"))
    )


def _mark(item: dict[str, Any], mark: str, at: str) -> None:
    if mark in {"seen", "read"}:
        item.setdefault("seen_at", at)
    if mark == "read":
        item.setdefault("read_at", at)
    if mark == "unread":
        for field in ("read_at", "archived_at", "snoozed_until"):
            item.pop(field, None)
    if mark == "archived":
        item.setdefault("archived_at", at)
        item.pop("snoozed_until", None)


class InboxMachine(RuleBasedStateMachine):
    """Three people, a course, and an LMS that notifies them."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = [patch(name, value) for name, value in TINY.items()]
        for patched in self.patches:
            patched.start()
        self.inboxes = Inboxes()

    def teardown(self) -> None:
        self.inboxes.close()
        for patched in self.patches:
            patched.stop()

    @initialize()
    def begin(self) -> None:
        """Let some be there."""
        for title in ("One", "Two", "Three", "Four"):
            self.inboxes.send(audience={"course_id": COURSE}, title=title, category="grade")
        command = OpenRoom(key=new_id(), kind="group", member_ids=["ben", "cleo"])
        self.room_id = self.inboxes.run("ada", command, "/chat").room.id
        self.inside = {"ada", "ben", "cleo"}
        self.said: list[Message] = []

    @rule(body=bodies, hours=st.none() | st.integers(1, 3))
    def send(self, body: dict[str, Any], hours: int | None) -> None:
        """Notify some, perhaps for a few hours only."""
        if hours is not None:
            body = {**body, "expires_at": iso(self.inboxes.ledger.now + hours * HOUR)}
        self.inboxes.do(service.start_delivery, NotificationBody.model_validate(body))

    @rule(who=people, mark=marks, wanted=filters)
    def mark_filtered(self, who: str, mark: str, wanted: dict[str, Any]) -> None:
        """Mark all that fit."""
        self.inboxes.mark(who, mark, **wanted)

    @rule(who=people, mark=marks, choice=st.data())
    def mark_some(self, who: str, mark: str, choice: st.DataObject) -> None:
        """Mark one or two."""
        own = [item.id for item in self.inboxes.rows() if item.user_id == who]
        if own:
            self.inboxes.mark(
                who, mark, *choice.draw(st.lists(st.sampled_from(sorted(own)), min_size=1, max_size=2))
            )

    @rule(who=people, hours=st.integers(1, 3), choice=st.data())
    def snooze(self, who: str, hours: int, choice: st.DataObject) -> None:
        """Put one away."""
        own = [item.id for item in self.inboxes.rows() if item.user_id == who]
        if own:
            item_id = choice.draw(st.sampled_from(sorted(own)))
            self.inboxes.snooze(who, item_id, self.inboxes.ledger.now + hours * HOUR)

    @rule(who=people, in_app=st.sampled_from(["off", "immediate"]), level=st.sampled_from(["all", "muted"]))
    def prefer(self, who: str, in_app: str, level: str) -> None:
        """Change what somebody wants to hear of."""
        self.inboxes.prefer(who, categories={"grade": {"in_app": in_app}}, courses={COURSE: level})

    @rule(hours=st.integers(0, 2))
    def wait(self, hours: int) -> None:
        """Let time pass."""
        self.inboxes.ledger.now += hours * HOUR

    @rule()
    def work(self) -> None:
        """Let the background do one thing of each kind."""
        waiting = self.inboxes.do(store.what_waits, 1)
        for delivery_id in waiting.deliveries:
            self.inboxes.do(
                lambda tx, one=delivery_id: service.go_on_delivering(self.inboxes.channels, tx, one)
            )
        for sweep_id in waiting.sweeps:
            self.inboxes.do(service.go_on_marking, self.inboxes.do(store.load_sweep, sweep_id))
        self.inboxes.do(service.wake_snoozed)
        self.inboxes.do(service.sweep_expired)

    @rule(people=st.sampled_from(["@ben", "@cleo", "@room"]), text=st.sampled_from(["One", "Two"]))
    def say(self, people: str, text: str) -> None:
        """Let Ada call some in her group."""
        self._chat(SendMessage(key=new_id(), room_id=self.room_id, text=f"{people} {text}"))

    @rule(choice=st.data(), secret=st.uuids())
    def edit(self, choice: st.DataObject, secret: UUID) -> None:
        """Let her say something else; nobody who may not read the group hears of it."""
        if not self.said:
            return
        message = choice.draw(st.sampled_from(self.said))
        self._chat(
            EditMessage(key=new_id(), message_id=message.id, text=f"@room {secret}", version=message.version)
        )
        self.inboxes.work_off()
        for who in set(PEOPLE) - self.inside:
            assert str(secret) not in str(self.inboxes.events(who))
            assert str(secret) not in str(self.inboxes.page(who, limit=100))

    @rule(who=st.sampled_from(["ben", "cleo"]))
    def take_out_or_in(self, who: str) -> None:
        """Let her take somebody out of the group, or in again."""
        change = {"remove_member_ids" if who in self.inside else "add_member_ids": [who]}
        self.inside ^= {who}
        command = {"key": new_id(), "room_id": self.room_id, **change}
        self.inboxes.run("ada", UpdateRoom.model_validate(command), "/chat")

    def _chat(self, command: SendMessage | EditMessage) -> None:
        message: Message = self.inboxes.run("ada", command, "/chat").message
        self.said = [said for said in self.said if said.id != message.id] + [message]

    @rule(who=st.just("ben"))
    def erase(self, who: str) -> None:
        """Remove somebody, who may come again."""
        self.inboxes.erase(who)
        self.inside -= {who}
        self.inboxes.enrol({who: "learner"})

    @rule()
    def fold(self) -> None:
        """When all is done, the events have told everything: no list has to be fetched again."""
        self.inboxes.work_off()
        for who in PEOPLE:
            screen = Screen()
            for name, data in self.inboxes.events(who):
                screen.hear(name, data)
            now = iso(self.inboxes.ledger.now)
            known = {
                item_id: tuple(item.get(field) for field in SHOWN)
                for item_id, item in screen.items.items()
                if item.get("expires_at", "Z") > now
            }
            true = {
                item.id: tuple(getattr(item, field) for field in SHOWN)
                for state in (None, "archived", "snoozed")
                for item in self.inboxes.items(who, limit=100, **({"state": state} if state else {}))
            }
            assert known == true

    @invariant()
    def counts_equal_a_recount(self) -> None:
        """The stored counts, and what is answered: the latter without what has expired."""
        self.inboxes.check_counts()
        rows = self.inboxes.rows()
        for who in PEOPLE:
            counts = self.inboxes.counts(who)
            now = self.inboxes.ledger.now
            own = [
                item
                for item in rows
                if item.user_id == who
                and item.shelf == rules.INBOX
                and (item.expires_at is None or item.expires_at > now)
            ]
            unread = [item for item in own if item.read_at is None]
            assert counts.unread == len(unread)
            assert counts.unseen == sum(item.seen_at is None for item in own)
            for category in rules.CATEGORIES:
                assert counts.by_category[category] == sum(item.category == category for item in unread)
            for priority in rules.PRIORITIES:
                assert counts.by_priority[priority] == sum(item.priority == priority for item in unread)


TestInboxes = InboxMachine.TestCase
