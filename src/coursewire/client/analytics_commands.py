"""The commands of /analytics: jobs, figures, milestones, who is at risk, and what one did."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from coursewire.client.analytics_known import Known
from coursewire.client.namespace import NamespaceClient
from coursewire.client.outputs import Json
from coursewire.errors import CoursewireError
from coursewire.namespaces.analytics import contract as analytics
from coursewire.vocabulary import iso, milliseconds

ItemT = TypeVar("ItemT")
ItemT_co = TypeVar("ItemT_co", covariant=True)


class _Page(Protocol[ItemT_co]):
    @property
    def items(self) -> Sequence[ItemT_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


class AnalyticsCommands(NamespaceClient):
    """What one asks and does in /analytics."""

    namespace = "/analytics"
    events = analytics.EVENTS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.known = Known()
        """The newest report about each job, window and milestone that was heard of or asked for."""
        self._ahead_ms = 0
        """By how much the server's clock is ahead of ours."""

    def session_ready(self, data: Json) -> None:
        """Note who one is, and the server's time."""
        super().session_ready(data)
        if self.session is not None:
            self._ahead_ms = milliseconds(self.session.server_time) - _now()

    @property
    def server_time(self) -> str:
        """The time by the server's clock, as far as it is known here."""
        return iso(_now() + self._ahead_ms)

    # Jobs

    async def job(self, job_id: str) -> analytics.Job:
        """Return a job as it is. Raises NotFound, also for one that is not the caller's business."""
        job = (await self.run(analytics.ReadJob, analytics.OneJob, job_id=job_id)).job
        self.known.take(job)
        return job

    async def jobs_page(
        self,
        *,
        course: str | None = None,
        state: analytics.JobState | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> analytics.JobPage:
        """Return a page of one's own jobs, or of those of a course for its staff, the newest first; 100 at most."""
        page = await self.run(
            analytics.ListJobs, analytics.JobPage, course_id=course, state=state, cursor=cursor, limit=limit
        )
        for job in page.items:
            self.known.take(job)
        return page

    async def jobs(
        self, *, course: str | None = None, state: analytics.JobState | None = None
    ) -> AsyncGenerator[analytics.Job]:
        """Yield all of them, the newest first, fetching a page of 100 when needed."""

        async def page(cursor: str | None) -> analytics.JobPage:
            return await self.jobs_page(course=course, state=state, cursor=cursor, limit=100)

        async for job in _each(page):
            yield job

    async def cancel_job(self, job_id: str, *, key: str | None = None) -> analytics.Job:
        """Ask for a job's end, and return it as it is then: its worker hears of it with its next report.

        Raises NotFound; Conflict, with the job in `details`, for one that has ended.
        """
        self.known.cancelling(job_id, 1)
        try:
            answer = await self.run(analytics.CancelJob, analytics.JobCancelled, key=key, job_id=job_id)
        except CoursewireError as error:
            if error.details is not None and "job" in error.details:
                self.known.take(analytics.Job.model_validate(error.details["job"]))
            raise
        finally:
            self.known.cancelling(job_id, -1)
        self.known.take(answer.job)
        return answer.job

    # Figures

    async def metrics(self, course: str, window: analytics.Window = "1h") -> analytics.MetricsRead:
        """Return the figures that one may see: the course's for staff, else the cohort's, and one's own."""
        answer = await self.run(analytics.ReadMetrics, analytics.MetricsRead, course_id=course, window=window)
        self.known.take(answer.metrics)
        return answer

    async def series(
        self, course: str, metric: analytics.Metric, bucket: analytics.Bucket, *, since: str, until: str
    ) -> analytics.Series:
        """Return a metric over time: whole buckets between two times (ISO 8601 in UTC), at most 1,000."""
        fields = {"course_id": course, "metric": metric, "bucket": bucket, "from": since, "to": until}
        return await self.run(analytics.ReadSeries, analytics.Series, **fields)

    async def at_risk(self, course: str) -> AsyncGenerator[analytics.LearnerAtRisk]:
        """Yield who is at risk, the one longest away first: for the staff of the course."""

        async def page(cursor: str | None) -> analytics.RiskPage:
            return await self.run(
                analytics.ListAtRisk, analytics.RiskPage, course_id=course, cursor=cursor, limit=100
            )

        async for learner in _each(page):
            yield learner

    # What was reached, and what to look at

    async def milestones_page(
        self, *, course: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> analytics.MilestonePage:
        """Return a page of milestones, the newest first; 100 at most. Without a course: one's own."""
        page = await self.run(
            analytics.ListMilestones, analytics.MilestonePage, course_id=course, cursor=cursor, limit=limit
        )
        if cursor is None:
            self.known.milestones_read(page.items)
        return page

    async def milestones(self, *, course: str | None = None) -> AsyncGenerator[analytics.Milestone]:
        """Yield all of them, the newest first, fetching a page of 100 when needed."""

        async def page(cursor: str | None) -> analytics.MilestonePage:
            return await self.milestones_page(course=course, cursor=cursor, limit=100)

        async for milestone in _each(page):
            yield milestone

    async def alerts(self, course: str) -> AsyncGenerator[analytics.Alert]:
        """Yield the alerts that still hold, the newest first: for the staff of the course."""

        async def page(cursor: str | None) -> analytics.AlertPage:
            return await self.run(
                analytics.ListAlerts, analytics.AlertPage, course_id=course, cursor=cursor, limit=100
            )

        async for alert in _each(page):
            yield alert

    # What one did

    async def record_activity(
        self,
        course: str,
        verb: analytics.Verb,
        about: analytics.ActivityObject,
        *,
        progress: float | None = None,
        score: float | None = None,
        duration_ms: int | None = None,
        at: str | None = None,
        key: str | None = None,
    ) -> None:
        """Say what one did in a course. While offline it waits in the outbox, and says when it happened.

        `at` is now by the server's clock, unless it is given. Raises Invalid, NotFound.
        """
        await self.run(
            analytics.RecordActivity,
            analytics.RecordActivity.returns,
            key=key,
            course_id=course,
            verb=verb,
            object=about,
            progress=progress,
            score=score,
            duration_ms=duration_ms,
            at=at or self.server_time,
        )


async def _each(fetch: Callable[[str | None], Awaitable[_Page[ItemT]]]) -> AsyncGenerator[ItemT]:
    cursor: str | None = None
    while True:
        page = await fetch(cursor)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return


def _now() -> int:
    return time.time_ns() // 1_000_000
