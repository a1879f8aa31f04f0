"""The people of a document's course."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, literal_column, or_, select

from coursewire.identity.store import course_members
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import STAFF_ROLES

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

# Roles are a JSON list, and few people of a course have one of these.
_staff = Prepared(
    select(course_members.c.user_id)
    .where(
        course_members.c.course_id == bindparam("course"),
        or_(
            *(course_members.c.roles.like(literal_column(f"'%\"{role}\"%'")) for role in sorted(STAFF_ROLES))
        ),
    )
    .order_by(course_members.c.user_id)
)


def staff_of(tx: Transaction, course_id: str) -> list[str]:
    """Return the staff of a course, in the order of their ids."""
    return [row.user_id for row in tx.all(_staff, course=course_id)]
