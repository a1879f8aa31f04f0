"""What a process says of its tasks: bounded, and from a thread of its own in each process."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.unit.client.test_job_progress import JOB

from coursewire.client import celery_reporting
from coursewire.client.celery_reporting import WAITING_AT_MOST, Reporting
from coursewire.client.http import Requests
from coursewire.client.job_ending import Ending
from coursewire.client.job_life import Work
from coursewire.errors import Unavailable


class Server:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.bodies: list[dict[str, Any]] = []
        self.heard = threading.Semaphore(0)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if not await asyncio.to_thread(self.open.wait, 30):
            raise httpx.ConnectError("nobody let it")
        self.bodies.append(json.loads(request.content))
        self.heard.release()
        return httpx.Response(200, json={"job": JOB})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()

    def requests(*arguments: Any, **options: Any) -> Requests:
        return Requests(*arguments, **options, transport=httpx.MockTransport(server))

    monkeypatch.setattr(celery_reporting, "Requests", requests)
    return server


@pytest.fixture
def reporting(server: Server) -> Iterator[Reporting]:
    reporting = Reporting("http://server.test", "t", 0.0)
    yield reporting
    server.open.set()
    reporting.close()


def work(number: int) -> Work:
    return Work("k", owner="ada", job_id=f"task-{number}")


def test_announcements_that_do_not_arrive_do_not_pile_up(
    reporting: Reporting, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(WAITING_AT_MOST + 20):
        reporting.announce(work(number))
    thread = reporting._open()[0]

    async def waiting() -> int:
        return len(reporting._background)

    assert thread.run(waiting()) == WAITING_AT_MOST
    assert caplog.text.count("is not said: 100 such things wait already") == 20
    server.open.set()
    for _ in range(WAITING_AT_MOST):
        assert server.heard.acquire(timeout=30)
    assert {body["id"] for body in server.bodies} == {f"task-{number}" for number in range(WAITING_AT_MOST)}


def test_what_could_not_be_said_is_logged(
    reporting: Reporting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logged = threading.Event()
    monkeypatch.setattr(celery_reporting.logger, "warning", lambda *_: logged.set())

    def fail() -> None:
        raise Unavailable("no broker")

    reporting._open()[0].loop.call_soon_threadsafe(reporting.in_thread, fail)
    assert logged.wait(30)
    assert caplog.text == ""


def test_a_process_that_was_forked_off_has_a_thread_of_its_own(
    reporting: Reporting, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.open.set()
    reporting.end_elsewhere("task-1", Ending("cancelled"))
    parent = reporting._open()
    here = os.getpid()
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: here + 1)
        assert reporting._open()[0] is not parent[0]
        reporting.end_elsewhere("task-2", Ending("failed", "why"))
        reporting.close()
    assert server.bodies == [{"state": "cancelled"}, {"state": "failed", "error": "why"}]
    parent[0].run(parent[1].close())
    parent[0].stop()
