"""Who of a course counts as a learner, by its roster: asked so that no more of it is read than the answer needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, and_, bindparam, exists, func, select

from coursewire.identity.store import course_members
from coursewire.namespaces.analytics.store.progress import progress
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import STAFF_ROLES

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

# Roles are a JSON list of names, none of which is part of another with its quotes.
IS_LEARNER = and_(
    course_members.c.roles.like('%"learner"%'),
    *(~course_members.c.roles.like(f'%"{role}"%') for role in sorted(STAFF_ROLES)),
)
_course_id: BindParameter[str] = bindparam("course_id")
_of_course = (course_members.c.course_id == _course_id, IS_LEARNER)
_has_submitted = exists().where(
    progress.c.course_id == _course_id,
    progress.c.object_id == bindparam("object_id"),
    progress.c.user_id == course_members.c.user_id,
    progress.c.submitted == 1,
)
_without = Prepared(select(course_members.c.user_id).where(*_of_course, ~_has_submitted).limit(1))
_some = Prepared(select(course_members.c.user_id).where(*_of_course).limit(bindparam("most")))
_count = Prepared(select(func.count().label("n")).where(*_of_course))


def has_all_submitted(tx: Transaction, course_id: str, object_id: str) -> bool:
    """Whether every learner of a course has submitted a thing; in an empty course nobody has.

    Reads the roster to the first one who has not.
    """
    return tx.one(_without, course_id=course_id, object_id=object_id) is None and has_learners(
        tx, course_id, 1
    )


def has_learners(tx: Transaction, course_id: str, at_least: int) -> bool:
    """Whether a course has so many learners."""
    return len(tx.all(_some, course_id=course_id, most=at_least)) == at_least


def count_learners(tx: Transaction, course_id: str) -> int:
    """Return how many learners a course has."""
    row = tx.one(_count, course_id=course_id)
    return 0 if row is None else int(row.n)
