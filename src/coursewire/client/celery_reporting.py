"""What reports a process's tasks: a thread with the requests and the lives of their jobs; one for each process."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from coursewire.client.blocking import LoopThread
from coursewire.client.http import Requests, path_part
from coursewire.client.job_ending import Ending
from coursewire.client.job_life import JobLife, Pace, Work
from coursewire.client.job_progress import Progress
from coursewire.client.token import Token
from coursewire.errors import CoursewireError
from coursewire.namespaces.analytics import contract as analytics
from coursewire.vocabulary import new_id

logger = logging.getLogger("coursewire.client")

WAITING_AT_MOST: Final = 100
"""Announcements that have not arrived. Beyond it one is left out: the job is announced when a worker takes the task."""


@dataclass(eq=False, slots=True)
class Run:
    """A task that runs here."""

    job: Any
    life: JobLife


class Reporting:
    """Reports from a thread, which is begun when it is needed, also anew in a process that was forked off."""

    def __init__(self, url: str, token: Token, patience_s: float) -> None:
        self._url = url
        self._token = token
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._process = 0
        self._thread: LoopThread | None = None
        self._requests: Requests | None = None
        self._background: set[asyncio.Task[None]] = set()

    def run(self, work: Work, job: Progress, pace: Pace) -> Run:
        """Return a task that is to be reported."""
        return Run(job, JobLife(self._open()[1], work, job, pace))

    def begin(self, run: Run) -> None:
        """Begin to report; what takes longer than `patience` goes on beside the task."""
        self._open()[0].run(run.life.begin_within(self._patience_s))

    def end(self, run: Run, ending: Ending) -> None:
        """Deliver the end."""
        self._open()[0].run(run.life.end(ending))

    def stop(self, run: Run) -> None:
        """Report no more."""
        self._open()[0].run(run.life.stop())

    def wait_again(self, run: Run) -> None:
        """Say that the task waits for a worker again."""
        self._open()[0].run(run.life.wait_again())

    def end_elsewhere(self, job_id: str, ending: Ending) -> None:
        """Deliver the end of a task that another process ran, or none."""
        thread, requests = self._open()
        fields = {"state": ending.state, "error": ending.error}
        path = f"/v1/jobs/{path_part('job_id', job_id)}"
        try:
            thread.run(requests.run("PATCH", path, analytics.JobReply, body=fields, key=new_id()))
        except CoursewireError as error:
            logger.info("the end of the task %s could not be told: %s", job_id, error)

    def announce(self, work: Work) -> None:
        """Say that a task waits for a worker, without waiting for that to arrive."""
        thread, requests = self._open()
        life = JobLife(requests, work, Progress(), Pace())
        thread.loop.call_soon_threadsafe(self._spawn, life.announce(), f"the task {work.job_id} waits")

    def in_thread(self, function: Callable[[], None]) -> None:
        """Run what blocks in a thread of its own. Called on the thread that reports."""
        self._spawn(asyncio.to_thread(function), "the task is called off")

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            thread, requests = self._thread, self._requests
            self._thread = self._requests = None
        if thread is not None and thread.is_here:
            if requests is not None:
                thread.run(requests.close())
            thread.stop()

    def _open(self) -> tuple[LoopThread, Requests]:
        with self._lock:
            if self._thread is None or self._requests is None or self._process != os.getpid():
                self._thread, self._process = LoopThread(), os.getpid()
                self._requests = Requests(
                    self._url, self._token, patience_s=self._patience_s, timeout_s=self._patience_s
                )
                self._background = set()
            return self._thread, self._requests

    def _spawn(self, work: Coroutine[Any, Any, None], what: str) -> None:
        if len(self._background) >= WAITING_AT_MOST:
            work.close()
            logger.warning("that %s is not said: %d such things wait already", what, WAITING_AT_MOST)
            return

        async def run() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 - nobody waits for it
                logger.warning("that %s could not be said: %s: %s", what, type(error).__name__, error)

        task = asyncio.get_running_loop().create_task(run())
        self._background.add(task)
        task.add_done_callback(self._background.discard)
