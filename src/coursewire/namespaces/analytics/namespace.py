"""The door of /analytics: which command runs which function, which channels exist."""

from __future__ import annotations

from coursewire.identity.contract import UserErased
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import EVENTS, CancelJob, ListJobs, ReadJob, RecordActivity
from coursewire.namespaces.analytics.overdue import follow_silence
from coursewire.namespaces.analytics.tidying import tidy
from coursewire.realtime.namespace import ChannelKind, Namespace, only_self


def make() -> Namespace:
    """Return /analytics."""
    return Namespace(
        path="/analytics",
        commands={
            RecordActivity: service.record_activity,
            ListJobs: service.list_jobs,
            ReadJob: service.read_job,
            CancelJob: service.cancel_job,
        },
        events=EVENTS,
        channels={
            "course": ChannelKind(service.check_course_channel, service.latest_of_course),
            "cohort": ChannelKind(service.check_cohort_channel),
            "job": ChannelKind(service.check_job_channel, service.latest_of_job),
            "user": ChannelKind(only_self, service.latest_of_user),
        },
        reactions={UserErased: service.erase_user},
        background=(tidy, follow_silence),
    )
