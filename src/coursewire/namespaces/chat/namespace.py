"""The door of /chat: which command runs which function, which channels exist, who follows whose changes."""

from __future__ import annotations

from coursewire.identity.contract import MembersChanged, UserErased
from coursewire.namespaces.chat import service
from coursewire.namespaces.chat.contract import (
    EVENTS,
    DeleteMessage,
    EditMessage,
    JoinRoom,
    LeaveRoom,
    ListAudit,
    ListMembers,
    ListPins,
    ListReports,
    ListRooms,
    MarkReceipt,
    ModerateRoom,
    OpenRoom,
    PinMessage,
    React,
    ReadersAsked,
    ReadHistory,
    ReadReceipts,
    ReportMessage,
    RevealMessage,
    SearchMessages,
    SendMessage,
    SetPresence,
    SetTyping,
    UpdateRoom,
)
from coursewire.namespaces.chat.indexing import index_for_ever
from coursewire.namespaces.chat.moment import Moment, presence_changed
from coursewire.namespaces.notifications.contract import QuoteReadersAsked
from coursewire.realtime.namespace import ChannelKind, Derived, Namespace, Signal, only_self


def make() -> Namespace:
    """Return /chat, with nobody typing."""
    moment = Moment()
    return Namespace(
        path="/chat",
        commands={
            ListRooms: service.list_rooms,
            OpenRoom: service.open_room,
            JoinRoom: service.join_room,
            LeaveRoom: service.leave_room,
            UpdateRoom: service.update_room,
            ListMembers: service.list_members,
            SendMessage: service.send_message,
            EditMessage: service.edit_message,
            DeleteMessage: service.delete_message,
            PinMessage: service.pin_message,
            React: service.react,
            ReadHistory: service.read_history,
            ListPins: service.list_pins,
            ReadReceipts: service.read_receipts,
            SearchMessages: service.search_messages,
            ReportMessage: service.report_message,
            ModerateRoom: service.moderate_room,
            RevealMessage: service.reveal_message,
            ListReports: service.list_reports,
            ListAudit: service.list_audit,
            MarkReceipt: service.mark_receipt,
            SetTyping: Signal(moment.set_typing, lambda command: service.room_channel(command.room_id)),
            SetPresence: Signal(moment.set_presence),
        },
        events=EVENTS,
        channels={
            "room": ChannelKind(service.check_room_channel, service.latest_of_room, presence_changed),
            "user": ChannelKind(only_self),
        },
        derived={
            service.UNREAD: Derived(service.unread_of),
            service.UNREAD_NO_MORE: Derived(service.unread_no_more_of, is_kept=False),
        },
        reactions={
            MembersChanged: service.follow_roster,
            UserErased: service.erase_user,
            QuoteReadersAsked: service.answer_quote_readers,
            ReadersAsked: service.answer_readers,
        },
        background=(index_for_ever,),
        departed=moment.departed,
    )
