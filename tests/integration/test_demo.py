"""The campus of `coursewire demo` in a whole server: a week to look at, a class at work, jobs that can be cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

import pytest
from tests.integration.chat_campus import COURSE, SECRET, Campus, campus
from tests.integration.jobs_campus import come
from tests.integration.notification_campus import hear

from coursewire import demo, serving
from coursewire.demo.grading import PLANS, STOPPED, Grading
from coursewire.demo.living import Living
from coursewire.demo.people import AWAY, CLASSMATES
from coursewire.demo.seeding import seed_class
from coursewire.settings import Settings
from coursewire.storage.engine import wall_clock
from coursewire.vocabulary import new_id

FEEDBACK, _, DRAFT_CHECK = PLANS
RANDOM = Random(1)  # noqa: S311 - pauses, not secrets


class Gate:
    """A sleep that returns when the test says so."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self._open = asyncio.Event()

    async def sleep(self, _: float) -> None:
        self.waiting.set()
        await self._open.wait()

    def open(self) -> None:
        self._open.set()


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_the_class_has_a_week_behind_it_and_two_at_risk(site: Campus, stack: AsyncExitStack) -> None:
    await seed_class(site.node, 1)
    ada = await come(stack, site, "ada")
    at_work = len(CLASSMATES) - len(AWAY)
    subscribed = await ada.ask("subscribe", channel=f"course:{COURSE}")
    latest = [value["data"] for value in subscribed["latest"] if value["event"] == "metrics.updated"]
    if not any(week["window"] == "7d" and week["active_learners"] >= at_work for week in latest):
        # It is computed while the week is written.
        await hear(
            ada,
            "metrics.updated",
            lambda data: data["window"] == "7d" and data["active_learners"] >= at_work,
        )
    found = (await ada.ask("metrics.read", course_id=COURSE, window="7d"))["metrics"]
    assert found["active_learners"] >= at_work
    assert found["average_score"] > 0.5
    alerts = (await ada.ask("alert.list", course_id=COURSE))["items"]
    assert sorted(alert["user_id"] for alert in alerts) == sorted(AWAY)
    kinds = {item["kind"] for item in (await ada.ask("milestone.list", course_id=COURSE, limit=100))["items"]}
    assert kinds >= {"first_submission", "completions", "streak", "average_score"}
    assert "all_submitted" not in kinds
    before = await site.counts()
    await seed_class(site.node, 1)
    after = await site.counts()
    assert {name: after[name] for name in before if name.startswith("analytics_activity")} == {
        name: before[name] for name in before if name.startswith("analytics_activity")
    }


async def test_a_class_at_work_is_seen_by_its_teacher(site: Campus, stack: AsyncExitStack) -> None:
    await seed_class(site.node, 1)
    began = wall_clock()
    before = (await site.counts())["analytics_activity"]
    now = began - 1_200_000
    looked = asyncio.Event()
    turns = 0

    def clock() -> int:
        nonlocal now
        now += 5_000  # twenty minutes in no time
        return now

    async def sleep(_: float) -> None:
        nonlocal turns
        turns += 1
        if turns == 100:
            looked.set()
        await asyncio.sleep(0)

    running = asyncio.ensure_future(Living(site.node, clock=clock, sleep=sleep).work())
    async with asyncio.timeout(30):
        await looked.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await site.counts())["analytics_activity"] > before + 50
    ada = await come(stack, site, "ada")
    await ada.ask("subscribe", channel=f"course:{COURSE}")
    if not ada.named("metrics.updated"):
        found = (await ada.ask("metrics.read", course_id=COURSE, window="1h"))["metrics"]
        if found["active_learners"] < 10:
            await hear(ada, "metrics.updated", lambda data: data["active_learners"] >= 10)


async def test_a_failure_is_logged_and_the_class_goes_on(
    site: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    again = asyncio.Event()

    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    def clock() -> int:
        if not caplog.records:
            raise RuntimeError("the clock has stopped")
        again.set()
        return wall_clock()

    with caplog.at_level(logging.ERROR, "coursewire.demo"):
        running = asyncio.ensure_future(Living(site.node, clock=clock, sleep=sleep).run())
        async with asyncio.timeout(30):
            await again.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert "goes on" in caplog.text


async def test_an_analysis_is_called_off_by_its_owner(site: Campus, stack: AsyncExitStack) -> None:
    ada = await come(stack, site, "ada")
    gate = Gate()
    work = asyncio.ensure_future(Grading(site.node, RANDOM, sleep=gate.sleep).run_once(FEEDBACK))
    await gate.waiting.wait()
    job, _ = await hear(ada, "job.progressed", lambda data: data.get("stage") is not None)
    assert (job["owner_id"], job["course_id"], job["total"]) == ("ada", COURSE, FEEDBACK.total)
    await ada.ask("job.cancel", key=new_id(), job_id=job["id"])
    gate.open()
    await work
    ended, _ = await hear(ada, "job.finished")
    assert (ended["state"], ended["cancelled_by"], ended["done"]) == ("cancelled", "owner", 2)


async def test_one_analysis_succeeds_and_another_says_why_it_failed(
    site: Campus, stack: AsyncExitStack
) -> None:
    ada = await come(stack, site, "ada")
    grading = Grading(site.node, RANDOM, sleep=at_once)
    await grading.run_once(FEEDBACK)
    done, _ = await hear(ada, "job.finished")
    assert (done["state"], done["percent"], done["result"]["essays"]) == ("succeeded", 100, 10)
    await grading.run_once(DRAFT_CHECK)
    failed, _ = await hear(ada, "job.finished", lambda data: data["state"] == "failed")
    assert failed["error"] == "Priya: 20 words are too few to analyse; it takes at least 60"
    assert failed["done"] == 2


async def test_a_demo_that_stops_leaves_no_job_behind(site: Campus, stack: AsyncExitStack) -> None:
    ada = await come(stack, site, "ada")
    async with demo.living(site.node):
        job, _ = await hear(ada, "job.progressed", lambda data: data["state"] == "running")
    ended, _ = await hear(ada, "job.finished")
    assert (ended["id"], ended["state"], ended["message"]) == (job["id"], "cancelled", STOPPED)
    assert not [task for task in asyncio.all_tasks() if "Living" in repr(task)]


async def test_the_next_start_ends_what_a_crash_left_behind(site: Campus, stack: AsyncExitStack) -> None:
    ada = await come(stack, site, "ada")
    gate = Gate()
    crashed = asyncio.ensure_future(Grading(site.node, RANDOM, sleep=gate.sleep).run_once(FEEDBACK))
    await gate.waiting.wait()
    crashed.cancel()
    await asyncio.gather(crashed, return_exceptions=True)
    job, _ = await hear(ada, "job.progressed")
    started = asyncio.ensure_future(Grading(site.node, RANDOM, sleep=Gate().sleep).run())
    ended, _ = await hear(ada, "job.finished")
    assert (ended["id"], ended["state"]) == (job["id"], "cancelled")
    started.cancel()
    await asyncio.gather(started, return_exceptions=True)


@pytest.mark.parametrize(
    ("options", "times"),
    [({"demo": False}, 0), ({"demo": True}, 1), ({"demo": True, "still": True}, 0)],
)
async def test_nobody_works_by_themselves_but_in_the_demo(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, bool], times: int
) -> None:
    lived: list[Any] = []

    @asynccontextmanager
    async def living(node: Any) -> AsyncIterator[None]:
        lived.append(node)
        yield

    async def serve(_: Any) -> None:
        return

    monkeypatch.setattr(demo, "living", living)
    monkeypatch.setattr(serving.HttpServer, "serve", serve)
    settings = Settings(jwt_secret=SECRET, database_url="sqlite://", port=0, demo_login=options["demo"])
    await serving._serve(settings, **{"still": False, **options})
    assert len(lived) == times
