"""What /chat tells the other namespaces, in the transaction in which it happens. It never travels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract.moderation import Reason
    from coursewire.namespaces.chat.contract.values import Message, RoomKind


@dataclass(frozen=True, slots=True)
class MessageAddressed:
    """A new message that somebody in particular is to hear of. Its author is in none of the lists.

    A message that nobody is called in, in a room for many, is no such fact: those are counted as unread, that is all.
    """

    message: Message
    """As it is sent: without its author when it is anonymous, and so must be what follows from it."""
    room_kind: RoomKind
    room_title: str
    """Empty in a direct room, and in a group that was given none."""
    course_id: str | None
    mentioned: tuple[str, ...] = ()
    """By name, by `@staff` or by `@room`; members of the room, each once."""
    replied_to: tuple[str, ...] = ()
    """Who wrote the message that it replies to, and the first one of its thread; members who are not mentioned."""
    direct_to: tuple[str, ...] = ()
    """In a direct room: the other one."""
    is_announcement: bool = False
    """In an announcement room: everybody of the course is to hear of it."""


@dataclass(frozen=True, slots=True)
class MessageReported:
    """Somebody has reported a message for the first time. Who it was is in the list of reports, and not in here."""

    message_id: str
    room_id: str
    room_kind: RoomKind
    room_title: str
    course_id: str
    """The room's. Reports of rooms without a course are for administrators, who ask for them: no such fact tells."""
    reason: Reason
    staff: tuple[str, ...]
    """Staff of the course, also those who are not in the room; not the message's author, nor who has reported it."""


@dataclass(frozen=True, slots=True)
class ReadersAsked:
    """Another namespace asks who of some people may read a room now: /chat has answered when `tell` returns.

    Who hears this later than it was said, such as of an edit, is asked for then: rights end without those who
    hold a copy being told.
    """

    room_id: str
    user_ids: tuple[str, ...]
    """At most 500: one query."""
    may_read: set[str] = field(default_factory=set)
    """The answer. Nobody, when the room is gone or nobody answers."""
