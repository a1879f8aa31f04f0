"""Edits: written in the transaction that tells the others of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from coursewire.errors import Conflict, CoursewireError, Forbidden
from coursewire.identity import groups, membership
from coursewire.namespaces.collaboration.contract import DocumentUpdated, Update, UpdateSaved
from coursewire.namespaces.collaboration.encoding.reading import missing, read_update
from coursewire.namespaces.collaboration.rules import limits, modes
from coursewire.namespaces.collaboration.rules.audiences import document_channel, no_such_document
from coursewire.namespaces.collaboration.service.changed_documents import tell_edited
from coursewire.namespaces.collaboration.store import documents, updates, writers
from coursewire.namespaces.collaboration.store.updates import Edit, Kept
from coursewire.namespaces.collaboration.store.writers import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import Mode, UpdateDocument
    from coursewire.namespaces.collaboration.encoding import reading
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.namespace import Written
    from coursewire.realtime.transaction import Transaction

RESTORED: Final = 0
"""The sequence of edits that no editor counts: those that bring a version back."""
NOTED_EVERY_MS: Final = 60_000
"""How exact the time of a document's last edit is: lists go by it, and every change of it moves a row in an index."""


class _Edit(NamedTuple):
    """An edit of somebody, with an editor of theirs; `sequence` is the editor's own."""

    user_id: str
    client_id: int
    sequence: int
    update: reading.Update
    raw: bytes


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
    Footing(tx, document, clients_in(update)).take(update, caller.user_id)
    _log(tx, document, [_Edit(caller.user_id, client_id, command.sequence, update, raw)])
    return UpdateSaved(sequence=command.sequence)


def save_updates(tx: Transaction, several: Sequence[Written]) -> list[UpdateSaved | CoursewireError]:
    """Log edits that came together, as `save_update` would one after the other; return what each has come to.

    Of a document all of them take as many statements as one.
    """
    outcomes: dict[int, UpdateSaved | CoursewireError] = {}
    by_document: defaultdict[str, list[tuple[int, Written]]] = defaultdict(list)
    for number, one in enumerate(several):
        by_document[one.command.document_id].append((number, one))
    for document_id, edits in by_document.items():
        outcomes |= _save_in(tx, document_id, edits)
    return [outcomes[number] for number in range(len(several))]


def _save_in(
    tx: Transaction, document_id: str, several: Sequence[tuple[int, Written]]
) -> dict[int, UpdateSaved | CoursewireError]:
    document = documents.load_document(tx, document_id)
    if document is None:
        return {number: no_such_document() for number, _ in several}
    given = modes_among(tx, document, {one.caller.user_id: one.caller for _, one in several})
    written = Footing(tx, document, set().union(*(clients_in(one.step.update) for _, one in several)))
    outcomes: dict[int, UpdateSaved | CoursewireError] = {}
    edits: list[_Edit] = []
    for number, (caller, command, step) in several:
        try:
            mode = given[caller.user_id]
            if mode is None:
                raise no_such_document()
            modes.check_may_edit(mode)
            check_epoch(document.epoch, command.epoch)
            written.take(step.update, caller.user_id)
        except CoursewireError as refusal:
            outcomes[number] = refusal
        else:
            edits.append(_Edit(caller.user_id, step.client_id, command.sequence, step.update, step.raw))
            outcomes[number] = UpdateSaved(sequence=command.sequence)
    if edits:
        _log(tx, document, edits)
    return outcomes


def modes_among(
    tx: Transaction, document: DocumentRow, callers: Mapping[str, Caller]
) -> dict[str, Mode | None]:
    """Return what each of some people, by id, may do in a document, in a statement or two for all."""
    people = sorted(callers)
    roles = membership.roles_among(tx.raw, document.course_id, people)
    group = document.group
    members: frozenset[str] = frozenset()
    if group is not None:
        members = groups.members_among(tx.raw, document.course_id, group, people)
    return {
        user_id: modes.mode_of(
            roles.get(user_id, frozenset()) | (caller.roles & modes.ABOVE_ALL),
            document,
            frozenset({group} if group is not None and user_id in members else ()),
        )
        for user_id, caller in callers.items()
    }


def log_edit(tx: Transaction, user_id: str, document: DocumentRow, update: bytes, client_id: int) -> None:
    """Log an edit that was made here, under a client id of its own, in somebody's name.

    Rooms apply it when they hear that it is committed.
    """
    read = read_update(update)
    Footing(tx, document, clients_in(read)).take(read, user_id)
    _log(tx, document, [_Edit(user_id, client_id, RESTORED, read, update)])


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


class Footing:
    """Whose the client ids are that some edits name, and how far each has written: as if those taken were committed."""

    def __init__(self, tx: Transaction, document: DocumentRow, named: set[int]) -> None:
        written = writers.load_writers(tx, document.id, document.epoch, named)
        self._owners = {client: writer.user_id for client, writer in written.items()}
        self._clocks = {client: writer.clock for client, writer in written.items()}

    def take(self, update: reading.Update, user_id: str) -> None:
        """Raise Forbidden for another's client id, Conflict for what stands on something that is not committed."""
        for client in update.blocks:
            if self._owners.get(client, user_id) != user_id:
                raise somebody_elses(client)
        lacking = missing(update, self._clocks)
        if lacking is not None:
            raise gap(lacking)
        for client, block in update.blocks.items():
            self._owners[client] = user_id
            self._clocks[client] = max(block.end, self._clocks.get(client, 0))


def _deleters(tx: Transaction, document: DocumentRow, edits: Sequence[_Edit]) -> list[tuple[int, Writer]]:
    """Return the editors that have only taken something away, as writers of nothing: it is known whose they are.

    Beyond the bound of editors new ones are not: what they take away nobody has taken.
    """
    found = {
        edit.client_id: Writer(edit.user_id, 0)
        for edit in edits
        if edit.update.deletes and edit.client_id not in edit.update.blocks
    }
    if not found:
        return []
    known = writers.load_writers(tx, document.id, document.epoch, found)
    is_full = (
        len(known) < len(found)
        and writers.count_writers(tx, document.id, document.epoch) >= limits.MOST_EDITORS
    )
    return [
        (client, writer)
        for client, writer in found.items()
        if (known[client].user_id == writer.user_id if client in known else not is_full)
    ]


def _log(tx: Transaction, document: DocumentRow, edits: Sequence[_Edit]) -> None:
    """Write edits of a document that were checked, in their order."""
    writers.save_writers(
        tx,
        document.id,
        document.epoch,
        [
            (client, Writer(edit.user_id, block.end))
            for edit in edits
            for client, block in edit.update.blocks.items()
        ]
        + _deleters(tx, document, edits),
    )
    events = [
        (
            DocumentUpdated(
                Update(
                    document_id=document.id, sequence=edit.sequence, client_id=edit.client_id, update=edit.raw
                )
            ),
            edit.user_id,
        )
        for edit in edits
    ]
    positions = tx.append_in(document_channel(document.id), events)
    updates.insert_updates(
        tx,
        document.id,
        document.epoch,
        [
            Kept(Edit(position.offset, edit.raw), edit.client_id, edit.user_id)
            for edit, position in zip(edits, positions, strict=True)
        ],
    )
    if tx.now - document.updated_at >= NOTED_EVERY_MS:
        documents.touch_document(tx, document.id)
        tell_edited(tx, document.id)
