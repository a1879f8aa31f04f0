"""What /chat hears about keeping order: reports, and what staff do about them."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field

from coursewire.namespaces.chat.contract.values import Author, Cursor, Message, RoomSummary
from coursewire.realtime.contract import Command, Mode, Once, Result
from coursewire.vocabulary import CourseId, Key, MessageId, Model, RoomId, Text, Time, UserId

Reason = Literal["spam", "harassment", "cheating", "off_topic", "other"]
Action = Literal["hide", "restore", "mute", "unmute", "lock", "unlock", "slow_mode"]
Deed = Literal["hide", "restore", "mute", "unmute", "lock", "unlock", "slow_mode", "reveal", "delete"]


class Report(Model):
    """What somebody found wrong with a message. Only staff see reports."""

    id: str
    room_id: RoomId
    message: Message
    reporter: Author
    reason: Reason
    note: str = ""
    state: Literal["open", "resolved"] = "open"
    reported_at: Time


class OneReport(Once):
    """What the reporter gets to know: that the report is there."""

    report_id: str


class ReportMessage(Command, name="message.report", mode=Mode.WRITE, returns=OneReport, cost=5):
    """Tell staff about a message. One person reports one message once; again changes nothing."""

    key: Key
    message_id: MessageId
    reason: Reason
    note: Annotated[Text, Len(1, 1_000)] | None = None


class Moderated(Once):
    """The room after the command, and the message where one was hidden or restored."""

    room: RoomSummary
    message: Message | None = None


class ModerateRoom(Command, name="room.moderate", mode=Mode.WRITE, returns=Moderated):
    """Keep order in a room of a course: staff only. Each is kept in the audit trail."""

    key: Key
    room_id: RoomId
    action: Action
    message_id: MessageId | None = None
    """hide, restore: which message."""
    user_id: UserId | None = None
    """mute, unmute: whom."""
    seconds: Annotated[int, Field(ge=0, le=31_536_000)] | None = None
    """mute: for how long; without it, until unmuted. slow_mode: between two messages, 3600 at most; 0 ends it."""
    note: Annotated[Text, Len(1, 1_000)] | None = None
    """Why; for the audit trail."""


class ReportPage(Result):
    """Reports, the newest first."""

    items: list[Report]
    next_cursor: Cursor | None = None


class ListReports(Command, name="report.list", returns=ReportPage):
    """The reports of the courses in which the caller is staff."""

    course_id: CourseId | None = None
    room_id: RoomId | None = None
    state: Literal["open", "resolved"] = "open"
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class AuditEntry(Model):
    """What somebody of the staff did."""

    id: str
    room_id: RoomId
    action: Deed
    actor: Author
    message_id: MessageId | None = None
    user_id: UserId | None = None
    seconds: int | None = None
    note: str = ""
    at: Time


class AuditPage(Result):
    """The audit trail, the newest first."""

    items: list[AuditEntry]
    next_cursor: Cursor | None = None


class ListAudit(Command, name="audit.list", returns=AuditPage):
    """What staff did in a room: staff of its course only."""

    room_id: RoomId
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
