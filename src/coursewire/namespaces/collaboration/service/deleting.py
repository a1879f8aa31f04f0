"""Who took away what in a document: what its snapshot has written down of it, and the edits since."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from coursewire.errors import Invalid
from coursewire.namespaces.collaboration.encoding.deletions import Deletions
from coursewire.namespaces.collaboration.encoding.reading import MOST_CLOCK, read_update
from coursewire.namespaces.collaboration.store import deletions as store
from coursewire.namespaces.collaboration.store import writers

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)


def load_deletions(tx: Transaction, document_id: str, epoch: str) -> Deletions:
    """Return which units of a document are gone, and with which editor each was taken away.

    An editor counts as far as it is known whose it is: of whom they are, `writers` says.
    """
    owners = writers.all_writers(tx, document_id, epoch)
    deletions, offset = _written_down(tx, document_id, epoch)
    for edit in store.signed_after(tx, document_id, epoch, offset):
        read = read_update(edit.bytes, most_structs=MOST_CLOCK, most_clients=MOST_CLOCK)
        owner = owners.get(edit.client_id)
        is_theirs = owner is not None and owner.user_id == edit.user_id
        deletions.note(read.deletes, edit.client_id if is_theirs else None)
    return deletions


def _written_down(tx: Transaction, document_id: str, epoch: str) -> tuple[Deletions, int]:
    for offset, packed in store.written_down(tx, document_id, epoch):
        try:
            return Deletions.unpack(packed), offset
        except Invalid:
            # The older one has the edits since it behind it.
            logger.exception("who deleted what in document %s cannot be read from a snapshot", document_id)
    return Deletions(), -1
