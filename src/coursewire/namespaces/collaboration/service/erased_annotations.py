"""Taking an erased person out of annotations: what they wrote, that they are called, what they resolved (LOG5)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import orjson

from coursewire.identity import groups
from coursewire.namespaces.collaboration.rules import audiences
from coursewire.namespaces.collaboration.service.taking_back import take_back
from coursewire.namespaces.collaboration.store import annotations as store
from coursewire.namespaces.collaboration.store import erased_annotations
from coursewire.text import without_mention

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction


def erase_annotations(tx: Transaction, user_id: str) -> set[str]:
    """Take somebody out of all annotations; return the documents that they have written beside.

    What they began and others have replied to keeps its place. Who is called in a text is called no more; the text
    is its author's, and stays.
    """
    for stored in erased_annotations.annotations_calling(tx, user_id):
        left = tuple(mentioned for mentioned in stored.mentions if mentioned != user_id)
        html = without_mention(stored.annotation.html, user_id)
        erased_annotations.unmention(tx, stored.annotation.id, left, html)
        tx.redact(stored.annotation.id, functools.partial(_without_mention, user_id))
    for annotation_id in erased_annotations.unname_resolver(tx, user_id):
        tx.redact(annotation_id, functools.partial(_without_resolver, user_id))
    written = erased_annotations.annotations_by(tx, user_id)
    for annotation_id, _ in written:
        found = store.load_annotation(tx, annotation_id)
        if found is not None:  # what answers something of their own has gone with that
            take_back(tx, found.annotation, actor=None)
    return {document_id for _, document_id in written}


def channels_of_documents(tx: Transaction, found: Iterable[DocumentRow]) -> list[str]:
    """Return all channels of these documents, with those of every group that something may have been said to."""
    channels: list[str] = []
    of_course: dict[str, set[str]] = {}
    for document in found:
        if document.course_id not in of_course:
            known = groups.groups_of_course(tx.raw, document.course_id)
            of_course[document.course_id] = {group.id for group in known}
        named = of_course[document.course_id].union(erased_annotations.groups_annotated(tx, document.id))
        channels += [audiences.document_channel(document.id), audiences.staff_channel(document.id)]
        channels += [audiences.group_channel(document.id, group) for group in sorted(named)]
    return channels


def _without_mention(user_id: str, data: bytes) -> bytes:
    payload: dict[str, Any] = orjson.loads(data)
    if "html" not in payload:
        return data
    return orjson.dumps({**payload, "html": without_mention(payload["html"], user_id)})


def _without_resolver(user_id: str, data: bytes) -> bytes:
    payload: dict[str, Any] = orjson.loads(data)
    if payload.get("resolved_by") == user_id:
        del payload["resolved_by"]
    return orjson.dumps(payload)
