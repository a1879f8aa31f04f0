"""A random week of activity: every figure and every series is what the SQL of the page makes of the raw activity."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.unit.analytics.definitions import Ledger, same, same_rows, sections
from tests.unit.analytics.school import DAY, HOUR, MINUTE, SECOND, School

from coursewire.identity.store import course_members
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import ListAtRisk, ReadSeries
from coursewire.namespaces.analytics.rules.steps import KEPT, STEPS, WINDOWS
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import Role, iso, milliseconds

SQL = {name: section.sql for name, section in sections().items()}
FIGURES = (
    "active_now", "active_learners", "events_per_minute", "time_on_task_s", "completion_rate", "submission_rate",
    "average_score",
)  # fmt: skip
METRICS = ("events", "active_learners", "time_on_task_s", "completions", "submissions", "average_score")
COURSES = ("art", "bio")
PEOPLE = [f"p{number}" for number in range(9)]
THINGS = [f"{kind}-{number}" for kind in ("page", "quiz", "video") for number in range(8)]
VERBS = ("opened", "played", "paused", "answered", "submitted", "completed", "posted")
LATE = (0, 0, 0, 5 * SECOND, MINUTE, HOUR, DAY, 3 * DAY, 7 * DAY - 1, 15 * DAY, 397 * DAY)
_ROSTER = Prepared(select(course_members))


class Week:
    """A school in which things happen at random, and what can be seen of it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - a week, not a secret
        self.school = School()
        self.known: list[dict[str, Any]] = []
        for course_id in COURSES:
            self.school.enrol({"ada": "instructor"}, course_id)
            self.school.enrol(PEOPLE[:6], course_id)

    # What happens

    async def step(self) -> None:
        """Let something happen."""
        choose = self.random.random()
        if choose < 0.5:
            self.report()
        elif choose < 0.6:
            self.change_roster()
        elif choose < 0.8:
            self.school.now += self.random.choice(
                (1, 400, 3 * SECOND, 50 * SECOND, 9 * MINUTE, HOUR, 5 * HOUR, DAY)
            )
        elif choose < 0.92:
            await self.school.look()
        elif choose < 0.97:
            await self.school.roll_up()
        else:
            self.school.restart()

    def report(self) -> None:
        """Report some activity: new and old, in any order, some of it twice."""
        events = [self.event() for _ in range(self.random.randrange(1, 12))]
        if self.known:
            events += self.random.choices(self.known, k=2)
        self.random.shuffle(events)
        self.school.report(*events)
        self.known += events

    def event(self) -> dict[str, Any]:
        random = self.random
        scored = random.random() < 0.4
        return self.school.event(
            random.choice((*PEOPLE, "ada")),
            random.choice(THINGS),
            random.choice(VERBS),
            id=f"e{random.randrange(10**9)}",
            course_id=random.choice(COURSES),
            ago=random.choice(LATE) + random.randrange(3 * SECOND),
            name=random.choice((None, "A page", "Another")),
            score=random.choice((0, 1, 0.5, round(random.random(), 6))) if scored else None,
            duration_ms=random.choice((None, 0, 1, 30_000, 1_800_000, 1_800_001, 14_400_000)),
        )

    def change_roster(self) -> None:
        """Let somebody come, go, or be something else."""
        who, course_id = self.random.choice(PEOPLE), self.random.choice(COURSES)
        roles: tuple[Role, ...] = ("learner", "learner", "teaching_assistant", "mentor")
        if self.random.random() < 0.4:
            self.school.unenrol(who, course_id)
        else:
            self.school.enrol({who: self.random.choice(roles)}, course_id)

    # What is seen

    @contextmanager
    def ledger(self, course_id: str) -> Iterator[Ledger]:
        """Open the raw activity of a course for SQL."""
        rows = [row for row in self.school.raw() if row["is_learner"] and row["course_id"] == course_id]
        roster = self.school.do(lambda tx: tx.all(_ROSTER))
        learners = {
            row.user_id: row.changed_at
            for row in roster
            if row.course_id == course_id and row.roles in {'["learner"]', '["learner","mentor"]'}
        }
        with Ledger(rows, learners) as ledger:
            yield ledger

    async def check(self) -> None:
        """Compare all that is shown with what the SQL makes of the activity."""
        # Figures are said once a second, and who is at risk is counted once a minute.
        await self.school.pass_time(MINUTE + SECOND)
        for course_id in COURSES:
            with self.ledger(course_id) as ledger:
                for window, extent in WINDOWS.items():
                    now = self.school.now
                    given_ = {"now": now, "from": extent.start(now), "length": int(extent.minutes * MINUTE)}
                    self.check_window(ledger, course_id, window, given_)
                self.check_risk(ledger, course_id)
                for _ in range(4):
                    self.check_series(ledger, course_id)

    def check_window(self, ledger: Ledger, course_id: str, window: str, given_: dict[str, int]) -> None:
        shown = self.school.metrics(window, course_id)
        for name in FIGURES:
            right = ledger.one(SQL[name], **given_)
            assert same(getattr(shown, name), right), (course_id, window, name, getattr(shown, name), right)
        right_rows = ledger.run(SQL["per_object"], **given_)
        assert same_rows([one.model_dump() for one in shown.per_object], right_rows), (course_id, window)
        who = self.random.choice(PEOPLE)
        own = self.school.read(who, window, course_id).own if self.is_learner(who, course_id) else None
        if own is not None:
            right_rows = ledger.run(SQL["A learner's own figures"], **given_, user=who)
            assert same_rows([own.model_dump()], right_rows), (course_id, window, who, own, right_rows)

    def is_learner(self, who: str, course_id: str) -> bool:
        roster = self.school.do(lambda tx: tx.all(_ROSTER))
        return any(
            (row.user_id, row.course_id, row.roles) == (who, course_id, '["learner"]') for row in roster
        )

    def check_risk(self, ledger: Ledger, course_id: str) -> None:
        right = ledger.one(SQL["at_risk"], now=self.school.now)
        command = ListAtRisk.model_validate({"course_id": course_id, "limit": 100})
        found = self.school.run("ada", service.list_at_risk, command).items
        assert len(found) == right, (course_id, found)
        if self.school.board.find(course_id) is not None:
            assert self.school.metrics("1h", course_id).at_risk == right

    def check_series(self, ledger: Ledger, course_id: str) -> None:
        bucket = self.random.choice(list(STEPS))
        metric = self.random.choice(METRICS)
        step, now = STEPS[bucket], self.school.now
        furthest = min(999 * step, (KEPT[bucket] or 397 * DAY) - HOUR)
        start = now - self.random.randrange(furthest)
        end = self.random.randrange(start, now + 1)
        command = ReadSeries.model_validate(
            {"course_id": course_id, "metric": metric, "bucket": bucket, "from": iso(start), "to": iso(end)}
        )
        points = self.school.run("ada", service.read_series, command).points
        first, past = start // step * step, (end // step + 1) * step
        assert [milliseconds(point.at) for point in points] == list(range(first, past, step))
        right = {
            row["start"]: row[metric]
            for row in ledger.run(SQL["Series"], step=step, **{"from": first, "to": past})
        }
        empty = None if metric == "average_score" else 0
        for point in points:
            at = milliseconds(point.at)
            assert same(point.value, right.get(at, empty)), (course_id, metric, bucket, point, right.get(at))


@settings(max_examples=3)
@example(seed=1)
@given(st.integers(0, 2**32 - 1))
def test_all_figures_are_what_the_activity_says(seed: int) -> None:
    async def live() -> None:
        week = Week(seed)
        try:
            for number in range(90):
                await week.step()
                if number % 30 == 29:
                    await week.check()
            week.school.restart()
            await week.check()
            await week.school.roll_up()
            await week.check()
        finally:
            week.school.close()

    asyncio.run(live())
