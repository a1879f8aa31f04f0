"""Telling of a document's new title: those who are in it, and those in whose lists it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.identity import groups, membership
from coursewire.namespaces.collaboration.contract import ChangedDocument, DocumentChanged
from coursewire.namespaces.collaboration.rules import modes
from coursewire.namespaces.collaboration.rules.audiences import document_channel
from coursewire.namespaces.collaboration.store import documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction

CHANGED: Final = "changed"
"""The derived value of who is here and may open a document."""


def tell_changed(tx: Transaction, row: DocumentRow) -> None:
    """Say that a document has another title."""
    tx.publish_latest(document_channel(row.id), _changed(row), is_last=True)
    tx.derive(CHANGED, row.id)


def changed_for(
    tx: Transaction, document_id: str, user_ids: Sequence[str]
) -> Iterator[tuple[str, DocumentChanged]]:
    """Yield what a document is called now, to those of its course who may open it, in a few statements for all."""
    row = documents.load_document(tx, document_id)
    if row is None:
        return
    event = _changed(row)
    in_group = (
        groups.members_among(tx.raw, row.course_id, row.group, user_ids)
        if row.group is not None
        else frozenset()
    )
    for user_id, roles in membership.roles_among(tx.raw, row.course_id, user_ids).items():
        held = {row.group} if row.group is not None and user_id in in_group else frozenset()
        if modes.mode_of(roles, row, held) is not None:
            yield user_id, event


def _changed(row: DocumentRow) -> DocumentChanged:
    return DocumentChanged(ChangedDocument(document_id=row.id, course_id=row.course_id, title=row.title))
