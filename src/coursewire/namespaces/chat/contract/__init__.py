"""What /chat says and hears.

values      rooms, messages, people, counts
rooms       commands about rooms and their people
messages    commands about messages
people      commands about reading, typing and being here
moderation  commands about keeping order
search      commands that find messages
events      what is said
facts       what the other namespaces are told
"""

from __future__ import annotations

from typing import Any

from coursewire.namespaces.chat.contract.events import (
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageSent,
    PresenceChanged,
    ReactionChanged,
    ReceiptChanged,
    RoomUpdated,
    TypingChanged,
    UnreadChanged,
)
from coursewire.namespaces.chat.contract.facts import (
    MessageAddressed,
)
from coursewire.namespaces.chat.contract.messages import (
    DeleteMessage,
    EditMessage,
    History,
    OneMessage,
    PinMessage,
    React,
    ReadHistory,
    Revealed,
    RevealMessage,
    SendMessage,
)
from coursewire.namespaces.chat.contract.moderation import (
    Action,
    AuditEntry,
    AuditPage,
    Deed,
    ListAudit,
    ListReports,
    Moderated,
    ModerateRoom,
    OneReport,
    Reason,
    Report,
    ReportMessage,
    ReportPage,
)
from coursewire.namespaces.chat.contract.people import (
    MarkReceipt,
    OnePresence,
    OneReceipt,
    Readers,
    ReadReceipts,
    SetPresence,
    SetTyping,
)
from coursewire.namespaces.chat.contract.rooms import (
    JoinRoom,
    LeaveRoom,
    ListMembers,
    ListPins,
    ListRooms,
    MemberPage,
    OneRoom,
    OpenRoom,
    Pins,
    RoomPage,
    UpdateRoom,
)
from coursewire.namespaces.chat.contract.search import (
    FoundMessage,
    FoundMessages,
    Piece,
    SearchMessages,
)
from coursewire.namespaces.chat.contract.values import (
    Author,
    Cursor,
    Emoji,
    Group,
    Member,
    Membership,
    Message,
    Presence,
    PresenceStatus,
    Quote,
    ReactedMessage,
    Reaction,
    ReactionChange,
    Receipt,
    Receipts,
    Room,
    RoomKind,
    RoomSummary,
    Thread,
    Typing,
    Unread,
)
from coursewire.realtime.contract import Command, Event

COMMANDS: tuple[type[Command], ...] = (
    ListRooms, OpenRoom, JoinRoom, LeaveRoom, UpdateRoom, ListMembers, ListPins,
    SendMessage, EditMessage, DeleteMessage, PinMessage, React, ReadHistory,
    SearchMessages,
    MarkReceipt, ReadReceipts, SetTyping, SetPresence,
)  # fmt: skip
EVENTS: tuple[type[Event[Any]], ...] = (
    MessageSent, MessageEdited, MessageDeleted, MessagePinned, ReactionChanged,
    MemberJoined, MemberLeft, RoomUpdated,
    ReceiptChanged, UnreadChanged, TypingChanged, PresenceChanged,
)  # fmt: skip

__all__ = [
    "COMMANDS",
    "EVENTS",
    "Action",
    "AuditEntry",
    "AuditPage",
    "Author",
    "Cursor",
    "Deed",
    "DeleteMessage",
    "EditMessage",
    "Emoji",
    "FoundMessage",
    "FoundMessages",
    "Group",
    "History",
    "JoinRoom",
    "LeaveRoom",
    "ListAudit",
    "ListMembers",
    "ListPins",
    "ListReports",
    "ListRooms",
    "MarkReceipt",
    "Member",
    "MemberJoined",
    "MemberLeft",
    "MemberPage",
    "Membership",
    "Message",
    "MessageAddressed",
    "MessageDeleted",
    "MessageEdited",
    "MessagePinned",
    "MessageSent",
    "ModerateRoom",
    "Moderated",
    "OneMessage",
    "OnePresence",
    "OneReceipt",
    "OneReport",
    "OneRoom",
    "OpenRoom",
    "Piece",
    "PinMessage",
    "Pins",
    "Presence",
    "PresenceChanged",
    "PresenceStatus",
    "Quote",
    "React",
    "ReactedMessage",
    "Reaction",
    "ReactionChange",
    "ReactionChanged",
    "ReadHistory",
    "ReadReceipts",
    "Readers",
    "Reason",
    "Receipt",
    "ReceiptChanged",
    "Receipts",
    "Report",
    "ReportMessage",
    "ReportPage",
    "RevealMessage",
    "Revealed",
    "Room",
    "RoomKind",
    "RoomPage",
    "RoomSummary",
    "RoomUpdated",
    "SearchMessages",
    "SendMessage",
    "SetPresence",
    "SetTyping",
    "Thread",
    "Typing",
    "TypingChanged",
    "Unread",
    "UnreadChanged",
    "UpdateRoom",
]
