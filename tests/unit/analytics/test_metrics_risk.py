"""Who is at risk, and the list of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.analytics.school import COURSE, DAY, HOUR, School

from coursewire.errors import Invalid
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import ListAtRisk
from coursewire.namespaces.analytics.store import risk
from coursewire.vocabulary import iso


def listed(school: School, **wanted: Any) -> Any:
    command = ListAtRisk.model_validate({"course_id": COURSE, **wanted})
    return school.run("ada", service.list_at_risk, command)


def at_risk(school: School) -> list[str]:
    return [one.user_id for one in listed(school).items]


def test_at_risk_is_who_is_enrolled_has_not_come_and_does_not_pass(school: School) -> None:
    school.enrol(["away", "failing", "passing", "here"])
    for who, score in (("away", None), ("failing", 0.4), ("passing", 0.6), ("here", 0.1)):
        if who != "away":
            school.acts(who, "quiz-1", "answered", score=score)
    school.now += 7 * DAY - 1
    assert at_risk(school) == []
    school.acts("here")
    school.now += 1
    assert at_risk(school) == ["away", "failing"]
    school.acts("failing")
    assert at_risk(school) == ["away"]


def test_exactly_half_of_the_points_pass_however_they_add_up(school: School) -> None:
    school.enrol(["ben"])
    for number, score in enumerate((0.66, 0.34, 0.59, 0.41)):
        school.acts("ben", f"quiz-{number}", "answered", score=score)
    school.now += 8 * DAY
    assert at_risk(school) == []
    school.acts("ben", "quiz-0", "answered", score=0.65, ago=7 * DAY)
    assert at_risk(school) == ["ben"]


def test_who_has_just_enrolled_or_was_given_another_role_has_a_week(school: School) -> None:
    school.enrol(["old"])
    school.now += 6 * DAY
    school.enrol({"new": "learner", "old": "mentor"})
    school.now += HOUR
    school.enrol({"old": "learner"})
    school.now += 7 * DAY - HOUR
    assert at_risk(school) == ["new"]
    school.now += HOUR
    assert at_risk(school) == ["new", "old"]


def test_staff_and_mentors_are_not_at_risk_nor_who_has_left(school: School) -> None:
    school.enrol({"tim": "teaching_assistant", "mia": "mentor", "ben": "learner", "gone": "learner"})
    school.enrol(
        {"tom": frozenset({"learner", "teaching_assistant"}), "max": frozenset({"learner", "mentor"})}
    )
    school.now += 8 * DAY
    assert at_risk(school) == ["ben", "gone", "max"]
    school.unenrol("gone")
    assert at_risk(school) == ["ben", "max"]


def test_only_the_latest_try_of_each_thing_counts_and_only_in_this_course(school: School) -> None:
    school.enrol(["ben"])
    school.enrol(["ben"], "other")
    for score, ago in ((0.9, DAY), (0.2, HOUR), (0.7, 2 * DAY)):
        school.acts("ben", "quiz-1", "answered", score=score, ago=ago)
    school.acts("ben", "quiz-2", "answered", score=0.6)
    school.acts("ben", "quiz-3", "answered", score=1, course_id="other")
    school.now += 8 * DAY
    [one] = listed(school).items
    assert (one.user_id, one.name, one.average_score) == ("ben", "Ben", 0.4)
    assert one.last_visit_at == iso(school.now - 8 * DAY)
    assert one.reasons == ["has not come for 8 days", "has 40% of the points, and 50% would pass"]


def test_the_list_has_pages_the_one_longest_away_first(school: School) -> None:
    people = [f"p{number}" for number in range(7)]
    school.enrol(people)
    for number in (3, 5, 1):
        school.now += HOUR
        school.acts(f"p{number}")
    school.now += 9 * DAY
    found, cursor = [], None
    while True:
        page = listed(school, limit=3, **({"cursor": cursor} if cursor else {}))
        found += [one.user_id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ["p0", "p2", "p4", "p6", "p3", "p5", "p1"]
    [first, *_] = listed(school).items
    assert (first.last_visit_at, first.reasons) == (None, ["has never come", "has no score"])


@pytest.mark.parametrize("cursor", ["x", "1", "-1:p1", "1.5:p1", "9" * 300 + ":p1"])
def test_a_cursor_that_is_none_is_refused(school: School, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        listed(school, cursor=cursor)
    assert refused.value.field == "cursor"


def test_all_courses_can_be_looked_through_in_slices(school: School) -> None:
    for course_id in ("art", "bio", "chem"):
        school.enrol(["ben"], course_id)
    assert school.do(risk.course_page, "", 2) == ["art", "bio"]
    assert school.do(risk.course_page, "bio", 2) == ["chem", COURSE]
    assert school.do(risk.course_page, COURSE, 2) == []
