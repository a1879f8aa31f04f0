"""Taking an erased person out of documents: what is theirs alone goes, what others share stays without their name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.service.managing import remove
from coursewire.namespaces.collaboration.service.seeds import NOBODY
from coursewire.namespaces.collaboration.store import documents, updates, writers

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction

ERASED: Final = "erased"
"""Stands for the id of whoever made a document and was erased."""


def erase_from_documents(tx: Transaction, user_id: str) -> None:
    """Delete the documents that somebody made and nobody else has written in; take their name from all others.

    What they wrote with others stays: it stands among the words of others, and is the document's.
    """
    for document_id in writers.documents_written_by(tx, user_id):
        document = documents.load_document(tx, document_id)
        if document is not None and _is_theirs_alone(tx, document, user_id):
            remove(tx, document)
        else:
            updates.unname_updates(tx, document_id, user_id, NOBODY)
    writers.unname_writer(tx, user_id, NOBODY)
    documents.unname_creator(tx, user_id, ERASED)


def _is_theirs_alone(tx: Transaction, document: DocumentRow, user_id: str) -> bool:
    if document.created_by != user_id:
        return False
    found = writers.all_writers(tx, document.id, document.epoch).values()
    return {writer.user_id for writer in found} <= {user_id, NOBODY}
