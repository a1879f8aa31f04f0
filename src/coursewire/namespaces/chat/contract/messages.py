"""What /chat hears about messages."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Len
from pydantic import Field, model_validator

from coursewire.namespaces.chat.contract.values import Author, Emoji, Message
from coursewire.realtime.contract import Command, Mode, Once, Result
from coursewire.vocabulary import Key, MessageId, Position, RoomId, Text, UserId


class OneMessage(Once):
    """The message after the command."""

    message: Message
    own: bool | None = None
    """True where the caller wrote it without a name: nothing in the message says so, and nobody else is told."""


class SendMessage(Command, name="message.send", mode=Mode.WRITE, returns=OneMessage):
    """Say something in a room."""

    key: Key
    room_id: RoomId
    text: Annotated[Text, Len(1, 8_000)]
    """`@<user id>` mentions that person, `@staff` the course's staff in the room, `@room` everybody in it; not in code.
    `@room` is only a word where more than 20 people are, unless staff say it, and not anonymously."""
    reply_to: MessageId | None = None
    thread_id: MessageId | None = None
    """The first message of the thread; one that is in a thread itself cannot be it."""
    mentions: Annotated[list[UserId], Len(0, 50)] = Field(default_factory=list)
    """Others in the room whom the text calls by name. Whoever is not in it (any more) is dropped; the message says who
    was mentioned."""
    anonymous: bool = False
    """Peers never learn who wrote it; staff of the course can ask (`message.reveal`). In rooms of a course only."""


class EditMessage(Command, name="message.edit", mode=Mode.WRITE, returns=OneMessage):
    """Change the text of one's own message. An old `version` gets `conflict` with the current message."""

    key: Key
    message_id: MessageId
    text: Annotated[Text, Len(1, 8_000)]
    version: Annotated[int, Field(ge=1)]


class DeleteMessage(Command, name="message.delete", mode=Mode.WRITE, returns=OneMessage):
    """Take a message back: its author, or staff of the course. One that staff have hidden only its author."""

    key: Key
    message_id: MessageId
    version: Annotated[int, Field(ge=1)] | None = None


class PinMessage(Command, name="message.pin", mode=Mode.WRITE, returns=OneMessage):
    """Pin a message, or with `on: false` take the pin off: staff in rooms of a course, members in the others."""

    key: Key
    message_id: MessageId
    on: bool = True
    version: Annotated[int, Field(ge=1)] | None = None


class React(Command, name="message.react", mode=Mode.WRITE, returns=OneMessage):
    """React with an emoji, or take that back; again changes nothing. A message has at most 20 different ones."""

    key: Key
    message_id: MessageId
    emoji: Emoji
    on: bool


class Revealed(Once):
    """Who wrote an anonymous message."""

    author: Author


class RevealMessage(Command, name="message.reveal", mode=Mode.WRITE, returns=Revealed, cost=5):
    """Ask who wrote an anonymous message: staff of the course. Who asked is kept in the room's audit trail."""

    key: Key | None = None
    message_id: MessageId


class History(Result):
    """Messages by number, and the position that was read before them (SUB3)."""

    items: list[Message]
    position: Position
    has_before: bool
    has_after: bool
    own: list[MessageId] = Field(default_factory=list)
    """Which of these the caller wrote without a name: nothing in a message says so, and nobody else is told."""


class ReadHistory(Command, name="history.read", returns=History):
    """A page of a room, or of one thread of it: the newest, or before, after or around a message."""

    room_id: RoomId
    before: MessageId | None = None
    after: MessageId | None = None
    around: MessageId | None = None
    thread_id: MessageId | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50

    @model_validator(mode="after")
    def _at_most_one_anchor(self) -> ReadHistory:
        if sum(anchor is not None for anchor in (self.before, self.after, self.around)) > 1:
            raise ValueError("give one of before, after and around")
        return self
