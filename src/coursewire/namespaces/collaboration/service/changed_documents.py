"""Telling of a document: its new title to those in whose lists it stands, and that it is there to whoever is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.identity import groups, membership
from coursewire.namespaces.collaboration.contract import ChangedDocument, DocumentChanged
from coursewire.namespaces.collaboration.rules import modes
from coursewire.namespaces.collaboration.rules.audiences import document_channel
from coursewire.namespaces.collaboration.store import documents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction

CHANGED: Final = "changed"
"""The derived value of who is here and may open a document."""


def tell_changed(tx: Transaction, row: DocumentRow) -> None:
    """Say that a document has another title."""
    tx.publish_latest(document_channel(row.id), _changed(row), is_last=True)
    tx.derive(CHANGED, row.id)


def tell_let_in(
    tx: Transaction, roster: Mapping[str, Collection[str]], before: DocumentRow, after: DocumentRow
) -> None:
    """Say that there is this document to whoever of its course may open it now, and might not before."""
    groups = frozenset({after.group}) if after.group is not None else frozenset()
    let_in = [
        user_id
        for user_id, roles in roster.items()
        if modes.mode_of(roles, before, groups) is None and modes.mode_of(roles, after, groups) is not None
    ]
    if let_in:
        tx.derive(CHANGED, after.id, let_in)


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
