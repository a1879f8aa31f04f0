"""The door of /notifications: which command runs which function, which channels exist, whom it listens to."""

from __future__ import annotations

from coursewire.namespaces.notifications.contract import EVENTS
from coursewire.realtime.namespace import ChannelKind, Namespace, only_self


def make() -> Namespace:
    """Return /notifications."""
    return Namespace(
        path="/notifications", commands={}, events=EVENTS, channels={"user": ChannelKind(only_self)}
    )
