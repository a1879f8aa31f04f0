"""The ways through the table of jobs: what is asked often is found by an index, and nothing is sorted."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from tests.unit.analytics.jobs_house import COURSE, House

from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.board import Board
from coursewire.namespaces.analytics.service import job_lists
from coursewire.namespaces.analytics.store import jobs as store
from coursewire.storage.statement import Prepared

WAYS: list[tuple[str, Prepared, str]] = [
    ("silent", store._silent, "ix_analytics_jobs_heartbeat"),
    ("of a course that go on", store._active["course_id"], "ix_analytics_jobs_active_course"),
    ("of an owner that go on", store._active["owner_id"], "ix_analytics_jobs_active_owner"),
    ("a page of an owner", store._page("owner_id", with_state=False), "ix_analytics_jobs_owner"),
    ("a page of a course", store._page("course_id", with_state=False), "ix_analytics_jobs_course"),
    ("a page of a state", store._page("course_id", with_state=True), "ix_analytics_jobs_course"),
    ("old ones", store._forget, "ix_analytics_jobs_ended"),
]
VALUES: dict[str, Any] = {
    "in_state": "running",
    "before": 1,
    "whose": "x",
    "after_at": 1,
    "after_id": "x",
    "state": "running",
    "most": 10,
    "skip": 0,
}


@pytest.mark.parametrize(("statement", "index"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_the_ways_through_the_table(house: House, statement: Prepared, index: str) -> None:
    session = house.ledger.writer._session
    assert session is not None
    sql, params = statement.compiled(session.dialect).arguments(VALUES)
    plan = [row[3] for row in session.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()]
    assert any(f"INDEX {index} " in step for step in plan), plan
    assert not any(step.startswith("SCAN") or "TEMP B-TREE" in step for step in plan), plan


def test_a_report_that_begins_and_ends_nothing_writes_no_index_of_lists() -> None:
    """Only that of heartbeats: a worker may report as often as it likes."""
    touched = {
        index.name
        for index in store.jobs.indexes
        if {column.name for column in index.columns} & set(store._MOVING)
    }
    assert touched == {"ix_analytics_jobs_heartbeat"}


def test_only_the_newest_come_with_a_subscription(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound: `job.list` has all of them."""
    monkeypatch.setattr(job_lists, "WITH_A_SUBSCRIPTION", 3)
    made = []
    for _ in range(5):
        house.wait(1)
        made.append(house.create().id)
    for latest, channel_id in (
        (partial(service.latest_of_course, Board()), COURSE),
        (service.latest_of_user, "ben"),
    ):
        assert [event.data.id for event in house.do(latest, channel_id)] == made[:1:-1]
    assert len(house.page("ben").items) == 5
