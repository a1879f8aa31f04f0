"""What milestones cost the writer: as little of the roster as will do, and one go for many."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.analytics.school import COURSE, School

from coursewire import log
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import ListMilestones, RulesBody
from coursewire.storage.transaction import Transaction

PEOPLE = [f"p{number:02}" for number in range(40)]


def rules(school: School, *given: dict[str, Any]) -> None:
    school.do(service.put_rules, COURSE, RulesBody.model_validate({"rules": list(given)}))


def reached(school: School) -> list[tuple[str | None, float | None]]:
    items = school.run(
        "ada", service.list_milestones, ListMilestones.model_validate({"course_id": COURSE, "limit": 100})
    ).items
    return [(item.user_id, item.value) for item in items]


def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which every query adds how many rows it has found."""
    found: list[int] = []
    read = Transaction.all

    def counting(*arguments: Any, **params: Any) -> Any:
        rows = read(*arguments, **params)
        found.append(len(rows))
        return rows

    monkeypatch.setattr(Transaction, "all", counting)
    return found


def test_a_submission_reads_one_who_has_not_submitted_and_not_the_roster(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.enrol(PEOPLE)
    rules(school, {"id": "all", "kind": "all_submitted", "title": "All", "object_id": "essay-1"})
    for who in PEOPLE[:30]:
        school.acts(who, "essay-1", "submitted")
    found = rows_read(monkeypatch)
    school.acts(PEOPLE[30], "essay-1", "submitted")
    assert max(found) == 1
    monkeypatch.undo()
    for who in PEOPLE[31:]:
        assert reached(school) == []
        school.acts(who, "essay-1", "submitted")
    assert reached(school) == [(None, 40)]


def test_nobody_has_submitted_in_a_course_without_learners(school: School) -> None:
    rules(school, {"id": "all", "kind": "all_submitted", "title": "All", "object_id": "essay-1"})
    school.enrol({"ben": "learner", "cleo": frozenset({"learner", "teaching_assistant"})})
    school.unenrol("ben")
    assert reached(school) == []
    school.enrol(["ben"])
    school.acts("ben", "essay-1", "submitted")
    assert reached(school) == [(None, 1)], "who helps to teach does not count"


def test_milestones_of_many_are_logged_in_one_go(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """[LOG1] Each in the learner's channel and all in the course's, in one order, each told once to who follows."""
    school.enrol(PEOPLE)
    rules(
        school,
        {"id": "first", "kind": "first_submission", "title": "First"},
        {"id": "done", "kind": "completions", "title": "Done", "threshold": 1},
    )
    calls: list[int] = []
    append_many = log.append_many

    def counting(tx: Any, namespace: str, entries: Any, **options: Any) -> Any:
        calls.append(len(entries))
        return append_many(tx, namespace, entries, **options)

    monkeypatch.setattr(log, "append_many", counting)
    school.report(
        *(school.event(who, "essay-1", verb) for who in PEOPLE for verb in ("submitted", "completed"))
    )
    assert calls == [2 * 2 * len(PEOPLE)]
    course = school.write(lambda raw: log.read_after(raw, "/analytics", f"course:{COURSE}", 0, 100))
    own = school.write(lambda raw: log.read_after(raw, "/analytics", "user:p07", 0, 100))
    assert [event.offset for event in course] == list(range(1, 81))
    assert [event.data for event in own] == [event.data for event in course if b'"p07"' in event.data]
    assert len(own) == 2
