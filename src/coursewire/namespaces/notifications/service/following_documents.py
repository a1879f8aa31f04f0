"""What becomes a notification of documents: what is written beside them, and taken back; a version brought back."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.contract import Action, Actor
from coursewire.namespaces.notifications.rules import Content, emptied
from coursewire.namespaces.notifications.service.following import PREVIEW, rewrite_past, take_back
from coursewire.namespaces.notifications.service.giving import Manner, give_new
from coursewire.namespaces.notifications.service.holders import (
    quote_readers_among,
    take_away,
    tell_all_holders,
    who_heard,
)
from coursewire.text import preview
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from coursewire.namespaces.collaboration.contract import (
        Annotation,
        AnnotationAddressed,
        AnnotationCreated,
        AnnotationDeleted,
        AnnotationUpdated,
        DocumentRestored,
    )
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.namespaces.notifications.contract import Priority
    from coursewire.realtime.transaction import Transaction

SOMEBODY = "Somebody"
"""Stands for an author without a name."""


def follow_annotation(channels: OutgoingChannels, tx: Transaction, fact: AnnotationAddressed) -> None:
    """Tell those whom an annotation calls, answers or asks: one item per document and person, which counts.

    All of them may see it: /collaboration has asked for each.
    """
    author = fact.annotation.author_name or SOMEBODY
    people: tuple[tuple[tuple[str, ...], str, Priority], ...] = (
        (fact.mentioned, f"{author} mentioned you in {fact.document_title}", "high"),
        (fact.replied_to, f"{author} replied to you in {fact.document_title}", "normal"),
        (fact.questioned, f"{author} asks in {fact.document_title}", "normal"),
    )
    manner = Manner(group_key=f"document:{fact.annotation.document_id}", addressed=True)
    for user_ids, title, priority in people:
        if not user_ids:
            continue
        content = _content(tx, fact, title, priority)
        give_new(tx, channels, content, manner, user_ids)


KEPT = "What was there before is kept among the versions of the document."


def follow_restoring(channels: OutgoingChannels, tx: Transaction, fact: DocumentRestored) -> None:
    """Tell those who have edited a document since a version that it says what the version says."""
    if not fact.editors:
        return
    document_id = fact.version.document_id
    name = fact.name or SOMEBODY
    content = Content(
        id=new_id(),
        category="collaboration",
        priority="normal",
        title=f"{name} brought back an earlier version of {fact.document_title}"[:200],
        body=KEPT,
        html=_html(KEPT),
        created_at=tx.now,
        course_id=fact.course_id,
        actor=Actor(user_id=fact.restored_by, name=fact.name or fact.restored_by),
        action=Action(label="Open", url=f"/documents/{quote(document_id)}"),
        source=fact.version.id,
    )
    give_new(tx, channels, content, Manner(group_key=f"restored:{document_id}", addressed=True), fact.editors)


def _content(tx: Transaction, fact: AnnotationAddressed, title: str, priority: Priority) -> Content:
    annotation = fact.annotation
    quoted = _quoted(annotation)
    url = f"/documents/{quote(annotation.document_id)}?{urlencode({'note': annotation.id})}"
    return Content(
        id=new_id(),
        category="collaboration",
        priority=priority,
        title=title[:200],
        body=quoted,
        html=_html(quoted),
        created_at=tx.now,
        course_id=fact.course_id,
        actor=_actor(annotation),
        action=Action(label="Open", url=url),
        source=annotation.id,
    )


def _quoted(annotation: Annotation) -> str:
    """Return the beginning of what it says: never of the document, which is for those who are in it."""
    return preview(annotation.body, PREVIEW)


def _html(quoted: str) -> str:
    return f"<p>{escape(quoted)}</p>\n" if quoted else ""


def _actor(annotation: Annotation) -> Actor | None:
    if annotation.author_id is None:
        return None
    return Actor(user_id=annotation.author_id, name=annotation.author_name or annotation.author_id)


def follow_annotation_deletion(tx: Transaction, event: AnnotationDeleted) -> None:
    """Take back what notifications say of an annotation that is gone (LOG5).

    Of one that is for others now, which is told as gone to those who see it no more, only they lose theirs: its author
    may always see it as long as it is there.
    """
    for content in store.contents_about(tx, event.data.id):
        author = {content.actor.user_id} if content.actor is not None else set()
        people = who_heard(tx, content)
        still = quote_readers_among(tx, event.data.id, people | author)
        if still & author:
            _take_from(tx, content, people - still)
        else:
            take_back(tx, content)


def follow_annotation_change(tx: Transaction, event: AnnotationCreated | AnnotationUpdated) -> None:
    """Let notifications quote an annotation as it reads now; those who see it since a moment ago hear it as created.

    Only those of people who may see it now: the others lose theirs, and their past is emptied of it.
    """
    quoted = _quoted(event.data)
    for content in store.contents_about(tx, event.data.id):
        if content.body == quoted or content.title == emptied(content).title:
            continue
        people = who_heard(tx, content)
        still = quote_readers_among(tx, event.data.id, people)
        _take_from(tx, content, people - still)
        changed = replace(content, body=quoted, html=_html(quoted))
        store.rewrite_content(tx, changed)
        rewrite_past(tx, changed, still)
        tell_all_holders(tx, changed, None)


def _take_from(tx: Transaction, content: Content, people: Collection[str]) -> None:
    """Take an item from those who may not see any more what it tells of, and empty their past of it."""
    if people:
        take_away(tx, content, people)
        rewrite_past(tx, emptied(content), people)
