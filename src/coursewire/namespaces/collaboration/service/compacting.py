"""One snapshot of a document: made, compared with what it stands for, and swapped in."""

from __future__ import annotations

from dataclasses import dataclass
from time import thread_time
from typing import TYPE_CHECKING, Any

from pycrdt import Doc

from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.encoding.vectors import read_state_vector
from coursewire.namespaces.collaboration.service.contents import load_contents
from coursewire.namespaces.collaboration.service.deleting import load_deletions
from coursewire.namespaces.collaboration.store import documents, snapshots, updates
from coursewire.namespaces.collaboration.store.snapshots import Snapshot

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Prepared:
    """A snapshot that was loaded again and is the document."""

    document_id: str
    epoch: str
    snapshot: Snapshot
    edits: int
    edit_bytes: int
    """How many edits it has in it that the one before it had not."""
    loading_s: float
    """CPU that loading it took."""


def prepare_snapshot(tx: Transaction, document_id: str) -> Prepared | None:
    """Build a document from its rows, encode it, load it again; None unless both are the same.

    Raises NotFound, Unavailable. The encoding is not compared: its order differs from one time to the next.
    """
    contents = load_contents(tx, document_id)
    state, known = encode(contents.doc), contents.known.pack()
    again: Doc[Any] = Doc()
    began = thread_time()
    again.apply_update(state)
    loading_s = thread_time() - began
    is_same = (
        read_state_vector(again.get_state()) == read_state_vector(contents.doc.get_state())
        and text_of(again) == text_of(contents.doc)
        and Known.unpack(known).clocks == contents.known.clocks
    )
    if not is_same:
        return None
    deleted = load_deletions(tx, document_id, contents.document.epoch).pack()
    snapshot = Snapshot(contents.position.offset, state, known, deleted)
    return Prepared(
        document_id, contents.document.epoch, snapshot, contents.tail, contents.tail_bytes, loading_s
    )


def encode(doc: Doc[Any]) -> bytes:
    """Return all of a document."""
    return doc.get_update()


def swap_snapshot(tx: Transaction, prepared: Prepared) -> bool:
    """Put a snapshot in place of the edits before it; False when the document has begun anew or has a newer one.

    The snapshot before it and the edits since that one stay, in case this one does not load some day.
    """
    document_id, epoch = prepared.document_id, prepared.epoch
    document = documents.load_document(tx, document_id)
    if document is None or document.epoch != epoch:
        return False
    before = snapshots.snapshot_offsets(tx, document_id, epoch)
    if before and before[0] >= prepared.snapshot.offset:
        return False
    snapshots.insert_snapshot(tx, document_id, epoch, prepared.snapshot)
    if before:
        updates.forget_updates(tx, document_id, epoch, before[0])
        snapshots.forget_snapshots(tx, document_id, epoch, before[0])
    return True
