"""What a client makes of a room by folding its events, as the browser does (the idea of Zulip's verify_action)."""

from __future__ import annotations

import orjson

from coursewire import log
from coursewire.namespaces.chat.contract import Membership, Message, Room


class Screen:
    """A room as one who listens to its channel sees it, from a page and the events that came after it."""

    def __init__(self, room: Room, messages: list[Message]) -> None:
        self.messages = {message.id: message for message in messages}
        self.title = room.title
        self.member_count = room.member_count

    def fold(self, event: log.Logged) -> None:
        data = orjson.loads(event.data)
        match event.event:
            case "message.sent" | "message.edited" | "message.deleted":
                message = Message.model_validate(data)
                known = self.messages.get(message.id)
                if known is None or message.version >= known.version:
                    self.messages[message.id] = message
            case "member.joined" | "member.left":
                self.member_count = Membership.model_validate(data).member_count
            case "room.updated":
                room = Room.model_validate(data)
                self.title, self.member_count = room.title, room.member_count
            case name:
                raise AssertionError(name)

    @property
    def shown(self) -> list[Message]:
        """The messages in order, as somebody sees them who wrote none of them."""
        messages = sorted(self.messages.values(), key=lambda message: message.number)
        return [message.model_copy(update={"key": None}) for message in messages]
