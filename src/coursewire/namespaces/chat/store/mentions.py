"""Who is called in a message: the rows that are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, insert, literal_column, or_, select

from coursewire.identity.store import course_members
from coursewire.namespaces.chat.contract import Message
from coursewire.namespaces.chat.store.tables import ME, ROOM, members, mentions
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import STAFF_ROLES

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

_insert_mention = Prepared(insert(mentions))
_others_in = (members.c.room_id == ROOM, members.c.active == 1, members.c.user_id != ME)
_everybody = Prepared(select(members.c.user_id).where(*_others_in))
_mention_everybody = Prepared(
    insert(mentions).from_select(
        ["room_id", "user_id", "number"],
        select(members.c.room_id, members.c.user_id, bindparam("at_number").label("number")).where(
            *_others_in
        ),
    )
)
# Roles are a JSON list, and few people of a course have one of these.
_is_staff = or_(
    *(course_members.c.roles.like(literal_column(f"'%\"{role}\"%'")) for role in sorted(STAFF_ROLES))
)
_staff = Prepared(
    select(members.c.user_id)
    .join(
        course_members,
        and_(
            course_members.c.course_id == bindparam("course"), course_members.c.user_id == members.c.user_id
        ),
    )
    .where(*_others_in, _is_staff)
)


_staff_of_course = Prepared(
    select(course_members.c.user_id)
    .where(course_members.c.course_id == bindparam("course"), _is_staff)
    .order_by(course_members.c.user_id)
)


def everybody_in(tx: Transaction, room_id: str, but: str) -> list[str]:
    """Return who is in a room, but for one."""
    return [row.user_id for row in tx.all(_everybody, room_id=room_id, me=but)]


def staff_in(tx: Transaction, room_id: str, course_id: str, but: str) -> list[str]:
    """Return who is in a room and staff of its course, but for one."""
    return [row.user_id for row in tx.all(_staff, room_id=room_id, course=course_id, me=but)]


def staff_of(tx: Transaction, course_id: str) -> list[str]:
    """Return the staff of a course, whether or not they are in a room of it."""
    return [row.user_id for row in tx.all(_staff_of_course, course=course_id)]


def mention_everybody(tx: Transaction, message: Message, but: str) -> None:
    """Count a message as a mention of everybody who is in the room, but for one, in one statement."""
    tx.run(_mention_everybody, room_id=message.room_id, at_number=message.number, me=but)


def mention(tx: Transaction, message: Message, user_ids: Sequence[str]) -> None:
    """Count a message as a mention of these people, each named once: at most those named in it, and the staff."""
    for user_id in user_ids:
        tx.run(_insert_mention, room_id=message.room_id, user_id=user_id, number=message.number)
