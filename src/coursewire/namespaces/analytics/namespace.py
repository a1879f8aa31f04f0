"""The door of /analytics: which command runs which function, which channels exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from coursewire.identity.contract import MembersChanged, UserErased
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.alerting import watch_risk
from coursewire.namespaces.analytics.board import Board
from coursewire.namespaces.analytics.contract import (
    EVENTS,
    ActivityRecorded,
    CancelJob,
    JobFinished,
    JobResumed,
    JobStalled,
    ListAlerts,
    ListAtRisk,
    ListJobs,
    ListMilestones,
    ReadJob,
    ReadMetrics,
    ReadSeries,
    RecordActivity,
)
from coursewire.namespaces.analytics.measuring import Measuring
from coursewire.namespaces.analytics.overdue import follow_silence
from coursewire.namespaces.analytics.rolling import roll_up, trim_rollups
from coursewire.namespaces.analytics.tidying import tidy
from coursewire.namespaces.analytics.trust import Trust
from coursewire.realtime.namespace import ChannelKind, Derived, Namespace, only_self

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


def make() -> Namespace:
    """Return /analytics."""
    board, trust = Board(), Trust()
    return Namespace(
        path="/analytics",
        commands={
            RecordActivity: partial(service.record_activity, trust),
            ReadMetrics: partial(service.read_metrics, board),
            ReadSeries: service.read_series,
            ListAtRisk: service.list_at_risk,
            ListJobs: service.list_jobs,
            ReadJob: service.read_job,
            CancelJob: service.cancel_job,
            ListMilestones: service.list_milestones,
            ListAlerts: service.list_alerts,
        },
        events=EVENTS,
        channels={
            "course": ChannelKind(service.check_course_channel, partial(service.latest_of_course, board)),
            "cohort": ChannelKind(service.check_cohort_channel, partial(service.latest_of_cohort, board)),
            "job": ChannelKind(service.check_job_channel, service.latest_of_job),
            "user": ChannelKind(only_self, service.latest_of_user),
        },
        reactions={
            UserErased: service.erase_user,
            MembersChanged: _each(service.follow_members, service.mark_roster, service.clear_who_left),
            ActivityRecorded: _each(
                service.follow_activity, service.mark_activity, service.note_late, service.clear_who_came
            ),
            JobStalled: service.follow_stalled_job,
            JobResumed: service.follow_job_again,
            JobFinished: service.follow_job_again,
        },
        derived={service.OWN_METRICS: Derived(partial(service.derive_own, board))},
        background=(
            trust.learn,
            tidy,
            follow_silence,
            Measuring(board).run,
            roll_up,
            trim_rollups,
            watch_risk,
        ),
    )


def _each(*parts: Callable[[Transaction, Any], None]) -> Callable[[Transaction, Any], None]:
    """Let several parts react to one thing."""

    def react(tx: Transaction, fact: Any) -> None:
        for part in parts:
            part(tx, fact)

    return react
