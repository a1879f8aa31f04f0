"""Those who have an item: telling them that it says something else now, and taking it from whom it is not for any more.

A notification quotes a room, and is a copy: its receivers share one content, which is rewritten with the message. So
whenever a message changes, /chat is asked who of those who were told of it may read the room still, and the others lose
their item before the content says anything new. It is taken away rather than left with the words of before: it would
lead to a room that is closed to them, and a list and its history would tell two different stories of one content.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from coursewire.namespaces.chat.contract import ReadersAsked
from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.contract import NotificationChanged, QuoteReadersAsked
from coursewire.namespaces.notifications.rules import HIDDEN, emptied
from coursewire.namespaces.notifications.service.shown import count_changes, shown, tell_each, user_channel

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.rules import Content, Item
    from coursewire.realtime.transaction import Transaction

HOLDERS: Final = "holders"
"""In an audience: whoever has the content already, and is told what it says now. Beside it `room`, if it is of one."""


class Told(NamedTuple):
    """Those who have heard of a content: who has an item of it, and in whose past it is."""

    still: frozenset[str]
    """They may read the room now."""
    no_more: frozenset[str]


def told_of(tx: Transaction, content: Content, room_id: str) -> Told:
    """Return who has heard of a content, by whether they may read the room."""
    people = who_heard(tx, content)
    still = readers_among(tx, room_id, people)
    return Told(still, people - still)


def who_heard(tx: Transaction, content: Content) -> frozenset[str]:
    """Return who has an item of a content, or had one in the past that the log keeps."""
    prefix = user_channel("")
    people = {channel.removeprefix(prefix) for channel in tx.channels_about(content.id)}
    after = ""
    while piece := store.holders(tx, content.id, after, store.SLICE):
        people.update(piece)
        after = piece[-1]
    return frozenset(people)


def readers_among(tx: Transaction, room_id: str, people: Collection[str]) -> frozenset[str]:
    """Ask /chat who of these may read a room now."""
    return _answers(tx, people, partial(ReadersAsked, room_id))


def quote_readers_among(tx: Transaction, source: str, people: Collection[str]) -> frozenset[str]:
    """Ask whoever keeps what is quoted who of these may read it now."""
    return _answers(tx, people, partial(QuoteReadersAsked, source))


def _answers(
    tx: Transaction,
    people: Collection[str],
    question: Callable[[tuple[str, ...]], ReadersAsked | QuoteReadersAsked],
) -> frozenset[str]:
    """Ask a question for each SLICE of people."""
    found: set[str] = set()
    for piece in pieces(people):
        asked = question(tuple(piece))
        tx.tell(asked)
        found |= asked.may_read
    return frozenset(found)


def take_away(tx: Transaction, content: Content, people: Collection[str]) -> None:
    """Remove the items of this content that these have, with their counts, and what waits to leave to them.

    They hear of it as of an item that ends now and says nothing: no list shows one of those.
    """
    nothing = emptied(content)
    for piece in pieces(people):
        store.delete_waiting(tx, content.id, piece)
        gone = store.items_of(tx, content.id, piece)
        store.delete_items(tx, gone)
        count_changes(tx, [(item, None) for item in gone])
        tell_holders(tx, [replace(item, expires_at=tx.now) for item in gone], nothing)


def pieces(people: Collection[str]) -> Iterator[Sequence[str]]:
    """Yield people in SLICEs, in the order of their ids."""
    ordered = sorted(people)
    return (ordered[start : start + store.SLICE] for start in range(0, len(ordered), store.SLICE))


def tell_holders(tx: Transaction, items: Iterable[Item], content: Content) -> None:
    """Tell the owners of these items what they say now."""
    visible = [item for item in items if item.shelf != HIDDEN]
    tell_each(tx, [(item.user_id, NotificationChanged(shown(item, content))) for item in visible])


def tell_all_holders(tx: Transaction, content: Content, room_id: str | None) -> None:
    """Tell all who have an item of a content what it says now: a SLICE at once, the others by the background."""
    items = store.with_content(tx, content.id, "", store.SLICE)
    tell_holders(tx, items, content)
    if len(items) == store.SLICE:
        audience = {HOLDERS: True, **({"room": room_id} if room_id else {})}
        delivery_id = store.insert_delivery(tx, content.id, audience, recipients=0)
        store.advance_delivery(tx, delivery_id, 0, items[-1].user_id)
        tx.wake()


def go_on_telling(
    tx: Transaction, delivery_id: str, content: Content, audience: dict[str, Any], after: str, most: int
) -> None:
    """Tell the next owners, and note how far it has got. Who has lost the right meanwhile loses the item instead."""
    items = store.with_content(tx, content.id, after, most)
    last = items[-1].user_id if len(items) == most else None
    reached = len(items)
    if "room" in audience:
        people = [item.user_id for item in items]
        still = readers_among(tx, audience["room"], people)
        take_away(tx, content, [user_id for user_id in people if user_id not in still])
        items = [item for item in items if item.user_id in still]
    tell_holders(tx, items, content)
    store.advance_delivery(tx, delivery_id, reached, last)
