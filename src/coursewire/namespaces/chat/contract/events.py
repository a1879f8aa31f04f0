"""What /chat says."""

from __future__ import annotations

from coursewire.namespaces.chat.contract.values import (
    Membership,
    Message,
    Mute,
    Presence,
    ReactedMessage,
    Receipt,
    Room,
    Typing,
    Unread,
)
from coursewire.realtime.contract import Delivery, Event

LOGGED, LATEST, EPHEMERAL = Delivery.LOGGED, Delivery.LATEST, Delivery.EPHEMERAL


class MessageSent(Event[Message], name="message.sent", delivery=LOGGED, subject="id"):
    """A new message."""


class MessageEdited(Event[Message], name="message.edited", delivery=LOGGED, subject="id"):
    """A message has another text, or is shown again."""


class MessageDeleted(Event[Message], name="message.deleted", delivery=LOGGED, subject="id"):
    """A message was taken back, or, with the state `hidden`, hidden by staff; what is left keeps its place."""


class MessagePinned(Event[Message], name="message.pinned", delivery=LOGGED, subject="id"):
    """A message was pinned, or by `pinned: false` is not any more."""


class ReactionChanged(Event[ReactedMessage], name="reaction.changed", delivery=LOGGED, subject="id"):
    """Somebody reacted to a message, or took that back."""


class MemberJoined(Event[Membership], name="member.joined", delivery=LOGGED, subject="user_id"):
    """Somebody became a member. Whom a course's roster brings is told by name in rooms of up to 200 members."""


class MemberLeft(Event[Membership], name="member.left", delivery=LOGGED, subject="user_id"):
    """Somebody is no longer a member."""


class MemberMuted(Event[Mute], name="member.muted", delivery=LOGGED):
    """On `user:<id>`: staff have muted this user in a room, or let them post again."""


class RoomUpdated(Event[Room], name="room.updated", delivery=LOGGED):
    """The room itself changed. On `user:<id>` it says that a room is new to this user."""


class ReceiptChanged(Event[Receipt], name="receipt.changed", delivery=LATEST, per="user_id", rate=1):
    """A member has got further. Told by name in rooms of up to 20 members, where receipts are on."""


class UnreadChanged(Event[Unread], name="unread.changed", delivery=LATEST, per="room_id", rate=1):
    """On `user:<id>`: the counts of one room."""


class TypingChanged(Event[Typing], name="typing.changed", delivery=EPHEMERAL):
    """Who types now, all of them."""


class PresenceChanged(Event[Presence], name="presence.changed", delivery=LATEST, per="user_id", rate=1):
    """Somebody came, went or chose another status. Told in channels of up to 200 listeners."""
