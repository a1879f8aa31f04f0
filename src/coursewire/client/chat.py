"""The client of /chat: what one listens to. What one does stands in `chat_commands`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from coursewire.client.chat_commands import ChatCommands
from coursewire.client.inbox import Stream
from coursewire.client.namespace import Meta
from coursewire.client.outputs import Json
from coursewire.errors import CoursewireError
from coursewire.namespaces.chat import contract as chat
from coursewire.vocabulary import Position


def room_channel(room_id: str) -> str:
    """Return the channel that a room's events travel in."""
    return f"room:{room_id}"


@dataclass(frozen=True, slots=True)
class Gap:
    """More was missed in a room than the server replays; what is shown of it should be read again.

    New messages are not lost: `messages` has them, and the loops over `ChatClient.messages` get them; not those from
    before one listened, to which a position given to `subscribe` may reach back. Edits, deletions and members that
    changed in between come with no event.
    """

    room_id: str
    reason: str
    messages: list[chat.Message]


class ChatClient(ChatCommands):
    """Rooms and messages.

    `async with ChatClient(url, token) as chat: async for message in chat.messages(room_id): ...`
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._streams: dict[str, set[Stream[chat.Message]]] = {}
        self._newest: dict[str, chat.Message | None] = {}
        """By channel: the last message known of each room listened to; None while there is none in it."""

    # Listening

    async def subscribe(self, room_id: str, since: Position | None = None) -> Position:
        """Get the events of a room; with `since` those after that position first. Raises Forbidden, NotFound."""
        position = await self.subscribe_channel(room_channel(room_id), since)
        if room_channel(room_id) not in self._newest:
            # From where on a gap is to be filled. Cut off meanwhile, one does without: the next message says it too.
            with suppress(CoursewireError):
                await self._begin(room_id, 1)
        return position

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
                earlier = await self._begin(room_id, history or 1)
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
            if not self._streams[channel]:
                del self._streams[channel]

    async def _begin(self, room_id: str, limit: int) -> list[chat.Message]:
        """Read the last messages of a room to which one has just subscribed."""
        earlier = (await self.history(room_id, limit=limit)).items
        self._note_newest(room_channel(room_id), earlier[-1] if earlier else None)
        return earlier

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
        read_at, missed = await self._missed(room_id)
        for message in missed:
            await self._feed_streams(channel, message)
        await super().handle_event("gap", Gap(room_id, reason, missed), Meta(channel=channel))
        return read_at.model_dump()

    async def _missed(self, room_id: str) -> tuple[Position, list[chat.Message]]:
        """Return what was said since the last message known, and the position that belongs to it."""
        channel = room_channel(room_id)
        newest, is_known = self._newest.get(channel), channel in self._newest
        if newest is not None:
            page = await self.history(room_id, after=newest.id, limit=100)
            missed = list(page.items)
            while page.has_after and page.items:
                page = await self.history(room_id, after=page.items[-1].id, limit=100)
                missed += page.items
            return page.position, missed
        first = page = await self.history(room_id, limit=100 if is_known else 1)
        missed = list(page.items) if is_known else []
        while is_known and page.has_before and page.items:
            page = await self.history(room_id, before=page.items[0].id, limit=100)
            missed = [*page.items, *missed]
        return first.position, missed

    async def _feed_streams(self, channel: str, message: chat.Message) -> None:
        self._note_newest(channel, message)
        for stream in tuple(self._streams.get(channel, ())):
            await stream.put(message)

    def _note_newest(self, channel: str, message: chat.Message | None) -> None:
        newest = self._newest.get(channel)
        is_newer = newest is None or (message is not None and newest.number < message.number)
        if is_newer and channel in self._interest:
            self._newest[channel] = message

    def channel_left(self, channel: str) -> None:
        """Count what is missed from when one listens there again."""
        self._newest.pop(channel, None)

    async def channel_gone(self, channel: str, error: CoursewireError) -> None:
        """End the loops over a room that was taken away."""
        await super().channel_gone(channel, error)
        for stream in self._streams.get(channel, ()):
            stream.close(error)

    async def close(self) -> None:
        """Disconnect for good, and end the loops."""
        await super().close()
        for streams in self._streams.values():
            for stream in streams:
                stream.close()
