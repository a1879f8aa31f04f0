"""What is known of jobs, figures, milestones and alerts, folded from events and answers: no I/O, no clock.

The rules are those of tests/traces/README.md, "What is folded"; the browser's client holds them too.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from coursewire.namespaces.analytics import contract as analytics

MOST: Final = 1_000
"""Jobs, milestones and remembered ids of each kind; beyond it those that changed longest ago are forgotten."""

ENDS: Final = frozenset({"succeeded", "failed", "cancelled"})


class Known:
    """The newest report about each thing, by whatever event, channel or answer it came."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, analytics.Job] = OrderedDict()
        self._metrics: dict[str, analytics.Metrics] = {}
        self._own: dict[str, str] = {}
        self._milestones: list[analytics.Milestone] = []
        self._heard: OrderedDict[str, None] = OrderedDict()
        """Milestones, also those that are not in the list any more."""
        self._alerts: OrderedDict[str, analytics.Alert] = OrderedDict()
        self._cancelling: Counter[str] = Counter()

    @property
    def jobs(self) -> Mapping[str, analytics.Job]:
        """By id. One whose end was asked for here has `cancel_requested`, also before the server has answered."""
        return {job_id: self._shown(job) for job_id, job in self._jobs.items()}

    @property
    def metrics(self) -> Mapping[str, analytics.Metrics]:
        """By `<course_id>/<window>`."""
        return dict(self._metrics)

    @property
    def milestones(self) -> list[analytics.Milestone]:
        """The newest first."""
        return list(self._milestones)

    @property
    def alerts(self) -> list[analytics.Alert]:
        """Those that hold, as far as they were heard of; the newest first."""
        return [alert for alert in reversed(self._alerts.values()) if alert.cleared_at is None]

    def job(self, job_id: str) -> analytics.Job | None:
        """Return the newest report about a job, if there was one."""
        job = self._jobs.get(job_id)
        return None if job is None else self._shown(job)

    # What is said

    def take(self, value: Any) -> bool:
        """Fold what an event carries, or one thing of an answer; return whether it says anything new."""
        match value:
            case analytics.Job():
                return self._job(value)
            case analytics.Metrics():
                return self._newest(self._metrics, f"{value.course_id}/{value.window}", value)
            case analytics.OwnMetrics():
                name = f"{value.course_id}/{value.window}"
                is_new = value.at > self._own.get(name, "")
                self._own[name] = max(value.at, self._own.get(name, ""))
                return is_new
            case analytics.Milestone():
                return self._milestone(value)
            case analytics.Alert():
                return self._alert(value)
        return False

    def milestones_read(self, items: Iterable[analytics.Milestone]) -> None:
        """Take the first page of the list anew."""
        self._milestones = list(items)[:MOST]
        for milestone in self._milestones:
            self._hear(milestone.id)

    def has_heard(self, milestone: analytics.Milestone) -> bool:
        """Whether a milestone was heard of or read."""
        return milestone.id in self._heard

    def cancelling(self, job_id: str, by: int) -> None:
        """Note that a command to end a job was given (1), or has its answer (-1)."""
        self._cancelling[job_id] += by
        if self._cancelling[job_id] <= 0:
            del self._cancelling[job_id]

    def _shown(self, job: analytics.Job) -> analytics.Job:
        if job.id in self._cancelling and job.state not in ENDS:
            return job.model_copy(update={"cancel_requested": True})
        return job

    def _job(self, job: analytics.Job) -> bool:
        before = self._jobs.get(job.id)
        if before is not None and job.revision <= before.revision:
            return False
        self._jobs[job.id] = job
        self._jobs.move_to_end(job.id)
        if len(self._jobs) > MOST:
            self._jobs.popitem(last=False)
        return True

    @staticmethod
    def _newest(known: dict[str, analytics.Metrics], name: str, value: analytics.Metrics) -> bool:
        before = known.get(name)
        if before is not None and value.at <= before.at:
            return False
        known[name] = value
        return True

    def _milestone(self, milestone: analytics.Milestone) -> bool:
        if all(known.id != milestone.id for known in self._milestones):
            self._milestones = [milestone, *self._milestones][:MOST]
        return self._hear(milestone.id)

    def _hear(self, milestone_id: str) -> bool:
        is_new = milestone_id not in self._heard
        self._heard[milestone_id] = None
        if len(self._heard) > MOST:
            self._heard.popitem(last=False)
        return is_new

    def _alert(self, alert: analytics.Alert) -> bool:
        before = self._alerts.get(alert.id)
        # One that was cleared is never raised again: then it has another id.
        if before is not None and (before.cleared_at is not None or alert.cleared_at is None):
            return False
        self._alerts[alert.id] = alert
        if len(self._alerts) > MOST:
            self._alerts.popitem(last=False)
        return True
