"""Taking versions back, and erased people off them: the rows, and what is remembered of answers about them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import orjson

from coursewire.namespaces.collaboration.store import versions

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


def erase_from_versions(tx: Transaction, user_id: str) -> None:
    """Name somebody in no version, and in no answer that is remembered for its repeat (LOG5)."""
    for document_id in versions.documents_naming(tx, user_id):
        tx.redact(document_id, partial(_without, user_id), field="document_id")
    versions.forget_versions_of(tx, user_id)


def forget_versions(tx: Transaction, document_id: str) -> None:
    """Forget all versions of a document, and how they were called (LOG5)."""
    tx.redact(document_id, _untitled, field="document_id")
    versions.delete_versions(tx, document_id)


def _untitled(data: bytes) -> bytes:
    said = orjson.loads(data)
    return orjson.dumps({**said, "title": ""}) if said.get("title") else data


def _without(user_id: str, data: bytes) -> bytes:
    """Leave a person out of what is said of a document; most of it, edits above all, names nobody."""
    if user_id.encode() not in data:
        return data
    said = orjson.loads(data)
    changed = False
    if said.get("saved_by") == user_id:
        del said["saved_by"]
        changed = True
    if user_id in said.get("editors", ()):
        said["editors"].remove(user_id)
        changed = True
    return orjson.dumps(said) if changed else data
