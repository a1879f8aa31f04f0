"""Series over time, and the rollups that they are read from."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.analytics.school import COURSE, DAY, HOUR, MINUTE, MONDAY, SECOND, School

from coursewire.errors import Invalid, Overloaded
from coursewire.namespaces.analytics import rolling, service
from coursewire.namespaces.analytics.contract import ReadSeries
from coursewire.namespaces.analytics.rules import steps
from coursewire.namespaces.analytics.rules.steps import Cover, cover, finer, mark_of, out_of_date
from coursewire.namespaces.analytics.service import metrics, rollups
from coursewire.namespaces.analytics.store import rollups as store
from coursewire.namespaces.analytics.store.rollups import Mark
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso

_ROLLUPS = Prepared(select(store.rollups))
_MARKS = Prepared(select(store.marks.c.step, store.marks.c.start))


def rows(school: School, step: int | None = None) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in school.do(lambda tx: tx.all(_ROLLUPS)) if step in (None, row.step)}


def marks(school: School) -> set[tuple[int, int]]:
    return {tuple(row) for row in school.do(lambda tx: tx.all(_MARKS))}


def series(school: School, metric: str, bucket: str, start: int, end: int | None = None) -> list[Any]:
    to = school.now if end is None else end
    command = ReadSeries.model_validate(
        {"course_id": COURSE, "metric": metric, "bucket": bucket, "from": iso(start), "to": iso(to)}
    )
    return [point.value for point in school.run("ada", service.read_series, command).points]


# Rollups


async def test_each_step_is_made_of_the_finer_one(school: School) -> None:
    school.enrol(["ben", "cleo"])
    school.acts("ben", "quiz-1", "completed", score=0.25, duration_ms=4_000)
    school.acts("ben", "quiz-1", "submitted", score=0.5, ago=20 * SECOND)
    school.acts("cleo", ago=HOUR)
    await school.roll_up()
    midnight = MONDAY - 10 * HOUR
    assert marks(school) == {(10 * SECOND, MONDAY), (DAY, midnight)}, "those that run wait for their end"
    school.now += DAY
    await school.roll_up()
    assert marks(school) == set()
    assert rows(school, DAY) == {
        (COURSE, DAY, midnight, "ben", 2, 4_000, 1, 1, 750_000, 2),
        (COURSE, DAY, midnight, "cleo", 1, 0, 0, 0, 0, 0),
    }
    assert {row[2] for row in rows(school, HOUR)} == {MONDAY, MONDAY - HOUR}
    assert {row[2] for row in rows(school, MINUTE)} == {MONDAY, MONDAY - MINUTE, MONDAY - HOUR}
    assert {row[2] for row in rows(school, 10 * SECOND)} == {MONDAY, MONDAY - 20 * SECOND, MONDAY - HOUR}


async def test_a_bucket_computed_twice_is_the_same(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben", score=0.5, duration_ms=1_000)
    school.now += 2 * DAY
    await school.roll_up()
    before = rows(school)
    assert len(before) == 4
    school.do(store.mark, [Mark(COURSE, "10s", MONDAY), Mark(COURSE, "1d", MONDAY - 10 * HOUR)])
    await school.roll_up()
    assert rows(school) == before


async def test_a_late_report_lands_in_its_own_bucket_and_those_above(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    school.now += 2 * DAY
    await school.roll_up()
    late = school.now - MONDAY - 5 * SECOND
    school.acts("ben", ago=late)
    assert marks(school) == {(MINUTE, MONDAY)}, "after two days its ten seconds are not looked at any more"
    assert series(school, "events", "1d", MONDAY, MONDAY) == [2]
    await school.roll_up()
    assert {row[4] for row in rows(school) if row[1] > 10 * SECOND} == {2}
    assert series(school, "events", "1d", MONDAY, MONDAY) == [2]


@pytest.mark.parametrize("age", [0, DAY, 3 * DAY, 13 * DAY, 20 * DAY, 360 * DAY, 380 * DAY])
async def test_reports_of_every_age_join_what_was_there_before(school: School, age: int) -> None:
    """Also where the finer buckets of their time are gone: nothing of the earlier reports is lost."""
    school.enrol(["ben", "cleo"])
    school.acts("ben", "quiz-1", "answered", score=1)
    school.acts("cleo", ago=3 * MINUTE)
    school.now += age
    await school.roll_up()
    await rolling.trim_all(school.work)
    school.acts("ben", "quiz-1", "answered", score=0, ago=age)
    for _ in range(2):
        assert series(school, "events", "1d", MONDAY, MONDAY) == [3]
        assert series(school, "active_learners", "1d", MONDAY, MONDAY) == [2]
        assert series(school, "average_score", "1d", MONDAY, MONDAY) == [0.5]
        await school.roll_up()
        await rolling.trim_all(school.work)


async def test_old_rollups_go_step_by_step(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "ROWS", 3)
    school.enrol([f"p{number}" for number in range(10)])
    for number in range(10):
        school.acts(f"p{number}")
    left = {}
    for age in (1, 3, 15, 367):
        school.now = MONDAY + age * DAY
        await school.roll_up()
        await rolling.trim_all(school.work)
        left[age] = sorted({row[1] for row in rows(school)})
    ten, minute, hour, day = 10 * SECOND, MINUTE, HOUR, DAY
    assert left == {1: [ten, minute, hour, day], 3: [minute, hour, day], 15: [hour, day], 367: [day]}
    assert len(rows(school)) == 10


async def test_a_work_sums_up_a_slice(school: School) -> None:
    school.enrol(["ben"])
    for number in range(rollups.BUCKETS + 5):
        school.acts("ben", ago=MINUTE * (number + 1))
    assert school.do(rollups.roll_up, bucket="10s") == rollups.BUCKETS
    assert school.do(rollups.roll_up, bucket="10s") == 5
    assert school.do(rollups.roll_up, bucket="10s") == 0


# Where sums are read from


def test_a_bucket_out_of_date_is_read_from_the_finer_step() -> None:
    now, hour = MONDAY + HOUR, MONDAY
    stale = out_of_date([("10s", hour + 70 * SECOND), ("1m", hour + 30 * MINUTE)])
    assert stale["1h"] == {hour}
    assert stale["1m"] == {hour + MINUTE, hour + 30 * MINUTE}
    assert cover("1h", hour - HOUR, hour + HOUR, stale, now) == [
        Cover("1h", hour - HOUR, hour),
        Cover("1m", hour, hour + MINUTE),
        Cover("10s", hour + MINUTE, hour + 70 * SECOND),
        Cover(None, hour + 70 * SECOND, hour + 80 * SECOND),
        Cover("10s", hour + 80 * SECOND, hour + 2 * MINUTE),
        Cover("1m", hour + 2 * MINUTE, hour + 30 * MINUTE),
        Cover("10s", hour + 30 * MINUTE, hour + 31 * MINUTE),
        Cover("1m", hour + 31 * MINUTE, hour + HOUR),
    ]


@pytest.mark.parametrize(
    ("age", "bucket"),
    [
        (0, "10s"),
        (DAY, "10s"),
        (2 * DAY, "1m"),
        (13 * DAY, "1m"),
        (14 * DAY, "1h"),
        (366 * DAY, "1d"),
        (399 * DAY, None),
    ],
)
def test_a_report_marks_the_finest_bucket_that_is_kept(age: int, bucket: str | None) -> None:
    marked = mark_of(MONDAY - age, MONDAY)
    assert (marked and marked[0]) == bucket


def test_what_is_about_to_go_is_not_built_upon() -> None:
    kept = steps.KEPT["10s"] or 0
    now = MONDAY + kept
    assert finer("1m", MONDAY, now - 3 * HOUR) == "10s"
    assert finer("1m", MONDAY, now - HOUR) is None
    assert finer("10s", MONDAY, MONDAY) is None


async def test_the_running_buckets_are_as_current_as_the_activity(school: School) -> None:
    school.enrol(["ben", "cleo"])
    school.now += 34 * MINUTE + 56 * SECOND
    school.acts("ben", ago=2 * HOUR)
    school.acts("ben", ago=20 * MINUTE)
    school.acts("cleo", ago=90 * SECOND)
    await school.roll_up()
    for _ in range(2):
        school.acts("ben")
    assert series(school, "events", "10s", school.now) == [2]
    assert series(school, "events", "1m", school.now) == [2]
    assert series(school, "events", "1h", school.now) == [4]
    assert series(school, "events", "1d", school.now) == [5]
    assert series(school, "active_learners", "1h", school.now) == [2], (
        "Ben comes from three places, and is one"
    )
    assert series(school, "active_learners", "1d", school.now) == [2]


async def test_empty_buckets_are_there_and_none_is_ahead(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben", ago=2 * MINUTE, score=1)
    start = school.now - 4 * MINUTE
    assert series(school, "events", "1m", start, school.now + DAY) == [0, 0, 1, 0, 0]
    assert series(school, "average_score", "1m", start, school.now + DAY) == [None, None, 1, None, None]
    assert len(series(school, "events", "10s", school.now - 9_990 * SECOND)) == 1_000
    assert series(school, "events", "1m", start + 59_999, start + 60_001) == [0, 0], "from the bucket of each"


@pytest.mark.parametrize(
    ("bucket", "start", "end", "field", "message"),
    [
        ("1m", iso(MONDAY), iso(MONDAY - 1), "from", "later than"),
        ("10s", iso(MONDAY - 10_000 * SECOND), iso(MONDAY), "bucket", "1,001 buckets"),
        ("1m", iso(MONDAY - 30 * DAY), iso(MONDAY - 30 * DAY), "from", "14 days"),
        ("1h", "2026-02-30T10:00:00.000Z", iso(MONDAY), "from", "exists"),
        ("1h", iso(MONDAY), "2026-13-01T10:00:00.000Z", "to", "exists"),
        ("1h", iso(MONDAY + DAY), iso(MONDAY + 2 * DAY), "from", "future"),
    ],
)
def test_a_range_that_cannot_be_given_is_refused(
    school: School, bucket: str, start: str, end: str, field: str, message: str
) -> None:
    command = ReadSeries.model_validate(
        {"course_id": COURSE, "metric": "events", "bucket": bucket, "from": start, "to": end}
    )
    with pytest.raises(Invalid, match=message) as refused:
        school.run("ada", service.read_series, command)
    assert refused.value.field == field


@pytest.mark.parametrize("wrong", ["NaN", "yesterday", 1.5, float("nan"), "2026-03-02"])
def test_what_is_no_time_is_no_command(wrong: Any) -> None:
    given = {"course_id": COURSE, "metric": "events", "bucket": "1h", "from": wrong, "to": iso(MONDAY)}
    with pytest.raises(ValueError, match="from"):
        ReadSeries.model_validate(given)


async def test_while_much_is_out_of_date_a_series_is_for_later(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MARKS", 3)
    school.enrol(["ben"])
    for number in range(4):
        school.acts("ben", ago=number * MINUTE)
    with pytest.raises(Overloaded):
        series(school, "events", "1h", school.now - HOUR)
    await school.roll_up()
    assert series(school, "events", "1h", school.now - HOUR) == [3, 1]
