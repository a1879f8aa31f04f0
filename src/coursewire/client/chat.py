"""The client of /chat: what one listens to. What one does stands in `chat_commands`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from coursewire.client.chat_commands import ChatCommands
from coursewire.client.inbox import Stream
from coursewire.client.namespace import Interest, Meta
from coursewire.client.outputs import Json
from coursewire.errors import CoursewireError, Unavailable
from coursewire.namespaces.chat import contract as chat
from coursewire.vocabulary import Position

PAGE: Final = 100
"""Messages that are read at once over a gap: it may be of months, and is never in memory whole."""


def room_channel(room_id: str) -> str:
    """Return the channel that a room's events travel in."""
    return f"room:{room_id}"


@dataclass(frozen=True, slots=True)
class Gap:
    """More was missed in a room than the server replays; what is shown of it should be read again.

    New messages are not lost: `messages` has them, 100 in each of as many gaps as it takes, and the loops over
    `ChatClient.messages` get them; not those from before one listened, to which a position given to `subscribe` may
    reach back. Edits, deletions and members that changed in between come with no event.
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
        self._streams: dict[str, dict[Stream[chat.Message], Interest]] = {}
        """By channel: the loops over it, and of what interest in it they are."""
        self._newest: dict[str, chat.Message | None] = {}
        """By channel: the last message known of each room listened to; None while there is none in it."""

    # Listening

    async def subscribe(self, room_id: str, since: Position | None = None) -> Position:
        """Get the events of a room; with `since` those after that position first. Raises Forbidden, NotFound."""
        position = await self.subscribe_channel(room_channel(room_id), since)
        if room_channel(room_id) not in self._newest:
            # From where on a gap is to be filled. Where it is refused one does without: the next message says it too.
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
        interest = self._interest.setdefault(channel, Interest())
        self._streams.setdefault(channel, {})[stream] = interest
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
                self._lose_interest(channel, interest)
        finally:
            stream.close()
            del self._streams[channel][stream]
            if not self._streams[channel]:
                del self._streams[channel]

    async def _begin(self, room_id: str, limit: int) -> list[chat.Message]:
        """Read the last messages of a room to which one has just subscribed; again where the connection is lost."""
        while True:
            try:
                earlier = (await self.history(room_id, limit=limit)).items
                break
            except Unavailable:
                await self.connected()  # raises when there will be no session any more
        self._note_newest(room_channel(room_id), earlier[-1] if earlier else None)
        return earlier

    async def handle_event(self, event: str, value: Any, meta: Meta) -> None:
        """Run the handlers, then feed the loops over messages."""
        await super().handle_event(event, value, meta)
        if isinstance(value, chat.Message) and event == chat.MessageSent.event:
            await self._feed_streams(meta.channel, value)

    async def load_snapshot(self, channel: str, reason: str, position: Json) -> Json:
        """Read the messages that the log no longer has, and pass on each page of them as a `Gap`."""
        kind, _, room_id = channel.partition(":")
        if kind != "room":
            return position
        async for page in self._missed(room_id):
            position = page.position.model_dump()
            gap = Gap(room_id, reason, page.items)
            await super().handle_event("gap", gap, Meta(channel=channel))
            for message in page.items:
                await self._feed_streams(channel, message)
        return position

    async def _missed(self, room_id: str) -> AsyncGenerator[chat.History]:
        """Yield the pages of what was said since the last message known; the position of the last one counts.

        There is one at least. One that was cut off goes on behind what was fed since.
        """
        channel = room_channel(room_id)
        if channel not in self._newest:
            page = await self.history(room_id, limit=1)
            yield page.model_copy(update={"items": []})
            return
        newest = self._newest[channel]
        if newest is not None:
            page = await self.history(room_id, after=newest.id, limit=PAGE)
        else:
            page = await self.history(room_id, limit=PAGE)
            while page.has_before and page.items:
                page = await self.history(room_id, before=page.items[0].id, limit=PAGE)
        yield page
        while page.has_after and page.items:
            page = await self.history(room_id, after=page.items[-1].id, limit=PAGE)
            yield page

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
        for stream, interest in self._streams.get(channel, {}).items():
            if self._interest.get(channel) is not interest:
                stream.close(error)

    async def close(self) -> None:
        """Disconnect for good, and end the loops."""
        await super().close()
        for streams in self._streams.values():
            for stream in streams:
                stream.close()
