"""Giving a notification to people: one row, one event and one count each, in a few statements for all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coursewire.namespaces.notifications import reach, rules, store
from coursewire.namespaces.notifications.contract import NotificationChanged, NotificationCreated
from coursewire.namespaces.notifications.rules import HIDDEN, INBOX, SNOOZED
from coursewire.namespaces.notifications.service.shown import count_changes, shown, tell_each

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.namespaces.notifications.reach import Reach, Sending
    from coursewire.namespaces.notifications.rules import Content, Item
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Manner:
    """How a content is given, besides what it says."""

    group_key: str | None = None
    dedupe_key: str | None = None
    expires_at: int | None = None
    addressed: bool = False
    """Whether it is meant for each of them, not for all of a course."""


def give_new(
    tx: Transaction, channels: OutgoingChannels, content: Content, manner: Manner, user_ids: Sequence[str]
) -> None:
    """Store a content and give it to different people, a SLICE at a time. What reaches none of them is not kept."""
    store.insert_content(tx, content)
    for start in range(0, len(user_ids), store.SLICE):
        give(tx, channels, content, manner, user_ids[start : start + store.SLICE])
    _forget_unsaid(tx, content, {content.id})


def give(
    tx: Transaction, channels: OutgoingChannels, content: Content, manner: Manner, user_ids: Sequence[str]
) -> None:
    """Give a content, which is stored, to up to a SLICE of different people, each as their preferences say."""
    people: Sequence[str] = user_ids
    if manner.dedupe_key is not None and people:
        people = store.without_those_who_had(tx, manner.dedupe_key, people)
    reached = _reached(tx, channels, content, people, addressed=manner.addressed)
    groups = store.open_of_group(tx, manner.group_key, list(reached)) if manner.group_key and reached else {}
    # It arrives now, not when it was written: lists are by this, and what is marked "all until now" must not miss it.
    arriving = replace(content, created_at=tx.now)
    made: list[Item] = []
    changes: list[tuple[Item | None, Item | None]] = []
    sendings: list[tuple[str, str, Sending]] = []
    told: list[tuple[str, Event[Any]]] = []
    same = _Same(content)
    for user_id, where in reached.items():
        # What goes elsewhere only grows no group: the item of one that is shown would vanish or change in silence.
        before = groups.get(user_id) if where.in_app else None
        if before is None:
            item = rules.arrived(
                arriving,
                user_id,
                shelf=INBOX if where.in_app else HIDDEN,
                group_key=manner.group_key if where.in_app else None,
                expires_at=manner.expires_at,
            )
            made.append(item)
            event: Event[Any] = same.created(item, toast=where.toast)
        else:
            item = rules.grown(before, arriving, expires_at=manner.expires_at)
            toast = where.toast and item.shelf != SNOOZED
            event = NotificationChanged(shown(item, content, toast=toast))
        changes.append((before, item))
        if item.shelf != HIDDEN:
            told.append((user_id, event))
        sendings += [(user_id, item.id, sending) for sending in where.sendings]
    store.insert_items(tx, made)
    store.rewrite_items(tx, [after for before, after in changes if before is not None and after is not None])
    store.insert_outgoing(tx, sendings, content_id=content.id)
    if sendings:
        tx.wake()
    count_changes(tx, changes)
    tell_each(tx, told)
    _forget_unsaid(tx, content, {item.content_id for item in groups.values()})


def _forget_unsaid(tx: Transaction, content: Content, content_ids: Collection[str]) -> None:
    """Remove those of these that nobody has, such as what a group has said before it says `content`.

    What tells of a message stays with it: the log may quote it, and it is found by that row (LOG5).
    """
    if content.source is None:
        store.delete_unused_contents(tx, content_ids)


def _reached(
    tx: Transaction, channels: OutgoingChannels, content: Content, people: Sequence[str], *, addressed: bool
) -> dict[str, Reach]:
    """Return where it arrives with those with whom it arrives at all. Most have said nothing, and are alike."""
    stored = store.stored_preferences(tx, people) if people else {}

    def decide(preferences: str) -> Reach:
        wishes = reach.wishes_of(preferences, channels.time_zone)
        where = reach.decide(
            wishes, content, addressed=addressed, now=tx.now, digest_hour=channels.digest_hour
        )
        ways = tuple(sending for sending in where.sendings if sending.channel in channels.configured)
        return where._replace(sendings=ways)

    usual = decide("")
    decided = {user_id: decide(stored[user_id]) if user_id in stored else usual for user_id in people}
    return {user_id: where for user_id, where in decided.items() if not where.is_nothing}


class _Same:
    """New items of one content differ in nothing that travels but the toast: two events for all of them."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._events: dict[bool, NotificationCreated] = {}

    def created(self, item: Item, *, toast: bool) -> NotificationCreated:
        """Return the event of a new item."""
        if toast not in self._events:
            self._events[toast] = NotificationCreated(shown(item, self._content, toast=toast))
        return self._events[toast]
