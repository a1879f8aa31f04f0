"""What /chat says that becomes a notification, and what is taken back with a message."""

from __future__ import annotations

import functools
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Final

import orjson

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.contract import Action, Actor
from coursewire.namespaces.notifications.rules import Content
from coursewire.namespaces.notifications.service.delivering import deliver
from coursewire.namespaces.notifications.service.giving import Manner, give
from coursewire.namespaces.notifications.service.holders import tell_holders, tell_the_other_holders
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
TAKEN_BACK: Final = "A message was taken back"


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
            store.insert_content(tx, content)
            manner = Manner(group_key=f"chat:{fact.message.room_id}", addressed=True)
            for start in range(0, len(new), store.SLICE):
                give(tx, channels, content, manner, new[start : start + store.SLICE])


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
        take_back(tx, content)


def follow_edit(tx: Transaction, event: MessageEdited) -> None:
    """Let notifications quote a message as it reads now, also one that was hidden and is shown again."""
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
        _say_instead(tx, changed)


def take_back(tx: Transaction, content: Content) -> None:
    """Leave nothing of what a notification said but that there was one: in no table, no log, and on no screen."""
    store.end_deliveries_of(tx, content.id)
    _say_instead(tx, replace(content, title=TAKEN_BACK, body="", html="", actor=None))


def _say_instead(tx: Transaction, content: Content) -> None:
    """Rewrite a content, the past that told of it, and tell those who have it: a SLICE now, the others soon."""
    store.rewrite_content(tx, content)
    said = {"title": content.title, "body": content.body, "html": content.html}
    tx.redact(
        content.id,
        functools.partial(_rewritten, said, keeps_actor=content.actor is not None),
        field="content_id",
    )
    items = store.with_content(tx, content.id, "", store.SLICE)
    tell_holders(tx, items, content)
    if len(items) == store.SLICE:
        tell_the_other_holders(tx, content, items[-1].user_id)


def _rewritten(said: dict[str, str], data: bytes, *, keeps_actor: bool) -> bytes:
    payload: dict[str, Any] = {**orjson.loads(data), **said}
    if not keeps_actor:
        payload.pop("actor", None)
    return orjson.dumps(payload)
