"""What /chat does: load, decide, save, append. Plain functions on a transaction; no sockets, no commit."""

from coursewire.namespaces.chat.service.addressed import answer_quote_readers, answer_readers
from coursewire.namespaces.chat.service.channels import (
    UNREAD,
    UNREAD_NO_MORE,
    check_room_channel,
    latest_of_room,
    room_channel,
    unread_no_more_of,
    unread_of,
    user_channel,
)
from coursewire.namespaces.chat.service.erasure import erase_user
from coursewire.namespaces.chat.service.history import list_pins, read_history
from coursewire.namespaces.chat.service.messages import (
    delete_message,
    edit_message,
    pin_message,
    react,
    send_message,
    somebody,
)
from coursewire.namespaces.chat.service.moderation import (
    list_audit,
    list_reports,
    moderate_room,
    report_message,
    reveal_message,
)
from coursewire.namespaces.chat.service.people import follow_roster, join_room, leave_room, list_members
from coursewire.namespaces.chat.service.receipts import mark_receipt, read_receipts
from coursewire.namespaces.chat.service.rooms import list_rooms, open_room, update_room
from coursewire.namespaces.chat.service.search import search_messages

__all__ = [
    "UNREAD",
    "UNREAD_NO_MORE",
    "answer_quote_readers",
    "answer_readers",
    "check_room_channel",
    "delete_message",
    "edit_message",
    "erase_user",
    "follow_roster",
    "join_room",
    "latest_of_room",
    "leave_room",
    "list_audit",
    "list_members",
    "list_pins",
    "list_reports",
    "list_rooms",
    "mark_receipt",
    "moderate_room",
    "open_room",
    "pin_message",
    "react",
    "read_history",
    "read_receipts",
    "report_message",
    "reveal_message",
    "room_channel",
    "search_messages",
    "send_message",
    "somebody",
    "unread_no_more_of",
    "unread_of",
    "update_room",
    "user_channel",
]
