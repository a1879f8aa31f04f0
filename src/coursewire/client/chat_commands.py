"""What one does in /chat: its commands as methods with typed results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from coursewire.client.moderation import ModerationCommands
from coursewire.namespaces.chat import contract as chat
from coursewire.realtime.contract import Nothing


class ChatCommands(ModerationCommands):
    """Rooms, messages, people."""

    # Rooms

    async def rooms(self, course_id: str | None = None) -> list[chat.RoomSummary]:
        """Return the rooms of the caller, the one that moved last first."""
        rooms: list[chat.RoomSummary] = []
        cursor: str | None = None
        while True:
            page = await self.run(chat.ListRooms, chat.RoomPage, course_id=course_id, cursor=cursor)
            rooms += page.items
            cursor = page.next_cursor
            if cursor is None:
                return rooms

    async def open_room(
        self,
        kind: chat.RoomKind,
        member_ids: Sequence[str] = (),
        *,
        title: str | None = None,
        course_id: str | None = None,
        key: str | None = None,
    ) -> chat.RoomSummary:
        """Make a room; a `direct` one of the same two people is the same room."""
        answer = await self.run(
            chat.OpenRoom,
            chat.OneRoom,
            key=key,
            kind=kind,
            member_ids=list(member_ids),
            title=title,
            course_id=course_id,
        )
        return answer.room

    async def join(self, room_id: str) -> chat.RoomSummary:
        """Become a member of an open room."""
        return (await self.run(chat.JoinRoom, chat.OneRoom, room_id=room_id)).room

    async def leave(self, room_id: str) -> chat.RoomSummary:
        """Stop being a member."""
        return (await self.run(chat.LeaveRoom, chat.OneRoom, room_id=room_id)).room

    async def update_room(
        self,
        room_id: str,
        *,
        title: str | None = None,
        receipts: Literal["on", "off"] | None = None,
        add_member_ids: Sequence[str] = (),
        remove_member_ids: Sequence[str] = (),
        key: str | None = None,
    ) -> chat.RoomSummary:
        """Change a room's title, whether reading is told in it, or who is in it."""
        answer = await self.run(
            chat.UpdateRoom,
            chat.OneRoom,
            key=key,
            room_id=room_id,
            title=title,
            receipts=receipts,
            add_member_ids=list(add_member_ids),
            remove_member_ids=list(remove_member_ids),
        )
        return answer.room

    async def members(self, room_id: str) -> list[chat.Member]:
        """Return who is in a room, by name."""
        members: list[chat.Member] = []
        cursor: str | None = None
        while True:
            page = await self.run(
                chat.ListMembers, chat.MemberPage, room_id=room_id, cursor=cursor, limit=200
            )
            members += page.items
            cursor = page.next_cursor
            if cursor is None:
                return members

    async def pins(self, room_id: str) -> list[chat.Message]:
        """Return what is pinned in a room, the message pinned last first."""
        return (await self.run(chat.ListPins, chat.Pins, room_id=room_id)).items

    # Messages

    async def send(
        self,
        room_id: str,
        text: str,
        *,
        reply_to: str | None = None,
        thread_id: str | None = None,
        mentions: Sequence[str] | None = None,
        anonymous: bool | None = None,
        key: str | None = None,
    ) -> chat.Message:
        """Say something (1-8,000 characters). While offline it waits; with the same `key` it is said once."""
        answer = await self.run(
            chat.SendMessage,
            chat.OneMessage,
            key=key,
            room_id=room_id,
            text=text,
            reply_to=reply_to,
            thread_id=thread_id,
            mentions=None if mentions is None else list(mentions),
            anonymous=anonymous,
        )
        return answer.message

    async def edit(self, message: chat.Message, text: str) -> chat.Message:
        """Change one's own message. Raises Conflict, with the current message in `details`, when it has changed."""
        answer = await self.run(
            chat.EditMessage,
            chat.OneMessage,
            message_id=message.id,
            text=text,
            version=message.version,
        )
        return answer.message

    async def delete(self, message_id: str, *, version: int | None = None) -> chat.Message:
        """Take a message back."""
        answer = await self.run(chat.DeleteMessage, chat.OneMessage, message_id=message_id, version=version)
        return answer.message

    async def reply(
        self, message: chat.Message, text: str, *, in_thread: bool = False, key: str | None = None
    ) -> chat.Message:
        """Answer a message: below a quote of it, or in its thread, which has one level."""
        thread_id = (message.thread_id or message.id) if in_thread else message.thread_id
        return await self.send(
            message.room_id, text, reply_to=None if in_thread else message.id, thread_id=thread_id, key=key
        )

    async def react(
        self, message_id: str, emoji: str, *, on: bool = True, key: str | None = None
    ) -> chat.Message:
        """React with one emoji, or with `on=False` take that back; again changes nothing."""
        answer = await self.run(
            chat.React, chat.OneMessage, key=key, message_id=message_id, emoji=emoji, on=on
        )
        return answer.message

    async def pin(
        self, message_id: str, *, on: bool = True, version: int | None = None, key: str | None = None
    ) -> chat.Message:
        """Pin a message, or with `on=False` take the pin off. Raises Conflict when `version` is not the current one."""
        answer = await self.run(
            chat.PinMessage,
            chat.OneMessage,
            key=key,
            message_id=message_id,
            on=on,
            version=version,
        )
        return answer.message

    async def history(
        self,
        room_id: str,
        *,
        before: str | None = None,
        after: str | None = None,
        around: str | None = None,
        thread_id: str | None = None,
        limit: int = 50,
    ) -> chat.History:
        """Read a page of messages: the newest, or before, after or around a message; 100 at most.

        `own` in it names those that one wrote without a name: to be edited or deleted, they are known by it alone.
        """
        return await self.run(
            chat.ReadHistory,
            chat.History,
            room_id=room_id,
            before=before,
            after=after,
            around=around,
            thread_id=thread_id,
            limit=limit,
        )

    async def thread(self, message: chat.Message, *, limit: int = 50) -> list[chat.Message]:
        """Read the newest replies in the thread that a message begins or is in; 100 at most."""
        thread_id = message.thread_id or message.id
        page = await self.history(message.room_id, thread_id=thread_id, limit=limit)
        return [reply for reply in page.items if reply.id != thread_id]

    async def search(
        self, query: str, *, room_id: str | None = None, course_id: str | None = None, limit: int = 20
    ) -> list[chat.FoundMessage]:
        """Find messages by their words, the best first: in all rooms that one may read, or in a course or room of them.

        `limit` may be any number; each page of 50 takes another command.
        """
        found: list[chat.FoundMessage] = []
        cursor: str | None = None
        while len(found) < limit:
            page = await self.run(
                chat.SearchMessages,
                chat.FoundMessages,
                query=query,
                room_id=room_id,
                course_id=course_id,
                cursor=cursor,
                limit=min(limit - len(found), 50),
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return found

    # Who has got how far, who is here

    async def mark(
        self, room_id: str, *, read: str | None = None, delivered: str | None = None
    ) -> chat.OneReceipt:
        """Move one's pointers forward to a message."""
        return await self.run(
            chat.MarkReceipt, chat.OneReceipt, room_id=room_id, read=read, delivered=delivered
        )

    async def readers(self, message_id: str) -> chat.Readers:
        """Return who has received and read a message, as the room tells it: by name, as counts, or not at all."""
        return await self.run(chat.ReadReceipts, chat.Readers, message_id=message_id)

    async def set_typing(self, room_id: str, *, active: bool = True) -> None:
        """Show that one types, for 6 s; while offline nothing happens, because it would come too late."""
        if self.state in ("connected", "degraded"):
            await self.run(chat.SetTyping, Nothing, room_id=room_id, active=active)

    async def set_presence(self, status: chat.PresenceStatus) -> chat.Presence:
        """Choose how one is shown."""
        return (await self.run(chat.SetPresence, chat.OnePresence, status=status)).presence
