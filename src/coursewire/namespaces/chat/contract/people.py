"""What /chat hears about who has got how far, who types and who is here."""

from __future__ import annotations

from pydantic import Field, model_validator

from coursewire.namespaces.chat.contract.values import Presence, PresenceStatus, Receipt, Receipts, Unread
from coursewire.realtime.contract import Command, Mode, Nothing, Once, Result
from coursewire.vocabulary import Key, MessageId, RoomId


class OneReceipt(Once):
    """The caller's pointers after the command; those of somebody who is not a member do not move."""

    receipt: Receipt
    unread: Unread


class MarkReceipt(Command, name="receipt.mark", mode=Mode.WRITE, returns=OneReceipt):
    """Move the caller's pointers forward; an earlier message changes nothing."""

    key: Key | None = None
    room_id: RoomId
    delivered: MessageId | None = None
    read: MessageId | None = None

    @model_validator(mode="after")
    def _something_to_mark(self) -> MarkReceipt:
        if self.delivered is None and self.read is None:
            raise ValueError("give delivered, read or both")
        return self


class Readers(Result):
    """How far one message has got, as the room tells it."""

    message_id: MessageId
    receipts: Receipts
    delivered: int | None = None
    """How many others have it; absent where receipts are off."""
    read: int | None = None
    items: list[Receipt] = Field(default_factory=list)
    """The pointers of those who have it, where receipts are told by name."""


class ReadReceipts(Command, name="receipt.read", returns=Readers):
    """Ask who has received and read a message."""

    message_id: MessageId


class SetTyping(Command, name="typing.set", mode=Mode.SIGNAL, returns=Nothing, cost=0.5):
    """Say that one types; it expires by itself after 6 s. It tells who: not for what will be an anonymous message."""

    room_id: RoomId
    active: bool


class OnePresence(Result):
    """The caller's presence after the command."""

    presence: Presence


class SetPresence(Command, name="presence.set", mode=Mode.SIGNAL, returns=OnePresence):
    """Choose how one is shown, on all of one's connections; say it again after all of them were gone."""

    status: PresenceStatus
