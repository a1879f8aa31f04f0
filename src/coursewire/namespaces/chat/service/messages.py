"""Messages: saying, changing and taking back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coursewire.errors import NotFound
from coursewire.identity.caller import Caller
from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import (
    Author,
    Message,
    MessageEdited,
    MessagePinned,
    MessageSent,
    Quote,
    ReactedMessage,
    ReactionChange,
    ReactionChanged,
)
from coursewire.namespaces.chat.service import people, receipts
from coursewire.namespaces.chat.service.addressed import (
    NOBODY,
    Called,
    count_mentions,
    tell_others,
    who_is_called,
)
from coursewire.namespaces.chat.service.answers import one_message
from coursewire.namespaces.chat.service.channels import UNREAD, room_channel
from coursewire.namespaces.chat.service.moderation import check_pace
from coursewire.namespaces.chat.service.rendering import html_of
from coursewire.namespaces.chat.service.taking_back import take_back
from coursewire.namespaces.chat.service.visible import load_visible
from coursewire.vocabulary import iso, new_id

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract import (
        DeleteMessage,
        EditMessage,
        OneMessage,
        PinMessage,
        React,
        SendMessage,
    )
    from coursewire.realtime.transaction import Transaction


def send_message(tx: Transaction, caller: Caller, command: SendMessage) -> OneMessage:
    """Say something: the room's next number, one row, one event."""
    access = rules.check_can_post(store.load_access(tx, caller, command.room_id))
    check_pace(tx, caller, access)
    if command.anonymous:
        rules.check_can_be_anonymous(access)
    answered = NOTHING_ANSWERED
    if command.reply_to is not None or command.thread_id is not None:
        answered = _answered(tx, caller, command)
    # Becoming a member would tell who wrote an anonymous message; so would the read pointer below.
    speaks_as_member = access.may_belong and not command.anonymous and not caller.is_service
    if speaks_as_member:
        access = people.join(tx, caller, access)
    called = NOBODY
    if command.mentions or "@" in command.text:
        called = who_is_called(tx, caller, access, command)
    message = _written(tx, caller, command, access.last_number + 1, called, answered.quote)
    store.insert_message(tx, caller.user_id, message)
    told = message
    if message.thread_id is not None:
        told = message.model_copy(update={"thread": store.count_reply(tx, message.thread_id, 1, at=tx.now)})
    tx.append(
        room_channel(access.room_id),
        MessageSent(told),
        actor=None if command.anonymous else caller.user_id,
    )
    if speaks_as_member:
        receipts.mark_own(tx, caller, access, message)
    tx.derive(UNREAD, access.room_id)
    mentioned = count_mentions(tx, access, message, caller.user_id)
    tell_others(tx, access, message, caller.user_id, mentioned=mentioned, answered=answered.author_ids)
    return one_message(tx, caller, told)


class _Answered(NamedTuple):
    quote: Quote | None
    author_ids: tuple[str, ...]
    """Who wrote the message that is replied to, and the first one of the thread."""


NOTHING_ANSWERED = _Answered(None, ())


def _answered(tx: Transaction, caller: Caller, command: SendMessage) -> _Answered:
    """Look up what a message replies to, and the thread that it goes into."""
    quote, author_ids = None, []
    if command.reply_to is not None:
        parent, author_id = store.load_message(tx, command.reply_to, caller.user_id) or (None, "")
        parent = rules.check_can_be_replied_to(parent, command.room_id)
        quote = store.quote_of(parent)
        author_ids += [author_id] if parent.state == "sent" else []
    if command.thread_id is not None:
        root, author_id = store.load_message(tx, command.thread_id, caller.user_id) or (None, "")
        root = rules.check_can_head_thread(root, command.room_id)
        author_ids += [author_id] if root.state == "sent" else []
    return _Answered(quote, tuple(author_ids))


def _written(
    tx: Transaction, caller: Caller, command: SendMessage, number: int, called: Called, quote: Quote | None
) -> Message:
    """Return the message as its author sees it."""
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
        html=html_of(tx, command.text, called.user_ids, called.groups),
        reply_to=command.reply_to,
        quote=quote,
        thread_id=command.thread_id,
        mentions=list(called.user_ids),
        mention_groups=list(called.groups),
        sent_at=iso(tx.now),
    )


def edit_message(tx: Transaction, caller: Caller, command: EditMessage) -> OneMessage:
    """Give one's own message another text."""
    message, author_id, access = load_visible(tx, caller, command.message_id)
    rules.check_can_edit(message, access, caller, author_id, command.version)
    edited = message.model_copy(
        update={
            "text": command.text,
            "html": html_of(tx, command.text, message.mentions, message.mention_groups),
            "version": message.version + 1,
            "edited_at": iso(tx.now),
        }
    )
    store.remove_words(tx, access, message)
    store.rewrite_message(tx, edited)
    store.add_words(tx, access, edited)
    actor = None if message.anonymous else caller.user_id
    tx.append(room_channel(message.room_id), MessageEdited(rules.as_told(edited)), actor=actor)
    return one_message(tx, caller, edited)


def delete_message(tx: Transaction, caller: Caller, command: DeleteMessage) -> OneMessage:
    """Take a message back: from the table, from the log's past (LOG5), and with an event from every screen."""
    message, author_id, access = load_visible(tx, caller, command.message_id)
    rules.check_can_delete(message, access, caller, author_id, command.version)
    gone = rules.tombstone(message, message.version + 1)
    was_there = message.state == "sent"
    if was_there:
        store.remove_words(tx, access, message)
    store.empty_message(tx, gone)
    if author_id != caller.user_id:
        # Whose anonymous message it was is not written down: that staff ask by `message.reveal`.
        whose = None if message.anonymous else author_id
        store.resolve_reports(tx, message.id)
        store.keep_deed(tx, caller, access.room_id, "delete", message_id=message.id, user_id=whose)
    actor = None if message.anonymous and author_id == caller.user_id else caller.user_id
    return one_message(tx, caller, take_back(tx, gone, actor=actor, was_there=was_there))


def pin_message(tx: Transaction, caller: Caller, command: PinMessage) -> OneMessage:
    """Pin a message, or take the pin off; again changes nothing."""
    message, _, access = load_visible(tx, caller, command.message_id)
    rules.check_can_pin(message, access, command.version)
    if message.pinned == command.on:
        return one_message(tx, caller, message)
    if command.on:
        rules.check_has_place_for_pin(store.pin_count(tx, message.room_id))
    store.pin_message(tx, message.id, on=command.on)
    pinned = message.model_copy(update={"pinned": command.on})
    tx.append(room_channel(message.room_id), MessagePinned(rules.as_told(pinned)))
    return one_message(tx, caller, pinned)


def react(tx: Transaction, caller: Caller, command: React) -> OneMessage:
    """React to a message, or take that back; again changes nothing."""
    message, _, access = load_visible(tx, caller, command.message_id)
    rules.check_can_react(message, access)
    if command.on:
        rules.check_has_room_for(message, command.emoji)
    if not store.set_reaction(tx, message.id, caller.user_id, command.emoji, on=command.on):
        return one_message(tx, caller, message)
    reactions = store.sum_up(tx, message.id, caller.user_id)
    reacted = message.model_copy(update={"reactions": reactions})
    change = ReactionChange(user_id=caller.user_id, emoji=command.emoji, on=command.on)
    told = rules.as_told(reacted)
    tx.append(
        room_channel(message.room_id),
        ReactionChanged(ReactedMessage.model_construct(**told.__dict__, changed=change)),
    )
    [shown] = store.with_mine(tx, caller.user_id, [reacted])
    return one_message(tx, caller, shown)


def somebody(tx: Transaction, user_id: str) -> Caller:
    """Return a known user as a caller without roles, for the LMS to write in their name."""
    person = store.load_people(tx, [user_id]).get(user_id)
    if person is None:
        raise NotFound("there is no such user", field="user_id")
    return Caller(user_id=person.user_id, name=person.name, avatar_url=person.avatar_url)
