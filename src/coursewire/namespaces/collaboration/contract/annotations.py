"""Annotations: what is written beside a document. Rows, not part of its CRDT: not everybody may see all of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from annotated_types import Len
from pydantic import Field, StringConstraints, model_validator

from coursewire.namespaces.collaboration.contract.values import (
    AnnotationId,
    Audience,
    Cursor,
    DocumentGroup,
    DocumentId,
    Motivation,
)
from coursewire.realtime.contract import Channel, Command, Delivery, Event, Mode, Once, Result
from coursewire.vocabulary import Clean, Key, Model, Position, Text, Time, UserId

Anchor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,400}$")]
"""A Yjs relative position as base64url without padding. The server keeps it and never reads it: its text is counted in
other units than a browser's."""

Tag = Annotated[Clean, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\s,\"\\]+$")]
"""One word."""
Tags = Annotated[list[Tag], Len(0, 20)]


class Quote(Model):
    """What was marked, and what stood around it: finds the place again when the anchor cannot."""

    exact: Annotated[Clean, Len(1, 2_000)]
    prefix: Annotated[Clean, Len(0, 64)] = ""
    suffix: Annotated[Clean, Len(0, 64)] = ""


class AnnotationTarget(Model):
    """Where an annotation belongs. On a static page only the quote, and `start` and `end` as counted characters."""

    quote: Quote
    start: Anchor | None = None
    end: Anchor | None = None
    selector: Annotated[Clean, Len(1, 500)] | None = None
    """On a static page: a CSS selector of the element that the quote is in."""

    @model_validator(mode="after")
    def _has_both_ends(self) -> AnnotationTarget:
        if (self.start is None) != (self.end is None):
            raise ValueError("give both start and end, or neither")
        return self


class Annotation(Model):
    """One annotation, or one reply to it."""

    id: AnnotationId
    document_id: DocumentId
    parent_id: AnnotationId | None = None
    """The first of its thread; replies have no target of their own, and its audience."""
    author_id: UserId | None = None
    """None when it was taken back, or its author erased."""
    author_name: str = ""
    motivation: Motivation
    body: str
    html: str
    """Of the body: safe to show."""
    tags: list[str]
    target: AnnotationTarget | None = None
    orphaned: bool = False
    """Nobody finds its place any more: `annotation.reanchor` gives it another."""
    visibility: Audience
    resolved_by: UserId | None = None
    resolved_at: Time | None = None
    reply_count: int = 0
    """Of the first of a thread, when it was read: count the replies that you hold to keep it."""
    state: Literal["shown", "deleted"] = "shown"
    """Deleted, it is in lists only as the head of a thread whose replies are there still: it keeps its target."""
    revision: int
    """Grows with every change: of two reports the higher one holds."""
    created_at: Time
    edited_at: Time | None = None


class AnnotationPage(Result):
    """Annotations that the caller may see, replies among them, the oldest first; it may be shorter than was asked."""

    items: list[Annotation]
    next_cursor: Cursor | None = None
    since: dict[Channel, Position] | None = None
    """With the first page: where the document's channels that the caller may listen to stood before the annotations.
    Nothing is subscribed to by asking for annotations: `subscribe` with it."""
    groups: list[DocumentGroup] = Field(default_factory=list)
    """With the first page, by name: the caller's groups; all of the course for staff."""


class ListAnnotations(Command, name="annotation.list", returns=AnnotationPage):
    """The annotations of a document, or one thread of them, beginning with its first.

    `resolved` is asked of threads: with it only their first ones come.
    """

    document_id: DocumentId
    parent_id: AnnotationId | None = None
    motivation: Motivation | None = None
    tag: Tag | None = None
    resolved: bool | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class OneAnnotation(Once):
    """The annotation after the command."""

    annotation: Annotation


class CreateAnnotation(Command, name="annotation.create", mode=Mode.WRITE, returns=OneAnnotation):
    """Annotate, or with a `parent_id` reply: `comment` is the least mode for it.

    `assessing` and the audience `staff` are the staff's; a group is for its members and staff.
    """

    key: Key
    document_id: DocumentId
    body: Annotated[Clean, Len(0, 4_000)] = ""
    """Empty only of a highlight. `@<user id>` calls somebody who may see it."""
    motivation: Motivation = "commenting"
    target: AnnotationTarget | None = None
    visibility: Audience = "course"
    """Of a reply: the thread's, whatever is said here."""
    tags: Tags = Field(default_factory=list)
    parent_id: AnnotationId | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> CreateAnnotation:
        if (self.target is None) == (self.parent_id is None):
            raise ValueError("give a target, or the parent_id of the thread: one of them")
        if self.motivation != "highlighting" and not self.body.strip():
            raise ValueError("must have a body: only a highlight may be without")
        return self


BaseRevision = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""The revision that the change was made to: changes of other fields since then are merged."""


class UpdateAnnotation(Command, name="annotation.update", mode=Mode.WRITE, returns=OneAnnotation):
    """Change what is given: its author, tags also staff.

    A field that has changed since `base_revision` gets `conflict` with `details: {yours, theirs}`; a deleted annotation
    gets `not_found`.
    """

    key: Key
    annotation_id: AnnotationId
    base_revision: BaseRevision
    body: Annotated[Text, Len(1, 4_000)] | None = None
    motivation: Motivation | None = None
    visibility: Audience | None = None
    """Of a thread without replies of others, not of a reply. To whoever sees it no more it is told as deleted."""
    tags: Tags | None = None

    @model_validator(mode="after")
    def _says_something(self) -> UpdateAnnotation:
        if all(field is None for field in (self.body, self.motivation, self.visibility, self.tags)):
            raise ValueError("give at least one of body, motivation, visibility and tags")
        return self


class DeleteAnnotation(Command, name="annotation.delete", mode=Mode.WRITE, returns=OneAnnotation):
    """Take an annotation back: its author, or staff. It wins over every change made at the same time.

    Where others have replied only its words go: their thread keeps its place.
    """

    key: Key
    annotation_id: AnnotationId
    base_revision: BaseRevision | None = None


class ResolveAnnotation(Command, name="annotation.resolve", mode=Mode.WRITE, returns=OneAnnotation):
    """Say that a thread is done with, or with `on: false` that it is not: its author, whoever may edit, staff."""

    key: Key
    annotation_id: AnnotationId
    base_revision: BaseRevision
    on: bool = True


class ReanchorAnnotation(Command, name="annotation.reanchor", mode=Mode.WRITE, returns=OneAnnotation):
    """Say where an annotation stands now, found by its quote or given by hand; or that nobody finds it.

    Whoever may comment and sees it: many editors find the same place at once, the first one holds.
    """

    key: Key
    annotation_id: AnnotationId
    base_revision: BaseRevision
    target: AnnotationTarget | None = None
    """None: it is an orphan."""


# Events, on the channel of its audience


class AnnotationCreated(Event[Annotation], name="annotation.created", delivery=Delivery.LOGGED, subject="id"):
    """Somebody has annotated, or replied; also: somebody made one visible to this audience."""


class AnnotationUpdated(Event[Annotation], name="annotation.updated", delivery=Delivery.LOGGED, subject="id"):
    """An annotation has changed: the whole of it."""


class AnnotationDeleted(Event[Annotation], name="annotation.deleted", delivery=Delivery.LOGGED, subject="id"):
    """An annotation is gone, or is for others now: only its ids are left."""


class Conflict(TypedDict):
    """The `details` of a `conflict`: the fields that both have changed, in both versions."""

    yours: dict[str, Any]
    theirs: dict[str, Any]
    revision: int
    """As it is now: the base of another try."""
