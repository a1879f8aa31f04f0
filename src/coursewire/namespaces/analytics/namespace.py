"""The door of /analytics: which command runs which function, which channels exist."""

from __future__ import annotations

from coursewire.identity.contract import UserErased
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import EVENTS, RecordActivity
from coursewire.namespaces.analytics.tidying import trim_activity
from coursewire.realtime.namespace import ChannelKind, Namespace, only_self


def make() -> Namespace:
    """Return /analytics."""
    return Namespace(
        path="/analytics",
        commands={RecordActivity: service.record_activity},
        events=EVENTS,
        channels={
            "course": ChannelKind(service.check_course_channel),
            "cohort": ChannelKind(service.check_cohort_channel),
            "user": ChannelKind(only_self),
        },
        reactions={UserErased: service.erase_user},
        background=(trim_activity,),
    )
