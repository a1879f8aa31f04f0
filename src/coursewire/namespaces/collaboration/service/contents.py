"""What is in a document: built from its last snapshot and the edits since."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from time import thread_time
from typing import TYPE_CHECKING, Any, Final

from pycrdt import Doc

from coursewire.errors import Unavailable
from coursewire.namespaces.collaboration.encoding.applying import apply
from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.placing import note_applied
from coursewire.namespaces.collaboration.encoding.reading import MOST_CLOCK, read_update
from coursewire.namespaces.collaboration.rules import limits
from coursewire.namespaces.collaboration.rules.audiences import document_channel, no_such_document
from coursewire.namespaces.collaboration.store import documents, snapshots, updates, writers

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.namespaces.collaboration.store.snapshots import Snapshot
    from coursewire.realtime.transaction import Transaction
    from coursewire.vocabulary import Position

logger = logging.getLogger(__name__)

SNAPSHOTS_KEPT: Final = 2
"""The older one is for the day on which the newer one does not load: the edits since it are kept as well."""


@dataclass(slots=True)
class Contents:
    """A document as the database has it. `doc` is for one thread at a time."""

    document: DocumentRow
    doc: Doc[Any]
    known: Known
    owners: dict[int, str]
    """Whose each client id is."""
    position: Position
    """Of the document's stream, as of the same snapshot of the database."""
    size: int = 0
    """Bytes of the snapshot and of the edits since: somewhat more than the document is, encoded."""
    tail: int = 0
    tail_bytes: int = 0
    """How many edits have come since the snapshot."""
    snapshot_offset: int = -1
    loading_s: float = 0.0
    """CPU that applying the snapshot took, and each edit since of which that is to be noted."""


def load_contents(tx: Transaction, document_id: str) -> Contents:
    """Build a document. Raises NotFound, and Unavailable for one whose rows cannot be read: nothing is kept of it."""
    document = documents.load_document(tx, document_id)
    if document is None:
        raise no_such_document()
    return build_contents(tx, document)


def build_contents(tx: Transaction, document: DocumentRow) -> Contents:
    """Build a document of this row. Raises Unavailable."""
    position = tx.position(document_channel(document.id))
    owners = {
        client: writer.user_id
        for client, writer in writers.all_writers(tx, document.id, document.epoch).items()
    }
    found: list[Snapshot | None] = [
        *snapshots.newest_snapshots(tx, document.id, document.epoch, SNAPSHOTS_KEPT)
    ]
    for snapshot in found or [None]:
        try:
            return _build(tx, document, snapshot, owners, position)
        except BaseException as error:  # pycrdt's panics are no Exception
            if not _is_of_the_document(error):
                raise
            logger.exception("document %s does not load from its snapshot", document.id)
    raise Unavailable("this document cannot be read", retry_after_ms=5_000)


def _build(
    tx: Transaction,
    document: DocumentRow,
    snapshot: Snapshot | None,
    owners: dict[int, str],
    position: Position,
) -> Contents:
    contents = Contents(document, Doc(), Known(), owners, position)
    if snapshot is not None:
        contents.known = Known.unpack(snapshot.known)
        began = thread_time()
        contents.doc.apply_update(snapshot.state)
        contents.loading_s = thread_time() - began
        contents.size = len(snapshot.state)
        contents.snapshot_offset = snapshot.offset
    for edit in updates.updates_after(tx, document.id, document.epoch, contents.snapshot_offset):
        # What was checked once is not checked again; only where everything belongs is noted.
        read = read_update(edit.bytes, most_structs=MOST_CLOCK, most_clients=MOST_CLOCK)
        note_applied(read, contents.known)
        began = thread_time()
        apply(contents.doc, read, edit.bytes)
        contents.loading_s += limits.noted(thread_time() - began)
        contents.tail += 1
        contents.tail_bytes += len(edit.bytes)
    contents.size += contents.tail_bytes
    return contents


def _is_of_the_document(error: BaseException) -> bool:
    """Whether an error says that the rows are bad; not that the machine, or the person at it, has had enough."""
    return not isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError | Unavailable)
