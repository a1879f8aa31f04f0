"""Alerts of learners at risk: raised for who newly is, cleared for who is no more, in slices."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from tests.unit.analytics.school import COURSE, DAY, HOUR, School

from coursewire import log
from coursewire.bus.port import Committed
from coursewire.namespaces.analytics import alerting, service, store
from coursewire.namespaces.analytics.contract import ListAlerts
from coursewire.vocabulary import iso


def alerts(school: School, course_id: str = COURSE) -> dict[str, list[str]]:
    """Return whom the staff are told to look at, and why."""
    command = ListAlerts(course_id=course_id, limit=100)
    page = school.run("ada" if course_id == COURSE else "eve", service.list_alerts, command)
    return {alert.user_id: alert.reasons for alert in page.items}


def raised(school: School) -> int:
    """Count the events since the last call."""
    return sum(name == "alert.raised" for name, _ in said(school))


def said(school: School) -> list[tuple[str, dict[str, Any]]]:
    """Return the events since the last call, in their order."""
    found, school.effects = school.effects, []
    return [
        (event.event, orjson.loads(event.data))
        for effect in found
        if isinstance(effect, Committed)
        for event in effect.events
    ]


async def test_staff_are_told_of_alerts_that_hold_no_more(school: School) -> None:
    """[LOG1] In the transaction by which they do: who came back, who left, and who is no more."""
    school.enrol(["ben", "cleo", "dan", "eli"])
    school.now += 8 * DAY
    await alerting.look(school.work)
    ids = {data["user_id"]: data["id"] for _, data in said(school)}
    assert set(ids) == {"ben", "cleo", "dan", "eli"}
    school.now += HOUR
    school.acts("ben")
    school.acts("ben")
    [(name, cleared)] = said(school)
    assert (name, cleared["id"], cleared["user_id"], cleared["user_name"]) == (
        "alert.cleared",
        ids["ben"],
        "ben",
        "Ben",
    )
    assert cleared["reasons"] == ["has never come", "has no score"]
    assert cleared["cleared_at"] == iso(school.now) > cleared["raised_at"]
    school.unenrol("cleo")
    assert [(name, data["id"]) for name, data in said(school)] == [("alert.cleared", ids["cleo"])]
    school.acts("dan", verb="answered", score=0.8, ago=8 * DAY)
    await alerting.look(school.work)
    assert [(name, data["id"]) for name, data in said(school)] == [("alert.cleared", ids["dan"])]
    school.do(
        store.insert_alerts, [store.Raised("al-9", COURSE, "stalled_job", "job-1", "eli", ["Eli's essays"])]
    )
    school.erase("eli")
    (name, gone), (of_job, nobody) = said(school)
    assert (name, gone["id"], of_job, nobody["id"]) == ("alert.cleared", ids["eli"], "alert.cleared", "al-9")
    assert (nobody["user_id"], nobody["reasons"], "user_name" in nobody) == ("erased", [], False)
    logged = school.write(lambda raw: log.read_after(raw, "/analytics", f"course:{COURSE}", 0, 100))
    assert len(logged) == 9
    assert all(b"eli" not in event.data.lower() for event in logged)


async def test_a_learner_who_stays_away_for_a_week_is_told_of_once(school: School) -> None:
    school.enrol(["ben", "cleo", "dan"])
    school.acts("cleo")
    school.acts("dan", verb="answered", score=0.9)
    school.now += 7 * DAY - HOUR
    await alerting.look(school.work)
    assert alerts(school) == {}
    school.now += HOUR
    await alerting.look(school.work)
    assert alerts(school) == {
        "ben": ["has never come", "has no score"],
        "cleo": ["has not come for 7 days", "has no score"],
    }
    assert raised(school) == 2
    school.now += DAY
    await alerting.look(school.work)
    assert raised(school) == 0
    assert alerts(school)["ben"] == ["has never come", "has no score"]


async def test_who_comes_back_has_no_alert_at_once_and_a_new_one_after_another_week(school: School) -> None:
    school.enrol(["ben", "cleo"])
    school.now += 8 * DAY
    await alerting.look(school.work)
    assert set(alerts(school)) == {"ben", "cleo"}
    school.acts("ben", ago=7 * DAY)  # reported late: it was no visit of this week
    assert set(alerts(school)) == {"ben", "cleo"}
    school.acts("ben")
    assert set(alerts(school)) == {"cleo"}
    raised(school)
    school.now += 8 * DAY
    await alerting.look(school.work)
    assert set(alerts(school)) == {"ben", "cleo"}
    assert raised(school) == 1


async def test_a_pass_that_is_reported_late_clears_with_the_next_look(school: School) -> None:
    school.enrol(["ben"])
    school.now += 9 * DAY
    await alerting.look(school.work)
    school.acts("ben", verb="answered", score=0.8, ago=8 * DAY)
    await alerting.look(school.work)
    assert alerts(school) == {}


async def test_who_leaves_or_has_another_role_is_no_learner_to_look_after(school: School) -> None:
    school.enrol(["ben", "cleo", "dan"])
    school.now += 8 * DAY
    await alerting.look(school.work)
    school.unenrol("ben")
    school.enrol({"cleo": "mentor"})
    assert set(alerts(school)) == {"dan"}
    school.erase("dan")
    assert alerts(school) == {}
    await alerting.look(school.work)
    assert alerts(school) == {}


async def test_many_courses_and_learners_are_looked_at_in_slices(school: School) -> None:
    """No work of the storage takes more than a slice, and none is left out."""
    learners = [f"learner-{number:02}" for number in range(11)]
    school.enrol({"eve": "instructor"}, "math")
    for course_id in ("art", COURSE, "math", "zoology"):
        school.enrol(learners, course_id)
    school.now += 8 * DAY
    works: list[int] = []
    write = school.work.write

    async def counting(fn: Any) -> Any:
        before = len(school.effects)
        value = await write(fn)
        works.append(sum(isinstance(effect, Committed) for effect in school.effects[before:]))
        return value

    work = school.work
    with (
        patch("coursewire.namespaces.analytics.service.risk_alerts.AT_ONCE", 3),
        patch("coursewire.namespaces.analytics.service.risk_alerts.COURSES", 2),
        patch.object(work, "write", counting),
    ):
        await alerting.look(work)
        assert max(works) == 3
        assert sum(works) == 4 * len(learners)
        for course_id in (COURSE, "math"):
            assert sorted(alerts(school, course_id)) == learners
        works.clear()
        for who in learners[:7]:
            school.acts(who, verb="answered", score=1, ago=8 * DAY, course_id="math")
        await alerting.look(work)
        assert sorted(alerts(school, "math")) == learners[7:]
        assert len(works) == 3


async def test_only_staff_of_the_course_hear_of_it(school: School) -> None:
    school.enrol(["ben"])
    school.now += 8 * DAY
    await alerting.look(school.work)
    told = [effect for effect in school.effects if isinstance(effect, Committed)]
    assert {effect.channel for effect in told} == {f"course:{COURSE}"}
    with pytest.raises(Exception, match="staff"):
        school.run("ben", service.list_alerts, ListAlerts(course_id=COURSE))


async def test_a_look_that_fails_is_tried_again(school: School, caplog: pytest.LogCaptureFixture) -> None:
    school.enrol(["ben"])
    school.now += 8 * DAY
    looks = 0
    done = asyncio.Event()
    look = alerting.look

    async def failing(work: Any) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("the disk is full")
        await look(work)
        done.set()

    with (
        caplog.at_level(logging.ERROR),
        patch.object(alerting, "look", failing),
        patch.object(alerting, "LOOK_EVERY_S", 0.0),
    ):
        watching = asyncio.ensure_future(alerting.watch_risk(school.work))
        async with asyncio.timeout(30):
            await done.wait()
        watching.cancel()
    assert "tried again" in caplog.text
    assert set(alerts(school)) == {"ben"}
