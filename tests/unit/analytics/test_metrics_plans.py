"""Every query of the figures goes by an index, and none looks at rows that it does not need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.analytics.school import School

from coursewire.namespaces.analytics.rules.steps import STEPS, WINDOWS
from coursewire.namespaces.analytics.store import filling, late, learners, metrics, risk, rollups
from coursewire.storage.statement import Prepared

VALUES: dict[str, Any] = dict.fromkeys(
    ("course_id", "of_course", "user_id", "of_id", "window", "scope", "after_id", "data", "after"), "c"
) | dict.fromkeys(
    (
        "now",
        "since",
        "up_to",
        "most",
        "begins",
        "began",
        "shown_at",
        "sequence",
        "from_at",
        "to_at",
        "below",
        "of_step",
        "of_start",
        "until",
        "before",
        "after_at",
        "due_at",
        "object_id",
        "enough",
        "start",
    ),
    1,
)
LISTS = {"course_ids": ["c", "d"], "sequences": [1, 2], "starts": [1, 2]}

_STEP = WINDOWS["7d"].step

QUERIES: dict[str, tuple[Prepared, str]] = {
    "new activity": (filling._new, "analytics_activity USING INTEGER PRIMARY KEY (rowid>?)"),
    "missing activity": (filling._these, "analytics_activity USING INTEGER PRIMARY KEY (rowid=?)"),
    "last sequence": (filling._last, "SEARCH analytics_activity"),
    "cells": (
        filling._cells(_STEP, one_learner=False),
        "ix_analytics_activity_course (course_id=? AND at>?)",
    ),
    "scores": (filling._scores(one_learner=False), "ix_analytics_activity_course (course_id=? AND at>?)"),
    "labels": (filling._labels, "ix_analytics_activity_course (course_id=? AND at>?)"),
    "changed": (filling._changed, "ix_analytics_activity_course (course_id=? AND at>?)"),
    "own cells": (
        filling._cells(_STEP, one_learner=True),
        "ix_analytics_activity_user (user_id=? AND course_id=? AND at>?)",
    ),
    "own scores": (
        filling._scores(one_learner=True),
        "ix_analytics_activity_user (user_id=? AND course_id=? AND at>?)",
    ),
    "figures": (metrics._of_course, "sqlite_autoindex_analytics_metrics_1 (course_id=?)"),
    "one figure": (metrics._one, "(course_id=? AND window=? AND scope=?)"),
    "due": (metrics._due, "ix_analytics_courses_due_at (due_at<?)"),
    "rosters": (metrics._rosters, "sqlite_autoindex_analytics_courses_1 (course_id=?)"),
    "unread": (metrics._unread, "analytics_activity USING INTEGER PRIMARY KEY (rowid>?)"),
    "courses": (metrics._after, "sqlite_autoindex_analytics_courses_1 (course_id>?)"),
    "visited": (metrics._visited, "ix_analytics_visits_user_id (user_id=?)"),
    "marks that are full": (rollups._full, "PRIMARY KEY (step=? AND start<?)"),
    "marks of a course": (rollups._marks_of, "ix_analytics_marks_course_id (course_id=?"),
    "a bucket": (rollups._clear_bucket, "PRIMARY KEY (course_id=? AND step=? AND start=?)"),
    "from activity": (
        rollups._roll_up_activity,
        "ix_analytics_activity_course (course_id=? AND at>? AND at<?)",
    ),
    "from rollups": (rollups._roll_up, "PRIMARY KEY (course_id=? AND step=? AND start>? AND start<?)"),
    "series": (rollups._by_bucket, "PRIMARY KEY (course_id=? AND step=? AND start>? AND start<?)"),
    "series by learner": (
        rollups._by_learner("1d", of_activity=False),
        "PRIMARY KEY (course_id=? AND step=? AND start>? AND start<?)",
    ),
    "series of activity": (
        rollups._by_learner("1h", of_activity=True),
        "ix_analytics_activity_course (course_id=? AND at>? AND at<?)",
    ),
    "trimming": (rollups._trim, "PRIMARY KEY (course_id=? AND step=? AND start<?)"),
    "erasing": (rollups._erase, "ix_analytics_rollups_user_id (user_id=?)"),
    "at risk": (risk._at_risk, "sqlite_autoindex_course_members_1 (course_id=?)"),
    "when they came": (risk._at_risk, "analytics_visits USING PRIMARY KEY (course_id=? AND user_id=?)"),
    "what waits": (late._waiting, "analytics_late USING PRIMARY KEY (course_id=? AND start>? AND start<?)"),
    "of whom it waits": (
        late._waiting,
        "ix_analytics_activity_user (user_id=? AND course_id=? AND at>? AND at<?)",
    ),
    "hours of many": (late._many, "ix_analytics_late_start (start=? AND course_id=?)"),
    "old hours": (late._oldest, "ix_analytics_late_start (start<?)"),
    "erasing what is late": (late._erase, "ix_analytics_late_user_id (user_id=?)"),
    "who has not submitted": (
        learners._without,
        "analytics_progress USING PRIMARY KEY (course_id=? AND object_id=? AND user_id=?)",
    ),
    "of whom": (learners._without, "sqlite_autoindex_course_members_1 (course_id=?)"),
    "some learners": (learners._some, "sqlite_autoindex_course_members_1 (course_id=?)"),
    "how they do": (risk._at_risk, "analytics_progress USING PRIMARY KEY (course_id=?)"),
}


@pytest.fixture
def plans() -> Iterator[Any]:
    school = School()

    def plan(statement: Prepared) -> list[str]:
        def explain(raw: Any) -> list[str]:
            sql, params = statement.compiled(raw._session.dialect).arguments(VALUES | LISTS)
            raw._session.cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
            return [row[3] for row in raw._session.cursor.fetchall()]

        found: list[str] = school.write(explain)
        return found

    yield plan
    school.close()


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_goes_by_its_index(plans: Any, name: str) -> None:
    statement, expected = QUERIES[name]
    steps = plans(statement)
    assert any(expected in step for step in steps), steps
    scanned = [
        step for step in steps if step.startswith("SCAN") and "analytics_" in step and "USING" not in step
    ]
    assert scanned == [], steps


def test_every_step_and_window_is_asked_about_in_the_same_way(plans: Any) -> None:
    for bucket in STEPS:
        assert any("at>? AND at<?" in step for step in plans(rollups._by_learner(bucket, of_activity=True)))
    for extent in WINDOWS.values():
        assert any("at>?" in step for step in plans(filling._cells(extent.step, one_learner=False)))
