"""Who may see what of a course."""

from __future__ import annotations

from coursewire.errors import Forbidden, NotFound
from coursewire.vocabulary import STAFF_ROLES

COHORT_AT_LEAST = 5
"""Values of a cohort with fewer active learners are withheld: they would tell of single people."""


def is_staff(roles: frozenset[str]) -> bool:
    """Whether these roles in a course are those of its staff."""
    return bool(roles & STAFF_ROLES)


def check_enrolled(roles: frozenset[str], *, field: str = "course_id") -> None:
    """Raise NotFound for whoever is not in the course: that it exists is not theirs to know."""
    if not roles:
        raise NotFound("there is no such course, or you are not in it", field=field)


def check_staff(roles: frozenset[str], *, field: str = "course_id") -> None:
    """Raise NotFound for whoever is not in the course, Forbidden for those who are and are no staff."""
    check_enrolled(roles, field=field)
    if not is_staff(roles):
        raise Forbidden("this is for the staff of the course", field=field)
