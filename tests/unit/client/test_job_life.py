"""How a job is reported: how often, what after trouble, and what its end does; time is the test's."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.unit.client.test_job_progress import JOB

from coursewire.client import Pace, ServiceClient, http, sync
from coursewire.client.job_ending import Ending
from coursewire.client.job_life import JobLife, Work
from coursewire.client.job_progress import Progress
from coursewire.errors import Conflict, NotFound, Unavailable

Json = dict[str, Any]
TOKEN = "e30.eyJzdWIiOiJsbXMifQ.x"
"""Its claims: {"sub": "lms"}."""


class Server:
    """Takes reports of one job. `refuse` is what the next requests get instead."""

    def __init__(self) -> None:
        self.said: list[Json] = []
        self.keys: list[str | None] = []
        self.refuse: list[Callable[[httpx.Request], httpx.Response]] = []
        self.state = "queued"
        self.cancel_requested = False
        self.changed = threading.Event()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.refuse:
            return self.refuse.pop(0)(request)
        body = json.loads(request.content)
        self.said.append(body)
        self.keys.append(request.headers.get("idempotency-key"))
        self.state = body.get("state", self.state)
        self.changed.set()
        job = {**JOB, "state": self.state, "id": body.get("id", "j")}
        return httpx.Response(200, json={"job": job, "cancel_requested": self.cancel_requested})


def away(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def problem(kind: type[Exception]) -> Callable[[httpx.Request], httpx.Response]:
    fields = {"code": kind.code, "detail": "why", "retryable": False}  # type: ignore[attr-defined]
    headers = {"content-type": "application/problem+json"}
    return lambda _: httpx.Response(400, json=fields, headers=headers)


class Clock:
    """Time that passes when the test says so: each pause waits for it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._waiting: asyncio.Future[None] | None = None
        self._at_rest = asyncio.Event()

    @property
    def pace(self) -> Pace:
        return Pace(clock=lambda: self.now, pause=self._pause)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._waiting = asyncio.get_running_loop().create_future()
        self._at_rest.set()
        await self._waiting
        self.now += seconds

    async def pass_on(self, turns: int = 1) -> None:
        """Let the pause be over, and wait for the next one."""
        for _ in range(turns):
            async with asyncio.timeout(30):
                await self._at_rest.wait()
                assert self._waiting is not None
                self._at_rest.clear()
                self._waiting.set_result(None)
                await self._at_rest.wait()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def lms(server: Server) -> AsyncIterator[ServiceClient]:
    transport = httpx.MockTransport(server)
    async with ServiceClient("http://server.test", TOKEN, transport=transport, patience=0) as lms:
        yield lms


async def test_a_job_begins_runs_and_ends(lms: ServiceClient, server: Server, clock: Clock) -> None:
    async with lms.job("essay-grading", course="cs101", total=120, pace=clock.pace) as job:
        assert job.id == "j"
        job.result = {"mean": 0.7}
        job.progress(120)
    assert server.said == [
        {"kind": "essay-grading", "title": "Essay grading", "course_id": "cs101", "owner_id": "lms"},
        {"state": "running", "done": 0, "total": 120, "message": ""},
        {"state": "succeeded", "done": 120, "total": 120, "message": "", "result": {"mean": 0.7}},
    ]
    assert None not in server.keys
    assert clock._waiting is None or clock._waiting.cancelled()


async def test_no_more_than_four_reports_a_second_and_the_newest_holds(
    lms: ServiceClient, server: Server, clock: Clock
) -> None:
    async with lms.job("k", pace=clock.pace) as job:
        for second in range(3):
            for turn in range(4):
                for number in range(1_000):
                    job.progress(second * 4_000 + turn * 1_000 + number + 1)
                await clock.pass_on()
        assert clock.now == 3.0
        assert [body["done"] for body in server.said[2:]] == [1_000 * number for number in range(1, 13)]
        # A report that names the state and comes late would begin another attempt.
        assert not any("state" in body for body in server.said[2:])


async def test_a_slow_loop_sends_heartbeats_and_hears_of_a_cancellation(
    lms: ServiceClient, server: Server, clock: Clock
) -> None:
    async with lms.job("k", pace=clock.pace) as job:
        await clock.pass_on(7)
        assert (len(server.said), job.cancelled) == (2, False)
        server.cancel_requested = True
        await clock.pass_on()
        assert (len(server.said), clock.now, job.cancelled) == (3, 2.0, True)
        await clock.pass_on(16)
        assert (len(server.said), clock.now) == (5, 6.0)


async def test_while_the_server_is_away_nothing_is_kept_and_then_the_newest_is_said(
    lms: ServiceClient, server: Server, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with lms.job("k", pace=clock.pace) as job:
        server.refuse = [away] * 6
        for number in range(1, 7):
            job.progress(number)
            await clock.pass_on()
        job.progress(99)
        await clock.pass_on()
        assert len(server.said) == 3
        assert clock.pauses[0] == 0.25
        assert 2.5 <= clock.pauses[6] <= 5.0
        assert clock.pauses[7] == 0.25
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "cannot be reported" in caplog.text


async def test_a_token_function_that_fails_stops_neither_the_work_nor_the_reports(
    server: Server, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    tokens: list[str | None] = [TOKEN, None, TOKEN]

    def fresh() -> str:
        token = tokens.pop(0)
        if token is None:
            raise OSError("no key")
        return token

    transport = httpx.MockTransport(server)
    async with ServiceClient("http://server.test", fresh, transport=transport, patience=0) as lms:
        async with lms.job("k", pace=clock.pace) as job:
            expired = {"code": "auth_expired", "detail": "x", "retryable": True}
            kind = {"content-type": "application/problem+json"}
            server.refuse = [lambda _: httpx.Response(401, json=expired, headers=kind)] * 2
            job.progress(1)
            await clock.pass_on(2)
        assert server.said[-1]["state"] == "succeeded"
    assert "OSError: no key" in caplog.text


@pytest.mark.parametrize("gone", [NotFound, Conflict])
async def test_a_job_that_is_gone_is_not_reported_any_more(
    lms: ServiceClient, server: Server, clock: Clock, caplog: pytest.LogCaptureFixture, gone: type[Exception]
) -> None:
    async with lms.job("k", pace=clock.pace) as job:
        await clock.pass_on()
        job.progress(1)
        server.refuse = [problem(gone)]
        reporting = job._life._task
        assert reporting is not None
        assert clock._waiting is not None
        clock._waiting.set_result(None)
        await asyncio.wait_for(reporting, 30)
        job.progress(2)
    assert "is not reported any more" in caplog.text


async def test_an_end_that_cannot_be_told_is_a_warning(
    lms: ServiceClient, server: Server, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with lms.job("k", pace=clock.pace):
        server.refuse = [away] * 100
    assert "has succeeded, and the server could not be told (Unavailable" in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_the_end_is_sent_again_until_the_server_is_back(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_delay_s", lambda _failures: 0.0)
    transport = httpx.MockTransport(server)
    client = ServiceClient("http://server.test", TOKEN, transport=transport)
    async with client as lms, lms.job("k", pace=clock.pace) as job:
        job.progress(3)
        server.refuse = [away] * 20
    assert server.refuse == []
    assert (server.said[-1]["state"], server.said[-1]["done"]) == ("succeeded", 3)


async def test_trouble_at_the_beginning_is_raised(lms: ServiceClient, server: Server) -> None:
    server.refuse = [away]
    with pytest.raises(Unavailable):
        async with lms.job("k"):
            pytest.fail("there is no server")


async def test_an_id_that_was_used_is_another_attempt(
    lms: ServiceClient, server: Server, clock: Clock
) -> None:
    server.state = "failed"
    async with lms.job("k", job_id="weekly", owner="ada", pace=clock.pace) as job:
        assert job.id == "j"
    assert [body.get("state") for body in server.said] == [None, "queued", "running", "succeeded"]
    assert server.said[0]["id"] == "weekly"


async def test_what_fails_is_told_and_raised(lms: ServiceClient, server: Server, clock: Clock) -> None:
    secret = "a value that nobody else should see"  # noqa: F841 - what a traceback with locals would show

    async def grade() -> None:
        async with lms.job("k", pace=clock.pace) as job:
            async for item in job.track([1]):
                raise ValueError(f"essay {item + 6} is empty")

    with pytest.raises(ValueError, match="essay 7"):
        await grade()
    assert server.said[-1] == {
        "state": "failed",
        "done": 0,
        "total": 1,
        "message": "",
        "error": "ValueError: essay 7 is empty",
    }


async def numbers() -> AsyncIterator[int]:
    for number in range(5):
        yield number


@pytest.mark.parametrize("kind", ["for", "async for", "async items"])
async def test_a_cancelled_loop_ends_with_its_block_and_no_further(
    lms: ServiceClient, server: Server, clock: Clock, kind: str
) -> None:
    seen: list[int] = []
    async with lms.job("k", pace=clock.pace) as job:

        async def grade(number: int) -> None:
            seen.append(number)
            if number == 2:
                server.cancel_requested = True
                await clock.pass_on(8)

        if kind == "for":
            for number in job.track(range(5)):
                await grade(number)
        else:
            async for number in job.track(range(5) if kind == "async for" else numbers()):
                await grade(number)
        pytest.fail("what stands behind the loop was run")
    assert (seen, job.cancelled) == ([0, 1, 2], True)
    assert (server.said[-1]["state"], server.said[-1]["done"]) == ("cancelled", 3)


async def test_plain_items_do_not_starve_the_reports(
    lms: ServiceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(1_000))
    # Only where it is asked for here: the event loops of other threads tell their time by the module.
    monkeypatch.setattr("coursewire.client.job.time", SimpleNamespace(monotonic=lambda: next(moments)))
    others: list[int] = []

    async def other() -> None:
        others.append(1)

    async with lms.job("k") as job:
        running = asyncio.create_task(other())
        async for _ in job.track(range(2)):
            pass
        assert others == [1]
        await running


def test_asynchronous_items_need_an_asynchronous_loop(server: Server) -> None:
    job = ServiceClient("http://server.test", TOKEN, transport=httpx.MockTransport(server)).job("k")
    with pytest.raises(TypeError, match="async for"):
        iter(job.track(numbers()))
    with pytest.raises(RuntimeError, match="no id yet"):
        _ = job.id


def script(server: Server) -> sync.ServiceClient:
    return sync.ServiceClient("http://server.test", TOKEN, transport=httpx.MockTransport(server), patience=0)


def test_a_script_is_reported_from_a_thread_that_ends(server: Server) -> None:
    before = set(threading.enumerate())
    with script(server) as lms:
        with lms.job("k") as job:
            for number in job.track(range(3)):
                # The loop is busy here until the thread has reported: no turn of its own is needed. Who came here
                # late may have been reported before, with none done.
                while number == 1 and server.said[-1].get("done") != 1:
                    assert server.changed.wait(30)
                    server.changed.clear()
                if number == 1:
                    assert server.said[-1] == {"done": 1, "total": 3, "message": ""}
        assert [body.get("state") for body in server.said[:2]] == [None, "running"]
    assert server.said[-1]["state"] == "succeeded"
    # One of those before, a token's of another test, may have ended meanwhile.
    assert set(threading.enumerate()) <= before


def test_ctrl_c_cancels(server: Server) -> None:
    with pytest.raises(KeyboardInterrupt), script(server) as lms, lms.job("k"):
        raise KeyboardInterrupt
    assert server.said[-1]["state"] == "cancelled"


def test_a_cancelled_script_goes_on_behind_its_block(server: Server) -> None:
    server.cancel_requested = True
    with script(server) as lms:
        with lms.job("k") as job:
            for _ in job.track(range(3)):
                pytest.fail("it was called off before it began")
        assert job.cancelled
    assert server.said[-1]["state"] == "cancelled"


def test_a_copy_in_a_forked_process_ends_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()
    with script(server) as lms:
        job = lms.job("k")
        job.__enter__()
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: here + 1)
            assert job.__exit__(None, None, None) is False
            with pytest.raises(RuntimeError, match="forked"):
                lms.update_job("j")
            assert server.said[-1]["state"] == "running"
        job.__exit__(None, None, None)
    assert server.said[-1]["state"] == "succeeded"


def test_a_forked_process_that_closes_its_copy_leaves_the_parents_thread(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lms = script(server).__enter__()
    thread, here = lms._thread, os.getpid()
    assert thread is not None
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: here + 1)
        lms.close()
    thread.run(asyncio.sleep(0))
    thread.run(lms._client.close())
    thread.stop()


async def test_a_beginning_that_takes_long_holds_nobody_up(
    lms: ServiceClient, server: Server, clock: Clock
) -> None:
    progress = Progress(3)
    life = JobLife(lms.requests, Work("k", owner="ada", job_id="task"), progress, clock.pace)
    server.refuse = [away] * 2
    await life.begin_within(0.0)
    await clock.pass_on(2)
    progress.progress(2)
    await clock.pass_on()
    assert [(body.get("state"), body.get("done")) for body in server.said] == [
        (None, None),
        ("running", 0),
        (None, 2),
    ]
    await life.end(Ending("succeeded"))


async def test_an_end_before_the_beginning_arrived_announces_the_work(
    lms: ServiceClient, server: Server, clock: Clock
) -> None:
    life = JobLife(lms.requests, Work("k", owner="ada", job_id="task"), Progress(), clock.pace)
    server.refuse = [away]
    await life.begin_within(0.0)
    async with asyncio.timeout(30):
        await clock._at_rest.wait()
    await life.end(Ending("failed", "ValueError: no"))
    assert [body.get("id") or body.get("state") for body in server.said] == ["task", "failed"]


async def test_work_that_was_called_off_does_not_begin_anew_by_itself(
    lms: ServiceClient, server: Server, clock: Clock
) -> None:
    life = JobLife(lms.requests, Work("k", owner="ada", job_id="task"), Progress(), clock.pace)
    server.state, server.cancel_requested = "cancelled", True
    await life.begin(anew=False)
    assert [body.get("state") for body in server.said] == [None, "running"]
    await life.stop()
