"""Facts about people and courses that other packages may react to in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserSaved:
    """A user is new, or has another name or picture."""

    user_id: str
    name: str
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class UserErased:
    """Everything about a user is to be removed; memberships have ended already."""

    user_id: str
    course_ids: tuple[str, ...] = ()
    """The courses that they belonged to until now."""


@dataclass(frozen=True, slots=True)
class SessionsEnded:
    """Tokens that this user was given until now are good for nothing any more."""

    user_id: str


@dataclass(frozen=True, slots=True)
class CourseSaved:
    """A course is new or has another title."""

    course_id: str
    title: str


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """Who belongs to a course: rights are to be re-decided (FAN4). Nobody is in two of the three lists."""

    course_id: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """They stay, with other roles."""


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """A group of a course is new or gone, has another title or other people, whose rights are re-decided (FAN4)."""

    course_id: str
    group_id: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


Fact = UserSaved | UserErased | SessionsEnded | CourseSaved | MembersChanged | GroupChanged
