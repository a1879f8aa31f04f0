"""Edits: written in the transaction that tells the others of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.errors import Conflict, Forbidden
from coursewire.namespaces.collaboration.contract import DocumentUpdated, Update, UpdateSaved
from coursewire.namespaces.collaboration.encoding.reading import missing, read_update
from coursewire.namespaces.collaboration.rules import modes
from coursewire.namespaces.collaboration.rules.audiences import document_channel, no_such_document
from coursewire.namespaces.collaboration.store import documents, updates, writers
from coursewire.namespaces.collaboration.store.updates import Edit

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import Mode, UpdateDocument
    from coursewire.namespaces.collaboration.encoding import reading
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction

NOTED_EVERY_MS: Final = 60_000
"""How exact the time of a document's last edit is: lists go by it, and every change of it moves a row in an index."""


def mode_for(tx: Transaction, caller: Caller, document_id: str) -> tuple[DocumentRow, Mode]:
    """Return a document, and what the caller may do in it. Raises NotFound."""
    found = documents.load_document_for(tx, caller.user_id, document_id)
    if found is None:
        raise no_such_document()
    document, roles = found
    groups = tx.groups_in(caller, document.course_id) if document.group is not None else frozenset()
    mode = modes.mode_of(roles | (caller.roles & modes.ABOVE_ALL), document, groups)
    if mode is None:
        raise no_such_document()
    return document, mode


def save_update(
    tx: Transaction,
    caller: Caller,
    command: UpdateDocument,
    client_id: int,
    update: reading.Update,
    raw: bytes,
) -> UpdateSaved:
    """Log one edit of the caller, as it was applied. Raises NotFound, Forbidden, Conflict.

    The room has read and applied it: this decides again what another transaction may have changed, and whether all
    that it stands on is committed.
    """
    document, mode = mode_for(tx, caller, command.document_id)
    modes.check_may_edit(mode)
    check_epoch(document.epoch, command.epoch)
    _log(tx, document, caller.user_id, client_id, command.sequence, update, raw)
    return UpdateSaved(sequence=command.sequence)


def log_edit(tx: Transaction, user_id: str, document: DocumentRow, update: bytes) -> None:
    """Log an edit that was made here, under a client id of its own, in somebody's name.

    Rooms apply it when they hear that it is committed.
    """
    read = read_update(update)
    client_id = next(iter(read.blocks), 0)
    _log(tx, document, user_id, client_id, 0, read, update)


def check_epoch(epoch: str, given: str) -> None:
    """Raise Conflict for an edit of another life of the document: merged, everything would be there twice."""
    if given != epoch:
        raise Conflict(
            "the document has begun anew: open it again", field="epoch", details={"reason": "epoch"}
        )


def gap(what: str) -> Conflict:
    """Return the error for an edit that stands on something that is not here."""
    return Conflict(
        f"something before it is missing ({what}): compare states with document.sync",
        field="update",
        details={"reason": "gap"},
    )


def somebody_elses(client_id: int) -> Forbidden:
    """Return the error for whoever writes as another editor."""
    return Forbidden(f"the client id {client_id} is somebody else's: take a new one", field="update")


def clients_in(update: reading.Update) -> set[int]:
    """Return the client ids that an update writes with, stands on or takes from."""
    clients = set(update.blocks)
    for struct in update.structs:
        for unit in (struct.left, struct.right, struct.parent):
            if isinstance(unit, tuple):
                clients.add(unit[0])
    clients.update(client for client, _start, _end in update.deletes)
    return clients


def _log(
    tx: Transaction,
    document: DocumentRow,
    user_id: str,
    client_id: int,
    sequence: int,
    read: reading.Update,
    update: bytes,
) -> None:
    written = writers.load_writers(tx, document.id, document.epoch, clients_in(read))
    for client in read.blocks:
        if client in written and written[client].user_id != user_id:
            raise somebody_elses(client)
    lacking = missing(read, {client: writer.clock for client, writer in written.items()})
    if lacking is not None:
        raise gap(lacking)
    for client, block in read.blocks.items():
        writers.save_writer(tx, document.id, document.epoch, client, user_id=user_id, clock=block.end)
    event = Update(document_id=document.id, sequence=sequence, client_id=client_id, update=update)
    position = tx.append(document_channel(document.id), DocumentUpdated(event), actor=user_id)
    edit = Edit(position.offset, update)
    updates.insert_update(tx, document.id, document.epoch, edit, client_id=client_id, user_id=user_id)
    if tx.now - document.updated_at >= NOTED_EVERY_MS:
        documents.touch_document(tx, document.id)
