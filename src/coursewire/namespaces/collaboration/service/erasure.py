"""Removing a person from /collaboration: what is theirs goes, what others share with them stays without their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.collaboration.rules.audiences import user_channel
from coursewire.namespaces.collaboration.service.erased_annotations import (
    channels_of_documents,
    erase_annotations,
)
from coursewire.namespaces.collaboration.service.erased_documents import erase_from_documents
from coursewire.namespaces.collaboration.service.erased_versions import erase_from_versions
from coursewire.namespaces.collaboration.store import documents, erased_annotations, writers

if TYPE_CHECKING:
    from coursewire.identity.contract import UserErased
    from coursewire.realtime.transaction import Transaction


def erase_user(tx: Transaction, erased: UserErased) -> None:
    """Take a person out of every table and logged event (LOG5)."""
    user_id = erased.user_id
    concerned = {
        *erased_annotations.documents_of_courses(tx, erased.course_ids),
        *writers.documents_written_by(tx, user_id),
    }
    concerned |= erase_annotations(tx, user_id)
    erase_from_documents(tx, user_id)
    erase_from_versions(tx, user_id)
    found = [documents.load_document(tx, document_id) for document_id in sorted(concerned)]
    tx.forget_person(
        user_id,
        own=[user_channel(user_id)],
        others=channels_of_documents(tx, [document for document in found if document is not None]),
        rewrite=lambda data: data,
    )
