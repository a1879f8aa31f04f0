"""Fills an empty campus: the course, its rooms and what was said in them; and the week that its class has behind it."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from coursewire.demo import documents
from coursewire.demo.class_at_work import DAY_MS, PAST_DAYS, past
from coursewire.demo.learner import MINUTE_MS
from coursewire.demo.people import CLASSMATES, COURSE, PEOPLE, TITLE
from coursewire.demo.syllabus import RULES
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.analytics import service as analytics
from coursewire.namespaces.analytics.contract import ActivityBody, RulesBody
from coursewire.namespaces.analytics.service import risk_alerts
from coursewire.namespaces.chat import service as chat
from coursewire.namespaces.chat.contract import MarkReceipt, OpenRoom, SendMessage
from coursewire.realtime.transaction import Transaction
from coursewire.vocabulary import milliseconds

if TYPE_CHECKING:
    from coursewire.app import Node
    from coursewire.realtime.transaction import Reactions

PART_MS: Final = 20 * MINUTE_MS
"""Whose reports go in one work of the storage: some dozens."""

_TALK: tuple[tuple[str, str, str], ...] = (
    ("announcement", "ada", "Welcome to CS101! The first problem set is out; it is due on Friday at 18:00."),
    ("course", "ada", "Hello everybody. Questions about the course go here, any time."),
    ("course", "ben", "Thanks! Is the lecture of Tuesday recorded?"),
    ("course", "ada", "Yes, it will be on the course page tomorrow morning."),
    ("course", "cleo", "Found it already 🎉"),
    ("discussion", "cleo", "In problem 3: does the loop run over the sorted list, or over the original one?"),
    ("discussion", "ben", "The original one, I think. Sorting would change the indices."),
    ("discussion", "ada", "Right, Ben. Try it with [3, 1, 2] on paper first."),
)
_ROOMS = {"course": "General", "discussion": "Problem set 1", "announcement": "Announcements"}


async def seed(node: Node) -> None:
    """Fill an empty campus; one that has its course already is left as it is."""
    await node.storage.write(lambda raw: _fill(raw, node.reactions))


async def seed_class(node: Node, random_seed: int) -> int | None:
    """Enrol the class as of when the course began, and report what it has done until now; return when now was.

    A class that is there stays as it is: None.
    """
    began = await node.storage.write(lambda raw: _enrol(raw, node.reactions))
    if began is None:
        return None
    done = past(random_seed, began, (user_id for user_id, (_, role) in PEOPLE.items() if role == "learner"))
    # A part of an hour at a time, as if it had been reported at its end: milestones were reached when they were.
    for part, bodies in groupby(done, key=lambda body: milliseconds(body.at) // PART_MS):
        at = min((part + 1) * PART_MS, began)
        await node.storage.write(partial(_report, reactions=node.reactions, at=at, bodies=list(bodies)))
    await node.storage.write(lambda raw: risk_alerts.raise_new(_analytics(raw, node.reactions), COURSE, None))
    return began


def _analytics(raw: Any, reactions: Reactions) -> Transaction:
    return Transaction(raw, "/analytics", None, reactions)


def _enrol(raw: Any, reactions: Reactions) -> int | None:
    """Enrol the class; return when that was, or None when it is enrolled already."""
    now: int = raw.now
    if membership.courses_of(raw, next(iter(CLASSMATES))):
        return None
    raw.now = now - PAST_DAYS * DAY_MS
    roster = [Enrolment(user_id, name, frozenset({"learner"})) for user_id, name in CLASSMATES.items()]
    tx = Transaction(raw, "http", None, reactions)
    for fact in membership.put_members(raw, COURSE, roster):
        tx.tell(fact)
    analytics.put_rules(_analytics(raw, reactions), COURSE, RulesBody(rules=list(RULES)))
    return now


def _report(raw: Any, reactions: Reactions, at: int, bodies: list[ActivityBody]) -> None:
    raw.now = at
    analytics.take_batch(_analytics(raw, reactions), bodies)


def _fill(raw: Any, reactions: Reactions) -> None:
    callers = {
        user_id: Caller(user_id=user_id, name=name, courses={COURSE: frozenset({role})})
        for user_id, (name, role) in PEOPLE.items()
    }
    if membership.courses_of(raw, "ada"):
        return
    http = Transaction(raw, "http", None, reactions)
    for fact in membership.put_course(raw, COURSE, TITLE):
        http.tell(fact)
    roster = [Enrolment(user_id, name, frozenset({role})) for user_id, (name, role) in PEOPLE.items()]
    for fact in membership.put_members(raw, COURSE, roster):
        http.tell(fact)
    doors = {user_id: Transaction(raw, "/chat", caller, reactions) for user_id, caller in callers.items()}
    rooms: dict[str, str] = {}
    for kind, title in _ROOMS.items():
        command = OpenRoom.model_validate(
            {"key": f"demo-{kind}", "kind": kind, "course_id": COURSE, "title": title}
        )
        rooms[kind] = chat.open_room(doors["ada"], callers["ada"], command).room.id
    talk = [(rooms[kind], who, text) for kind, who, text in _TALK]
    direct = OpenRoom(key="demo-direct", kind="direct", member_ids=["ben"])
    cellar = chat.open_room(doors["cleo"], callers["cleo"], direct).room.id
    talk.append((cellar, "cleo", "Hi Ben, shall we do the second half together?"))
    for index, (room_id, who, text) in enumerate(talk):
        send = SendMessage(key=f"demo-{index}", room_id=room_id, text=text)
        message = chat.send_message(doors[who], callers[who], send).message
        if room_id != cellar:  # the teacher has read everything there is
            chat.mark_receipt(doors["ada"], callers["ada"], MarkReceipt(room_id=room_id, read=message.id))
    documents.seed(raw, reactions, callers)
