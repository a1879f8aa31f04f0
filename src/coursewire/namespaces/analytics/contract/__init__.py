"""What /analytics says and hears.

values      words that the parts share
jobs        AI jobs and their progress
activity    what learners do, as it comes in
metrics     figures of a course
milestones  what was reached, and what to look at
xapi        statements of the Experience API
facts       what the parts and the other namespaces are told
"""

from __future__ import annotations

from typing import Any

from coursewire.namespaces.analytics.contract.activity import (
    ActivityBatch,
    ActivityBody,
    ActivityObject,
    ActivityTaken,
    RecordActivity,
    Refused,
)
from coursewire.namespaces.analytics.contract.facts import (
    Activity,
    ActivityRecorded,
    JobResumed,
    JobStalled,
)
from coursewire.namespaces.analytics.contract.jobs import (
    CancelJob,
    Job,
    JobBody,
    JobCancelled,
    JobFinished,
    JobPage,
    JobPatch,
    JobProgressed,
    JobReply,
    JobState,
    ListJobs,
    OneJob,
    ReadJob,
    Stage,
)
from coursewire.namespaces.analytics.contract.metrics import (
    LearnerAtRisk,
    ListAtRisk,
    Metric,
    Metrics,
    MetricsRead,
    MetricsUpdated,
    ObjectMetrics,
    OwnMetrics,
    OwnMetricsUpdated,
    Point,
    ReadMetrics,
    ReadSeries,
    RiskPage,
    Series,
)
from coursewire.namespaces.analytics.contract.milestones import (
    Alert,
    AlertCleared,
    AlertKind,
    AlertPage,
    AlertRaised,
    ListAlerts,
    ListMilestones,
    Milestone,
    MilestoneBody,
    MilestonePage,
    MilestoneReached,
    MilestoneRule,
    OneMilestone,
    RuleKind,
    Rules,
    RulesBody,
)
from coursewire.namespaces.analytics.contract.values import (
    Bucket,
    Verb,
    Window,
)
from coursewire.namespaces.analytics.contract.xapi import Statement, StatementIds
from coursewire.realtime.contract import Command, Event

COMMANDS: tuple[type[Command], ...] = (
    RecordActivity, ReadMetrics, ReadSeries, ListAtRisk,
    ListJobs, ReadJob, CancelJob,
    ListMilestones, ListAlerts,
)  # fmt: skip

EVENTS: tuple[type[Event[Any]], ...] = (
    JobProgressed, JobFinished, MetricsUpdated, OwnMetricsUpdated, MilestoneReached, AlertRaised,
    AlertCleared,
)  # fmt: skip

__all__ = [
    "COMMANDS",
    "EVENTS",
    "Activity",
    "ActivityBatch",
    "ActivityBody",
    "ActivityObject",
    "ActivityRecorded",
    "ActivityTaken",
    "Alert",
    "AlertCleared",
    "AlertKind",
    "AlertPage",
    "AlertRaised",
    "Bucket",
    "CancelJob",
    "Job",
    "JobBody",
    "JobCancelled",
    "JobFinished",
    "JobPage",
    "JobPatch",
    "JobProgressed",
    "JobReply",
    "JobResumed",
    "JobStalled",
    "JobState",
    "LearnerAtRisk",
    "ListAlerts",
    "ListAtRisk",
    "ListJobs",
    "ListMilestones",
    "Metric",
    "Metrics",
    "MetricsRead",
    "MetricsUpdated",
    "Milestone",
    "MilestoneBody",
    "MilestonePage",
    "MilestoneReached",
    "MilestoneRule",
    "ObjectMetrics",
    "OneJob",
    "OneMilestone",
    "OwnMetrics",
    "OwnMetricsUpdated",
    "Point",
    "ReadJob",
    "ReadMetrics",
    "ReadSeries",
    "RecordActivity",
    "Refused",
    "RiskPage",
    "RuleKind",
    "Rules",
    "RulesBody",
    "Series",
    "Stage",
    "Statement",
    "StatementIds",
    "Verb",
    "Window",
]
