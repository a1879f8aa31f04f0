"""Celery's own worker, in memory, and a real server: a task's life as a job."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

import pytest
from celery import Celery, signals
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Ignore, Reject, TaskRevokedError
from celery.worker import state as worker_state
from tests.integration.chat_campus import COURSE, Campus, campus

from coursewire.client import AnalyticsClient, Pace, ServiceClient
from coursewire.client.celery import About, JobReports
from coursewire.errors import NotFound
from coursewire.namespaces.analytics.contract import Job
from coursewire.vocabulary import new_id

QUICK = Pace(every=0.01, heartbeat=0.02)


def about(essays: list[str], owner: str = "ben") -> About:
    return About(owner=owner, course=COURSE, title="Essays of week 3", total=len(essays))


def _log_as_before(**_: Any) -> None:
    """Keep the worker from configuring the logging of this process."""


class House:
    """A Celery app with its tasks, beside a server."""

    def __init__(self, site: Campus, ben: AnalyticsClient) -> None:
        self.app = Celery("grading", broker="memory://", backend="cache+memory://", set_as_current=False)
        self.app.conf.update(
            broker_connection_retry_on_startup=False,
            task_default_queue=new_id(),
            worker_hijack_root_logger=False,
        )
        self.ben = ben
        token = site.token("lms", roles=["service"])
        self.reports = JobReports(self.app, site.url, token, pace=QUICK)
        signals.setup_logging.connect(_log_as_before)
        self.go_on = threading.Event()
        self.ran: list[str] = []
        self.retried = 0
        self._worker = ExitStack()
        mark = self.reports.job("essay-grading", about=about)
        self.grade = self.app.task(name="grade", shared=False)(mark(self._grade))
        self.flaky = self.app.task(name="flaky", bind=True, max_retries=3, shared=False)(mark(self._flaky()))

    def _grade(self, essays: list[str], owner: str = "ben") -> dict[str, Any]:  # noqa: ARG002 - for `about`
        job = self.reports.current()
        for essay in job.track(essays):
            self.ran.append(essay)
            self._do(essay)
        return {"graded": len(essays)}

    def _do(self, essay: str) -> None:
        match essay:
            case "wait":
                assert self.go_on.wait(30)
            case "until called off":
                while not self.reports.current().cancelled:
                    self.go_on.wait(0.01)
            case "":
                raise ValueError("an essay is empty")
            case "ignore":
                raise Ignore
            case "reject":
                raise Reject("not now", requeue=len(self.ran) < 2)

    def _flaky(self) -> Callable[[Any, list[str]], str]:
        def flaky(task: Any, essays: list[str]) -> str:
            for essay in self.reports.current().track(essays):
                self.ran.append(essay)
                if self.retried < 2:
                    self.retried += 1
                    raise task.retry(exc=TimeoutError("no model"), countdown=0)
            return "a text is no result to show"

        return flaky

    async def work(self) -> None:
        worker = start_worker(self.app, perform_ping_check=False, shutdown_timeout=30)
        await asyncio.to_thread(self._worker.enter_context, worker)

    async def close(self) -> None:
        self.go_on.set()
        closing = asyncio.create_task(asyncio.to_thread(self._worker.close))
        while not closing.done():
            # What arrives lets the worker look at once whether it is to end, not only every other second.
            self.app.control.broadcast("heartbeat")
            await asyncio.wait([closing], timeout=0.05)
        await closing
        await asyncio.to_thread(self.reports.close)
        worker_state.revoked.clear()
        self.app.close()

    async def ends(self, task_id: str) -> list[Job]:
        """Wait for the end of a task's job, and return what was seen of it."""
        await self.announced(task_id)
        async with asyncio.timeout(30):
            return [job async for job in self.ben.progress(task_id)]

    async def announced(self, task_id: str) -> Job:
        async with asyncio.timeout(30):
            while True:
                try:
                    return await self.ben.job(task_id)
                except NotFound:
                    continue


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def house(site: Campus) -> AsyncIterator[House]:
    async with AnalyticsClient(site.url, site.token("ben")) as ben:
        house = House(site, ben)
        yield house
        await house.close()


async def test_a_task_waits_runs_and_succeeds(house: House) -> None:
    task = house.grade.delay(["one", "wait"])
    waiting = await house.announced(task.id)
    assert (waiting.state, waiting.title, waiting.kind, waiting.course_id) == (
        "queued",
        "Essays of week 3",
        "essay-grading",
        COURSE,
    )
    await house.work()
    async with asyncio.timeout(30):
        async for job in house.ben.progress(task.id):
            if job.state == "running" and (job.done, job.total) == (1, 2):
                house.go_on.set()
    ended = await house.ben.job(task.id)
    assert (ended.state, ended.done, ended.result, ended.attempt) == ("succeeded", 2, {"graded": 2}, 1)


async def test_a_task_that_fails_says_why(house: House) -> None:
    await house.work()
    task = house.grade.delay(["one", ""])
    failed = (await house.ends(task.id))[-1]
    assert (failed.state, failed.error, failed.done) == ("failed", "ValueError: an essay is empty", 1)


async def test_each_retry_is_another_attempt(house: House) -> None:
    """It waits again before it is published: what another worker says of the next attempt comes after that."""
    runs_on: list[bool] = []

    def published(headers: dict[str, Any], **_: Any) -> None:
        if headers.get("retries"):
            runs_on.append(headers["id"] in house.reports._runs)

    signals.after_task_publish.connect(published)
    await house.work()
    task = house.flaky.delay(["one", "two"])
    ended = (await house.ends(task.id))[-1]
    assert runs_on == [False, False]
    assert (ended.state, ended.attempt, ended.done, ended.result) == ("succeeded", 3, 2, None)
    assert house.ran == ["one", "one", "one", "two"]


async def test_a_task_that_is_called_off_stops_and_is_revoked(house: House) -> None:
    await house.work()
    task = house.grade.delay(["one", "until called off", "three"])
    watching = asyncio.create_task(house.ends(task.id))
    async with asyncio.timeout(30):
        while (await house.announced(task.id)).done < 1:
            pass
        await house.ben.cancel_job(task.id)
        ended = (await watching)[-1]
        assert (ended.state, ended.cancelled_by, ended.done) == ("cancelled", "owner", 2)
        with pytest.raises(TaskRevokedError):
            await asyncio.to_thread(task.get, timeout=30)
        while task.id not in worker_state.revoked:
            await house.ben.jobs_page()
    assert house.ran == ["one", "until called off"]


async def test_a_task_that_was_called_off_while_it_waited_does_not_run(house: House) -> None:
    task = house.grade.delay(["one"])
    await house.announced(task.id)
    assert (await house.ben.cancel_job(task.id)).state == "cancelled"
    await house.work()
    with pytest.raises(TaskRevokedError):
        await asyncio.to_thread(task.get, timeout=30)
    assert house.ran == []
    ended = await house.ben.job(task.id)
    assert (ended.state, ended.attempt, ended.started_at) == ("cancelled", 1, None)


async def test_a_task_that_does_not_look_is_not_begun_and_whoever_waits_for_it_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where Celery does not mark what is revoked: before 5.7, and while the task is at work."""
    monkeypatch.setattr(house.app.control, "revoke", lambda *_, **__: None)

    @house.app.task(name="blind", shared=False)  # type: ignore[untyped-decorator]  # Celery has no types
    @house.reports.job("essay-grading", about=about)
    def blind(essays: list[str]) -> None:
        house.ran += essays

    task = blind.delay(["one"])
    await house.announced(task.id)
    await house.ben.cancel_job(task.id)
    await house.work()
    with pytest.raises(TaskRevokedError):
        await asyncio.to_thread(task.get, timeout=30)
    assert house.ran == []


async def test_a_task_that_celery_revokes_is_cancelled(house: House) -> None:
    task = house.grade.delay(["one"])
    await house.announced(task.id)
    worker_state.revoked.add(task.id)
    await house.work()
    ended = (await house.ends(task.id))[-1]
    assert (ended.state, ended.cancelled_by, house.ran) == ("cancelled", None, [])


async def test_a_task_that_expires_has_failed(house: House) -> None:
    task = house.grade.apply_async((["one"],), expires=-1)
    await house.announced(task.id)
    await house.work()
    ended = (await house.ends(task.id))[-1]
    assert (ended.state, ended.error, house.ran) == ("failed", "it expired before a worker took it", [])


async def test_a_task_that_gives_itself_back_waits_again(house: House) -> None:
    house.app.conf.task_acks_late = True
    house.grade.acks_late = True
    await house.work()
    task = house.grade.delay(["reject"])
    ended = (await house.ends(task.id))[-1]
    assert (ended.state, ended.attempt, house.ran) == ("cancelled", 2, ["reject", "reject"])


async def test_a_task_that_ignores_itself_is_cancelled(house: House) -> None:
    await house.work()
    task = house.grade.delay(["ignore"])
    assert (await house.ends(task.id))[-1].state == "cancelled"


async def test_what_a_worker_left_behind_is_another_attempt(house: House, site: Campus) -> None:
    """A worker that was lost says nothing; Celery gives the task to another."""
    task = house.grade.delay(["one"])
    await house.announced(task.id)
    async with ServiceClient(site.url, site.token("lms", roles=["service"])) as lms:
        await lms.update_job(task.id, state="running", done=1, total=1)
    await house.work()
    ended = (await house.ends(task.id))[-1]
    assert (ended.state, ended.attempt) == ("succeeded", 2)


async def test_a_task_that_cannot_be_reported_runs_all_the_same(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.work()
    task = house.grade.delay(["one"], owner="nobody")
    assert await asyncio.to_thread(task.get, timeout=30) == {"graded": 1}
    assert "is not reported: NotFound" in caplog.text


async def test_a_task_that_no_worker_runs_has_a_job_that_nobody_hears_of(house: House) -> None:
    assert await asyncio.to_thread(house.grade, ["one"]) == {"graded": 1}
    assert house.reports.current().done == 0
    assert (await house.ben.jobs_page()).items == []


async def test_a_wrong_call_is_refused_where_it_is_made(house: House) -> None:
    with pytest.raises(TypeError, match="essays"):
        house.grade.delay()


async def test_calling_off_terminates_the_process_where_that_is_wanted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the prefork pool does then is Celery's."""
    reports, asked = house.reports, threading.Event()
    given: list[tuple[str, bool]] = []

    def revoke(task_id: str, *, terminate: bool) -> None:
        given.append((task_id, terminate))
        asked.set()

    monkeypatch.setattr(house.app.control, "revoke", revoke)

    @house.app.task(name="deaf", shared=False)  # type: ignore[untyped-decorator]  # Celery has no types
    @reports.job("essay-grading", about=about, terminate=True)
    def deaf(essays: list[str]) -> None:  # noqa: ARG001 - for `about`
        assert asked.wait(30)

    await house.work()
    task = deaf.delay(["one"])
    async with asyncio.timeout(30):
        while (await house.announced(task.id)).state != "running":
            pass
        await house.ben.cancel_job(task.id)
        await house.ends(task.id)
    assert given == [(task.id, True)]


def test_the_client_does_not_need_celery() -> None:
    script = "import sys, coursewire.client, coursewire.client.sync; sys.exit('celery' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
