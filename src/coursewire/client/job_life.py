"""The life of a reported job: announced, reported while it runs, its end delivered. On one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from coursewire.client.failures import invalid
from coursewire.client.http import Requests, path_part
from coursewire.client.job_ending import Ending
from coursewire.client.job_progress import Progress, Report
from coursewire.errors import Conflict, CoursewireError, NotFound
from coursewire.namespaces.analytics import contract as analytics
from coursewire.vocabulary import new_id

logger = logging.getLogger("coursewire.client")

FAILURES_TOLD: Final = 5
"""In a row: some seconds. A server that is restarted is back by then."""
LONGEST_DELAY_S: Final = 5.0
ENDS: Final = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Pace:
    """When a job is reported, in seconds."""

    every: float = 0.25
    """At the most often: four times a second."""
    heartbeat: float = 2.0
    """After so long without news a report says that the work goes on, and hears whether it still should."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    pause: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep, repr=False)


@dataclass(frozen=True, slots=True)
class Work:
    """What is reported."""

    kind: str
    course: str | None = None
    owner: str | None = None
    """None: whose token it is."""
    title: str | None = None
    job_id: str | None = None

    def body(self, owner: str) -> analytics.JobBody:
        """Return it as `POST /v1/jobs` wants it. Raises Invalid."""
        try:
            return analytics.JobBody(
                id=self.job_id,
                kind=self.kind,
                title=self.title or self.kind.replace("-", " ").replace("_", " ").capitalize(),
                course_id=self.course,
                owner_id=self.owner or owner,
            )
        except ValidationError as error:
            raise invalid(error) from error


class JobLife:
    """Reports a job from its beginning to its end.

    `begin` and `end` repeat their requests for the client's `patience`. In between nothing is ever repeated: a
    report that did not arrive is followed, after a back-off, by one that says how it stands by then.
    """

    def __init__(self, requests: Requests, work: Work, progress: Progress, pace: Pace) -> None:
        self._requests = requests
        self._work = work
        self._progress = progress
        self._pace = pace
        self._path = ""
        self._task: asyncio.Task[None] | None = None
        self._said: Report | None = None
        self._failures = 0
        self._told: set[str] = set()
        self.job: analytics.Job | None = None
        """As the last reply has it; None before the beginning."""

    # The beginning

    async def begin(self, *, anew: bool = True) -> None:
        """Announce the work, say that it runs, and go on reporting.

        A job with the id is taken up as another attempt; unless `anew`, one that a person called off stays so.
        Raises the errors of `coursewire.errors`, Unavailable after `patience`.
        """
        await self._open(anew=anew)
        self._task = asyncio.create_task(self._report())

    async def begin_within(self, seconds: float) -> None:
        """Begin, not `anew`, and wait for that so long; then it is tried further while the work goes on."""
        opened = asyncio.Event()
        self._task = asyncio.create_task(self._open_at_last(opened))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await opened.wait()

    async def _open_at_last(self, opened: asyncio.Event) -> None:
        while True:
            try:
                await self._open(anew=False)
            except Exception as error:  # noqa: BLE001 - a token function may raise anything; the work goes on
                if isinstance(error, CoursewireError) and not error.retryable:
                    logger.warning("%s is not reported: %s: %s", self._name, type(error).__name__, error)
                    opened.set()
                    return
                await self._pace.pause(self._failed(error))
            else:
                break
        opened.set()
        await self._report()

    async def _open(self, *, anew: bool) -> None:
        await self.announce()
        # One that was to be called off ends by the first; then nobody is told any more, and it may begin anew.
        for _ in range(2):
            state = self.job.state if self.job is not None else "queued"
            if state != "queued" and (anew or state not in ENDS):
                await self._patch({"state": "queued"}, key=new_id())
        report = self._progress.report()
        # Only this report names the state, and with a key: one that comes late must not begin another attempt.
        await self._patch({"state": "running", **report.patch()}, key=new_id())
        self._said = report

    async def announce(self) -> None:
        """Say that there is work; it waits. A job with the id is left as it is."""
        body = self._work.body(self._work.owner or await self._requests.user_id())
        self._heard(await self._requests.run("POST", "/v1/jobs", analytics.JobReply, body=body, key=new_id()))

    async def wait_again(self) -> None:
        """Stop reporting: the work waits for another attempt. A warning says when the server could not be told."""
        await self.stop()
        try:
            await self._patch({"state": "queued"}, key=new_id())
        except Exception as error:  # noqa: BLE001 - the next attempt says so as well
            logger.warning(
                "%s waits again, and the server could not be told: %s: %s",
                self._name,
                type(error).__name__,
                error,
            )

    # While it runs

    async def _report(self) -> None:
        said_at, wait_s = self._pace.clock(), self._pace.every
        while True:
            await self._pace.pause(wait_s)
            wait_s = self._pace.every
            report = self._progress.report()
            if report == self._said and self._pace.clock() - said_at < self._pace.heartbeat:
                continue
            try:
                await self._patch(report.patch(), patience_s=0)
            except (NotFound, Conflict) as error:
                logger.warning("%s is not reported any more: %s", self._name, error)
                return
            except Exception as error:  # noqa: BLE001 - a token function may raise anything; the work goes on
                wait_s = self._failed(error)
            else:
                self._said, said_at, self._failures = report, self._pace.clock(), 0

    def _failed(self, error: Exception) -> float:
        """Note that a report did not arrive, and return how long to wait."""
        self._failures += 1
        retryable = isinstance(error, CoursewireError) and error.retryable
        reason = f"{type(error).__name__}: {error}"
        if (not retryable or self._failures >= FAILURES_TOLD) and type(error).__name__ not in self._told:
            self._told.add(type(error).__name__)
            logger.warning(
                "%s cannot be reported (%s); the work goes on, and it is tried again", self._name, reason
            )
        longest = min(LONGEST_DELAY_S, self._pace.every * 2.0 ** min(self._failures, 16))
        wanted_s = (error.retry_after_ms or 0) / 1000 if isinstance(error, CoursewireError) else 0.0
        return max(wanted_s, longest * (0.5 + random.random() / 2))  # noqa: S311 - no secret

    # The end

    async def end(self, ending: Ending) -> None:
        """Deliver the end, trying for `patience`; a warning says when that was in vain."""
        await self.stop()
        fields: dict[str, Any] = {"state": ending.state, **self._progress.report().patch()}
        if self._progress.result is not None:
            fields["result"] = self._progress.result
        if ending.error is not None:
            fields["error"] = ending.error
        try:
            if self.job is None:
                await self.announce()
            await self._patch(fields, key=new_id())
        except Exception as error:  # noqa: BLE001 - the work is done, whatever becomes of the report
            logger.warning(
                "%s has %s, and the server could not be told (%s: %s): it will show it as stalled",
                self._name,
                ending.state if ending.state != "cancelled" else "been cancelled",
                type(error).__name__,
                error,
            )

    async def stop(self) -> None:
        """Stop reporting, without an end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    # Requests

    @property
    def _name(self) -> str:
        job_id = self._work.job_id if self.job is None else self.job.id
        return f"the job {self._work.kind} ({job_id or 'not announced'})"

    async def _patch(
        self, fields: dict[str, Any], *, key: str | None = None, patience_s: float | None = None
    ) -> None:
        self._heard(
            await self._requests.run(
                "PATCH", self._path, analytics.JobReply, body=fields, key=key, patience_s=patience_s
            )
        )

    def _heard(self, reply: analytics.JobReply) -> None:
        self.job = reply.job
        self._path = f"/v1/jobs/{path_part('job_id', reply.job.id)}"
        self._progress.heard(reply)
