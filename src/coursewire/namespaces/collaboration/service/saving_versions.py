"""Saving versions: with a name, or because it is time; and bringing one back, as an edit that everybody gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from pycrdt import merge_updates

from coursewire.errors import TooLarge
from coursewire.namespaces.collaboration.contract import (
    DocumentRestored,
    DocumentUpdated,
    OneVersion,
    Version,
    VersionRestored,
)
from coursewire.namespaces.collaboration.contract.values import MOST_UPDATE
from coursewire.namespaces.collaboration.encoding.placing import MOST_KEPT
from coursewire.namespaces.collaboration.encoding.tree import become, tree_of
from coursewire.namespaces.collaboration.rules import limits, modes
from coursewire.namespaces.collaboration.rules import versions as rules
from coursewire.namespaces.collaboration.service.audiences import entered, seers_among
from coursewire.namespaces.collaboration.service.contents import build_contents
from coursewire.namespaces.collaboration.service.editing import RESTORED, log_edit
from coursewire.namespaces.collaboration.service.seeds import NOBODY
from coursewire.namespaces.collaboration.service.tails import AT_ONCE, read_tail
from coursewire.namespaces.collaboration.service.versions import doc_of_version, visible_version
from coursewire.namespaces.collaboration.store import documents, writers
from coursewire.namespaces.collaboration.store import versions as store
from coursewire.realtime.namespace import Outdated
from coursewire.vocabulary import iso, milliseconds, new_id

if TYPE_CHECKING:
    from pycrdt import Doc

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import AutomaticReason, RestoreVersion, SaveVersion
    from coursewire.namespaces.collaboration.encoding.tree import Node
    from coursewire.namespaces.collaboration.service.contents import Contents
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.namespaces.collaboration.store.versions import Due
    from coursewire.realtime.transaction import Transaction

TOGETHER: Final = 128 * 1024
"""Bytes up to which the edits of a restore are one update; a struct has about ten of them."""


class State(NamedTuple):
    """A document as it was read."""

    epoch: str
    offset: int
    """Of its last edit."""
    state: bytes
    edits: tuple[bytes, ...] = ()
    """That lead from it to the version that is to come back."""
    client_id: int = 0
    """Of the editor that made them."""


def read_state(tx: Transaction, caller: Caller, command: SaveVersion) -> State:
    """Read what a version is to keep. Raises NotFound, Forbidden, TooLarge."""
    place = entered(tx, caller, command.document_id)
    modes.check_may_edit(place.viewer.mode)
    rules.check_may_name(store.count_named(tx, place.document.id))
    state = build_contents(tx, place.document).doc.get_update()
    return State(place.document.epoch, store.last_edit(tx, place.document.id), state)


def save_version(tx: Transaction, caller: Caller, command: SaveVersion, read: State) -> OneVersion:
    """Give the state as of now a name. Raises NotFound, Forbidden, TooLarge, Outdated."""
    place = entered(tx, caller, command.document_id)
    modes.check_may_edit(place.viewer.mode)
    rules.check_may_name(store.count_named(tx, place.document.id))
    _check_epoch(place.document, read)
    tx.subject = place.document.id  # the remembered answer names people: see erased_versions.py
    kept = _keep(
        tx, place.document, read.state, title=command.title, saved_by=caller.user_id, offset=read.offset
    )
    return OneVersion(version=kept)


def plan_restore(tx: Transaction, caller: Caller, command: RestoreVersion) -> State:
    """Find the edits that let a document say again what a version says. Raises NotFound, Forbidden, TooLarge.

    A second for some ten thousand paragraphs.
    """
    version, _offset, place = visible_version(tx, caller, command.version_id, "version_id")
    modes.check_may_edit(place.viewer.mode)
    contents = build_contents(tx, place.document)
    doc = contents.doc
    state = doc.get_update()
    edits = _edits(doc, tree_of(doc_of_version(tx, version)))
    if edits:
        _check_grown(contents)
    return State(
        place.document.epoch, store.last_edit(tx, place.document.id), state, tuple(edits), doc.client_id
    )


def restore_version(
    tx: Transaction, caller: Caller, command: RestoreVersion, planned: State
) -> VersionRestored:
    """Log the edits that were found. Raises NotFound, Forbidden, Outdated.

    What is the same stays untouched, so whoever writes there meanwhile goes on; what they write elsewhere is merged.
    """
    version, offset, place = visible_version(tx, caller, command.version_id, "version_id")
    modes.check_may_edit(place.viewer.mode)
    document = place.document
    _check_epoch(document, planned)
    since = _edits_since(tx, document, planned.offset)
    tx.subject = document.id
    state = merge_updates(planned.state, *since) if since else planned.state
    before = _unchanged(tx, document) or _keep(tx, document, state, automatic="before_restore")
    for update in planned.edits:
        log_edit(tx, caller.user_id, document, update, planned.client_id)
    others = [
        editor for editor in _editors_since(tx, document, (version, offset)) if editor != caller.user_id
    ]
    here = seers_among(tx, document, "course", None, others) if others else frozenset()
    tx.tell(
        DocumentRestored(
            version=version,
            document_title=document.title,
            course_id=document.course_id,
            restored_by=caller.user_id,
            name=caller.name,
            editors=tuple(sorted(here)),
        )
    )
    return VersionRestored(version=version, before=before)


def _check_grown(contents: Contents) -> None:
    """Raise TooLarge for a document that nobody could edit any more: what was deleted leaves something behind."""
    most = limits.MOST_DOCUMENT
    if (
        len(contents.doc.get_update()) > most
        or contents.known.kept > MOST_KEPT
        or len(contents.owners) >= limits.MOST_EDITORS
    ):
        raise TooLarge(
            f"with it the document would be too large: at most {most:,} bytes, of what was deleted as well",
            field="version_id",
        )


def _check_epoch(document: DocumentRow, read: State) -> None:
    if document.epoch != read.epoch:
        raise Outdated


def _edits_since(tx: Transaction, document: DocumentRow, offset: int) -> list[bytes]:
    """Return the edits of people since an offset, with which others merge.

    Raises Outdated where a version came back: the same once more would be there twice.
    """
    events = read_tail(tx, document.id, offset).events
    if len(events) == AT_ONCE:
        raise Outdated
    edits = [event for event in events if event.event == DocumentUpdated.event and event.attachment]
    if any(orjson.loads(event.data)["sequence"] == RESTORED for event in edits):
        raise Outdated
    return [event.attachment for event in edits if event.attachment]


def _edits(doc: Doc[Any], wanted: list[Node]) -> list[bytes]:
    """Edit a document until it has this tree, and return the updates of that: nearly always one."""
    heard: list[bytes] = []
    subscription = doc.observe(lambda event: heard.append(bytes(event.update)))
    steps = become(doc, wanted)
    while True:
        with doc.transaction():
            if next(steps, True):
                break
    doc.unobserve(subscription)
    together: list[bytes] = []
    for update in heard:
        if len(update) > MOST_UPDATE:
            raise TooLarge("a paragraph of this version is too long to come back", field="version_id")
        if together and len(together[-1]) + len(update) <= TOGETHER:
            together[-1] = merge_updates(together[-1], update)
        else:
            together.append(update)
    return together


def due_versions(tx: Transaction, *, behind: str, edited_after: int) -> list[Due]:
    """Return documents, by id behind `behind`, that were edited and have no version of that."""
    return store.due_documents(tx, behind=behind, edited_after=edited_after)


def state_to_save(tx: Transaction, document_id: str) -> tuple[bytes, str, int] | None:
    """Return a document's state, its epoch, and the offset of the last edit in it; None of one that is gone."""
    document = documents.load_document(tx, document_id)
    if document is None:
        return None
    state = build_contents(tx, document).doc.get_update()
    return state, document.epoch, store.last_edit(tx, document.id)


def save_automatic(
    tx: Transaction, document_id: str, reason: AutomaticReason, state: bytes, epoch: str, offset: int
) -> Version | None:
    """Save a version that nobody asked for; None when there is one of that already, or the document began anew."""
    document = documents.load_document(tx, document_id)
    if document is None or document.epoch != epoch:
        return None
    last = store.last_version(tx, document.id)
    if last is not None and last[0].epoch == epoch and last[1] >= offset:
        return None
    return _keep(tx, document, state, automatic=reason, offset=offset)


def _editors_since(tx: Transaction, document: DocumentRow, last: tuple[Version, int] | None) -> list[str]:
    """Return who has edited since a version and the offset of the last edit in it.

    Writers know when they last wrote or deleted something; edits of the same millisecond are told apart by offsets, as
    long as they are there.
    """
    since, after = 0, 0
    if last is not None and last[0].epoch == document.epoch:
        since, after = milliseconds(last[0].saved_at), last[1]
    editors = store.editors_after(tx, document.id, document.epoch, after)
    editors.update(writers.editors_since(tx, document.id, document.epoch, since))
    return sorted(editors - {NOBODY})


def _unchanged(tx: Transaction, document: DocumentRow) -> Version | None:
    """Return the last version when nobody has edited since."""
    last = store.last_version(tx, document.id)
    if last is None or last[0].epoch != document.epoch or last[1] != store.last_edit(tx, document.id):
        return None
    return last[0]


def _keep(
    tx: Transaction,
    document: DocumentRow,
    state: bytes,
    *,
    title: str = "",
    saved_by: str | None = None,
    automatic: AutomaticReason | None = None,
    offset: int | None = None,
) -> Version:
    """Save a state, by default that of now."""
    last = store.last_version(tx, document.id)
    version = Version(
        id=new_id(),
        document_id=document.id,
        epoch=document.epoch,
        number=last[0].number + 1 if last else 1,
        title=title,
        automatic=automatic,
        saved_by=saved_by,
        editors=_editors_since(tx, document, last),
        size=len(state),
        saved_at=iso(tx.now),
    )
    store.insert_version(tx, version, store.last_edit(tx, document.id) if offset is None else offset, state)
    if automatic is not None:
        store.trim_automatic(tx, document.id, kept=rules.MOST_AUTOMATIC)
    return version
