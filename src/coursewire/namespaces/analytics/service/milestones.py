"""Follows what learners do, and says what they and the class have reached: each milestone once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from coursewire.errors import Conflict, NotFound
from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.contract import (
    Activity,
    Milestone,
    MilestonePage,
    MilestoneReached,
    OneMilestone,
    Rules,
)
from coursewire.namespaces.analytics.contract.milestones import LONGEST_STREAK
from coursewire.namespaces.analytics.rules import access
from coursewire.namespaces.analytics.rules import milestones as rules
from coursewire.namespaces.analytics.rules.activity import TAKEN_AT_MOST_AGO_MS
from coursewire.namespaces.analytics.service.cursors import cursor, place
from coursewire.namespaces.analytics.store import CLASS, Reached
from coursewire.vocabulary import iso, new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.identity.contract import MembersChanged
    from coursewire.namespaces.analytics.contract import (
        ActivityRecorded,
        ListMilestones,
        MilestoneBody,
        MilestoneRule,
        RulesBody,
    )
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction

TRIMMED_AT_ONCE: Final = 500
"""Rows that one work of the storage deletes: some milliseconds."""
ERASED: Final = "erased"
"""Stands for whoever is no more, in what was said of them."""


def put_rules(tx: Transaction, course_id: str, body: RulesBody) -> Rules:
    """Let these be the rules of a course. What was done before counts, and is looked at when more is done."""
    _check_course(tx, course_id)
    store.put_rules(tx, course_id, body.rules)
    return Rules(rules=store.rules_of(tx, [course_id]).get(course_id, []))


def put_milestone(tx: Transaction, body: MilestoneBody) -> OneMilestone:
    """Store a milestone that was reached elsewhere. Raises NotFound, and Conflict for another one of its id."""
    _check_course(tx, body.course_id)
    user_id = body.user_id or CLASS
    if body.user_id is not None and body.user_id not in store.roles_of(tx, body.course_id, [body.user_id]):
        raise NotFound("nobody of this id is enrolled in the course", field="user_id")
    before = store.load_milestone(tx, body.id) if body.id is not None else None
    if before is None:
        said = (body.kind, body.title, body.value, body.threshold)
        reached = Reached(body.id or new_id(), body.course_id, None, user_id, *said)
        return OneMilestone(milestone=_say(tx, [reached])[0])
    fields = ("course_id", "user_id", "kind", "title", "value", "threshold")
    if any(getattr(before, name) != getattr(body, name) for name in fields):
        raise Conflict("another milestone has this id already", field="id")
    return OneMilestone(milestone=before)


def list_milestones(tx: Transaction, caller: Caller, command: ListMilestones) -> MilestonePage:
    """Return milestones that the caller may see. Raises NotFound for a course of others."""
    user_id: str | None = caller.user_id
    with_class = False
    if command.course_id is not None:
        roles = tx.roles_in(caller, command.course_id)
        access.check_enrolled(roles)
        if access.is_staff(roles):
            user_id = None
        else:  # what a small class has reached tells each what the others did
            with_class = store.has_learners(tx, command.course_id, access.COHORT_AT_LEAST)
    found = store.milestone_page(
        tx,
        course_id=command.course_id,
        user_id=user_id,
        with_class=with_class,
        after=place(command.cursor, "milestone.list"),
        most=command.limit + 1,
    )
    page = found[: command.limit]
    more = cursor(page[-1][1]) if len(found) > len(page) else None
    return MilestonePage(items=[milestone for milestone, _ in page], next_cursor=more)


def follow_activity(tx: Transaction, fact: ActivityRecorded) -> None:
    """Note what learners have done, and what is reached by it, in the transaction in which it is stored."""
    by_course: defaultdict[str, list[Activity]] = defaultdict(list)
    for one in fact.activities:
        if one.is_learner:
            by_course[one.course_id].append(one)
    if not by_course:
        return
    store.note_progress(tx, [one for done in by_course.values() for one in done])
    for course_id, wanted in store.rules_of(tx, by_course).items():
        _say(tx, _reached(tx, course_id, wanted, by_course[course_id]))


def follow_members(tx: Transaction, fact: MembersChanged) -> None:
    """Look whether all who are left have submitted: the last one who had not may have gone."""
    wanted = [
        rule
        for rule in store.rules_of(tx, [fact.course_id]).get(fact.course_id, [])
        if rule.kind == "all_submitted"
    ]
    if wanted and (fact.removed or fact.changed):
        _say(tx, _by_the_class(tx, fact.course_id, wanted))


def trim_days(tx: Transaction) -> bool:
    """Forget some of the days that no streak reaches back to, also of what is reported late; return whether any."""
    before = (tx.now - TAKEN_AT_MOST_AGO_MS) // store.DAY_MS - LONGEST_STREAK
    return store.trim_days(tx, before, TRIMMED_AT_ONCE) > 0


def _reached(
    tx: Transaction, course_id: str, wanted: Sequence[MilestoneRule], done: Sequence[Activity]
) -> list[Reached]:
    """Return what was reached by some activity in a course and was not before."""
    found: list[Reached] = []
    own = {
        rule.id: people
        for rule in wanted
        if rule.kind not in rules.OF_THE_CLASS and (people := rules.doers(rule, done))
    }
    everybody = sorted(set().union(*own.values()))
    before = store.reached_already(tx, course_id, sorted(own), everybody) if own else set()
    for rule in wanted:
        due = sorted(user for user in own.get(rule.id, ()) if (rule.id, user) not in before)
        if due:
            values = _values(tx, course_id, rule, due, done)
            found += [
                _milestone(course_id, rule, user, value)
                for user, value in values.items()
                if value >= (rule.threshold or 1)
            ]
    moved = [rule for rule in wanted if rule.kind in rules.OF_THE_CLASS and rules.may_move(rule, done)]
    return found + (_by_the_class(tx, course_id, moved) if moved else [])


def _values(
    tx: Transaction, course_id: str, rule: MilestoneRule, people: Sequence[str], done: Sequence[Activity]
) -> dict[str, float]:
    """Return how far each of some people has got by a rule."""
    if rule.kind == "streak":
        # Most have not got there, and for that it is enough to look as far as the rule asks.
        near = _streaks(tx, course_id, people, done, math.ceil(rule.threshold or 1))
        there = [user for user, days in near.items() if days >= (rule.threshold or 1)]
        return dict(_streaks(tx, course_id, there, done, LONGEST_STREAK)) if there else {}
    if rule.kind == "completions" and rule.object_id is None:
        things = store.completed_things(tx, course_id, people)
        return {user: things.get(user, 0) for user in people}
    return dict.fromkeys(people, 1.0)  # they have done the one thing that the rule asks for


def _streaks(
    tx: Transaction, course_id: str, people: Sequence[str], done: Sequence[Activity], reach: int
) -> dict[str, int]:
    """Return how many days in a row each of some people did something, up to so far from what they have done now."""
    touched: defaultdict[str, set[int]] = defaultdict(set)
    wanted = set(people)
    for one in done:
        if one.user_id in wanted:
            touched[one.user_id].add(one.at // store.DAY_MS)
    all_days = set[int]().union(*touched.values())
    days = store.active_days(tx, course_id, people, min(all_days) - reach, max(all_days) + reach)
    return {user: rules.streak(days.get(user, ()), touched[user]) for user in people}


def _by_the_class(tx: Transaction, course_id: str, wanted: Sequence[MilestoneRule]) -> list[Reached]:
    found: list[Reached] = []
    before = store.reached_already(tx, course_id, [rule.id for rule in wanted], [CLASS])
    for rule in wanted:
        if (rule.id, CLASS) in before:
            continue
        if rule.kind == "average_score":
            score, learners = store.average_score(tx, course_id, rule.object_id)
            if rules.average_reached(rule, score, learners):
                found.append(_milestone(course_id, rule, CLASS, score))
        elif rule.object_id is not None and store.has_all_submitted(tx, course_id, rule.object_id):
            found.append(_milestone(course_id, rule, CLASS, float(store.count_learners(tx, course_id))))
    return found


def _milestone(course_id: str, rule: MilestoneRule, user_id: str, value: float | None) -> Reached:
    return Reached(new_id(), course_id, rule.id, user_id, rule.kind, rule.title, value, rule.threshold)


def _say(tx: Transaction, reached: Sequence[Reached]) -> list[Milestone]:
    """Store milestones of a course, and tell who may know: its staff, the learner, or a class that is large enough.

    All in one go: a batch of activity may bring hundreds.
    """
    if not reached:
        return []
    store.insert_milestones(tx, reached)
    names = store.names_of(tx, sorted({one.user_id for one in reached if one.user_id != CLASS}))
    course_id = reached[0].course_id
    is_class_told = store.has_learners(tx, course_id, access.COHORT_AT_LEAST)
    said: list[Milestone] = []
    events: list[tuple[str, Event[Any]]] = []
    for one in reached:
        milestone = Milestone(
            id=one.id,
            course_id=one.course_id,
            user_id=one.user_id or None,
            user_name=names.get(one.user_id),
            kind=one.kind,
            title=one.title,
            value=one.value,
            threshold=one.threshold,
            reached_at=iso(tx.now),
        )
        event = MilestoneReached(milestone)
        events.append((f"course:{course_id}", event))
        if one.user_id != CLASS:
            events.append((f"user:{one.user_id}", event))
        elif is_class_told:
            events.append((f"cohort:{course_id}", event))
        said.append(milestone)
    tx.append_each(events, actor=None)
    return said


def _check_course(tx: Transaction, course_id: str) -> None:
    if not store.existing_courses(tx, [course_id]):
        raise NotFound("there is no such course", field="course_id")


def erase_milestones(tx: Transaction, user_id: str) -> None:
    """Delete what somebody has reached, and let what was said of it name nobody (LOG5)."""
    for milestone in store.milestones_of_user(tx, user_id):
        tx.redact(milestone.id, milestone.model_copy(update={"user_id": ERASED, "user_name": None}))
    store.erase_milestones(tx, user_id)
