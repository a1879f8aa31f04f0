"""Taking an annotation back: from its table, from the log's past, and from every screen (LOG5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.collaboration.contract import AnnotationDeleted
from coursewire.namespaces.collaboration.rules import annotations as rules
from coursewire.namespaces.collaboration.rules import audiences
from coursewire.namespaces.collaboration.rules.annotations import Stored, tombstone
from coursewire.namespaces.collaboration.service.annotations import one_annotation
from coursewire.namespaces.collaboration.service.audiences import visible
from coursewire.namespaces.collaboration.service.changed_documents import tell_counted
from coursewire.namespaces.collaboration.store import annotations as store
from coursewire.realtime.transaction import THE_CALLER

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import Annotation, DeleteAnnotation, OneAnnotation
    from coursewire.realtime.transaction import Transaction


def delete_annotation(tx: Transaction, caller: Caller, command: DeleteAnnotation) -> OneAnnotation:
    """Take an annotation back, whatever has become of it since `base_revision`."""
    stored, place = visible(tx, caller, command.annotation_id)
    rules.check_can_delete(stored, place.viewer)
    return one_annotation(tx, take_back(tx, stored.annotation))


def take_back(tx: Transaction, annotation: Annotation, *, actor: str | None = THE_CALLER) -> Annotation:
    """Leave nothing of an annotation, but its place where others have replied; return it as it is told.

    Its author's own replies go with it. With the last reply goes the place of a first one that was taken back.
    """
    replies = store.load_replies(tx, annotation.id) if annotation.reply_count else []
    keeps_place = any(reply.annotation.author_id != annotation.author_id for reply in replies)
    gone = tombstone(annotation, annotation.revision + 1, keeps_place=keeps_place)
    if keeps_place:
        store.rewrite_annotation(tx, Stored(gone))
    else:
        for reply in replies:
            _remove(tx, reply.annotation, actor=actor)
        store.delete_annotation(tx, annotation)
    _tell_gone(tx, annotation, gone, actor=actor)
    if annotation.parent_id is not None:
        head = store.load_annotation(tx, annotation.parent_id)
        if head is not None and head.annotation.state == "deleted" and not head.annotation.reply_count:
            _remove(tx, head.annotation, actor=actor)
    return gone


def _remove(tx: Transaction, annotation: Annotation, *, actor: str | None) -> None:
    store.delete_annotation(tx, annotation)
    _tell_gone(tx, annotation, tombstone(annotation, annotation.revision + 1), actor=actor)


def _tell_gone(tx: Transaction, before: Annotation, gone: Annotation, *, actor: str | None) -> None:
    tx.redact(before.id, gone)
    event = AnnotationDeleted(gone)
    channels = audiences.channels_of(before.document_id, before.visibility, before.author_id or "")
    tx.append_each([(channel, event) for channel in channels], actor=actor)
    tell_counted(tx, before)
