"""Work that reports itself to the real server, and people who watch it and call it off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.tcp_proxy import Proxy

from coursewire.client import AnalyticsClient, Pace, ServiceClient, sync
from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.namespaces.analytics.contract import Job

QUICK = Pace(every=0.01, heartbeat=0.02)
GRADING: dict[str, Any] = {"course": COURSE, "owner": "ben", "pace": QUICK}


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def lms(site: Campus) -> AsyncIterator[ServiceClient]:
    async with ServiceClient(site.url, site.token("lms", roles=["service"])) as lms:
        yield lms


@pytest.fixture
async def ben(site: Campus) -> AsyncIterator[AnalyticsClient]:
    async with AnalyticsClient(site.url, site.token("ben")) as ben:
        yield ben


async def until(jobs: AsyncGenerator[Job], done: int) -> Job:
    """Return the first report of a job that says so much."""
    async with asyncio.timeout(30):
        async for job in jobs:
            if job.done >= done:
                return job
    raise AssertionError("it ended before")


async def test_its_owner_sees_it_move_and_end(lms: ServiceClient, ben: AnalyticsClient) -> None:
    async with lms.job("essay-grading", **GRADING) as job, aclosing(ben.progress(job.id)) as watched:
        assert (await anext(watched)).title == "Essay grading"
        for essay in job.track(["one", "two", "three"]):
            job.stage("scoring", 1, 2)
            job.message = essay
            if essay == "two":
                seen = await until(watched, 1)
                assert (seen.done, seen.total, seen.percent, seen.message) == (1, 3, 33.3, "two")
                assert seen.stage is not None
                assert (seen.stage.label, seen.stage.count) == ("scoring", 2)
        job.result = {"mean": 0.7}
        seen = await until(watched, 3)
        assert (seen.state, seen.attempt) == ("running", 1)
    async with asyncio.timeout(30):
        states = [job.state async for job in ben.progress(job.id)]
    assert states == ["succeeded"]
    ended = await ben.job(job.id)
    assert (ended.percent, ended.result, ended.owner_id, ended.course_id) == (
        100.0,
        {"mean": 0.7},
        "ben",
        COURSE,
    )


async def test_a_script_stops_when_somebody_calls_it_off(site: Campus, ben: AnalyticsClient) -> None:
    token, begun = site.token("lms", roles=["service"]), asyncio.Event()
    loop, stopped = asyncio.get_running_loop(), threading.Event()
    seen: list[int] = []
    ids: list[str] = []

    def script() -> str:
        with sync.ServiceClient(site.url, token) as lms:
            with lms.job("essay-grading", total=5, **GRADING) as job:
                ids.append(job.id)
                for number in job.track(range(5)):
                    seen.append(number)
                    if number == 2:
                        loop.call_soon_threadsafe(begun.set)
                        while not job.cancelled:
                            stopped.wait(0.01)
                pytest.fail("what stands behind the loop was run")
            return "goes on behind the block"

    async with asyncio.timeout(30):
        running = asyncio.create_task(asyncio.to_thread(script))
        await begun.wait()
        asked = await ben.cancel_job(ids[0])
        assert (asked.state, asked.cancel_requested) == ("running", True)
        assert await running == "goes on behind the block"
    ended = await ben.job(ids[0])
    assert (seen, ended.state, ended.cancelled_by, ended.done) == ([0, 1, 2], "cancelled", "owner", 3)
    with pytest.raises(Conflict):
        await ben.cancel_job(ids[0])


async def test_another_attempt_at_more_than_before_is_not_held_to_the_total_of_then(
    lms: ServiceClient, ben: AnalyticsClient
) -> None:
    for essays in (["one", "two", "three"], iter(["one", "two", "three", "four", "five"])):
        async with lms.job("essay-grading", job_id="week-3", **GRADING) as job:
            for _ in job.track(essays):
                pass
    ended = await ben.job("week-3")
    assert (ended.state, ended.attempt, ended.done, ended.total) == ("succeeded", 2, 5, 5)


async def test_a_failure_is_told_and_the_same_id_is_another_attempt(
    lms: ServiceClient, ben: AnalyticsClient
) -> None:
    async def grade(essays: list[str]) -> None:
        async with lms.job("essay-grading", job_id="weekly", **GRADING) as job:
            for essay in job.track(essays):
                if not essay:
                    raise ValueError("an essay is empty")

    with pytest.raises(ValueError, match="is empty"):
        await grade(["one", ""])
    failed = await ben.job("weekly")
    assert (failed.state, failed.error, failed.done, failed.total) == (
        "failed",
        "ValueError: an essay is empty",
        1,
        2,
    )
    await grade(["one", "two", "three"])
    again = await ben.job("weekly")
    assert (again.state, again.error, again.done, again.total, again.attempt) == ("succeeded", None, 3, 3, 2)
    with pytest.raises(Conflict):
        await lms.create_job("essay-grading", "Other work", owner="ben", job_id="weekly")


@pytest.mark.parametrize("asked_to_end", [False, True])
async def test_what_a_worker_left_behind_is_taken_up_as_another_attempt(
    lms: ServiceClient, ben: AnalyticsClient, *, asked_to_end: bool
) -> None:
    """A process that was killed says no end; the next run of the script begins anew, also after a cancellation."""
    await lms.create_job("essay-grading", "Essay grading", owner="ben", course=COURSE, job_id="weekly")
    await lms.update_job("weekly", state="running", done=70, total=100)
    if asked_to_end:
        await ben.cancel_job("weekly")
    async with lms.job("essay-grading", job_id="weekly", **GRADING) as job:
        assert not job.cancelled
        job.progress(3, total=4)
    taken_up = await ben.job("weekly")
    assert (taken_up.state, taken_up.attempt, taken_up.done, taken_up.total) == ("succeeded", 2, 3, 4)


async def test_a_loop_that_waits_lives(site: Campus, ben: AnalyticsClient) -> None:
    """Heartbeats come from the client's thread: the script's own does nothing."""
    token, go_on = site.token("lms", roles=["service"]), threading.Event()
    ids: asyncio.Queue[str] = asyncio.Queue(1)
    loop = asyncio.get_running_loop()

    def script() -> None:
        with sync.ServiceClient(site.url, token) as lms, lms.job("essay-grading", **GRADING) as job:
            loop.call_soon_threadsafe(ids.put_nowait, job.id)
            assert go_on.wait(30)

    async with asyncio.timeout(30):
        running = asyncio.create_task(asyncio.to_thread(script))
        job_id = await ids.get()
        beats = {(await ben.job(job_id)).heartbeat_at}
        while len(beats) < 4:
            beats.add((await ben.job(job_id)).heartbeat_at)
        assert (await ben.job(job_id)).done == 0
        go_on.set()
        await running
    assert (await ben.job(job_id)).state == "succeeded"


async def test_a_lost_reply_at_the_beginning_begins_no_second_attempt(
    site: Campus, ben: AnalyticsClient
) -> None:
    """[LOG3] The server has taken it; what is sent again has the same key."""
    token = site.token("lms", roles=["service"])
    async with (
        Proxy(int(site.url.rpartition(":")[2])) as proxy,
        ServiceClient(proxy.url, token, timeout=0.2) as lms,
    ):
        proxy.deaf.set()
        job = lms.job("essay-grading", job_id="weekly", **GRADING)
        beginning = asyncio.create_task(job.__aenter__())
        async with asyncio.timeout(30):
            while proxy.connections < 3:
                await ben.jobs_page()
            proxy.deaf.clear()
            await beginning
        job.progress(1)
        await job.__aexit__(None, None, None)
    ended = await ben.job("weekly")
    assert (ended.state, ended.attempt, ended.done) == ("succeeded", 1, 1)


async def test_a_million_calls_are_a_handful_of_reports(lms: ServiceClient, ben: AnalyticsClient) -> None:
    async with lms.job("essay-grading", course=COURSE, owner="ben", total=1_000_000) as job:
        for number in range(1_000_000):
            job.progress(number + 1)
    ended = await ben.job(job.id)
    # Four changes make the beginning and the end; nothing was reported while the loop held the event loop.
    assert (ended.state, ended.done) == ("succeeded", 1_000_000)
    assert ended.revision <= 4


async def test_what_cannot_begin_is_said_before_any_work(site: Campus, lms: ServiceClient) -> None:
    async def begin(client: ServiceClient, kind: str = "essay-grading", **fields: Any) -> None:
        async with client.job(kind, **fields):
            pytest.fail("it began")

    with pytest.raises(NotFound) as unknown:
        await begin(lms, owner="nobody")
    assert unknown.value.field == "owner_id"
    with pytest.raises(NotFound) as unknown:
        await begin(lms, owner="ben", course="nowhere")
    assert unknown.value.field == "course_id"
    with pytest.raises(Invalid) as wrong:
        await begin(lms, "Essay grading", owner="ben")
    assert wrong.value.field == "kind"
    async with ServiceClient(site.url, site.token("ben")) as learner:
        with pytest.raises(Forbidden):
            await begin(learner)
    async with ServiceClient(site.url, "no token") as stranger:
        with pytest.raises(Invalid) as wrong:
            await begin(stranger)
    assert wrong.value.field == "owner"


async def test_of_a_service_it_is_its_own_and_the_staff_of_the_course_see_it(
    site: Campus, lms: ServiceClient
) -> None:
    """A loop that names a course and nobody: nobody is notified of its end."""
    async with AnalyticsClient(site.url, site.token("ada")) as ada:
        async with (
            lms.job("essay-grading", course=COURSE, total=2, pace=QUICK) as job,
            aclosing(ada.progress(job.id)) as watched,
        ):
            assert (await anext(watched)).owner_id == "lms"
            for _ in job.track(["one", "two"]):
                job.stage("scoring")
        assert (await ada.job(job.id)).state == "succeeded"
    async with AnalyticsClient(site.url, site.token("ben")) as ben:
        with pytest.raises(NotFound):
            await ben.job(job.id)
    for owner, course in ((None, None), ("nobody", COURSE)):
        with pytest.raises(NotFound) as caught:
            await lms.create_job("essay-grading", "Essays", owner=owner, course=course)
        assert caught.value.field == "owner_id"


async def test_without_an_owner_it_is_whose_token_it_is(site: Campus) -> None:
    async with ServiceClient(site.url, site.token("ada", roles=["service"])) as lms:
        async with lms.job("essay-grading", title="Week 3", pace=QUICK) as job:
            pass
        assert (await lms.update_job(job.id, state="succeeded")).job.owner_id == "ada"
        assert (await lms.create_job("essay-grading", "Week 4")).owner_id == "ada"
