"""Celery's worker processes, forked off and killed in each way that Celery knows: every job comes to its end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fault.grading_tasks import make
from tests.fault.server_process import SECRET, WHOLE_S, ServerProcess

from coursewire.client import AnalyticsClient, ServiceClient
from coursewire.errors import NotFound
from coursewire.identity.bodies import MemberBody
from coursewire.identity.tokens import Issuer
from coursewire.namespaces.analytics.contract import Job

ROOT = Path(__file__).parents[2]


def token(user_id: str, **claims: object) -> str:
    return Issuer(SECRET).issue(user_id, user_id.title(), **claims)[0]  # type: ignore[arg-type]


@asynccontextmanager
async def working(folder: Path, url: str) -> AsyncIterator[None]:
    """Run a worker with two processes."""
    settings = {
        "GRADING_FOLDER": str(folder),
        "GRADING_URL": url,
        "GRADING_TOKEN": token("lms", roles=["service"]),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "celery", "-A", "tests.fault.grading_tasks", "worker", "--pool=prefork", "-c", "2"),
        *("--without-gossip", "--without-mingle", "--loglevel=error"),
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        # Not asked to end: after these deaths billiard's pool may wait for a lock that died with its holder.
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def watch(ben: AnalyticsClient, job_id: str, *, call_off: bool = False) -> Job:
    """Watch a job to its end, and return that."""
    while True:
        try:
            job = await ben.job(job_id)
            break
        except NotFound:
            continue
    async for job in ben.progress(job_id):
        if call_off and job.state == "running" and not job.cancel_requested:
            await ben.cancel_job(job_id)
    return job


async def test_every_job_ends_however_its_process_does(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(WHOLE_S),
        ServerProcess(tmp_path) as server,
        ServiceClient(server.url, token("lms", roles=["service"])) as lms,
    ):
        await lms.put_course("cs101", "CS")
        await lms.put_members("cs101", [MemberBody(user_id="ben", name="Ben", roles=["learner"])])
        app, reports = make(tmp_path, server.url, token("lms", roles=["service"]))
        async with AnalyticsClient(server.url, token("ben")) as ben, working(tmp_path, server.url):
            ids = {name: app.tasks[name].delay(3).id for name in ("work", "die", "hang", "deaf")}
            worked, died, hung, deaf = await asyncio.gather(
                *(watch(ben, job_id, call_off=name == "deaf") for name, job_id in ids.items())
            )
        await asyncio.to_thread(reports.close)
        app.close()
    assert (worked.state, worked.result) == ("succeeded", {"graded": 3})
    assert (died.state, hung.state, deaf.state) == ("failed", "failed", "cancelled")
    assert died.error is not None
    assert died.error.startswith("WorkerLostError: ")
    assert hung.error == "TimeLimitExceeded: TimeLimitExceeded(1,)"
    assert deaf.cancelled_by == "owner"
