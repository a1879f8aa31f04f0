"""What /chat hears about finding messages."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Len
from pydantic import Field

from coursewire.namespaces.chat.contract.values import Cursor, Message
from coursewire.realtime.contract import Command, Result
from coursewire.vocabulary import CourseId, Model, RoomId, Text


class Piece(Model):
    """A piece of an excerpt."""

    text: str
    found: bool
    """Whether it is what was searched for."""


class FoundMessage(Model):
    """A message that fits, and where in its text."""

    message: Message
    room_title: str
    excerpt: list[Piece]


class FoundMessages(Result):
    """What was found, the newest first."""

    items: list[FoundMessage]
    next_cursor: Cursor | None = None


class SearchMessages(Command, name="message.search", returns=FoundMessages, cost=5):
    """Find messages by their words, in all rooms that the caller may read, or in one course or room of them.

    A message is found about a second after it was sent.
    """

    query: Annotated[Text, Len(1, 200)]
    """All of these words, wherever they stand; those in quotation marks follow each other, and the last one may go on.
    Case and diacritics do not matter."""
    room_id: RoomId | None = None
    course_id: CourseId | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 20
