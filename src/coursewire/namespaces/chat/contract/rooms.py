"""What /chat hears about rooms and who is in them."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field, model_validator

from coursewire.namespaces.chat.contract.values import Cursor, Member, Message, RoomKind, RoomSummary
from coursewire.realtime.contract import Command, Mode, Once, Result
from coursewire.vocabulary import CourseId, Key, Line, MessageId, RoomId, UserId


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
    """Become a member of an open room of one's course."""

    key: Key | None = None
    room_id: RoomId


class LeaveRoom(Command, name="room.leave", mode=Mode.WRITE, returns=OneRoom):
    """Stop being a member."""

    key: Key | None = None
    room_id: RoomId


class UpdateRoom(Command, name="room.update", mode=Mode.WRITE, returns=OneRoom):
    """Change the title, whether reading is told, or who is a member."""

    key: Key
    room_id: RoomId
    title: Line | None = None
    receipts: Literal["on", "off"] | None = None
    """Whether people see how far others have read."""
    add_member_ids: Annotated[list[UserId], Len(0, 200)] = Field(default_factory=list)
    remove_member_ids: Annotated[list[UserId], Len(0, 200)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _something_to_change(self) -> UpdateRoom:
        if self.title is None and self.receipts is None and not self.add_member_ids + self.remove_member_ids:
            raise ValueError("give title, receipts, add_member_ids or remove_member_ids")
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


class Pins(Result):
    """The pinned messages of a room, the one pinned last first: 50 at most."""

    items: list[Message]
    own: list[MessageId] = Field(default_factory=list)
    """Which of these the caller wrote without a name."""


class ListPins(Command, name="room.pins", returns=Pins):
    """What is pinned in a room."""

    room_id: RoomId
