"""What /notifications does: load, decide, save, append. Plain functions on a transaction; no sockets, no commit."""

from coursewire.namespaces.notifications.service.clock import sweep_expired, wake_snoozed
from coursewire.namespaces.notifications.service.delivering import (
    deliver,
    go_on_delivering,
    read_delivery,
    start_delivery,
)
from coursewire.namespaces.notifications.service.erasure import erase_user
from coursewire.namespaces.notifications.service.following import (
    follow_deletion,
    follow_edit,
    follow_message,
)
from coursewire.namespaces.notifications.service.following_courses import (
    follow_alert,
    follow_milestone,
)
from coursewire.namespaces.notifications.service.following_documents import (
    follow_annotation,
    follow_annotation_change,
    follow_annotation_deletion,
    follow_restoring,
)
from coursewire.namespaces.notifications.service.following_jobs import follow_job
from coursewire.namespaces.notifications.service.giving import Manner, give
from coursewire.namespaces.notifications.service.listing import list_notifications
from coursewire.namespaces.notifications.service.marking import (
    go_on_marking,
    mark_notifications,
    snooze_notification,
)
from coursewire.namespaces.notifications.service.preferences import read_preferences, update_preferences
from coursewire.namespaces.notifications.service.reporting import follow_report
from coursewire.namespaces.notifications.service.shown import (
    COUNTS,
    derived_counts,
    latest_of_user,
    user_channel,
)

__all__ = [
    "COUNTS",
    "Manner",
    "deliver",
    "derived_counts",
    "erase_user",
    "follow_alert",
    "follow_annotation",
    "follow_annotation_change",
    "follow_annotation_deletion",
    "follow_deletion",
    "follow_edit",
    "follow_job",
    "follow_message",
    "follow_milestone",
    "follow_report",
    "follow_restoring",
    "give",
    "go_on_delivering",
    "go_on_marking",
    "latest_of_user",
    "list_notifications",
    "mark_notifications",
    "read_delivery",
    "read_preferences",
    "snooze_notification",
    "start_delivery",
    "sweep_expired",
    "update_preferences",
    "user_channel",
    "wake_snoozed",
]
