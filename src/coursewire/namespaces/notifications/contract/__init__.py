"""What /notifications says and hears.

values       words that the parts share
inbox        the inbox of one person, and what is told of it
preferences  what somebody wants to hear of, and where
posted       what the LMS posts, over HTTP
facts        what the other namespaces are asked
"""

from __future__ import annotations

from typing import Any

from coursewire.namespaces.notifications.contract.facts import QuoteReadersAsked
from coursewire.namespaces.notifications.contract.inbox import (
    CountsChanged,
    ListNotifications,
    Marked,
    MarkNotifications,
    NotificationChanged,
    NotificationCreated,
    NotificationPage,
    NotificationsMarked,
    Snoozed,
    SnoozeNotification,
    Sweep,
)
from coursewire.namespaces.notifications.contract.posted import (
    Audience,
    DeliveryProgress,
    DeliveryStarted,
    NotificationBody,
)
from coursewire.namespaces.notifications.contract.preferences import (
    ClockTime,
    CourseLevel,
    Deliveries,
    DeliveryChoices,
    Frequency,
    OnePreferences,
    Preferences,
    PreferencesChanged,
    PreferencesUpdated,
    PushKeys,
    QuietHours,
    ReadPreferences,
    SubscribePush,
    Switch,
    UnsubscribePush,
    UpdatePreferences,
    Weekday,
)
from coursewire.namespaces.notifications.contract.values import (
    Action,
    Actor,
    Category,
    Counts,
    Cursor,
    Filter,
    Mark,
    Notification,
    NotificationId,
    NotificationState,
    Priority,
    Url,
)
from coursewire.realtime.contract import Command, Event

COMMANDS: tuple[type[Command], ...] = (
    ListNotifications, MarkNotifications, SnoozeNotification, ReadPreferences, UpdatePreferences,
    SubscribePush, UnsubscribePush,
)  # fmt: skip

EVENTS: tuple[type[Event[Any]], ...] = (
    NotificationCreated, NotificationChanged, NotificationsMarked, CountsChanged, PreferencesChanged,
)  # fmt: skip

__all__ = [
    "COMMANDS",
    "EVENTS",
    "Action",
    "Actor",
    "Audience",
    "Category",
    "ClockTime",
    "Counts",
    "CountsChanged",
    "CourseLevel",
    "Cursor",
    "Deliveries",
    "DeliveryChoices",
    "DeliveryProgress",
    "DeliveryStarted",
    "Filter",
    "Frequency",
    "ListNotifications",
    "Mark",
    "MarkNotifications",
    "Marked",
    "Notification",
    "NotificationBody",
    "NotificationChanged",
    "NotificationCreated",
    "NotificationId",
    "NotificationPage",
    "NotificationState",
    "NotificationsMarked",
    "OnePreferences",
    "Preferences",
    "PreferencesChanged",
    "PreferencesUpdated",
    "Priority",
    "PushKeys",
    "QuietHours",
    "QuoteReadersAsked",
    "ReadPreferences",
    "SnoozeNotification",
    "Snoozed",
    "SubscribePush",
    "Sweep",
    "Switch",
    "UnsubscribePush",
    "UpdatePreferences",
    "Url",
    "Weekday",
]
