"""Figures in memory: read by threads of the storage while the event loop goes on with them, and let go in time."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from tests.unit.analytics.school import COURSE, DAY, HOUR, MINUTE, SECOND, School

from coursewire.namespaces.analytics import measuring
from coursewire.namespaces.analytics.board import Board
from coursewire.namespaces.analytics.contract import Metrics
from coursewire.namespaces.analytics.measuring import Measuring
from coursewire.namespaces.analytics.rules.held import IDLE_MS, KEPT_EVERY_MS, Held
from coursewire.namespaces.analytics.rules.metrics import Course
from coursewire.namespaces.analytics.service import OWN_METRICS
from coursewire.namespaces.analytics.store import metrics as kept
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import Role, iso

FIVE = ("p1", "p2", "p3", "p4", "p5")


async def test_a_course_changes_only_while_no_thread_reads_it(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, bool] = {}

    def watch(name: str) -> None:
        method = getattr(Held, name)

        def call(held: Held, *arguments: Any) -> Any:
            seen[name] = seen.get(name, True) and school.board.lock.locked()
            return method(held, *arguments)

        monkeypatch.setattr(Held, name, call)

    for name in ("add", "say", "count_anew"):
        watch(name)
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    school.enrol(["cleo"])
    school.acts("ben")
    await school.pass_time(2 * SECOND)
    assert seen == {"add": True, "say": True, "count_anew": True}


async def test_what_is_read_while_reports_are_taken_in_is_older_than_what_is_told_of_them(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client keeps the later one of two: what has half of a batch must not stand for all of it."""
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    read: list[Metrics] = []

    async def turn(_: float) -> None:
        metrics = school.board.metrics(COURSE, "5m")
        assert metrics is not None
        read.append(metrics)

    monkeypatch.setattr(measuring, "SLICE", 1)
    monkeypatch.setattr(asyncio, "sleep", turn)
    began = school.now
    for _ in range(3):
        school.acts("ben")
    await school.pass_time(2 * SECOND)
    taken_in = [one for one in read if one.at == iso(began)]
    assert [one.per_object[0].events for one in taken_in] == [2, 3, 4]
    assert school.metrics("5m").at == iso(school.now)


async def test_the_staff_who_asks_gets_what_is_within_the_window_by_then(school: School) -> None:
    school.enrol(["ben", "cleo"])
    school.acts("ben")
    await school.look()
    school.now += 5 * MINUTE - SECOND // 10
    school.acts("cleo")
    await school.look()
    assert school.metrics("5m").active_learners == 2
    school.told()
    await school.pass_time(SECOND // 10)
    assert (school.told(), school.metrics("5m").active_learners) == ([], 1)


async def test_of_a_course_that_is_not_held_nothing_is_kept_in_memory(school: School) -> None:
    school.board = Board(most=1)
    school.measuring = Measuring(school.board)
    for course_id in ("art", "bio"):
        people: dict[str, Role] = {"ada": "instructor", **dict.fromkeys(FIVE, "learner")}
        school.enrol(people, course_id)
        for who in FIVE:
            school.acts(who, course_id=course_id)
    await school.look()
    [held] = school.board.all()
    shown = {course for course in ("art", "bio") if school.board.shown(course, "cohort", "1h") is not None}
    assert shown == {held.course.id}
    await school.pass_time(IDLE_MS)
    assert [school.board.shown(held.course.id, scope, "7d") for scope in ("course", "cohort")] == [None, None]
    assert school.read("p1", "7d", held.course.id).metrics is not None, "the tables have it"


async def test_a_course_that_was_let_go_is_looked_at_once_an_hour(school: School) -> None:
    """Time alone puts its learners at risk, whatever its windows hold."""
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    await school.pass_time(24 * HOUR)
    for _ in range(2):
        assert school.board.find(COURSE) is None
        [row] = school.do(lambda tx: tx.all(Prepared(select(kept.courses))))
        assert row.due_at == school.now + HOUR
        await school.pass_time(HOUR)
        await school.pass_time(IDLE_MS)


async def test_what_was_said_of_a_window_is_written_also_when_others_were_said_later(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    school.acts("ben")
    await school.pass_time(2 * SECOND)
    school.acts("ben", ago=2 * HOUR)
    await school.pass_time(2 * SECOND)
    await school.pass_time(KEPT_EVERY_MS)
    written = {one.metrics.window: one.metrics for one in school.do(kept.metrics_of, COURSE, "course")}
    assert {name: one.per_object[0].events for name, one in written.items()} == {
        "5m": 2, "1h": 2, "1d": 3, "7d": 3,
    }  # fmt: skip
    held = school.board.find(COURSE)
    assert held is not None
    assert not held.wants_keeping(school.now + KEPT_EVERY_MS), "nothing more was said"


async def test_learners_are_told_their_own_figures_when_their_course_comes_into_memory(
    school: School,
) -> None:
    school.enrol(["ben", "cleo"])
    school.acts("ben")
    school.acts("cleo")
    await school.look()
    school.restart()
    school.told()
    await school.look()
    assert [(one.name, one.argument, one.user_ids) for one in school.wanted()] == [
        (OWN_METRICS, COURSE, ("ben", "cleo"))
    ]


async def test_a_course_in_which_nothing_moves_costs_nothing_until_time_changes_a_figure(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    advance = Course.advance

    def counted(course: Course, now: int) -> None:
        looked_at.append(now)
        advance(course, now)

    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    monkeypatch.setattr(Course, "advance", counted)
    begun = school.now
    while school.now < begun + 4 * MINUTE + 50 * SECOND:
        await school.pass_time(SECOND)
    assert len(looked_at) <= 6, "once a minute, with the roster"
    school.told()
    while school.now < begun + 5 * MINUTE + SECOND:
        await school.pass_time(SECOND)
    told = [orjson.loads(one.data) for one in school.told() if one.channel == f"course:{COURSE}"]
    assert {data["active_now"] for data in told} == {0}


async def test_time_alone_changes_the_figures_of_a_quiet_course_within_a_second(school: School) -> None:
    school.enrol(["ben", "cleo"])
    school.now += 7 * DAY - 100 * SECOND
    school.acts("ben")
    await school.look()
    begun = school.now
    await school.pass_time(30 * SECOND)
    school.acts("ben")
    figures: dict[int, tuple[int, int]] = {}
    while school.now <= begun + 6 * MINUTE:
        await school.pass_time(SECOND)
        for one in school.told():
            data = orjson.loads(one.data)
            if one.channel == f"course:{COURSE}" and data["window"] == "5m":
                figures[(school.now - begun) // SECOND] = (data["active_now"], data["at_risk"])
    assert [values for values, _ in groupby(figures.values())] == [(1, 0), (1, 1), (0, 1)]
    assert 100 <= next(at for at, values in figures.items() if values == (1, 1)) <= 121, (
        "counted once a minute"
    )
    gone = next(at for at, values in figures.items() if values == (0, 1))
    assert 329 <= gone <= 332, "five minutes after the last, with the ten seconds of its bucket"
