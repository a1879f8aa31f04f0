"""Letting a document begin anew with what it says now: found out in a reader, as it may take seconds; then written."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

from pycrdt import Doc, XmlFragment

from coursewire.errors import Invalid
from coursewire.namespaces.collaboration.contract import (
    DocumentBegun,
    DocumentReset,
    DocumentUpdated,
    Reset,
    Update,
)
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.encoding.structs import ROOT_NAME
from coursewire.namespaces.collaboration.encoding.tree import insert, tree_of
from coursewire.namespaces.collaboration.rules.audiences import document_channel
from coursewire.namespaces.collaboration.service import seeds
from coursewire.namespaces.collaboration.service.changed_documents import tell_edited
from coursewire.namespaces.collaboration.service.contents import build_contents
from coursewire.namespaces.collaboration.service.documents import shown
from coursewire.namespaces.collaboration.service.forgotten_quotes import Forgotten, find_quotes, forget_quotes
from coursewire.namespaces.collaboration.service.managing import delete_contents, kept_by
from coursewire.namespaces.collaboration.store import documents
from coursewire.namespaces.collaboration.store.versions import last_edit
from coursewire.realtime.namespace import Outdated
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Transaction


class Beginning(NamedTuple):
    """What a document is to begin with."""

    epoch: str
    offset: int
    """Of the last edit that is in it."""
    seed: bytes
    quotes: Forgotten


def plan_beginning(tx: Transaction, caller: Caller, document_id: str) -> Beginning:
    """Find what a document says, and what of it is quoted beside it. Raises NotFound, Forbidden, Invalid of a page."""
    document = kept_by(tx, caller, document_id).document
    if document.kind == "page":
        raise Invalid("a page is kept elsewhere: there is nothing of it here", field="document_id")
    doc = build_contents(tx, document).doc
    quotes = find_quotes(tx, document_id, text_of(doc))
    return Beginning(document.epoch, last_edit(tx, document_id), _again(doc), quotes)


def forget_past(
    tx: Transaction, caller: Caller, document_id: str, planned: Beginning | None = None
) -> DocumentBegun:
    """Let a document begin anew with what it says now: nothing of what it said before is left anywhere (LOG5).

    Its edits, snapshots, versions and logged events go. Whoever is in it opens it again, and edits of its former life
    are refused. Raises NotFound, Forbidden, Invalid; Outdated when it has been edited since that was planned.
    """
    place = kept_by(tx, caller, document_id)
    if planned is None:
        planned = plan_beginning(tx, caller, document_id)
    elif (planned.epoch, planned.offset) != (place.document.epoch, last_edit(tx, document_id)):
        raise Outdated
    row = dataclasses.replace(place.document, epoch=new_id())
    delete_contents(tx, document_id)
    documents.set_epoch(tx, document_id, row.epoch)
    seeds.write_seed(tx, row, planned.seed)
    channel = document_channel(document_id)
    tx.begin_anew(channel)
    tx.publish_unlogged(
        channel, DocumentReset(Reset(document_id=document_id, epoch=row.epoch, reason="erased"))
    )
    # The first event of the new stream: by it every node knows that the old one has ended.
    begun = Update(document_id=document_id, sequence=0, client_id=seeds.SEED_CLIENT, update=b"")
    tx.append(channel, DocumentUpdated(begun))
    forget_quotes(tx, document_id, planned.quotes)
    tell_edited(tx, document_id)
    tx.subject = document_id
    [document] = shown(tx, place.viewer, [(row, place.viewer.mode or "view")])
    return DocumentBegun(document=document, epoch=row.epoch)


def _again(doc: Doc[Any]) -> bytes:
    """Return what a document says, as an update that never knew anything else."""
    again: Doc[Any] = Doc(client_id=seeds.SEED_CLIENT)
    root = again.get(ROOT_NAME, type=XmlFragment)
    with again.transaction():
        insert(root, 0, tree_of(doc))
    return again.get_update()
