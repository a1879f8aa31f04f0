"""When a document begins anew: annotations quote nothing that it says no more, and stand where their quotes are."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import orjson

from coursewire.namespaces.collaboration.rules.annotations import changed_to, without_past
from coursewire.namespaces.collaboration.store import annotations as store

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.contract import AnnotationTarget
    from coursewire.realtime.transaction import Transaction


def forget_quotes(tx: Transaction, document_id: str, text: str) -> None:
    """Take out of targets, of now and of the log's past, what is not in this text (LOG5), and all anchors.

    Anchors are places in the former life of a document; in the new one they would lead to anything. Nobody is told:
    whoever is in the document opens it again.
    """
    says = "".join(text.split())
    for stored in store.annotations_of(tx, document_id):
        target = stored.annotation.target
        if target is None:
            continue
        kept, is_there = without_past(target, says)
        if kept == target:
            continue
        annotation = stored.annotation
        orphaned = annotation.orphaned or not is_there
        changed = changed_to(
            stored, {"target": kept}, annotation.revision + 1, target=kept, orphaned=orphaned
        )
        store.rewrite_annotation(tx, changed)
        tx.redact(annotation.id, functools.partial(_with_target, kept))


def _with_target(kept: AnnotationTarget, data: bytes) -> bytes:
    """Return the JSON of an annotation with this target, if it has any: what tells no more than ids stays so."""
    payload: dict[str, Any] = orjson.loads(data)
    if "target" in payload:
        payload["target"] = kept.model_dump(exclude_none=True)
    return orjson.dumps(payload)
