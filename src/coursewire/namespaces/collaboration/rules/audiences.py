"""Who may see what is written beside a document: an audience is a channel. Pure, no clock, no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coursewire.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.contract import Audience, Mode

GROUP: Final = "group:"
"""Before the id of a group in an audience."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """How one caller stands to one document."""

    user_id: str
    mode: Mode | None
    """What they may do in it; None: that there is such a document is not theirs to know."""
    is_staff: bool = False
    """Staff of the document's course, and the LMS."""
    groups: frozenset[str] = frozenset()
    """Those of the document's course that they are in."""


def group_in(visibility: Audience) -> str | None:
    """Return the group that an audience names."""
    return visibility.removeprefix(GROUP) if visibility.startswith(GROUP) else None


def may_see(viewer: Viewer, visibility: Audience, author_id: str | None) -> bool:
    """Return whether what is written for this audience is for this viewer."""
    if viewer.mode is None:
        return False
    if visibility == "private":
        return author_id == viewer.user_id
    if visibility == "course" or viewer.is_staff:
        return True
    return group_in(visibility) in viewer.groups


def check_can_open(viewer: Viewer) -> None:
    """Raise NotFound for a document that is not there, or not this caller's to know of: the two look alike."""
    if viewer.mode is None:
        raise no_such_document()


def no_such_document() -> NotFound:
    """Return the error for a document that is not there, or not this caller's to know of."""
    return NotFound("there is no such document, or it is not open to you", field="document_id")


def check_can_address(viewer: Viewer, visibility: Audience) -> None:
    """Raise Forbidden when a viewer may not write for this audience."""
    if visibility == "staff" and not viewer.is_staff:
        raise Forbidden("only staff write for the staff", field="visibility")
    group = group_in(visibility)
    if group is not None and not viewer.is_staff and group not in viewer.groups:
        raise Forbidden("you are not in this group", field="visibility")


# Channels


def document_channel(document_id: str) -> str:
    """Name the channel of everybody in a document."""
    return f"document:{document_id}"


def staff_channel(document_id: str) -> str:
    """Name the channel of the staff in a document."""
    return f"document:{document_id}:staff"


def group_channel(document_id: str, group: str) -> str:
    """Name the channel of a group in a document."""
    return f"document:{document_id}:{GROUP}{group}"


def user_channel(user_id: str) -> str:
    """Name the channel of one person."""
    return f"user:{user_id}"


def channels_of(document_id: str, visibility: Audience, author_id: str) -> tuple[str, ...]:
    """Return the channels in which an annotation for this audience travels.

    What is for a group goes to the staff as well, in their own channel: of the groups of a course, which may be
    hundreds, they need none.
    """
    if visibility == "course":
        return (document_channel(document_id),)
    if visibility == "private":
        return (user_channel(author_id),)
    group = group_in(visibility)
    if group is None:
        return (staff_channel(document_id),)
    return (group_channel(document_id, group), staff_channel(document_id))


def channels_seen_by(viewer: Viewer, document_id: str) -> tuple[str, ...]:
    """Return the channels of a document that bring a viewer all that is for them; private notes come on their own."""
    if viewer.mode is None:
        return ()
    if viewer.is_staff:
        return (document_channel(document_id), staff_channel(document_id))
    groups = (group_channel(document_id, group) for group in sorted(viewer.groups))
    return (document_channel(document_id), *groups)


def is_wider(before: Audience, after: Audience) -> bool:
    """Return whether everybody of an audience belongs to another one too: moving there takes it from nobody."""
    return (
        before in {after, "private"} or after == "course" or (before == "staff" and after.startswith(GROUP))
    )


def may_hear(viewer: Viewer, audience: str) -> bool:
    """Return whether a channel behind `document:<id>:` is for this viewer."""
    group = group_in(audience)
    if audience != "staff" and not group:
        return False
    return viewer.mode is not None and (viewer.is_staff or group in viewer.groups)
