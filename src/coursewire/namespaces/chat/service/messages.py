"""Messages: saying, changing and taking back."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from coursewire.errors import Invalid, NotFound
from coursewire.identity.caller import Caller
from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import Author, Message, MessageDeleted, MessageEdited, MessageSent
from coursewire.namespaces.chat.service import people, receipts
from coursewire.namespaces.chat.service.answers import one_message
from coursewire.namespaces.chat.service.channels import UNREAD, room_channel
from coursewire.vocabulary import iso, new_id

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract import DeleteMessage, EditMessage, OneMessage, SendMessage
    from coursewire.realtime.transaction import Transaction


def send_message(tx: Transaction, caller: Caller, command: SendMessage) -> OneMessage:
    """Say something: the room's next number, one row, one event."""
    access = rules.check_can_post(store.load_access(tx, caller, command.room_id))
    _check_references(tx, command)
    names_the_author = not command.anonymous and not caller.is_service
    if names_the_author:
        # Becoming a member would tell who wrote an anonymous message; so would the read pointer below.
        people.join(tx, caller, access)
    message = _written(tx, caller, command, access.last_number + 1)
    store.insert_message(tx, caller.user_id, message)
    tx.append(
        room_channel(access.room_id),
        MessageSent(message),
        actor=None if command.anonymous else caller.user_id,
    )
    if names_the_author:
        receipts.mark_own(tx, caller, access, message)
    tx.derive(UNREAD, access.room_id)
    return one_message(tx, message)


def _check_references(tx: Transaction, command: SendMessage) -> None:
    for field in ("reply_to", "thread_id"):
        message_id = getattr(command, field)
        if message_id is not None and store.number_of(tx, command.room_id, message_id) is None:
            raise Invalid("must be a message of this room", field=field)


def _written(tx: Transaction, caller: Caller, command: SendMessage, number: int) -> Message:
    """Return the message as its author sees it."""
    others = [user_id for user_id in dict.fromkeys(command.mentions) if user_id != caller.user_id]
    present = store.present_members(tx, command.room_id, others) if others else frozenset()
    author = Author(user_id=caller.user_id, name=caller.name, avatar_url=caller.avatar_url)
    return Message(
        id=new_id(),
        room_id=command.room_id,
        number=number,
        author=None if command.anonymous else author,
        anonymous=command.anonymous,
        # A key could tell who wrote it: it is the author's own wording.
        key=None if command.anonymous else command.key,
        text=command.text,
        html=render(command.text),
        reply_to=command.reply_to,
        thread_id=command.thread_id,
        mentions=[user_id for user_id in others if user_id in present],
        sent_at=iso(tx.now),
    )


def edit_message(tx: Transaction, caller: Caller, command: EditMessage) -> OneMessage:
    """Give one's own message another text."""
    message, author_id, access = _load(tx, caller, command.message_id)
    rules.check_can_edit(message, access, caller, author_id, command.version)
    edited = message.model_copy(
        update={
            "text": command.text,
            "html": render(command.text),
            "version": message.version + 1,
            "edited_at": iso(tx.now),
        }
    )
    store.rewrite_message(tx, edited)
    actor = None if message.anonymous else caller.user_id
    tx.append(room_channel(message.room_id), MessageEdited(edited), actor=actor)
    return one_message(tx, edited)


def delete_message(tx: Transaction, caller: Caller, command: DeleteMessage) -> OneMessage:
    """Take a message back: from the table, from the log's past (LOG5), and with an event from every screen."""
    message, author_id, access = _load(tx, caller, command.message_id)
    rules.check_can_delete(message, access, caller, author_id, command.version)
    gone = rules.tombstone(message, message.version + 1)
    store.rewrite_message(tx, gone)
    tx.redact(message.id, gone)
    actor = None if message.anonymous and author_id == caller.user_id else caller.user_id
    tx.append(room_channel(message.room_id), MessageDeleted(gone), actor=actor)
    tx.derive(UNREAD, message.room_id)
    return one_message(tx, gone)


def _load(tx: Transaction, caller: Caller, message_id: str) -> tuple[Message, str, rules.Access]:
    found = store.load_message(tx, message_id, caller.user_id)
    access = store.load_access(tx, caller, found[0].room_id) if found else None
    if found is None or access is None or not access.may_read:
        raise NotFound("there is no such message, or you may not see it", field="message_id")
    return *found, access


def somebody(tx: Transaction, user_id: str) -> Caller:
    """Return a known user as a caller without roles, for the LMS to write in their name."""
    person = store.load_people(tx, [user_id]).get(user_id)
    if person is None:
        raise NotFound("there is no such user", field="user_id")
    return Caller(user_id=person.user_id, name=person.name, avatar_url=person.avatar_url)


def render(text: str) -> str:
    """Return the safe HTML of a message's text: the text itself, with its line breaks."""
    return html.escape(text).replace("\n", "<br>")
