"""The simulated class: the same for the same seed, and never in the future."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from coursewire.demo.class_at_work import (
    DAY_MS,
    HOUR_MS,
    LESSON_MS,
    PAST_DAYS,
    ClassAtWork,
    lesson_until,
    past,
)
from coursewire.demo.learner import MINUTE_MS
from coursewire.demo.people import AWAY, CLASSMATES, COURSE
from coursewire.namespaces.analytics.contract import ActivityBody
from coursewire.vocabulary import milliseconds

MONDAY = int(datetime(2026, 3, 2, 10, tzinfo=UTC).timestamp() * 1_000)
PEOPLE = ("ben", "cleo")


def at(body: ActivityBody) -> int:
    return milliseconds(body.at)


def test_a_past_is_what_its_seed_makes_it_in_order_and_over() -> None:
    done = past(1, MONDAY, PEOPLE)
    assert done == past(1, MONDAY, PEOPLE)
    assert [body.id for body in done] != [body.id for body in past(2, MONDAY, PEOPLE)]
    times = [at(body) for body in done]
    assert times == sorted(times)
    assert times[0] >= MONDAY - PAST_DAYS * DAY_MS
    assert times[-1] < MONDAY
    assert len({body.id for body in done}) == len(done)
    assert {body.course_id for body in done} == {COURSE}
    assert {body.user_id for body in done} == {*CLASSMATES, *PEOPLE}
    assert len(done) < 5_000  # it is seeded before somebody's eyes


def test_every_day_and_the_last_hour_have_something_to_show() -> None:
    times = [at(body) for body in past(1, MONDAY, PEOPLE)]
    days = {(MONDAY - time) // DAY_MS for time in times}
    assert days >= set(range(7))
    assert sum(MONDAY - time < HOUR_MS for time in times) > 100
    assert sum(MONDAY - time < 5 * MINUTE_MS for time in times) > 5


def test_two_have_stayed_away_for_a_week_and_do_not_pass() -> None:
    for user_id in AWAY:
        own = [body for body in past(1, MONDAY, PEOPLE) if body.user_id == user_id]
        assert max(at(body) for body in own) < MONDAY - 7 * DAY_MS
        assert max(body.score for body in own if body.score is not None) < 0.5


def test_the_present_goes_on_without_a_repeat_however_often_one_looks() -> None:
    often, seldom = ClassAtWork(1, MONDAY), ClassAtWork(1, MONDAY)
    by_the_second = [
        body for second in range(0, 30 * MINUTE_MS, 1_000) for body in often.until(MONDAY + second)
    ]
    by_the_minute = [
        body for minute in range(0, 30 * MINUTE_MS, MINUTE_MS) for body in seldom.until(MONDAY + minute)
    ]
    until = at(by_the_minute[-1])
    assert {body.id for body in by_the_minute} == {body.id for body in by_the_second if at(body) <= until}
    assert all(at(one) <= at(other) for one, other in pairwise(by_the_second))
    assert len({body.id for body in by_the_second}) == len(by_the_second)
    assert not {body.user_id for body in by_the_second} & {*AWAY, *PEOPLE, "ada"}
    assert {body.verb for body in by_the_second} >= {"opened", "played", "answered", "completed", "posted"}
    assert 2 < len(by_the_second) / 30 < 30  # a minute


def test_a_machine_that_slept_for_a_day_does_not_make_up_for_it() -> None:
    at_work = ClassAtWork(1, MONDAY)
    at_work.until(MONDAY + MINUTE_MS)
    woken = at_work.until(MONDAY + DAY_MS, most=1_000)
    assert len(woken) < 100
    assert at_work.next_at > MONDAY + DAY_MS - MINUTE_MS


def test_one_look_returns_no_more_than_it_may_and_the_next_the_rest() -> None:
    whole, bounded = ClassAtWork(1, MONDAY - LESSON_MS), ClassAtWork(1, MONDAY - LESSON_MS)
    now = MONDAY - LESSON_MS + 4 * MINUTE_MS
    expected = [body.id for body in whole.until(now)]
    found: list[str] = []
    while some := bounded.until(now, most=2):
        assert len(some) <= 2
        found += [body.id for body in some]
    assert found == expected


def test_the_present_begins_where_the_past_ended() -> None:
    before = past(1, MONDAY, PEOPLE)
    at_work, lesson = lesson_until(1, MONDAY)
    assert lesson == before[-len(lesson) :]
    after = at_work.until(MONDAY + 2 * MINUTE_MS)
    assert 5 < len(after) < 100
    assert not {body.id for body in before} & {body.id for body in after}
    assert at(before[-1]) <= at(after[0])
