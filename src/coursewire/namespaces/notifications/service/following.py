"""What /chat says that becomes a notification, and what is taken back with a message."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Final

import orjson

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.contract import Action, Actor
from coursewire.namespaces.notifications.rules import TAKEN_BACK, Content, emptied
from coursewire.namespaces.notifications.service.delivering import deliver
from coursewire.namespaces.notifications.service.giving import Manner, give_new
from coursewire.namespaces.notifications.service.holders import (
    take_away,
    tell_all_holders,
    told_of,
)
from coursewire.namespaces.notifications.service.shown import user_channel
from coursewire.text import preview
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract import Message, MessageAddressed, MessageDeleted, MessageEdited
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.namespaces.notifications.contract import Category, Priority
    from coursewire.realtime.transaction import Transaction

SOMEBODY: Final = "Somebody"
"""Stands for the author of an anonymous message."""
PREVIEW: Final = 280
"""Characters of a message that a notification quotes."""


def follow_message(channels: OutgoingChannels, tx: Transaction, fact: MessageAddressed) -> None:
    """Tell those whom a message calls: one item per room and person, which says the newest and counts."""
    if fact.is_announcement:
        _announce(tx, fact)
    author = fact.message.author.name if fact.message.author else SOMEBODY
    place = f" in {fact.room_title}" if fact.room_title else ""
    told: set[str] = set()
    for people, title, category, priority in (
        (fact.direct_to, f"{author} wrote to you", "message", "normal"),
        (fact.mentioned, f"{author} mentioned you{place}", "message", "high"),
        (fact.replied_to, f"{author} replied to you{place}", "discussion", "normal"),
    ):
        new = [user_id for user_id in people if user_id not in told]
        told.update(new)
        if new:
            content = _content(tx, fact, title, category, priority)  # type: ignore[arg-type]  # literals, just above
            give_new(
                tx, channels, content, Manner(group_key=f"chat:{fact.message.room_id}", addressed=True), new
            )


def _announce(tx: Transaction, fact: MessageAddressed) -> None:
    """Let an announcement reach everybody of its course but its author."""
    content = replace(
        _content(tx, fact, fact.room_title or "Announcement", "announcement", "high"),
        body=fact.message.text,
        html=fact.message.html,
    )
    audience: dict[str, Any] = {"course_id": fact.course_id}
    if fact.message.author is not None:
        audience["except"] = fact.message.author.user_id
    if store.audience_size(tx, audience):
        deliver(tx, content, Manner(), audience)


def _content(
    tx: Transaction, fact: MessageAddressed, title: str, category: Category, priority: Priority
) -> Content:
    message = fact.message
    quoted = preview(message.text, PREVIEW)
    return Content(
        id=new_id(),
        category=category,
        priority=priority,
        title=title[:200],
        body=quoted,
        html=f"<p>{escape(quoted)}</p>\n" if quoted else "",
        created_at=tx.now,
        course_id=fact.course_id,
        actor=_actor(message),
        action=Action(label="Open", url=f"/chat?room={message.room_id}&message={message.id}"),
        source=message.id,
    )


def _actor(message: Message) -> Actor | None:
    author = message.author
    if author is None:
        return None
    return Actor(user_id=author.user_id, name=author.name, avatar_url=author.avatar_url)


def follow_deletion(tx: Transaction, event: MessageDeleted) -> None:
    """Take back what notifications quote of a message (LOG5)."""
    for content in store.contents_about(tx, event.data.id):
        take_back(tx, content, event.data.room_id)


def follow_edit(tx: Transaction, event: MessageEdited) -> None:
    """Let notifications quote a message as it reads now, also one that was hidden and is shown again.

    Only those of people who may read the room now: the others lose theirs, and their past is emptied of it.
    """
    message = event.data
    for found in store.contents_about(tx, message.id):
        content = found
        if found.title == TAKEN_BACK:
            author = message.author.name if message.author else SOMEBODY
            content = replace(found, title=f"{author} wrote a message"[:200], actor=_actor(message))
        if content.category == "announcement":
            changed = replace(content, body=message.text, html=message.html)
        else:
            quoted = preview(message.text, PREVIEW)
            changed = replace(content, body=quoted, html=f"<p>{escape(quoted)}</p>\n" if quoted else "")
        told = told_of(tx, found, message.room_id)
        if told.no_more:
            take_away(tx, found, told.no_more)
            rewrite_past(tx, emptied(found), told.no_more)
        store.rewrite_content(tx, changed)
        rewrite_past(tx, changed, told.still)
        tell_all_holders(tx, changed, message.room_id)


def take_back(tx: Transaction, content: Content, room_id: str | None = None) -> None:
    """Leave nothing of what a notification said but that there was one: in no table, no log, and on no screen.

    In a room, if it tells of one, those who may not read it any more lose that as well.
    """
    store.end_deliveries_of(tx, content.id)
    gone = emptied(content)
    store.rewrite_content(tx, gone)
    rewrite_past(tx, gone)
    if room_id is not None:
        take_away(tx, gone, told_of(tx, gone, room_id).no_more)
    tell_all_holders(tx, gone, room_id)


def rewrite_past(tx: Transaction, content: Content, people: Collection[str] | None = None) -> None:
    """Let what was logged of a content say what it says now: to everybody, or to these."""
    said = {"title": content.title, "body": content.body, "html": content.html}
    tx.redact(
        content.id,
        functools.partial(_rewritten, said, keeps_actor=content.actor is not None),
        field="content_id",
        channels=None if people is None else frozenset(map(user_channel, people)),
    )


def _rewritten(said: dict[str, str], data: bytes, *, keeps_actor: bool) -> bytes:
    payload: dict[str, Any] = {**orjson.loads(data), **said}
    if not keeps_actor:
        payload.pop("actor", None)
    return orjson.dumps(payload)
