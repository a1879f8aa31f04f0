"""The hours of a class do not tell what one of it has reported late: what waits, and when it is shown."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import func, select
from tests.unit.analytics.school import COURSE, DAY, HOUR, MINUTE, SECOND, School

from coursewire.namespaces.analytics import service, tidying
from coursewire.namespaces.analytics.contract import ReadSeries
from coursewire.namespaces.analytics.rules.steps import KEPT
from coursewire.namespaces.analytics.store import late
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso

FIVE = ["p1", "p2", "p3", "p4", "p5"]
LATER = ["q1", "q2", "q3", "q4", "q5"]
METRICS = ("events", "active_learners", "time_on_task_s", "completions", "submissions", "average_score")
_COUNT = Prepared(select(func.count().label("n")).select_from(late.late))


def hour(school: School, who: str, ago: int = HOUR) -> list[Any]:
    """Return what somebody is shown of the hour that was `ago`, by metric."""
    found = []
    for metric in METRICS:
        fields = {"course_id": COURSE, "metric": metric, "bucket": "1h"}
        at = iso(school.now - ago)
        command = ReadSeries.model_validate({**fields, "from": at, "to": at})
        [point] = school.run(who, service.read_series, command).points
        found.append(point.value)
    return found


def waits(school: School) -> int:
    count: int = school.do(lambda tx: tx.one(_COUNT)).n
    return count


def five_worked(school: School) -> None:
    """Five answered a quiz in an hour that is over now, ten minutes long."""
    school.enrol([*FIVE, *LATER])
    for number, who in enumerate(FIVE):
        school.acts(who, "quiz-1", "answered", score=number / 4, duration_ms=10_000)
    school.now += HOUR + 10 * MINUTE


@pytest.mark.parametrize("rolled_up", [False, True])
async def test_what_one_reports_late_is_no_difference_for_the_class(
    school: School, *, rolled_up: bool
) -> None:
    """Whoever looks before and after Ben's late report, and knows that it was Ben's, must see the same."""
    five_worked(school)
    before = hour(school, "p1")
    assert before == [5, 5, 50, 0, 0, 0.5]
    for number, who in enumerate(LATER[:4], start=1):
        school.acts(who, "quiz-1", "answered", score=1, duration_ms=7_000, ago=HOUR)
        school.acts(who, "quiz-1", "submitted", ago=HOUR)
        school.acts(who, "quiz-1", "completed", ago=HOUR)
        if rolled_up:
            await school.roll_up()
        assert hour(school, "p1") == before, who
        assert hour(school, "ada")[:2] == [5 + 3 * number, 5 + number], "its staff see all of it"
    school.acts("p1", "quiz-1", "answered", score=1, ago=HOUR)
    if rolled_up:
        await school.roll_up()
    assert hour(school, "p1") == [*hour(school, "ada")[:5], 0.75], "five have changed it"
    assert waits(school) == 0


async def test_a_late_score_does_not_show_the_mean_of_the_four_who_had_one(school: School) -> None:
    school.enrol([*FIVE, *LATER])
    for who in FIVE[:4]:
        school.acts(who, "quiz-1", "answered", score=0.5)
    school.acts("p5")
    school.now += HOUR + 10 * MINUTE
    before = hour(school, "p1")
    assert before == [5, 5, 0, 0, 0, None]
    school.acts("q1", "quiz-1", "answered", score=1, ago=HOUR)
    assert hour(school, "p1") == before


async def test_who_had_been_there_is_counted_once_also_when_they_report_more(school: School) -> None:
    five_worked(school)
    before = hour(school, "p1")
    for _ in range(3):
        school.acts("p5", "quiz-2", "answered", score=0, duration_ms=SECOND, ago=HOUR)
    school.acts("q1", ago=HOUR)
    assert hour(school, "p2") == before
    assert waits(school) == 2
    assert hour(school, "ada")[:2] == [9, 6]


async def test_an_hour_that_came_late_as_a_whole_is_shown_when_five_have_made_it(school: School) -> None:
    """As when an LMS reports a term that is over."""
    school.enrol([*FIVE, *LATER])
    school.now += 30 * DAY
    for number, who in enumerate((*FIVE, *LATER), start=1):
        school.acts(who, ago=20 * DAY)
        shown = None if number < 5 else 5 if number < 10 else 10
        assert hour(school, "p1", 20 * DAY)[:2] == [shown, shown]


async def test_what_is_reported_within_the_hour_waits_for_nobody(school: School) -> None:
    school.enrol(FIVE)
    school.now += 59 * MINUTE
    for who in FIVE:
        school.acts(who, ago=50 * MINUTE)
    assert waits(school) == 0
    school.now += 2 * MINUTE
    assert hour(school, "p1")[:2] == [5, 5]


async def test_what_waits_goes_with_its_person_and_with_its_hour(school: School) -> None:
    """[LOG5]"""
    five_worked(school)
    before = hour(school, "p1")
    for who in LATER[:2]:
        school.acts(who, ago=HOUR)
    school.erase("q1")
    assert waits(school) == 1
    assert hour(school, "p1") == before
    school.now += (KEPT["1h"] or 0) + HOUR

    class Idle(Exception):  # noqa: N818 - what the turn is then
        pass

    async def rest(_: float) -> Any:
        raise Idle

    with patch("coursewire.namespaces.analytics.tidying.asyncio.sleep", rest), pytest.raises(Idle):
        await tidying.tidy(school.work)
    assert waits(school) == 0
