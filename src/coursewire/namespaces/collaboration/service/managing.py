"""Documents as the LMS and staff keep them: made, read, changed, begun anew, deleted."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

from coursewire.errors import Conflict, Forbidden, Invalid
from coursewire.identity import membership
from coursewire.namespaces.collaboration.contract import (
    AnnotationDeleted,
    DocumentSettings,
    DocumentText,
    OneDocument,
)
from coursewire.namespaces.collaboration.encoding.rendering import html_of, text_of
from coursewire.namespaces.collaboration.rules import modes
from coursewire.namespaces.collaboration.rules.annotations import tombstone
from coursewire.namespaces.collaboration.rules.audiences import Viewer
from coursewire.namespaces.collaboration.service import seeds
from coursewire.namespaces.collaboration.service.audiences import Entered, entered
from coursewire.namespaces.collaboration.service.changed_documents import (
    tell_changed,
    tell_made,
    tell_moved,
    tell_removed,
)
from coursewire.namespaces.collaboration.service.contents import build_contents
from coursewire.namespaces.collaboration.service.documents import new_document, shown
from coursewire.namespaces.collaboration.service.erased_annotations import channels_of_documents
from coursewire.namespaces.collaboration.service.erased_versions import forget_versions
from coursewire.namespaces.collaboration.store import annotations as notes
from coursewire.namespaces.collaboration.store import documents, snapshots, updates, writers
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import Document, DocumentBody, DocumentPatch
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction


def put_document(tx: Transaction, caller: Caller, body: DocumentBody) -> OneDocument:
    """Make a document for the LMS. The same again, with its `id`, returns the document that is there.

    Raises NotFound for a course that is not known, Conflict for an id that another document has.
    """
    digest = hashlib.blake2b(body.model_dump_json().encode(), digest_size=16).hexdigest()
    if body.id is not None and (before := documents.document_digest(tx, body.id)) is not None:
        if before != digest:
            raise Conflict("another document has this id already", field="id")
        return _one(tx, entered(tx, caller, body.id))
    membership.course(tx.raw, body.course_id)
    if body.url is not None and body.kind != "page":
        raise Invalid("only a page is shown elsewhere", field="url")
    seed = seeds.seed_of(body.kind, template=body.template, html=body.html)
    row = new_document(
        tx,
        caller,
        body.id or new_id(),
        course_id=body.course_id,
        title=body.title,
        kind=body.kind,
        url=body.url,
    )
    documents.insert_document(tx, row, digest)
    seeds.write_seed(tx, row, seed)
    tell_made(tx, row)
    return _one(tx, entered(tx, caller, row.id))


def _one(tx: Transaction, place: Entered) -> OneDocument:
    tx.subject = place.document.id
    return OneDocument(document=_shown(tx, place.document, place.viewer))


def _shown(tx: Transaction, row: DocumentRow, viewer: Viewer) -> Document:
    [document] = shown(tx, viewer, [(row, viewer.mode or "view")])
    return document


def read_text(tx: Transaction, caller: Caller, document_id: str) -> DocumentText:
    """Return what a document says, to whoever may open it. Raises NotFound."""
    place = entered(tx, caller, document_id)
    doc = build_contents(tx, place.document).doc
    return DocumentText(
        document=_shown(tx, place.document, place.viewer),
        epoch=place.document.epoch,
        text=text_of(doc),
        html=html_of(doc),
    )


def change_document(
    tx: Transaction, caller: Caller, document_id: str, patch: DocumentPatch
) -> DocumentSettings:
    """Change a document's title, who may do what in it, and whether anybody does. Raises NotFound, Forbidden."""
    row = kept_by(tx, caller, document_id).document
    changed = dataclasses.replace(
        row,
        title=row.title if patch.title is None else patch.title,
        access=row.access if patch.access is None else patch.access,
        is_archived=row.is_archived if patch.archived is None else patch.archived,
    )
    if changed != row:
        documents.change_document(tx, changed)
    if changed.title != row.title:
        tell_changed(tx, changed)
    if (changed.access, changed.is_archived) != (row.access, row.is_archived):
        roster = membership.roster_of(tx.raw, row.course_id)
        tx.recheck_rights(roster)
        tell_moved(tx, roster, row, changed)
    place = entered(tx, caller, document_id)
    return DocumentSettings(
        document=_shown(tx, place.document, place.viewer),
        access=dict(changed.access),
        archived=changed.is_archived,
    )


def delete_document(tx: Transaction, caller: Caller, document_id: str) -> None:
    """Take a document away, with all that is in it and beside it. Raises NotFound, Forbidden."""
    remove(tx, kept_by(tx, caller, document_id).document)


def remove(tx: Transaction, row: DocumentRow) -> None:
    """Take a document away. Whoever is in it is closed out (FAN4)."""
    channels = channels_of_documents(tx, [row])
    beside = notes.annotations_of(tx, row.id)
    notes.delete_annotations_of(tx, row.id)
    for stored in beside:
        # Private ones were told on channels that go on, and inboxes quote some.
        gone = tombstone(stored.annotation, stored.annotation.revision + 1)
        tx.redact(gone.id, gone)
        tx.tell(AnnotationDeleted(gone))
    delete_contents(tx, row.id)
    documents.delete_document(tx, row.id)
    for channel in channels:
        tx.begin_anew(channel)
    roster = membership.roster_of(tx.raw, row.course_id)
    tx.recheck_rights(roster)
    tell_removed(tx, row, roster)


def delete_contents(tx: Transaction, document_id: str) -> None:
    """Delete what is in a document, of now and of its past."""
    updates.delete_updates(tx, document_id)
    snapshots.delete_snapshots(tx, document_id)
    writers.delete_writers(tx, document_id)
    forget_versions(tx, document_id)


def kept_by(tx: Transaction, caller: Caller, document_id: str) -> Entered:
    """Return a document to the LMS and to staff of its course. Raises NotFound, Forbidden."""
    place = entered(tx, caller, document_id)
    roles = tx.roles_in(caller, place.document.course_id)
    if not modes.is_staff(roles | (caller.roles & modes.ABOVE_ALL)):
        raise Forbidden("this is for the staff of the course", field="document_id")
    return place
