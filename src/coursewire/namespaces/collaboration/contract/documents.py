"""Documents: made, opened, edited together, left.

Bytes are attachments: those of a command and of an event stand after the payload, as an argument of their own;
those of an answer stand in it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field

from coursewire.namespaces.collaboration.contract.annotations import Annotation
from coursewire.namespaces.collaboration.contract.awareness import Participant
from coursewire.namespaces.collaboration.contract.values import (
    MOST_UPDATE,
    Access,
    AccessRole,
    ClientId,
    Cursor,
    DocumentGroup,
    DocumentId,
    DocumentKind,
    Encoded,
    Epoch,
    Mode,
    Sequence,
    Small,
)
from coursewire.realtime.contract import Channel, Command, Delivery, Event, Once, Result
from coursewire.realtime.contract import Mode as Runs
from coursewire.vocabulary import Clean, CourseId, Id, Key, Line, Model, Position, Time, UserId


class Document(Model):
    """A document of a course, without what is in it."""

    id: DocumentId
    course_id: CourseId
    title: str
    kind: DocumentKind
    url: str | None = None
    """Of a page: where it is shown."""
    created_by: UserId
    created_at: Time
    updated_at: Time
    """Of the last edit."""
    mode: Mode
    """What whoever asks may do."""
    open_annotations: int = 0
    """That the asker may see and nobody has resolved."""


class DocumentPage(Result):
    """Documents, the last edited first."""

    items: list[Document]
    next_cursor: Cursor | None = None
    may_make: bool = False
    """Whether the asker may make documents for everybody in the course."""
    groups: list[DocumentGroup] = Field(default_factory=list)
    """With the first page: those that the asker may make documents for, one's own, and all for staff."""


class ListDocuments(Command, name="document.list", returns=DocumentPage):
    """The documents of a course that the caller may open."""

    course_id: CourseId
    kind: DocumentKind | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Template(Model):
    """What a new document can begin with."""

    id: Id
    title: str
    description: str = ""


class TemplatePage(Result):
    """The templates that there are."""

    items: list[Template]
    next_cursor: Cursor | None = None


class ListDocumentTemplates(Command, name="document.templates", returns=TemplatePage):
    """The templates of a course; those that come with the house are in every course."""

    course_id: CourseId


class OneDocument(Once):
    """The document after the command."""

    document: Document


class CreateDocument(Command, name="document.create", mode=Runs.WRITE, returns=OneDocument):
    """Make a document. Staff, and whoever the course lets: learners make documents of their own groups.

    Its content is seeded once, here and nowhere else: an editor never writes a template.
    """

    key: Key
    course_id: CourseId
    title: Line
    kind: DocumentKind = "text"
    template: Id | None = None
    group: Id | None = None
    """Only its members and staff may open it."""


class DocumentLimits(Model):
    """The bounds that an editor should keep on its own."""

    update_bytes: int = MOST_UPDATE
    document_bytes: int
    updates_per_second: float
    awareness_bytes: int
    annotations: int


class DocumentOpened(Result):
    """All that an editor needs to begin, as of the positions: what comes after them comes as events."""

    document: Document
    epoch: Epoch
    """Another one than was asked for: forget what was kept of the old one, and offer unsent edits as a copy."""
    mode: Mode
    layout: int
    """Of the document: which generation of elements is in it."""
    html: str | None = None
    """Instead of an update, for an editor that is too old for this document; the mode is `comment` at most."""
    update: Encoded
    """What the caller's state vector lacks; everything for an empty one or another epoch."""
    state_vector: Small
    awareness: Encoded
    """Of everybody who is here, in the y-protocols encoding; names and colours are the server's."""
    annotations: list[Annotation]
    annotations_cursor: Cursor | None = None
    """Where `annotation.list` goes on: there are more than come with a document."""
    positions: dict[Channel, Position]
    """The channels that `open` has subscribed to."""
    groups: list[DocumentGroup] = Field(default_factory=list)
    """By name: the caller's; all of the course for staff."""
    participants: list[Participant]
    limits: DocumentLimits


class OpenDocument(Command, name="document.open", returns=DocumentOpened, cost=2, attachment="state_vector"):
    """Enter a document: subscribe to its channels, read it, and be seen in it.

    A `not_found` does not tell whether there is such a document.
    """

    document_id: DocumentId
    client_id: ClientId
    """With which this editor is going to write. `forbidden` when somebody else has written with it."""
    layout: Annotated[int, Field(ge=1, le=1_000)] = 1
    """Which generation of elements the editor knows. Below the document's it gets `html` and no update: an editor takes
    out what it does not know, for everybody, even when nobody may type in it."""
    epoch: Epoch | None = None
    """Of what the caller kept; none on the first visit."""
    state_vector: Small = b""


class UpdateSaved(Result):
    """The update is committed: it survives the server."""

    sequence: Sequence
    saved: Literal[True] = True


class UpdateDocument(
    Command,
    name="document.update",
    mode=Runs.WRITE,
    returns=UpdateSaved,
    cost=0.5,
    attachment="update",
):
    """Edit: one update, answered after its commit. It needs no key: the same update again changes nothing.

    `conflict` with `details.reason`: `epoch` (open again), `gap` (something before it is missing: `document.sync`).
    `forbidden` for whoever may not edit, and for another's client id; `invalid` for what is no update; `too_large`.
    """

    document_id: DocumentId
    epoch: Epoch
    sequence: Annotated[Sequence, Field(ge=1)]
    """0 is the server's: an edit that brings a version back."""
    update: Annotated[bytes, Len(1, MOST_UPDATE)]


class SyncAnswer(Result):
    """What the caller lacks, and what the server has: the caller sends the rest as updates."""

    epoch: Epoch
    update: Encoded
    state_vector: Small


class SyncDocument(
    Command, name="document.sync", mode=Runs.SIGNAL, returns=SyncAnswer, attachment="state_vector"
):
    """Compare states: after a gap, and after the edits of somebody who was offline."""

    document_id: DocumentId
    epoch: Epoch
    state_vector: Small


class DocumentClosed(Result):
    """The document that was left."""

    document_id: DocumentId


class CloseDocument(Command, name="document.close", mode=Runs.SIGNAL, returns=DocumentClosed):
    """Leave a document: its channels end, and the caret goes."""

    document_id: DocumentId


# Events, on `document:<id>`


class Update(Model):
    """One edit, as it was committed."""

    document_id: DocumentId
    sequence: Sequence
    """The sender's own: an editor knows its updates by actor, client and sequence."""
    client_id: ClientId
    update: Annotated[bytes, Len(0, MOST_UPDATE)]
    """Empty once the document was taken back."""


class DocumentUpdated(
    Event[Update],
    name="document.updated",
    delivery=Delivery.LOGGED,
    subject="document_id",
    attachment="update",
):
    """Somebody has edited. Applying it twice, or one's own again, changes nothing."""


class ModeChanged(Model):
    """What one may do now."""

    document_id: DocumentId
    mode: Mode | None
    """None: the document is closed to you. Unsent edits are yours: keep a copy."""
    reason: Literal["role", "document", "archived"]


class DocumentModeChanged(Event[ModeChanged], name="document.mode", delivery=Delivery.EPHEMERAL):
    """The mode has changed, on `user:<id>` for one person, on `document:<id>` for everybody."""


class ChangedDocument(Model):
    """What lists show of a document."""

    document_id: DocumentId
    course_id: CourseId
    title: str


class DocumentChanged(
    Event[ChangedDocument], name="document.changed", delivery=Delivery.LATEST, per="document_id"
):
    """A document has another title: on `document:<id>`, and on `user:<id>` of all in its course who may open it.

    On `user:<id>` also for whoever may open it now, and might not before.
    """


class CourseOfDocuments(Model):
    """Where something has changed."""

    course_id: CourseId


class DocumentsChanged(
    Event[CourseOfDocuments], name="documents.changed", delivery=Delivery.LATEST, per="course_id"
):
    """One may open more or fewer documents of a course, or do something else in one, or its groups have changed.

    On `user:<id>`, to those for whom that is so. `document.list` says what there is now; who was refused a document may
    ask for it again. In every course administrators are told of documents that come, go or are archived, and of groups.
    """


class DocumentsEdited(
    Event[CourseOfDocuments], name="documents.edited", delivery=Delivery.LATEST, per="course_id", rate=0.1
):
    """`document.list` of a course says something else of a document: when it was edited, or how many threads are open.

    On `user:<id>`, to those who may open the document, and of threads to who sees them. At once after quiet, then once
    in 10 s; a document's first edit in a minute is one, those behind it are not.
    """


class DocumentChannels(Model):
    """Which channels of a document are for one now."""

    document_id: DocumentId
    channels: list[Channel]
    """All of them. Those that one does not listen to yet are to be subscribed to; then `annotation.list` has what was
    written there before. The others of the document are closed by the server."""


class DocumentChannelsChanged(
    Event[DocumentChannels],
    name="document.channels",
    delivery=Delivery.LATEST,
    per="document_id",
    rate=4,
):
    """One has come into a group, become staff, or is either no more, with the document open; on `user:<id>`."""


class Reset(Model):
    """A document has begun anew."""

    document_id: DocumentId
    epoch: Epoch
    reason: Literal["erased", "imported", "recovered"]


class DocumentReset(Event[Reset], name="document.reset", delivery=Delivery.EPHEMERAL):
    """Forget what was kept, and open again: edits of the old epoch are refused with `conflict`."""


# Over HTTP


class DocumentBody(Model):
    """A new document; with an `id` of the LMS the same again returns the document that is there."""

    id: DocumentId | None = None
    course_id: CourseId
    title: Line
    kind: DocumentKind = "text"
    url: Annotated[Clean, Len(1, 2_000)] | None = None
    template: Id | None = None
    html: Annotated[Clean, Len(0, 500_000)] | None = None
    """What it begins with, instead of a template: only elements that the editor knows are kept."""


class DocumentPatch(Model):
    """What staff change of a document; what is left out stays. Whoever is in it hears at once."""

    title: Line | None = None
    access: dict[AccessRole, Access] | None = None
    """All that is to be other than usual: content developers and learners edit, mentors comment."""
    archived: bool | None = None
    """Nobody writes in it any more, also beside it."""


class DocumentSettings(Model):
    """A document, and what may be done in it."""

    document: Document
    access: dict[AccessRole, Access]
    archived: bool


class DocumentBegun(Model):
    """A document that has begun anew, with what it says now and nothing of what it said before."""

    document: Document
    epoch: Epoch


class DocumentText(Model):
    """What is in a document now."""

    document: Document
    epoch: Epoch
    text: str
    html: str
    """Safe to show: made from the elements that the editor knows, everything else is left out."""
