"""The examples of docs/guides/ai-jobs.md, as they stand there, against the real server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.jobs_campus import come, jobs

from coursewire.client import AnalyticsClient
from coursewire.vocabulary import new_id

GUIDE = Path(__file__).parents[2] / "docs/guides/ai-jobs.md"


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def work(site: Campus, grade: Any) -> None:
    """Run the worker of the guide on three essays, in a thread as a worker would."""
    found = re.search(r"```python\n(import httpx.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    code = found[1].replace("http://localhost:3001", site.url)
    names = {
        "service_token": site.token("lms", roles=["service"]),
        "essays": ["one", "two", "three"],
        "grade": grade,
    }
    await asyncio.to_thread(exec, code + "\nlms.close()\n", names)


async def test_the_worker_of_the_guide_does_its_work(site: Campus) -> None:
    graded: list[str] = []
    await work(site, graded.append)
    assert graded == ["one", "two", "three"]
    async with AsyncExitStack() as stack:
        ada = await come(stack, site, "ada")
        job = (await ada.ask("job.read", job_id="task-4711"))["job"]
    assert (job["state"], job["done"], job["percent"]) == ("succeeded", 3, 100.0)


async def test_the_worker_of_the_guide_stops_when_it_is_called_off(site: Campus) -> None:
    graded: list[str] = []
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        ada = await come(stack, site, "ada")

        def grade(essay: str) -> None:
            graded.append(essay)
            cancel = ada.ask("job.cancel", key="stop", job_id="task-4711")
            asyncio.run_coroutine_threadsafe(cancel, loop).result(30)

        await work(site, grade)
        await ada.until(lambda: jobs(ada, "user:ada", "job.finished"))
        [ended] = jobs(ada, "user:ada", "job.finished")
    assert graded == ["one"]
    assert (ended["state"], ended["done"], ended["cancelled_by"]) == ("cancelled", 1, "owner")


def example(name: str, site: Campus) -> str:
    found = re.search(rf"<!-- runs as: {name} -->\n```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1].replace("http://localhost:3001", site.url)


async def test_the_loop_of_the_guide(site: Campus) -> None:
    names: dict[str, Any] = {
        "service_token": site.token("lms", roles=["service"]),
        "essays": ["one", "three"],
        "scores": [],
        "grade": len,
    }
    await asyncio.to_thread(exec, example("loop", site), names)
    async with AnalyticsClient(site.url, site.token("ada")) as ada:
        job = await ada.job(names["job"].id)
    assert (job.state, job.done, job.total, job.result) == ("succeeded", 2, 2, {"mean": 4.0})


async def test_the_task_of_the_guide(site: Campus) -> None:
    names: dict[str, Any] = {"service_token": site.token("lms", roles=["service"]), "grade": len}
    code = example("celery", site).replace('"redis://localhost"', '"memory://"', 1)
    await asyncio.to_thread(exec, code.replace('"redis://localhost"', '"cache+memory://"'), names)
    app, reports = names["app"], names["reports"]
    app.conf.update(broker_connection_retry_on_startup=False, task_default_queue=new_id())
    signals.setup_logging.connect(_log_as_before)
    task = names["grade_essays"].delay(COURSE, "ada", ["one", "three"])
    with ExitStack() as stack:
        stack.callback(reports.close)
        worker = start_worker(app, perform_ping_check=False, shutdown_timeout=30)
        await asyncio.to_thread(stack.enter_context, worker)
        async with AnalyticsClient(site.url, site.token("ada")) as ada, asyncio.timeout(30):
            assert await asyncio.to_thread(task.get, timeout=30) == {"mean": 4.0}
            states = [job.state async for job in ada.progress(task.id)]
            job = await ada.job(task.id)
        await asyncio.to_thread(stack.close)
    assert (states[-1], job.title, job.result) == ("succeeded", "Essays of week 3", {"mean": 4.0})


def _log_as_before(**_: Any) -> None:
    """Keep the worker from configuring the logging of this process."""
