"""Versions: their list, what one says, and what has changed from one to another."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pycrdt import Doc

from coursewire.errors import Invalid, NotFound
from coursewire.namespaces.collaboration.comparing import compare_states, compare_texts
from coursewire.namespaces.collaboration.contract import Comparison, Run, VersionContent, VersionPage
from coursewire.namespaces.collaboration.encoding.rendering import html_of, text_of
from coursewire.namespaces.collaboration.rules import versions as rules
from coursewire.namespaces.collaboration.service.audiences import entered
from coursewire.namespaces.collaboration.service.contents import build_contents
from coursewire.namespaces.collaboration.service.deleting import load_deletions
from coursewire.namespaces.collaboration.store import versions as store
from coursewire.namespaces.collaboration.store import writers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.comparing import Part
    from coursewire.namespaces.collaboration.contract import (
        CompareVersions,
        ListVersions,
        ReadVersion,
        Version,
    )
    from coursewire.namespaces.collaboration.service.audiences import Entered
    from coursewire.realtime.transaction import Transaction

MOST_RUNS: Final = 5_000
"""Of one comparison."""
_ABOVE_ALL: Final = 2**31 - 1
_DIGITS: Final = 9


def list_versions(tx: Transaction, caller: Caller, command: ListVersions) -> VersionPage:
    """Return versions, the newest first, to whoever may open the document. Raises NotFound."""
    document = entered(tx, caller, command.document_id).document
    items = store.page_of_versions(
        tx,
        document.id,
        before=_number(command.cursor),
        named_only=command.named_only,
        most=command.limit + 1,
    )
    more = len(items) > command.limit
    items = items[: command.limit]
    return VersionPage(items=items, next_cursor=str(items[-1].number) if more else None)


def _number(cursor: str | None) -> int:
    if cursor is None:
        return _ABOVE_ALL
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _DIGITS):
        raise Invalid("must be a cursor that version.list gave", field="cursor")
    return int(cursor)


def read_version(tx: Transaction, caller: Caller, command: ReadVersion) -> VersionContent:
    """Return a version as it reads, to whoever may open the document. Raises NotFound."""
    version, _offset, _place = visible_version(tx, caller, command.version_id, "version_id")
    doc = doc_of_version(tx, version)
    return VersionContent(version=version, text=text_of(doc), html=html_of(doc))


def visible_version(
    tx: Transaction, caller: Caller, version_id: str, field: str
) -> tuple[Version, int, Entered]:
    """Return a version that the caller may see, the offset of the last edit in it, and how they stand to it.

    Raises NotFound.
    """
    found = store.load_version(tx, version_id)
    if found is None:
        raise rules.no_such_version(field)
    try:
        return *found, entered(tx, caller, found[0].document_id)
    except NotFound:
        raise rules.no_such_version(field) from None


def doc_of_version(tx: Transaction, version: Version) -> Doc[Any]:
    """Build a document as it was in a version."""
    doc: Doc[Any] = Doc()
    doc.apply_update(store.state_of_version(tx, version.id))
    return doc


def compare_versions(tx: Transaction, caller: Caller, command: CompareVersions) -> Comparison:
    """Return two versions as one text, the older one first, with who wrote what. Raises NotFound, Invalid."""
    before, _offset, place = visible_version(tx, caller, command.version_id, "version_id")
    after = None
    if command.with_id is not None:
        after, _offset, _place = visible_version(tx, caller, command.with_id, "with_id")
        if after.document_id != before.document_id:
            raise Invalid("must be a version of the same document", field="with_id")
        before, after = sorted((before, after), key=lambda version: version.number)
    document = place.document
    epoch = document.epoch if after is None else after.epoch
    old = store.state_of_version(tx, before.id)
    new = (
        build_contents(tx, document).doc.get_update()
        if after is None
        else store.state_of_version(tx, after.id)
    )
    if epoch == before.epoch:
        parts = compare_states(old, new, load_deletions(tx, document.id, epoch))
    else:
        parts = compare_texts(_text(old), _text(new))
    runs = list(islice(_runs(tx, parts, document.id, epoch), MOST_RUNS + 1))
    return Comparison(before=before, after=after, runs=runs[:MOST_RUNS], truncated=len(runs) > MOST_RUNS)


def _text(state: bytes) -> str:
    doc: Doc[Any] = Doc()
    doc.apply_update(state)
    return text_of(doc)


def _runs(tx: Transaction, parts: Iterator[Part], document_id: str, epoch: str) -> Iterator[Run]:
    """Name whose editor wrote each part, or took it away; two editors of one person are one."""
    users = {
        client_id: writer.user_id for client_id, writer in writers.all_writers(tx, document_id, epoch).items()
    }
    last: Run | None = None
    for part in parts:
        user_id = None if part.client_id is None else users.get(part.client_id) or None
        if last is not None and (last.change, last.user_id) == (part.change, user_id):
            last = Run(text=last.text + part.text, change=last.change, user_id=user_id)
            continue
        if last is not None:
            yield last
        last = Run(text=part.text, change=part.change, user_id=user_id)
    if last is not None:
        yield last
