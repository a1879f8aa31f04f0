"""Jobs end to end: a worker reports over HTTP, people see the bar move, and its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.jobs_campus import come, create, jobs, report, shown


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_a_job_moves_on_three_channels_and_ends_on_each(site: Campus, stack: AsyncExitStack) -> None:
    """[LOG1] [LOG2] Its owner, who watches it, and the staff of its course see the same job."""
    ben, ada = await come(stack, site, "ben"), await come(stack, site, "ada")
    job = await create(site, total=120)
    assert (job["state"], job["done"], job["percent"], job["attempt"]) == ("queued", 0, 0.0, 1)
    channel = f"job:{job['id']}"
    joined = await ben.ask("subscribe", channel=channel)
    assert [value["data"] for value in joined["latest"]] == [job]
    await ada.ask("subscribe", channel=f"course:{COURSE}")

    moved = (await report(site, job["id"], state="running", done=42, stage={"label": "scoring"}))["job"]
    watched = ((ben, channel), (ben, "user:ben"), (ada, f"course:{COURSE}"))
    for client, where in watched:
        await shown(client, where, moved)
    assert (moved["percent"], moved["stage"], moved["state"]) == (35.0, {"label": "scoring"}, "running")

    ended = (await report(site, job["id"], state="succeeded", done=120, result={"mean": 0.7}))["job"]
    assert (ended["percent"], ended["result"], "eta_s" in ended) == (100.0, {"mean": 0.7}, False)
    for client, where in watched:
        await shown(client, where, ended)
        assert jobs(client, where, "job.finished") == [ended]
        assert client.offsets(where) == [1]
