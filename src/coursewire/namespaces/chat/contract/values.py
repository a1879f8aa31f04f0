"""The things that /chat speaks of: rooms, messages, people, counts."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from annotated_types import Len
from pydantic import AfterValidator, Field

from coursewire.vocabulary import CourseId, Key, MessageId, Model, RoomId, Time, UserId

RoomKind = Literal["course", "discussion", "announcement", "group", "direct"]
PresenceStatus = Literal["online", "away", "busy", "invisible"]
Receipts = Literal["names", "counts", "off"]
Group = Literal["staff", "room"]
Cursor = Annotated[str, Len(1, 512)]
"""Where a list goes on: only good for the command that gave it."""

_SIGN = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f201-\U0001f251\U0001f300-\U0001faff]"
)
_FLAG, _KEYCAP, _TAGS = "[\U0001f1e6-\U0001f1ff]{2}", "[0-9#*]\ufe0f?\u20e3", "[\U000e0020-\U000e007f]*"
_PART = f"(?:{_FLAG}|{_KEYCAP}|{_SIGN}\ufe0f?[\U0001f3fb-\U0001f3ff]?{_TAGS})"
_EMOJI = re.compile(f"{_PART}(?:\u200d{_PART})*")


def _one_emoji(text: str) -> str:
    if not _EMOJI.fullmatch(text):
        raise ValueError("must be one emoji")
    return text


Emoji = Annotated[str, Len(1, 32), AfterValidator(_one_emoji)]
"""One emoji, as UTS #51 joins it: with a skin tone, as a flag, or several held together by U+200D."""


class Author(Model):
    """A person as others see them."""

    user_id: UserId
    name: str
    avatar_url: str | None = None


class Reaction(Model):
    """Who reacted with one emoji."""

    emoji: str
    count: int
    user_ids: list[UserId]
    """The first 20 of them."""
    mine: bool | None = None
    """Whether the caller is one of them: in answers. Events say the same to everybody and leave it out."""


class Quote(Model):
    """The message that was replied to, as it stands when this is read or said."""

    id: MessageId
    number: int
    author: Author | None = None
    text: str
    """Its first 200 characters; empty when it was taken back."""
    state: Literal["sent", "deleted", "hidden"] = "sent"


class Thread(Model):
    """How a thread stands."""

    replies: int
    """Those that were taken back are not counted."""
    last_at: Time | None = None


class Message(Model):
    """One message. A deleted or hidden one keeps its place and number and has neither text nor html."""

    id: MessageId
    room_id: RoomId
    number: int
    """1, 2, 3 ... within the room."""
    author: Author | None = None
    """Absent on an anonymous message."""
    anonymous: bool = False
    key: Key | None = None
    """The key its author sent it with, so that the author's own devices recognise it."""
    text: str
    html: str
    reply_to: MessageId | None = None
    quote: Quote | None = None
    """Of the message in `reply_to`. When that is edited or taken back, its own event says so."""
    thread_id: MessageId | None = None
    """The message that it answers in a thread. Threads have one level: that message is in none itself."""
    thread: Thread | None = None
    """On the first message of a thread; and on an event about a reply, where it says how the thread stands now."""
    mentions: list[UserId] = Field(default_factory=list)
    mention_groups: list[Group] = Field(default_factory=list)
    """`@staff` and `@room`, where they were called."""
    reactions: list[Reaction] = Field(default_factory=list)
    """By emoji, the one used first in front; 20 at most."""
    pinned: bool = False
    state: Literal["sent", "deleted", "hidden"] = "sent"
    version: int = 1
    """Of the text; reactions and pins leave it as it is."""
    sent_at: Time
    edited_at: Time | None = None


class ReactionChange(Model):
    """Who has just reacted, or no longer does."""

    user_id: UserId
    emoji: str
    on: bool


class ReactedMessage(Message):
    """A message whose reactions changed."""

    changed: ReactionChange | None = None
    """Tells a person's other devices that `mine` changed. Absent once the message is taken back."""


class Room(Model):
    """A room as every member sees it."""

    id: RoomId
    kind: RoomKind
    course_id: CourseId | None = None
    title: str
    """Empty in a direct room, and in a group that was given none: show the others' names."""
    member_count: int
    last_number: int
    receipts: Receipts = "names"
    """How others' reading is told: by name in rooms of up to 20, as counts in larger ones, or not at all."""
    locked: bool = False
    """Only staff post while it is."""
    slow_mode_s: int = 0
    """Seconds that everybody but staff waits between two messages; 0: none."""
    created_at: Time


class Member(Model):
    """One person in a room. Who is here now comes as `presence.changed`."""

    user_id: UserId
    name: str
    avatar_url: str | None = None
    roles: list[str] = Field(default_factory=list)
    joined_at: Time
    muted_until: Time | None = None
    """Told to staff and to the muted person."""


class Mute(Model):
    """Whether somebody may post in a room."""

    room_id: RoomId
    muted_until: Time | None = None
    """Absent when they may again. A mute without an end goes to the year 9999."""


class Membership(Model):
    """Somebody came or went."""

    room_id: RoomId
    user_id: UserId
    name: str
    member_count: int


class Receipt(Model):
    """How far one member has got. Pointers only move forward."""

    room_id: RoomId
    user_id: UserId
    delivered_to: MessageId | None = None
    delivered_number: int = 0
    read_to: MessageId | None = None
    read_number: int = 0


class RoomSummary(Room):
    """A room as one member sees it."""

    joined: bool
    unread: int
    mentions: int
    last_message: Message | None = None
    read_to: MessageId | None = None
    read_number: int = 0
    can_post: bool
    can_moderate: bool = False
    """Whether `room.moderate`, `message.reveal` and the list of reports are open to the caller here."""
    muted_until: Time | None = None
    """Until when the caller may not post here."""
    others: list[Author] = Field(default_factory=list)
    """Direct and group rooms: the other people in it, 20 at most."""


class Unread(Model):
    """The server's count, always."""

    room_id: RoomId
    unread: int
    mentions: int
    total: int
    """Over all rooms."""


class Typing(Model):
    """Everybody who types in a room now: replace what you had."""

    room_id: RoomId
    users: list[Author]


class Presence(Model):
    """Whether somebody is here. Who is invisible shows as offline to others."""

    user_id: UserId
    status: Literal["online", "away", "busy", "offline"]
    last_seen_at: Time
