"""What keeping order leaves in the tables: reports, the audit trail, mutes, and what a room is closed to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    delete,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from coursewire.identity.store import course_members, read_roles, users
from coursewire.log.schema import remembered
from coursewire.namespaces.chat.contract import (
    AuditEntry,
    Author,
    Message,
    Report,
    ReportMessage,
)
from coursewire.namespaces.chat.store.shown import message_of, with_author
from coursewire.namespaces.chat.store.tables import (
    ME,
    ROOM,
    audit,
    members,
    mentions,
    messages,
    reports,
    rooms,
)
from coursewire.storage.statement import Prepared, Row
from coursewire.vocabulary import STAFF_ROLES, iso, new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import Deed
    from coursewire.realtime.transaction import Transaction

ERASED: Final = "erased"
"""Stands for somebody who was erased: a report keeps its own id behind it."""

_MESSAGE: BindParameter[str] = bindparam("message_id")
_OPEN: ColumnElement[str] = literal_column("'open'")
_RESOLVED: ColumnElement[str] = literal_column("'resolved'")
_NOTHING: ColumnElement[str] = literal_column("''")

# Rooms and people

_lock = Prepared(update(rooms).where(rooms.c.id == ROOM).values(locked=bindparam("is_locked")))
_slow = Prepared(update(rooms).where(rooms.c.id == ROOM).values(slow_mode_s=bindparam("seconds")))
_this_member = (members.c.room_id == ROOM, members.c.user_id == ME)
_mute = Prepared(update(members).where(*_this_member).values(muted_until=bindparam("until")))
_posted = Prepared(update(members).where(*_this_member).values(posted_at=bindparam("at")))
_put_inactive = Prepared(
    insert(members).values(
        room_id=ROOM,
        user_id=ME,
        active=literal_column("0"),
        joined_at=bindparam("at"),
        delivered_number=bindparam("number"),
        read_number=bindparam("number"),
    )
)


def lock_room(tx: Transaction, room_id: str, *, on: bool) -> None:
    """Let only staff post in a room, or everybody again."""
    tx.run(_lock, room_id=room_id, is_locked=int(on))


def slow_room(tx: Transaction, room_id: str, seconds: int) -> None:
    """Let everybody but staff wait between two messages."""
    tx.run(_slow, room_id=room_id, seconds=seconds)


def mute(tx: Transaction, room_id: str, user_id: str, until: int | None, last_number: int) -> None:
    """Let somebody not post in a room until a time (milliseconds since 1970), or let them again."""
    _on_member(tx, _mute, room_id, user_id, last_number, until=until)


def note_post(tx: Transaction, room_id: str, user_id: str, last_number: int) -> None:
    """Remember when somebody posted, for slow mode. It shows nowhere: an anonymous message counts as well."""
    _on_member(tx, _posted, room_id, user_id, last_number, at=tx.now)


def _on_member(
    tx: Transaction, statement: Prepared, room_id: str, user_id: str, last_number: int, **values: Any
) -> None:
    """Change a row of a room's people; who only looks in gets one as somebody who has left."""
    if not tx.run(statement, room_id=room_id, me=user_id, **values):
        tx.run(_put_inactive, room_id=room_id, me=user_id, at=tx.now, number=last_number)
        tx.run(statement, room_id=room_id, me=user_id, **values)


# Hidden messages

_set_state = Prepared(
    update(messages)
    .where(messages.c.id == _MESSAGE)
    .values(state=bindparam("new_state"), version=bindparam("new_version"), pinned_at=None)
)
# Below 0 they count for nobody, whatever has been read.
_turn_mentions = Prepared(
    update(mentions)
    .where(mentions.c.room_id == ROOM, mentions.c.number == bindparam("at_number"))
    .values(number=-mentions.c.number)
)


def set_state(tx: Transaction, message: Message) -> None:
    """Hide a message or show it again; its row keeps what it says, but for the pin, and its mentions wait."""
    tx.run(_set_state, message_id=message.id, new_state=message.state, new_version=message.version)
    counted_at = message.number if message.state == "hidden" else -message.number
    tx.run(_turn_mentions, room_id=message.room_id, at_number=counted_at)


# Reports

_report = Prepared(insert(reports))
_find_report = Prepared(
    select(reports.c.id).where(reports.c.message_id == _MESSAGE, reports.c.reporter_id == ME)
)
_is_reported = Prepared(
    select(reports.c.id).where(reports.c.message_id == _MESSAGE).limit(literal_column("1"))
)
_resolve = Prepared(
    update(reports).where(reports.c.message_id == _MESSAGE, reports.c.state == _OPEN).values(state=_RESOLVED)
)
_reporter = users.alias("reporter")
_LAST: Final = "~"
"""Sorts behind every id."""


def _listed(*conditions: Any) -> Select[Any]:
    return (
        with_author.add_columns(
            reports.c.id.label("report_id"),
            reports.c.reporter_id,
            reports.c.reason,
            reports.c.note,
            reports.c.state.label("report_state"),
            reports.c.reported_at,
            _reporter.c.name.label("reporter_name"),
            _reporter.c.avatar_url.label("reporter_avatar"),
        )
        .join(reports, reports.c.message_id == messages.c.id)
        .join(rooms, rooms.c.id == reports.c.room_id)
        .outerjoin(_reporter, _reporter.c.id == reports.c.reporter_id)
        .where(reports.c.state == bindparam("state"), reports.c.id < bindparam("before"), *conditions)
        .order_by(reports.c.id.desc())
        .limit(bindparam("most"))
    )


_reports_of_room = Prepared(_listed(reports.c.room_id == ROOM))
_reports_of_courses = Prepared(_listed(rooms.c.course_id.in_(bindparam("course_ids", expanding=True))))
_reports_of_all = Prepared(_listed())
_my_courses = Prepared(
    select(course_members.c.course_id, course_members.c.roles).where(course_members.c.user_id == ME)
)


def find_report(tx: Transaction, message_id: str, reporter_id: str) -> str | None:
    """Return the report that somebody has made about a message."""
    row = tx.one(_find_report, message_id=message_id, me=reporter_id)
    return str(row.id) if row else None


def insert_report(tx: Transaction, caller: Caller, message: Message, command: ReportMessage) -> str:
    """Write a report; return its id."""
    report_id = new_id()
    tx.run(
        _report,
        id=report_id,
        room_id=message.room_id,
        message_id=message.id,
        reporter_id=caller.user_id,
        reason=command.reason,
        note=command.note or "",
        state="open",
        reported_at=tx.now,
    )
    return report_id


def is_reported(tx: Transaction, message_id: str) -> bool:
    """Whether anybody has ever reported a message."""
    return tx.one(_is_reported, message_id=message_id) is not None


def resolve_reports(tx: Transaction, message_id: str) -> int:
    """Close the reports about a message; return how many were open."""
    return tx.run(_resolve, message_id=message_id)


def courses_as_staff(tx: Transaction, user_id: str) -> list[str]:
    """Return the courses of which somebody is staff."""
    rows = tx.all(_my_courses, me=user_id)
    return [row.course_id for row in rows if STAFF_ROLES & read_roles(row.roles)]


def list_reports(
    tx: Transaction,
    *,
    room_id: str | None,
    course_ids: Sequence[str] | None,
    state: str,
    cursor: str | None,
    limit: int,
) -> list[Report]:
    """Return up to `limit` reports, the newest first: of a room, of courses, or (None) of all rooms.

    Staff read what is reported, also when it is hidden; of a deleted message there is nothing left to read.
    """
    given = {"state": state, "before": cursor or _LAST, "most": limit}
    if room_id is not None:
        rows = tx.all(_reports_of_room, room_id=room_id, **given)
    elif course_ids is not None:
        rows = tx.all(_reports_of_courses, course_ids=list(course_ids), **given) if course_ids else []
    else:
        rows = tx.all(_reports_of_all, **given)
    return [_report_of(row) for row in rows]


def _report_of(row: Row) -> Report:
    message = message_of(row, "")
    if message.state == "hidden":
        message = message.model_copy(update={"text": row.text, "html": row.html})
    return Report(
        id=row.report_id,
        room_id=row.room_id,
        message=message,
        reporter=_person(row.reporter_id, row.reporter_name, row.reporter_avatar),
        reason=row.reason,
        note=row.note,
        state=row.report_state,
        reported_at=iso(row.reported_at),
    )


def _person(user_id: str, name: str | None, avatar_url: str | None) -> Author:
    if user_id.startswith(ERASED) and name is None:
        return Author(user_id=ERASED, name="")
    return Author(user_id=user_id, name=name or user_id, avatar_url=avatar_url)


# The audit trail

_keep = Prepared(insert(audit))
_actor = users.alias("actor")
_audit = Prepared(
    select(audit, _actor.c.name.label("actor_name"), _actor.c.avatar_url.label("actor_avatar"))
    .select_from(audit.outerjoin(_actor, _actor.c.id == audit.c.actor_id))
    .where(audit.c.room_id == ROOM, audit.c.id < bindparam("before"))
    .order_by(audit.c.id.desc())
    .limit(bindparam("most"))
)


def keep_deed(
    tx: Transaction,
    caller: Caller,
    room_id: str,
    action: Deed,
    *,
    message_id: str | None = None,
    user_id: str | None = None,
    seconds: int | None = None,
    note: str | None = None,
) -> None:
    """Write into a room's audit trail who did what, on whom and why."""
    tx.run(
        _keep,
        id=new_id(),
        room_id=room_id,
        action=action,
        actor_id=caller.user_id,
        message_id=message_id,
        user_id=user_id,
        seconds=seconds,
        note=note or "",
        at=tx.now,
    )


def list_audit(tx: Transaction, room_id: str, cursor: str | None, limit: int) -> list[AuditEntry]:
    """Return up to `limit` entries of a room's audit trail, the newest first."""
    rows = tx.all(_audit, room_id=room_id, before=cursor or _LAST, most=limit)
    return [
        AuditEntry(
            id=row.id,
            room_id=row.room_id,
            action=row.action,
            actor=_person(row.actor_id, row.actor_name, row.actor_avatar),
            message_id=row.message_id,
            user_id=row.user_id,
            seconds=row.seconds,
            note=row.note,
            at=iso(row.at),
        )
        for row in rows
    ]


# Erasing a person

_by_them = select(messages.c.id).where(messages.c.author_id == ME)
_erase = tuple(
    Prepared(statement)
    for statement in (
        update(reports)
        .where(reports.c.reporter_id == ME)
        .values(reporter_id=literal_column(f"'{ERASED}:'") + reports.c.id, note=_NOTHING),
        update(reports).where(reports.c.message_id.in_(_by_them)).values(state=_RESOLVED, note=_NOTHING),
        # What staff wrote about them says who they were.
        update(audit)
        .where(or_(audit.c.user_id == ME, audit.c.message_id.in_(_by_them)))
        .values(user_id=None, note=_NOTHING),
        update(audit).where(audit.c.actor_id == ME).values(actor_id=literal_column(f"'{ERASED}'")),
    )
)
_forget_reveals = Prepared(
    delete(remembered).where(
        remembered.c.namespace == literal_column("'/chat'"), remembered.c.subject == bindparam("subject")
    )
)


def reveal_subject(user_id: str) -> str:
    """Return what a remembered answer to `message.reveal` is about: whoever is named in it."""
    return f"revealed:{user_id}"


def erase_from_order(tx: Transaction, user_id: str) -> None:
    """Take a person out of reports, the audit trail and answers that named them; before their messages are erased."""
    for statement in _erase:
        tx.run(statement, me=user_id)
    tx.run(_forget_reveals, subject=reveal_subject(user_id))
