"""What a client makes of a room by folding its events, as the browser does (the idea of Zulip's verify_action)."""

from __future__ import annotations

import orjson

from coursewire import log
from coursewire.namespaces.chat.contract import Membership, Message, Room
from coursewire.namespaces.chat.store import quote_of


class Screen:
    """A room as one who listens to its channel sees it, from a page and the events that came after it."""

    def __init__(self, room: Room, messages: list[Message]) -> None:
        self.messages = {message.id: message for message in messages}
        self.title = room.title
        self.member_count = room.member_count

    def fold(self, event: log.Logged) -> None:
        data = orjson.loads(event.data)
        match event.event:
            case (
                "message.sent" | "message.edited" | "message.deleted" | "message.pinned" | "reaction.changed"
            ):
                self._put(Message.model_validate(data))
            case "member.joined" | "member.left":
                self.member_count = Membership.model_validate(data).member_count
            case "room.updated":
                room = Room.model_validate(data)
                self.title, self.member_count = room.title, room.member_count
            case name:
                raise AssertionError(name)

    def _put(self, message: Message) -> None:
        root = self.messages.get(message.thread_id or "")
        if message.thread_id is not None and message.thread is not None:
            # An event about a reply says how its thread stands, and a page says it at the root.
            if root is not None:
                self.messages[root.id] = root.model_copy(update={"thread": message.thread})
            message = message.model_copy(update={"thread": None})
        self.messages[message.id] = message
        for reply in list(self.messages.values()):
            if reply.reply_to == message.id and reply.quote is not None:
                quote = quote_of(message)
                self.messages[reply.id] = reply.model_copy(update={"quote": quote})

    @property
    def shown(self) -> list[Message]:
        """The messages in order, as somebody sees them who wrote none of them."""
        messages = sorted(self.messages.values(), key=lambda message: message.number)
        return [message.model_copy(update={"key": None}) for message in messages]
