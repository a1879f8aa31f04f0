"""What a backend tells /analytics over HTTP: work and its progress, activity, statements, milestones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from coursewire.client.failures import invalid
from coursewire.client.http import Requests, path_part
from coursewire.client.job import AsyncJob
from coursewire.client.job_life import Pace, Work
from coursewire.namespaces.analytics import contract as analytics
from coursewire.vocabulary import new_id

AT_ONCE: Final = 1_000
"""Reports or statements of one request: what the routes take."""


class AnalyticsRoutes:
    """The routes of /analytics."""

    _requests: Requests

    @property
    def requests(self) -> Requests:
        """What sends the requests, for what reports in the background."""
        return self._requests

    # Jobs

    def job(
        self,
        kind: str,
        *,
        course: str | None = None,
        owner: str | None = None,
        title: str | None = None,
        total: int | None = None,
        job_id: str | None = None,
        pace: Pace | None = None,
    ) -> AsyncJob:
        """Report work while it goes on: `async with lms.job("essay-grading", course="cs101", total=120) as job: ...`.

        It is shown to `owner` (whose token it is, without one) and to the staff of the course. With a `job_id` that was
        used before it is another attempt at the same job. Leaving the block ends it: `succeeded` with `job.result`,
        `failed` with the exception's type and text, `cancelled` by JobCancelled or Ctrl-C. Entering it raises the
        errors of `coursewire.errors`; from then on trouble with the server stops nothing, and is only logged.
        """
        return AsyncJob(self._requests, Work(kind, course, owner, title, job_id), total, pace or Pace())

    async def create_job(
        self,
        kind: str,
        title: str,
        *,
        owner: str | None = None,
        course: str | None = None,
        total: int | None = None,
        job_id: str | None = None,
        key: str | None = None,
    ) -> analytics.Job:
        """Announce work; the same again with the same `job_id` returns the job that is there.

        It is owned by whose token it is, unless `owner` is given. Raises NotFound, Conflict.
        """
        body = {
            "id": job_id,
            "kind": kind,
            "title": title,
            "course_id": course,
            "owner_id": owner or await self._requests.user_id(),
            "total": total,
        }
        reply = await self._requests.run(
            "POST", "/v1/jobs", analytics.JobReply, body=body, key=key or new_id()
        )
        return reply.job

    async def update_job(
        self,
        job_id: str,
        *,
        state: str | None = None,
        done: int | None = None,
        total: int | None = None,
        stage: analytics.Stage | None = None,
        message: str | None = None,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
        key: str | None = None,
    ) -> analytics.JobReply:
        """Report how far work has got; also without a change it is a heartbeat. The reply has `cancel_requested`.

        Raises Invalid for progress that falls, Conflict for a job that has ended.
        """
        given = {
            "state": state,
            "done": done,
            "total": total,
            "stage": stage,
            "message": message,
            "result": result,
            "error": error,
        }
        try:
            body = analytics.JobPatch.model_validate(
                {name: value for name, value in given.items() if value is not None}
            )
        except ValidationError as wrong:
            raise invalid(wrong) from wrong
        path = f"/v1/jobs/{path_part('job_id', job_id)}"
        return await self._requests.run("PATCH", path, analytics.JobReply, body=body, key=key or new_id())

    # Activity

    async def record_activity(
        self, events: Sequence[analytics.ActivityBody | Mapping[str, Any]]
    ) -> analytics.ActivityTaken:
        """Report what learners did, in requests of 1,000; each is stored once, by its `id`.

        Returns how many were new, how many were there before, and those refused, with their place in `events`: one
        that is wrong keeps out no other. When a request fails those before it are stored; give all of them again.
        """
        accepted = repeated = 0
        refused: list[analytics.Refused] = []
        for start in range(0, len(events), AT_ONCE):
            body = {"events": list(events[start : start + AT_ONCE])}
            taken = await self._requests.run(
                "POST", "/v1/activity", analytics.ActivityTaken, body=body, key=new_id()
            )
            accepted += taken.accepted
            repeated += taken.repeated
            refused += [analytics.Refused(index=start + one.index, error=one.error) for one in taken.refused]
        return analytics.ActivityTaken(accepted=accepted, repeated=repeated, refused=refused)

    async def send_statements(
        self, statements: Sequence[Mapping[str, Any]], *, course: str | None = None
    ) -> list[str]:
        """Send xAPI statements, 1.0.3 or 2.0, in requests of 1,000, and return their ids.

        `course` is theirs that name none. All of a request are stored or none. Raises Invalid, Conflict, with the
        place in its request in `field`. Give them ids: what is sent again without one is stored again.
        """
        ids: list[str] = []
        for start in range(0, len(statements), AT_ONCE):
            reply = await self._requests.run(
                "POST",
                "/v1/xapi/statements",
                analytics.StatementIds,
                body=list(statements[start : start + AT_ONCE]),
                query={"course_id": course},
                key=new_id(),
            )
            ids += reply.root
        return ids

    # Milestones

    async def put_milestones(
        self, course_id: str, rules: Sequence[analytics.MilestoneRule], *, key: str | None = None
    ) -> list[analytics.MilestoneRule]:
        """Let these be all rules of a course. One whose id was there is the same rule, and stays reached."""
        reply = await self._requests.run(
            "PUT",
            f"/v1/courses/{path_part('course_id', course_id)}/milestones",
            analytics.Rules,
            body={"rules": list(rules)},
            key=key or new_id(),
        )
        return reply.rules

    async def put_milestone(
        self,
        course_id: str,
        kind: str,
        title: str,
        *,
        user_id: str | None = None,
        value: float | None = None,
        threshold: float | None = None,
        milestone_id: str | None = None,
        key: str | None = None,
    ) -> analytics.Milestone:
        """Say that something was reached elsewhere, by somebody or by the whole class; once by `milestone_id`."""
        body = {
            "id": milestone_id,
            "course_id": course_id,
            "user_id": user_id,
            "kind": kind,
            "title": title,
            "value": value,
            "threshold": threshold,
        }
        reply = await self._requests.run(
            "POST", "/v1/milestones", analytics.OneMilestone, body=body, key=key or new_id()
        )
        return reply.milestone
