"""Days on which learners did something are kept as long as a streak may reach back to them, and no longer."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import func, select
from tests.unit.analytics.school import COURSE, DAY, School

from coursewire.namespaces.analytics import service, tidying
from coursewire.namespaces.analytics.contract import ListMilestones, RulesBody
from coursewire.namespaces.analytics.contract.milestones import LONGEST_STREAK
from coursewire.namespaces.analytics.rules.activity import TAKEN_AT_MOST_AGO_MS
from coursewire.namespaces.analytics.store import alerts, progress
from coursewire.storage.statement import Prepared

LATEST = TAKEN_AT_MOST_AGO_MS // DAY
_COUNT = Prepared(select(func.count().label("n")).select_from(progress.days))
_FIRST = Prepared(select(func.min(progress.days.c.day).label("day")))


class Idle(Exception):  # noqa: N818 - what the turn is then
    """Nothing is left to do."""


def days(school: School) -> int:
    count: int = school.do(lambda tx: tx.one(_COUNT)).n
    return count


async def tidy(school: School) -> None:
    """Let the background forget until it rests."""

    async def rest(_: float) -> Any:
        raise Idle

    with patch("coursewire.namespaces.analytics.tidying.asyncio.sleep", rest), pytest.raises(Idle):
        await tidying.tidy(school.work)


async def test_a_day_goes_when_nothing_that_may_still_come_reaches_back_to_it(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    came = school.now // DAY
    school.now += (LATEST + LONGEST_STREAK) * DAY
    await tidy(school)
    assert days(school) == 1
    school.now += DAY
    await tidy(school)
    assert days(school) == 0
    assert came == (school.now // DAY) - LATEST - LONGEST_STREAK - 1


async def test_many_days_go_in_slices_the_oldest_first(school: School) -> None:
    school.enrol(["ben", "cleo"])
    for ago in range(4):
        for who in ("ben", "cleo"):
            school.acts(who, ago=ago * DAY)
    school.now += (LATEST + LONGEST_STREAK + 30) * DAY
    with patch("coursewire.namespaces.analytics.service.milestones.TRIMMED_AT_ONCE", 3):
        assert school.do(service.trim_days)
        assert days(school) == 5
        first = school.do(lambda tx: tx.one(_FIRST)).day
        assert school.do(service.trim_days)
        assert school.do(lambda tx: tx.one(_FIRST)).day > first
        await tidy(school)
    assert days(school) == 0
    assert not school.do(service.trim_days)


async def test_the_longest_streak_that_is_reported_last_of_all_is_still_found(school: School) -> None:
    school.enrol(["ben"])
    rule = {"id": "year", "kind": "streak", "title": "A year", "threshold": LONGEST_STREAK}
    school.do(service.put_rules, COURSE, RulesBody.model_validate({"rules": [rule]}))
    for ago in range(1, LONGEST_STREAK):
        school.acts("ben", ago=ago * DAY)
    ended = school.now
    school.now += (LATEST - 1) * DAY
    await tidy(school)
    school.acts("ben", ago=school.now - ended)
    [reached] = school.run("ada", service.list_milestones, ListMilestones(course_id=COURSE)).items
    assert (reached.kind, reached.value) == ("streak", LONGEST_STREAK)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (progress._old_days, "ix_analytics_days_day (day<?)"),
        (progress._days, "(user_id=? AND course_id=? AND day>? AND day<?)"),
        (alerts._courses, "PRIMARY KEY (course_id=? AND kind=?)"),
        (alerts._of_kind, "PRIMARY KEY (course_id=? AND kind=?)"),
    ],
)
def test_a_query_goes_by_its_index(school: School, statement: Prepared, index: str) -> None:
    params = dict.fromkeys(("before", "most", "first", "last"), 1) | {"course_id": "c", "kind": "at_risk"}
    lists = {"user_ids": ["a", "b"], "course_ids": ["c", "d"]}

    def explain(raw: Any) -> list[str]:
        sql, values = statement.compiled(raw._session.dialect).arguments({**params, **lists})
        raw._session.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        return [row[3] for row in raw._session.cursor.fetchall()]

    steps = school.write(explain)
    assert any(index in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN")], steps


async def test_what_cannot_be_trimmed_holds_up_nothing_else(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    school.now += (LATEST + LONGEST_STREAK + 1) * DAY
    with patch.object(service, "trim_activity", side_effect=KeyError, __name__="trim_activity"):
        await tidy(school)
    assert days(school) == 0
