"""A server that is killed while jobs run and end: workers and watchers come back, and every end is told once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from tests.fault.plain_client import Json, PlainClient
from tests.fault.server_process import SECRET, WHOLE_S, ServerProcess

from coursewire.identity.tokens import Issuer

PATH = "/analytics"
JOBS = 24
STEPS = 5


def token(user: str, **claims: object) -> str:
    return Issuer(SECRET).issue(user, user.title(), **claims)[0]  # type: ignore[arg-type]


class Worker:
    """Does one job after the other; a report that was not answered is sent again, as a worker would."""

    def __init__(self, server: ServerProcess, lms: httpx.AsyncClient) -> None:
        self.server = server
        self.lms = lms
        self.up = asyncio.Event()
        self.up.set()
        self.answered: list[Json] = []
        """The jobs as the last answer about each showed them."""
        self.progress = asyncio.Event()

    async def work(self) -> None:
        for number in range(JOBS):
            body = {"id": f"task-{number}", "kind": "grading", "title": f"Task {number}", "owner_id": "ben"}
            await self.send("POST", "/v1/jobs", {**body, "course_id": "math", "total": STEPS})
            for done in range(1, STEPS):
                await self.send("PATCH", f"/v1/jobs/task-{number}", {"done": done})
            end: Json = {"state": "succeeded", "done": STEPS, "result": {"number": number}}
            self.answered.append((await self.send("PATCH", f"/v1/jobs/task-{number}", end))["job"])
            self.progress.set()

    async def send(self, method: str, path: str, body: Json) -> Json:
        while True:
            await self.up.wait()
            try:
                reply = await self.lms.request(method, path, json=body)
            except httpx.TransportError:
                continue  # it was killed: `up` is cleared until it is there again
            assert reply.is_success, reply.text
            answer: Json = reply.json()
            return answer


async def test_every_end_is_told_once_whatever_is_killed(tmp_path: Path) -> None:
    """[SES4] [LOG1] [SUB2] Killed three times; the log, the newest value and the row say the same of each job."""
    headers = {"Authorization": f"Bearer {token('lms', roles=['service'])}"}
    async with (
        asyncio.timeout(WHOLE_S),
        ServerProcess(tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as lms,
    ):
        await lms.put("/v1/courses/math", json={"title": "Mathematics"})
        people = [("ada", "instructor"), ("ben", "learner")]
        members = [{"user_id": who, "name": who.title(), "roles": [role]} for who, role in people]
        assert (await lms.put("/v1/courses/math/members", json={"members": members})).is_success
        position: Json = {}
        async with await PlainClient.open(server.port, token("ada"), namespace=PATH) as ada:
            await ada.ready()
            joined = await ada.ask("subscribe", channel="course:math")
            position = {"epoch": joined["epoch"], "offset": joined["offset"]}

        worker = Worker(server, lms)
        working = asyncio.create_task(worker.work())
        for part in (1, 2, 3):
            while len(worker.answered) < part * JOBS // 4:
                assert not working.done(), "it was done before the server was killed"
                worker.progress.clear()
                await worker.progress.wait()
            worker.up.clear()
            await server.kill()
            await server.start()
            worker.up.set()
        await working

        async with await PlainClient.open(
            server.port, token("ada"), resume={"course:math": position}, namespace=PATH
        ) as ada:
            ready = await ada.ready()
            assert ready["resumed"]["course:math"]["recovered"]
            told = ada.named("job.finished")
            assert [job["id"] for job in told] == [f"task-{number}" for number in range(JOBS)]
            assert told == worker.answered
            assert ada.offsets("course:math") == list(range(1, JOBS + 1))
            assert "latest" not in ready["resumed"]["course:math"]
            for job in told[:: JOBS // 4]:
                joined = await ada.ask("subscribe", channel=f"job:{job['id']}")
                assert (joined["offset"], [value["data"] for value in joined["latest"]]) == (1, [job])
            page = await ada.ask("job.list", course_id="math", state="succeeded", limit=100)
            assert sorted(job["id"] for job in page["items"]) == sorted(job["id"] for job in told)
