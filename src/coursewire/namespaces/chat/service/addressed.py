"""Whom a message calls: it is counted for them, and told to the other namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import MessageAddressed
from coursewire.text.addressing import called_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import Group, Message, ReadersAsked, SendMessage
    from coursewire.namespaces.notifications.contract import QuoteReadersAsked
    from coursewire.realtime.transaction import Transaction


class Called(NamedTuple):
    """Who is called in a message that is about to be written."""

    user_ids: tuple[str, ...] = ()
    """By name, as everybody sees it: also an anonymous author, who would show by being left out."""
    groups: tuple[Group, ...] = ()


NOBODY = Called()


def who_is_called(tx: Transaction, caller: Caller, access: rules.Access, command: SendMessage) -> Called:
    """Find out whom a text calls, and of those whom the client names, who is in the room."""
    called = called_in(command.text)
    wanted = dict.fromkeys((*command.mentions, *called.names))
    if not command.anonymous:
        wanted.pop(caller.user_id, None)
    present = store.present_members(tx, access.room_id, list(wanted)) if wanted else frozenset()
    user_ids = tuple(user_id for user_id in wanted if user_id in present)[:MOST_NAMED]
    nameless = command.anonymous
    groups = tuple(group for group in called.groups if rules.may_call(group, access, anonymous=nameless))
    return Called(user_ids, groups)


MOST_NAMED = 50
"""How many people one message mentions by name, as `message.send` takes at most."""


def count_mentions(
    tx: Transaction, access: rules.Access, message: Message, author_id: str
) -> tuple[str, ...]:
    """Count a message for everybody whom it mentions, but for its author, and return them."""
    groups = message.mention_groups
    if not message.mentions and not groups:
        return ()
    if "room" in groups:
        store.mention_everybody(tx, message, author_id)
        return tuple(store.everybody_in(tx, access.room_id, author_id))
    user_ids = dict.fromkeys(user_id for user_id in message.mentions if user_id != author_id)
    if "staff" in groups and access.course_id is not None:
        user_ids |= dict.fromkeys(store.staff_in(tx, access.room_id, access.course_id, author_id))
    store.mention(tx, message, tuple(user_ids))
    return tuple(user_ids)


def tell_others(
    tx: Transaction,
    access: rules.Access,
    message: Message,
    author_id: str,
    *,
    mentioned: tuple[str, ...],
    answered: Sequence[str],
) -> None:
    """Tell the other namespaces of a message that somebody in particular is to hear of.

    answered: who wrote what it replies to, and the first message of its thread.
    """
    is_announcement = access.kind == "announcement"
    if not (mentioned or answered or is_announcement or access.pair is not None):
        return
    replied_to: tuple[str, ...] = ()
    known = {author_id, *mentioned}
    wanted = [user_id for user_id in dict.fromkeys(answered) if user_id not in known]
    if wanted:
        present = store.present_members(tx, access.room_id, wanted)
        replied_to = tuple(user_id for user_id in wanted if user_id in present)
    direct_to: tuple[str, ...] = ()
    if access.pair is not None:
        direct_to = tuple(user_id for user_id in access.pair.split() if user_id != author_id)
    if mentioned or replied_to or direct_to or is_announcement:
        tx.tell(
            MessageAddressed(
                message=message,
                room_kind=access.kind,
                room_title=access.title,
                course_id=access.course_id,
                mentioned=mentioned,
                replied_to=replied_to,
                direct_to=direct_to,
                is_announcement=is_announcement,
            )
        )


def answer_quote_readers(tx: Transaction, asked: QuoteReadersAsked) -> None:
    """Say who of those whom a notification quotes a message to may read it now."""
    asked.may_read.update(store.readers_of_message(tx, asked.source, asked.user_ids))


def answer_readers(tx: Transaction, asked: ReadersAsked) -> None:
    """Say who of those whom another namespace has told of a room may read it now."""
    asked.may_read.update(store.readers_among(tx, asked.room_id, asked.user_ids))
