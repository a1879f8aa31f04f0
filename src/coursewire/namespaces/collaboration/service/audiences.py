"""How somebody stands to a document, which of its channels are for them, and who of some people may see something.

The one place that says so: opening, subscribing, lists, routes and notifications all ask here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coursewire.errors import NotFound
from coursewire.identity import groups, membership
from coursewire.namespaces.collaboration.rules import annotations as rules
from coursewire.namespaces.collaboration.rules import audiences, modes
from coursewire.namespaces.collaboration.rules.audiences import Viewer
from coursewire.namespaces.collaboration.store import annotations as store
from coursewire.namespaces.collaboration.store import documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.identity.caller import Caller
    from coursewire.namespaces.collaboration.contract import Audience, Mode
    from coursewire.namespaces.collaboration.rules.annotations import Stored
    from coursewire.namespaces.collaboration.store.documents import DocumentRow
    from coursewire.realtime.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Entered:
    """A document, and how the caller stands to it."""

    document: DocumentRow
    viewer: Viewer


def entered(tx: Transaction, caller: Caller, document_id: str) -> Entered:
    """Return a document that the caller may open. Raises NotFound."""
    found = documents.load_document_for(tx, caller.user_id, document_id)
    if found is None:
        raise audiences.no_such_document()
    document, roles = found
    held = tx.groups_in(caller, document.course_id)
    everywhere = roles | (caller.roles & modes.ABOVE_ALL)
    mode = modes.mode_of(everywhere, document, held)
    viewer = Viewer(caller.user_id, mode, is_staff=modes.is_staff(everywhere), groups=held)
    audiences.check_can_open(viewer)
    return Entered(document, viewer)


def visible(tx: Transaction, caller: Caller, annotation_id: str) -> tuple[Stored, Entered]:
    """Return an annotation that the caller may see, and its document. Raises NotFound."""
    stored = store.load_annotation(tx, annotation_id)
    if stored is None:
        raise rules.no_such_annotation()
    try:
        place = entered(tx, caller, stored.annotation.document_id)
    except NotFound:
        raise rules.no_such_annotation() from None
    return rules.check_can_see(stored, place.viewer), place


def check_document_channel(tx: Transaction, caller: Caller, channel_id: str) -> Mode:
    """Allow `document:<id>` to whoever may open it, and the channels of its audiences to those who see what is in them.

    Returns the caller's mode (SUB1).
    """
    document_id, colon, audience = channel_id.partition(":")
    try:
        viewer = entered(tx, caller, document_id).viewer
    except NotFound:
        raise _no_such_channel() from None
    if viewer.mode is None or (colon and not audiences.may_hear(viewer, audience)):
        raise _no_such_channel()
    return viewer.mode


def _no_such_channel() -> NotFound:
    return NotFound("there is no such document, or it is not open to you", field="channel")


def seers_among(
    tx: Transaction,
    document: DocumentRow,
    visibility: Audience,
    author_id: str | None,
    user_ids: Sequence[str],
) -> frozenset[str]:
    """Return who of these people of the course may see what is for this audience, in a few statements for all."""
    roles = membership.roles_among(tx.raw, document.course_id, user_ids)
    concerned = {group for group in (audiences.group_in(visibility), document.group) if group is not None}
    in_group = {
        group: groups.members_among(tx.raw, document.course_id, group, user_ids) for group in concerned
    }
    found: set[str] = set()
    for user_id, held in roles.items():
        theirs = frozenset(group for group, members in in_group.items() if user_id in members)
        mode = modes.mode_of(held, document, theirs)
        viewer = Viewer(user_id, mode, is_staff=modes.is_staff(held), groups=theirs)
        if audiences.may_see(viewer, visibility, author_id):
            found.add(user_id)
    return frozenset(found)
