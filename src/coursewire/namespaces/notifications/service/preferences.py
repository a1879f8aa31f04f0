"""What people want to hear of, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.notifications import reach, store
from coursewire.namespaces.notifications.contract import (
    OnePreferences,
    Preferences,
    PreferencesChanged,
    PreferencesUpdated,
)
from coursewire.namespaces.notifications.service.shown import user_channel

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.namespaces.notifications.contract import ReadPreferences, UpdatePreferences
    from coursewire.realtime.transaction import Transaction


def read_preferences(
    channels: OutgoingChannels, tx: Transaction, caller: Caller, _: ReadPreferences
) -> OnePreferences:
    """Return the caller's preferences, with what they have said nothing about."""
    stored = store.stored_preferences(tx, [caller.user_id]).get(caller.user_id, "")
    return OnePreferences(preferences=_seen(channels, caller, stored))


def update_preferences(
    channels: OutgoingChannels, tx: Transaction, caller: Caller, command: UpdatePreferences
) -> PreferencesUpdated:
    """Change what is given; what is left out stays."""
    before = store.stored_preferences(tx, [caller.user_id]).get(caller.user_id, "")
    after = reach.updated(before, command)
    store.put_preferences(tx, caller.user_id, after)
    preferences = _seen(channels, caller, after)
    tx.publish_latest(user_channel(caller.user_id), PreferencesChanged(preferences))
    return PreferencesUpdated(preferences=preferences)


def _seen(channels: OutgoingChannels, caller: Caller, stored: str) -> Preferences:
    return reach.preferences_of(stored, caller.user_id, channels.configured, channels.push_public_key)
