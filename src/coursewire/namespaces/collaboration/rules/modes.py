"""What somebody may do in a document: by their roles in its course, and by what was chosen for the document."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from coursewire.errors import Forbidden
from coursewire.vocabulary import STAFF_ROLES

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.contract import Access, AccessRole, DocumentKind, Mode

ABOVE_ALL: Final = frozenset({"administrator", "service"})
"""Roles of a person everywhere, and of the LMS: they are staff of every course."""

USUALLY: Final[Mapping[AccessRole, Access]] = {
    "content_developer": "edit",
    "learner": "edit",
    "mentor": "comment",
}
"""What these roles may do in a document that says nothing else."""

_ORDER: Final[tuple[Access, ...]] = ("none", "view", "comment", "edit")
_MODES: Final[Mapping[Access, Mode | None]] = {
    "none": None,
    "view": "view",
    "comment": "comment",
    "edit": "edit",
}


class Grant(NamedTuple):
    """What the right to a document is good for, and what of the document has decided so."""

    mode: Mode
    is_archived: bool = False
    access: str = ""
    channels: tuple[str, ...] = ()
    """The document's, that bring them all that is for them."""


class Governed(Protocol):
    """What of a document decides."""

    @property
    def kind(self) -> DocumentKind:
        """What it is."""

    @property
    def group(self) -> str | None:
        """Whose it is, with the staff; None: everybody's in the course."""

    @property
    def is_archived(self) -> bool:
        """Whether nobody writes in it any more."""

    @property
    def access(self) -> Mapping[AccessRole, Access]:
        """What was chosen for roles in it."""


def is_staff(roles: Collection[str]) -> bool:
    """Whether somebody with these roles is staff of the course, or of every course."""
    return any(role in STAFF_ROLES or role in ABOVE_ALL for role in roles)


def mode_of(roles: Collection[str], document: Governed, groups: Collection[str] = frozenset()) -> Mode | None:
    """Return what somebody with these roles and groups may do in a document; None: not even know of it.

    `roles` are those in its course, and of those everywhere the ones that stand above all.
    """
    if not roles:
        return None
    staff = is_staff(roles)
    if document.group is not None and not staff and document.group not in groups:
        return None
    most: Access = "edit" if staff else "none"
    for role, usual in USUALLY.items():
        if role in roles:
            most = max(most, document.access.get(role, usual), key=_ORDER.index)
    if document.is_archived:
        most = min(most, "view", key=_ORDER.index)
    elif document.kind == "page":
        most = min(most, "comment", key=_ORDER.index)
    return _MODES[most]


def at_most(mode: Mode, most: Mode) -> Mode:
    """Return the lesser of two modes."""
    return mode if _ORDER.index(mode) <= _ORDER.index(most) else most


def check_may_edit(mode: Mode | None) -> None:
    """Raise Forbidden for whoever only reads or comments."""
    if mode != "edit":
        raise Forbidden("you may not edit this document", field="document_id", details={"mode": mode})


def why_changed(before: Grant, after: Grant) -> Literal["role", "document", "archived"]:
    """Return what has changed what somebody may do."""
    if before.is_archived != after.is_archived:
        return "archived"
    return "document" if before.access != after.access else "role"
