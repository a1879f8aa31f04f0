"""Figures when the clock jumps, or one learner means harm."""

from __future__ import annotations

import logging

import pytest
from tests.unit.analytics.school import DAY, SECOND, School

from coursewire.namespaces.analytics.rules import windows


async def test_figures_go_on_when_the_clock_was_a_day_ahead(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    school.enrol(["ben", "cleo"])
    school.acts("ben")
    await school.look()
    await school.pass_time(DAY)
    school.acts("ben")
    await school.look()
    with caplog.at_level(logging.WARNING):
        await school.pass_time(-DAY)
    school.acts("cleo")
    await school.pass_time(2 * SECOND)
    assert (school.metrics("5m").active_now, school.metrics("5m").active_learners) == (2, 2)
    assert "clock was set back" in caplog.text


async def test_one_learner_takes_no_room_from_the_others(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN3] What one does beyond the bound counts as done with one nameless thing."""
    monkeypatch.setattr(windows, "THINGS", 3)
    school.enrol(["ben", "cleo"])
    for number in range(9):
        school.acts("ben", f"junk-{number}", duration_ms=1_000)
    school.acts("cleo", "page-1")
    school.acts("ben", "junk-1", duration_ms=1_000)
    await school.look()
    shown = school.metrics()
    assert (shown.active_learners, shown.time_on_task_s) == (2, 10)
    assert {one.object_id for one in shown.per_object} == {"junk-0", "junk-1", "junk-2", "page-1"}
