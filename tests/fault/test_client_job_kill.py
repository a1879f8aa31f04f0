"""A script goes on while its server is killed, and what it has done is shown when that is back."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tests.fault.server_process import SECRET, START_S, WHOLE_S, ServerProcess

from coursewire.client import Pace, ServiceClient, sync
from coursewire.errors import CoursewireError
from coursewire.identity.tokens import Issuer
from coursewire.namespaces.analytics.contract import Job

PACE = Pace(every=0.02, heartbeat=0.1)


def token() -> str:
    return Issuer(SECRET).issue("lms", "LMS", roles=["service"])[0]


class Script:
    """Grades essays, one each time it is told to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[int] = []
        self._tickets = threading.Semaphore(0)
        self._graded = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def run(self) -> None:
        client = sync.ServiceClient(self.url, token(), patience=START_S)
        with client as lms, lms.job("essay-grading", job_id="weekly", owner="ben", pace=PACE) as job:
            for number in job.track(range(6)):
                assert self._tickets.acquire(timeout=START_S)
                self.seen.append(number)
                self._loop.call_soon_threadsafe(self._graded.set)

    async def grade(self, count: int) -> None:
        """Let it grade so many, and wait until it has."""
        wanted = len(self.seen) + count
        self._tickets.release(count)
        async with asyncio.timeout(30):
            while len(self.seen) < wanted:
                await self._graded.wait()
                self._graded.clear()


async def shown(lms: ServiceClient, done: int) -> Job:
    """Wait until the server shows so much; a report of this worker's own changes nothing."""
    async with asyncio.timeout(30):
        while True:
            job = (await lms.update_job("weekly")).job
            if job.done >= done:
                return job


@pytest.mark.parametrize("killed_before_the_end", [False, True])
async def test_a_server_that_is_killed_stops_no_script(
    tmp_path: Path, *, killed_before_the_end: bool
) -> None:
    """[SES4] The newest state is told after the restart, the end too, and it is the same attempt."""
    async with (
        asyncio.timeout(WHOLE_S),
        ServerProcess(tmp_path) as server,
        ServiceClient(server.url, token(), patience=START_S) as lms,
    ):
        await lms.put_course("cs101", "CS")
        await lms.put_members("cs101", [{"user_id": "ben", "name": "Ben", "roles": ["learner"]}])  # type: ignore[list-item]
        script = Script(server.url)
        running = asyncio.create_task(asyncio.to_thread(script.run))
        await script.grade(2)
        await shown(lms, 1)
        await server.kill()
        await script.grade(2)
        if not killed_before_the_end:
            await server.start()
            assert (await shown(lms, 3)).done <= 4
            await script.grade(2)
            await running
        else:
            await script.grade(2)
            # The loop has ended; leaving the block waits for the server.
            assert not running.done()
            await server.start()
            await running
        with pytest.raises(CoursewireError) as stands:
            await lms.update_job("weekly", message="too late")
        assert stands.value.details is not None
        job = Job.model_validate(stands.value.details["job"])
        assert script.seen == list(range(6))
        assert (job.state, job.done, job.total, job.attempt) == ("succeeded", 6, 6, 1)
