"""What /chat says and hears."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import Field, model_validator

from coursewire.realtime.contract import Command, Delivery, Event, Mode, Nothing, Once, Result
from coursewire.vocabulary import CourseId, Key, Line, MessageId, Model, Position, RoomId, Text, Time, UserId

LOGGED, LATEST, EPHEMERAL = Delivery.LOGGED, Delivery.LATEST, Delivery.EPHEMERAL

RoomKind = Literal["course", "discussion", "announcement", "group", "direct"]
PresenceStatus = Literal["online", "away", "busy", "invisible"]
Cursor = Annotated[str, Len(1, 512)]
"""Where a list goes on: only good for the command that gave it."""


# Values


class Author(Model):
    """A person as others see them."""

    user_id: UserId
    name: str
    avatar_url: str | None = None


class Reaction(Model):
    """Who reacted with one emoji."""

    emoji: str
    user_ids: list[UserId]


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
    thread_id: MessageId | None = None
    mentions: list[UserId] = Field(default_factory=list)
    reactions: list[Reaction] = Field(default_factory=list)
    state: Literal["sent", "deleted", "hidden"] = "sent"
    version: int = 1
    sent_at: Time
    edited_at: Time | None = None


class Room(Model):
    """A room as every member sees it."""

    id: RoomId
    kind: RoomKind
    course_id: CourseId | None = None
    title: str
    """Empty in a direct room, and in a group that was given none: show the others' names."""
    member_count: int
    last_number: int
    created_at: Time


class Member(Model):
    """One person in a room. Who is here now comes as `presence.changed`."""

    user_id: UserId
    name: str
    avatar_url: str | None = None
    roles: list[str] = Field(default_factory=list)
    joined_at: Time


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


# Rooms


class RoomPage(Result):
    """Rooms, the one that moved last first."""

    items: list[RoomSummary]
    next_cursor: Cursor | None = None


class ListRooms(Command, name="room.list", returns=RoomPage):
    """The rooms of the caller: joined ones, and the open ones of the caller's courses (administrators: of all)."""

    course_id: CourseId | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 100


class OneRoom(Once):
    """The room after the command."""

    room: RoomSummary


class OpenRoom(Command, name="room.open", mode=Mode.WRITE, returns=OneRoom, cost=5):
    """Make a room. A `direct` room of the same two people is the same room."""

    key: Key
    kind: RoomKind
    course_id: CourseId | None = None
    """A group may belong to a course, then its people do too; a direct room never does."""
    title: Line | None = None
    """Rooms of a course are called like the course unless they are given one."""
    member_ids: Annotated[list[UserId], Len(0, 200)] = Field(default_factory=list)
    """Direct rooms and groups: the other people. In rooms of a course is everybody of its roster."""


class JoinRoom(Command, name="room.join", mode=Mode.WRITE, returns=OneRoom):
    """Become a member of an open room."""

    key: Key | None = None
    room_id: RoomId


class LeaveRoom(Command, name="room.leave", mode=Mode.WRITE, returns=OneRoom):
    """Stop being a member."""

    key: Key | None = None
    room_id: RoomId


class UpdateRoom(Command, name="room.update", mode=Mode.WRITE, returns=OneRoom):
    """Change the title, or who is a member."""

    key: Key
    room_id: RoomId
    title: Line | None = None
    add_member_ids: Annotated[list[UserId], Len(0, 200)] = Field(default_factory=list)
    remove_member_ids: Annotated[list[UserId], Len(0, 200)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _something_to_change(self) -> UpdateRoom:
        if self.title is None and not self.add_member_ids and not self.remove_member_ids:
            raise ValueError("give title, add_member_ids or remove_member_ids")
        return self


class MemberPage(Result):
    """Members by name."""

    items: list[Member]
    next_cursor: Cursor | None = None


class ListMembers(Command, name="room.members", returns=MemberPage):
    """Who is in a room."""

    room_id: RoomId
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


# Messages


class OneMessage(Once):
    """The message after the command."""

    message: Message


class SendMessage(Command, name="message.send", mode=Mode.WRITE, returns=OneMessage):
    """Say something in a room."""

    key: Key
    room_id: RoomId
    text: Annotated[Text, Len(1, 8_000)]
    reply_to: MessageId | None = None
    thread_id: MessageId | None = None
    mentions: Annotated[list[UserId], Len(0, 50)] = Field(default_factory=list)
    """Others in the room. Whoever is not in it (any more) is dropped; the message says who was mentioned."""
    anonymous: bool = False


class EditMessage(Command, name="message.edit", mode=Mode.WRITE, returns=OneMessage):
    """Change the text of one's own message. An old `version` gets `conflict` with the current message."""

    key: Key
    message_id: MessageId
    text: Annotated[Text, Len(1, 8_000)]
    version: Annotated[int, Field(ge=1)]


class DeleteMessage(Command, name="message.delete", mode=Mode.WRITE, returns=OneMessage):
    """Take a message back: its author, or staff of the course."""

    key: Key
    message_id: MessageId
    version: Annotated[int, Field(ge=1)] | None = None


class History(Result):
    """Messages by number, and the position that was read before them (SUB3)."""

    items: list[Message]
    position: Position
    has_before: bool
    has_after: bool


class ReadHistory(Command, name="history.read", returns=History):
    """A page of a room: the newest, or before, after or around a message."""

    room_id: RoomId
    before: MessageId | None = None
    after: MessageId | None = None
    around: MessageId | None = None
    thread_id: MessageId | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50

    @model_validator(mode="after")
    def _at_most_one_anchor(self) -> ReadHistory:
        if sum(anchor is not None for anchor in (self.before, self.after, self.around)) > 1:
            raise ValueError("give one of before, after and around")
        return self


# Who has got how far, who is here


class OneReceipt(Once):
    """The caller's pointers after the command; those of somebody who is not a member do not move."""

    receipt: Receipt
    unread: Unread


class MarkReceipt(Command, name="receipt.mark", mode=Mode.WRITE, returns=OneReceipt):
    """Move the caller's pointers forward; an earlier message changes nothing."""

    key: Key | None = None
    room_id: RoomId
    delivered: MessageId | None = None
    read: MessageId | None = None

    @model_validator(mode="after")
    def _something_to_mark(self) -> MarkReceipt:
        if self.delivered is None and self.read is None:
            raise ValueError("give delivered, read or both")
        return self


class SetTyping(Command, name="typing.set", mode=Mode.SIGNAL, returns=Nothing, cost=0.5):
    """Say that one types; it expires by itself after 6 s. It tells who: not for what will be an anonymous message."""

    room_id: RoomId
    active: bool


class OnePresence(Result):
    """The caller's presence after the command."""

    presence: Presence


class SetPresence(Command, name="presence.set", mode=Mode.SIGNAL, returns=OnePresence):
    """Choose how one is shown, on all of one's connections; say it again after all of them were gone."""

    status: PresenceStatus


COMMANDS: tuple[type[Command], ...] = (
    ListRooms, OpenRoom, JoinRoom, LeaveRoom, UpdateRoom, ListMembers,
    SendMessage, EditMessage, DeleteMessage, ReadHistory,
    MarkReceipt, SetTyping, SetPresence,
)  # fmt: skip


# Events


class MessageSent(Event[Message], name="message.sent", delivery=LOGGED, subject="id"):
    """A new message."""


class MessageEdited(Event[Message], name="message.edited", delivery=LOGGED, subject="id"):
    """A message has another text."""


class MessageDeleted(Event[Message], name="message.deleted", delivery=LOGGED, subject="id"):
    """A message was taken back; what is left keeps its place."""


class Membership(Model):
    """Somebody came or went."""

    room_id: RoomId
    user_id: UserId
    name: str
    member_count: int


class MemberJoined(Event[Membership], name="member.joined", delivery=LOGGED, subject="user_id"):
    """Somebody became a member. Whom a course's roster brings is told by name in rooms of up to 200 members."""


class MemberLeft(Event[Membership], name="member.left", delivery=LOGGED, subject="user_id"):
    """Somebody is no longer a member."""


class RoomUpdated(Event[Room], name="room.updated", delivery=LOGGED):
    """The room itself changed. On `user:<id>` it says that a room is new to this user."""


class ReceiptChanged(Event[Receipt], name="receipt.changed", delivery=LATEST, per="user_id", rate=1):
    """A member has got further. Told by name in rooms of up to 20 members."""


class UnreadChanged(Event[Unread], name="unread.changed", delivery=LATEST, per="room_id", rate=1):
    """On `user:<id>`: the counts of one room."""


class TypingChanged(Event[Typing], name="typing.changed", delivery=EPHEMERAL):
    """Who types now, all of them."""


class PresenceChanged(Event[Presence], name="presence.changed", delivery=LATEST, per="user_id", rate=1):
    """Somebody came, went or chose another status. Told in channels of up to 200 listeners."""


EVENTS: tuple[type[Event[Any]], ...] = (
    MessageSent, MessageEdited, MessageDeleted, MemberJoined, MemberLeft, RoomUpdated,
    ReceiptChanged, UnreadChanged, TypingChanged, PresenceChanged,
)  # fmt: skip
