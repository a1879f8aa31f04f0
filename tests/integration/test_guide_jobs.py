"""The example of docs/guides/ai-jobs.md, as it stands there, against the real server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chat_campus import Campus, campus
from tests.integration.jobs_campus import come, jobs

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
