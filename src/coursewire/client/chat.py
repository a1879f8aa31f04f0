"""The client of /chat."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from coursewire.client.inbox import Stream
from coursewire.client.namespace import Meta, NamespaceClient
from coursewire.client.outputs import Json
from coursewire.errors import CoursewireError
from coursewire.namespaces.chat import contract as chat
from coursewire.realtime.contract import Nothing
from coursewire.vocabulary import Position, new_id


def room_channel(room_id: str) -> str:
    """Return the channel that a room's events travel in."""
    return f"room:{room_id}"


@dataclass(frozen=True, slots=True)
class Gap:
    """More was missed in a room than the server replays; what is shown of it should be read again.

    New messages are not lost: `messages` has them, and the loops over `ChatClient.messages` get them. Edits,
    deletions and members that changed in between come with no event.
    """

    room_id: str
    reason: str
    messages: list[chat.Message]


class ChatClient(NamespaceClient):
    """Rooms and messages.

    `async with ChatClient(url, token) as chat: async for message in chat.messages(room_id): ...`
    """

    namespace = "/chat"
    events = chat.EVENTS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._streams: dict[str, set[Stream[chat.Message]]] = {}
        self._newest: dict[str, chat.Message] = {}
        """By channel: the last message known of each room listened to."""

    # Listening

    async def subscribe(self, room_id: str, since: Position | None = None) -> Position:
        """Get the events of a room; with `since` those after that position first. Raises Forbidden, NotFound."""
        return await self.subscribe_channel(room_channel(room_id), since)

    def unsubscribe(self, room_id: str) -> None:
        """Stop getting the events of a room, if nothing else here listens to it."""
        self.unsubscribe_channel(room_channel(room_id))

    async def messages(self, room_id: str, *, history: int = 0) -> AsyncGenerator[chat.Message]:
        """Yield the last `history` messages of a room (100 at most), then every new one, each once and in order.

        A reconnect or a slow loop misses nothing. Raises Forbidden or NotFound when the room is, or becomes, closed.
        """
        channel, stream = room_channel(room_id), Stream[chat.Message]()
        self._streams.setdefault(channel, set()).add(stream)
        try:
            await self.subscribe_channel(channel)
            try:
                # Subscribed first: what comes meanwhile is in the stream, and twice at worst. Without history
                # one message still says from where on a gap is to be filled.
                earlier = (await self.history(room_id, limit=history or 1)).items
                if earlier:
                    self._note_newest(channel, earlier[-1])
                last = 0
                for message in earlier if history else ():
                    last = message.number
                    yield message
                async for message in stream:
                    if message.number > last:
                        last = message.number
                        yield message
            finally:
                self.unsubscribe_channel(channel)
        finally:
            stream.close()
            self._streams[channel].discard(stream)

    async def handle_event(self, event: str, value: Any, meta: Meta) -> None:
        """Run the handlers, then feed the loops over messages."""
        await super().handle_event(event, value, meta)
        if isinstance(value, chat.Message) and event == chat.MessageSent.event:
            await self._feed_streams(meta.channel, value)

    async def load_snapshot(self, channel: str, reason: str, position: Json) -> Json:
        """Read the messages that the log no longer has, and pass them on as a `Gap`."""
        kind, _, room_id = channel.partition(":")
        if kind != "room":
            return position
        newest = self._newest.get(channel)
        page = await self.history(
            room_id, after=None if newest is None else newest.id, limit=100 if newest else 1
        )
        missed = list(page.items) if newest else []
        while newest is not None and page.has_after and page.items:
            page = await self.history(room_id, after=page.items[-1].id, limit=100)
            missed += page.items
        for message in missed:
            await self._feed_streams(channel, message)
        await super().handle_event("gap", Gap(room_id, reason, missed), Meta(channel=channel))
        return page.position.model_dump()

    async def _feed_streams(self, channel: str, message: chat.Message) -> None:
        self._note_newest(channel, message)
        for stream in tuple(self._streams.get(channel, ())):
            await stream.put(message)

    def _note_newest(self, channel: str, message: chat.Message) -> None:
        newest = self._newest.get(channel)
        if newest is None or newest.number < message.number:
            self._newest[channel] = message

    async def channel_gone(self, channel: str, error: CoursewireError) -> None:
        """End the loops over a room that was taken away."""
        await super().channel_gone(channel, error)
        self._newest.pop(channel, None)
        for stream in self._streams.get(channel, ()):
            stream.close(error)

    async def close(self) -> None:
        """Disconnect for good, and end the loops."""
        await super().close()
        for streams in self._streams.values():
            for stream in streams:
                stream.close()

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
            key=key or new_id(),
            kind=kind,
            member_ids=list(member_ids),
            title=title,
            course_id=course_id,
        )
        return answer.room

    async def join(self, room_id: str) -> chat.RoomSummary:
        """Become a member of an open room."""
        return (await self.run(chat.JoinRoom, chat.OneRoom, key=new_id(), room_id=room_id)).room

    async def leave(self, room_id: str) -> chat.RoomSummary:
        """Stop being a member."""
        return (await self.run(chat.LeaveRoom, chat.OneRoom, key=new_id(), room_id=room_id)).room

    async def update_room(
        self,
        room_id: str,
        *,
        title: str | None = None,
        add_member_ids: Sequence[str] = (),
        remove_member_ids: Sequence[str] = (),
        key: str | None = None,
    ) -> chat.RoomSummary:
        """Change a room's title, or who is in it."""
        answer = await self.run(
            chat.UpdateRoom,
            chat.OneRoom,
            key=key or new_id(),
            room_id=room_id,
            title=title,
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
            key=key or new_id(),
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
            key=new_id(),
            message_id=message.id,
            text=text,
            version=message.version,
        )
        return answer.message

    async def delete(self, message_id: str, *, version: int | None = None) -> chat.Message:
        """Take a message back."""
        answer = await self.run(
            chat.DeleteMessage, chat.OneMessage, key=new_id(), message_id=message_id, version=version
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
        """Read a page of messages: the newest, or before, after or around a message; 100 at most."""
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

    # Who has got how far, who is here

    async def mark(
        self, room_id: str, *, read: str | None = None, delivered: str | None = None
    ) -> chat.OneReceipt:
        """Move one's pointers forward to a message."""
        return await self.run(
            chat.MarkReceipt, chat.OneReceipt, room_id=room_id, read=read, delivered=delivered
        )

    async def set_typing(self, room_id: str, *, active: bool = True) -> None:
        """Show that one types, for 6 s; while offline nothing happens, because it would come too late."""
        if self.state in ("connected", "degraded"):
            await self.run(chat.SetTyping, Nothing, room_id=room_id, active=active)

    async def set_presence(self, status: chat.PresenceStatus) -> chat.Presence:
        """Choose how one is shown."""
        return (await self.run(chat.SetPresence, chat.OnePresence, status=status)).presence
