"""Opening a document: who may, what they hear, and what they read first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from coursewire.errors import NotFound
from coursewire.namespaces.collaboration.contract import ListAnnotations
from coursewire.namespaces.collaboration.rules import audiences as audience_rules
from coursewire.namespaces.collaboration.rules.modes import Grant
from coursewire.namespaces.collaboration.service import audiences
from coursewire.namespaces.collaboration.service.annotations import list_annotations
from coursewire.namespaces.collaboration.service.documents import shown
from coursewire.namespaces.collaboration.service.editing import somebody_elses
from coursewire.namespaces.collaboration.store import writers

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import Annotation, Document, DocumentGroup, OpenDocument
    from coursewire.realtime.transaction import Transaction

ANNOTATIONS = 200
"""That come with a document, the oldest; `annotation.list` has the rest."""


class Beginning(NamedTuple):
    """What the rows say to whoever opens a document."""

    document: Document
    epoch: str
    layout: int
    annotations: list[Annotation]
    annotations_cursor: str | None
    groups: list[DocumentGroup]


def channels_to_open(tx: Transaction, caller: Caller, command: OpenDocument) -> tuple[str, ...]:
    """Return the channels that bring the caller all of a document. Raises NotFound, Forbidden."""
    place = audiences.entered(tx, caller, command.document_id)
    epoch = place.document.epoch
    found = writers.load_writers(tx, place.document.id, epoch, [command.client_id])
    if command.client_id in found and found[command.client_id].user_id != caller.user_id:
        error = somebody_elses(command.client_id)
        error.field = "client_id"
        raise error
    return audience_rules.channels_seen_by(place.viewer, place.document.id)


def read_beginning(tx: Transaction, caller: Caller, command: OpenDocument) -> Beginning:
    """Return what goes with the state of a document. Raises NotFound."""
    place = audiences.entered(tx, caller, command.document_id)
    page = list_annotations(tx, caller, ListAnnotations(document_id=command.document_id, limit=ANNOTATIONS))
    [document] = shown(tx, place.viewer, [(place.document, place.viewer.mode or "view")])
    row = place.document
    return Beginning(document, row.epoch, row.layout, page.items, page.next_cursor, page.groups)


def grant_channel(tx: Transaction, caller: Caller, channel_id: str) -> Grant | None:
    """Allow the channels of a document to those for whom they are (SUB1), and say what they may do in it."""
    if ":" in channel_id:
        audiences.check_document_channel(tx, caller, channel_id)
        return None
    try:
        place = audiences.entered(tx, caller, channel_id)
    except NotFound as error:
        error.field = "channel"
        raise
    document = place.document
    access = orjson.dumps(dict(document.access)).decode() if document.access else ""
    channels = audience_rules.channels_seen_by(place.viewer, document.id)
    return Grant(place.viewer.mode or "view", document.is_archived, access, channels)
