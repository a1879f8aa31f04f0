"""The door of /notifications: which command runs which function, which channels exist, whom it listens to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from coursewire.identity.contract import UserErased
from coursewire.namespaces.analytics.contract import AlertRaised, JobFinished, MilestoneReached
from coursewire.namespaces.chat.contract import (
    MessageAddressed,
    MessageDeleted,
    MessageEdited,
    MessageReported,
)
from coursewire.namespaces.collaboration.contract import (
    AnnotationAddressed,
    AnnotationCreated,
    AnnotationDeleted,
    AnnotationUpdated,
    DocumentRestored,
)
from coursewire.namespaces.notifications import service
from coursewire.namespaces.notifications.channels import OutgoingChannels
from coursewire.namespaces.notifications.contract import (
    EVENTS,
    ListNotifications,
    MarkNotifications,
    ReadPreferences,
    SnoozeNotification,
    SubscribePush,
    UnsubscribePush,
    UpdatePreferences,
)
from coursewire.namespaces.notifications.delivery.links import Unsubscribe
from coursewire.namespaces.notifications.delivery.subscriptions import subscribe_push, unsubscribe_push
from coursewire.namespaces.notifications.delivery.unsubscribing import follow_link
from coursewire.namespaces.notifications.delivery.ways import Counters, Ways
from coursewire.namespaces.notifications.trimming import trim_for_ever
from coursewire.namespaces.notifications.worker import Worker
from coursewire.realtime.namespace import ChannelKind, Derived, Namespace, only_self


@dataclass(frozen=True)
class Notifications(Namespace):
    """A namespace that sends by more than the socket, and counts what it sends."""

    counters: Counters = field(default_factory=dict)


def make() -> Notifications:
    """Return /notifications, with no way out but the socket until the node has started."""
    channels = OutgoingChannels()
    ways = Ways(channels)
    return Notifications(
        path="/notifications",
        commands={
            ListNotifications: service.list_notifications,
            MarkNotifications: service.mark_notifications,
            SnoozeNotification: service.snooze_notification,
            ReadPreferences: partial(service.read_preferences, channels),
            UpdatePreferences: partial(service.update_preferences, channels),
            SubscribePush: partial(subscribe_push, channels),
            UnsubscribePush: unsubscribe_push,
        },
        events=EVENTS,
        channels={"user": ChannelKind(only_self, service.latest_of_user)},
        derived={service.COUNTS: Derived(service.derived_counts, delay_s=0.05, interval_s=1.0)},
        reactions={
            MessageAddressed: partial(service.follow_message, channels),
            MessageReported: partial(service.follow_report, channels),
            MessageDeleted: service.follow_deletion,
            MessageEdited: service.follow_edit,
            AnnotationAddressed: partial(service.follow_annotation, channels),
            AnnotationCreated: service.follow_annotation_change,
            AnnotationDeleted: service.follow_annotation_deletion,
            AnnotationUpdated: service.follow_annotation_change,
            DocumentRestored: partial(service.follow_restoring, channels),
            JobFinished: partial(service.follow_job, channels),
            MilestoneReached: partial(service.follow_milestone, channels),
            AlertRaised: service.follow_alert,
            UserErased: service.erase_user,
            Unsubscribe: partial(follow_link, channels),
        },
        background=(Worker(channels).run, ways.mail, ways.push, trim_for_ever),
        counters=ways.counters,
    )
