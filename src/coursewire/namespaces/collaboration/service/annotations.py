"""Annotations: writing one, replying, and the pages of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from coursewire.errors import Invalid
from coursewire.identity import groups
from coursewire.namespaces.collaboration.contract import (
    Annotation,
    AnnotationCreated,
    AnnotationPage,
    OneAnnotation,
)
from coursewire.namespaces.collaboration.rules import annotations as rules
from coursewire.namespaces.collaboration.rules import audiences
from coursewire.namespaces.collaboration.rules.annotations import Stored
from coursewire.namespaces.collaboration.service.addressing import (
    html_of,
    tell_whom_it_concerns,
    who_is_called,
)
from coursewire.namespaces.collaboration.service.audiences import entered, visible
from coursewire.namespaces.collaboration.service.changed_documents import tell_counted
from coursewire.namespaces.collaboration.service.groups import groups_seen
from coursewire.namespaces.collaboration.store import annotations as store
from coursewire.vocabulary import ID_PATTERN, iso, new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import (
        AnnotationDeleted,
        AnnotationUpdated,
        CreateAnnotation,
        ListAnnotations,
    )
    from coursewire.namespaces.collaboration.rules.audiences import Viewer
    from coursewire.namespaces.collaboration.service.audiences import Entered
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction

_ID: Final = re.compile(ID_PATTERN)


def create_annotation(tx: Transaction, caller: Caller, command: CreateAnnotation) -> OneAnnotation:
    """Annotate, or reply: one row, one event in each channel of its audience."""
    place = entered(tx, caller, command.document_id)
    viewer = place.viewer
    rules.check_can_annotate(viewer)
    rules.check_motivation(viewer, command.motivation)
    parent, visibility = None, command.visibility
    if command.parent_id is not None:
        parent = _thread(tx, viewer, command)
        visibility = parent.annotation.visibility
    else:
        check_audience(tx, place, visibility)
        if command.target is not None:
            rules.check_fits(command.target, place.document.kind)
    rules.check_has_room(store.count_annotations(tx, command.document_id, caller.user_id), visibility)
    called = who_is_called(tx, place, visibility, caller.user_id, command.body)
    annotation = Annotation(
        id=new_id(),
        document_id=command.document_id,
        parent_id=command.parent_id,
        author_id=caller.user_id,
        author_name=caller.name,
        motivation=command.motivation,
        body=command.body,
        html=html_of(tx, command.body, called),
        tags=list(dict.fromkeys(command.tags)),
        target=command.target,
        visibility=visibility,
        revision=1,
        created_at=iso(tx.now),
    )
    store.insert_annotation(tx, Stored(annotation, {}, called.user_ids))
    tell(tx, AnnotationCreated(annotation))
    tell_counted(tx, annotation)
    tell_whom_it_concerns(tx, place, annotation, parent.annotation if parent else None, called)
    return one_annotation(tx, annotation)


def _thread(tx: Transaction, viewer: Viewer, command: CreateAnnotation) -> Stored:
    """Return the first annotation of the thread that a reply goes into."""
    parent = store.load_annotation(tx, command.parent_id or "")
    # First of all: who may see it is asked of a viewer of this document.
    if parent is None or parent.annotation.document_id != command.document_id:
        raise rules.no_such_annotation(field="parent_id")
    return rules.check_can_be_replied_to(rules.check_can_see(parent, viewer, field="parent_id"))


def check_audience(tx: Transaction, place: Entered, visibility: str) -> None:
    """Raise Forbidden for an audience that is not the caller's to address, Invalid for a group that there is not."""
    audiences.check_can_address(place.viewer, visibility)
    group = audiences.group_in(visibility)
    if (
        group is not None
        and group not in place.viewer.groups
        and not groups.is_group(tx.raw, place.document.course_id, group)
    ):
        raise Invalid("there is no such group in the course", field="visibility")


def list_annotations(tx: Transaction, caller: Caller, command: ListAnnotations) -> AnnotationPage:
    """Return annotations that the caller may see, the oldest first."""
    place = entered(tx, caller, command.document_id)
    viewer = place.viewer
    after = command.cursor or ""
    if command.cursor is not None and not _ID.fullmatch(after):
        raise Invalid("must be a cursor that annotation.list gave", field="cursor")
    since = None
    if command.cursor is None:
        # Before the annotations: what is told from here on comes on top of them (SUB3).
        channels = audiences.channels_seen_by(viewer, command.document_id)
        since = {channel: tx.position(channel) for channel in channels}
    found = store.page_of(tx, viewer, command, after, command.limit + 1)
    page = rules.up_to_a_page(found[: command.limit])
    next_cursor = page[-1].id if len(found) > len(page) else None
    names = groups_seen(tx, place.document.course_id, viewer) if command.cursor is None else []
    return AnnotationPage(items=page, next_cursor=next_cursor, since=since, groups=names)


def read_annotation(
    tx: Transaction, caller: Caller, document_id: str, annotation_id: str
) -> tuple[DocumentRow, Annotation]:
    """Return an annotation of a document that the caller may see, and the document."""
    stored, place = visible(tx, caller, annotation_id)
    if stored.annotation.document_id != document_id:
        raise rules.no_such_annotation()
    return place.document, stored.annotation


def tell(tx: Transaction, event: AnnotationCreated | AnnotationUpdated | AnnotationDeleted) -> None:
    """Tell an annotation's audience, in all of its channels."""
    annotation = event.data
    channels = audiences.channels_of(
        annotation.document_id, annotation.visibility, annotation.author_id or ""
    )
    tx.append_each([(channel, event) for channel in channels])


def one_annotation(tx: Transaction, annotation: Annotation) -> OneAnnotation:
    """Answer with an annotation; the remembered answer belongs to it (LOG5)."""
    tx.subject = annotation.id
    return OneAnnotation(annotation=annotation)
