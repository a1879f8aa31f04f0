"""The tables of /chat and its queries: the only SQL of this namespace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from coursewire.identity.store import course_members, users
from coursewire.namespaces.chat.contract import Author, Member, Message, Room, RoomKind, RoomSummary
from coursewire.namespaces.chat.rules import NAMED_OTHERS_UP_TO, OPEN_KINDS, Access, is_administrator
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared, Row
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Transaction

_SENT: ColumnElement[str] = literal_column("'sent'")
"""Written out, not bound: only then does SQLite see that a query fits the partial index."""

rooms = Table(
    "chat_rooms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("course_id", Text),
    Column("title", Text, nullable=False),
    Column("pair", Text),  # the two people of a direct room: unique, so that they share one
    Column("member_count", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("moved_at", BigInteger, nullable=False),
    UniqueConstraint("pair"),
    Index(None, "course_id"),
)

members = Table(
    "chat_members",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("active", Integer, nullable=False),  # 0: has left; the pointers stay
    Column("joined_at", BigInteger, nullable=False),
    Column("delivered_number", Integer, nullable=False),
    Column("read_number", Integer, nullable=False),
    Index(None, "user_id", "active"),
)

messages = Table(
    "chat_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("anonymous", Integer, nullable=False),
    Column("key", Text),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("reply_to", Text),
    Column("thread_id", Text),
    Column("mentions", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("edited_at", BigInteger),
    UniqueConstraint("room_id", "number"),
)
# What was taken back is rare: counting unread means subtracting it from a difference of numbers.
Index(
    "ix_chat_messages_gone",
    messages.c.room_id,
    messages.c.number,
    sqlite_where=messages.c.state != _SENT,
    postgresql_where=messages.c.state != _SENT,
)
Index("ix_chat_messages_thread", messages.c.thread_id, messages.c.number)

mentions = Table(
    "chat_mentions",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
)

ME: BindParameter[str] = bindparam("me")
ROOM: BindParameter[str] = bindparam("room_id")


# How a caller stands to a room

_access = Prepared(
    select(
        rooms.c.id,
        rooms.c.kind,
        rooms.c.course_id,
        rooms.c.title,
        rooms.c.member_count,
        rooms.c.last_number,
        members.c.active,
        members.c.read_number,
        members.c.delivered_number,
        course_members.c.roles,
    )
    .select_from(
        rooms.outerjoin(members, and_(members.c.room_id == rooms.c.id, members.c.user_id == ME)).outerjoin(
            course_members,
            and_(
                course_members.c.course_id == rooms.c.course_id,
                course_members.c.user_id == ME,
            ),
        )
    )
    .where(rooms.c.id == ROOM)
)


def load_access(tx: Transaction, caller: Caller, room_id: str) -> Access | None:
    """Return how the caller stands to a room, or None when there is no such room."""
    row = tx.one(_access, me=caller.user_id, room_id=room_id)
    if row is None:
        return None
    return Access(
        room_id=row.id,
        kind=row.kind,
        course_id=row.course_id,
        title=row.title,
        member_count=row.member_count,
        last_number=row.last_number,
        is_member=row.active == 1,
        has_been_member=row.active is not None,
        read_number=row.read_number or 0,
        delivered_number=row.delivered_number or 0,
        roles=frozenset(json.loads(row.roles)) if row.roles else frozenset(),
        is_administrator=is_administrator(caller),
    )


# Rooms

_insert_room = Prepared(insert(rooms))
_room_of_pair = Prepared(select(rooms.c.id).where(rooms.c.pair == bindparam("pair")))
_rename_room = Prepared(update(rooms).where(rooms.c.id == ROOM).values(title=bindparam("new_title")))
_recount_members = Prepared(
    update(rooms)
    .where(rooms.c.id == ROOM)
    .values(
        member_count=select(func.count())
        .select_from(members)
        .where(members.c.room_id == rooms.c.id, members.c.active == 1)
        .scalar_subquery()
    )
    .returning(rooms.c.member_count)
)


def insert_room(
    tx: Transaction, *, room_id: str, kind: RoomKind, course_id: str | None, title: str, pair: str | None
) -> None:
    """Write a room that has no members and no messages yet."""
    tx.run(
        _insert_room,
        id=room_id,
        kind=kind,
        course_id=course_id,
        title=title,
        pair=pair,
        member_count=0,
        last_number=0,
        created_at=tx.now,
        moved_at=tx.now,
    )


def find_direct_room(tx: Transaction, pair: str) -> str | None:
    """Return the id of the direct room of a pair."""
    row = tx.one(_room_of_pair, pair=pair)
    return row.id if row else None


def rename_room(tx: Transaction, room_id: str, title: str) -> None:
    """Give a room another title."""
    tx.run(_rename_room, room_id=room_id, new_title=title)


def recount_members(tx: Transaction, room_id: str) -> int:
    """Bring the room's member count up to date and return it."""
    row = tx.one(_recount_members, room_id=room_id)
    return int(row.member_count) if row else 0


_last = messages.alias("last")
_author = users.alias("author")


def _gone(room_id: Any, after: Any) -> Any:
    """Count what was taken back after a number: one short range of a partial index."""
    gone = messages.alias()
    return (
        select(func.count())
        .where(
            gone.c.room_id == room_id,
            gone.c.number > after,
            gone.c.state != _SENT,
        )
        .scalar_subquery()
    )


def _mentioned(room_id: Any, user_id: Any, after: Any) -> Any:
    """Count the mentions of a user after a number."""
    return (
        select(func.count())
        .select_from(mentions)
        .where(mentions.c.room_id == room_id, mentions.c.user_id == user_id, mentions.c.number > after)
        .scalar_subquery()
    )


# A member's unread messages are the numbers above the read pointer, less what was taken back. One's own are never
# above it: sending moves the pointer.
_unread = rooms.c.last_number - members.c.read_number - _gone(rooms.c.id, members.c.read_number)

_MESSAGE_COLUMNS = (
    "id", "room_id", "number", "author_id", "anonymous", "key", "text", "html", "reply_to", "thread_id", "mentions", "state", "version", "sent_at", "edited_at",
)  # fmt: skip


def _message_columns(table: Any, prefix: str = "") -> list[Any]:
    return [table.c[name].label(prefix + name) for name in _MESSAGE_COLUMNS]


_read = messages.alias("read")

_summaries = select(
    rooms.c.id,
    rooms.c.kind,
    rooms.c.course_id,
    rooms.c.title,
    rooms.c.member_count,
    rooms.c.last_number,
    rooms.c.created_at,
    rooms.c.moved_at,
    func.coalesce(members.c.active, 0).label("joined"),
    func.coalesce(members.c.read_number, 0).label("read_number"),
    func.coalesce(_unread, 0).label("unread"),
    func.coalesce(_mentioned(rooms.c.id, ME, members.c.read_number), 0).label("mentioned"),
    course_members.c.roles,
    _read.c.id.label("read_to"),
    *_message_columns(_last, "newest_"),
    _author.c.name.label("newest_author_name"),
    _author.c.avatar_url.label("newest_author_avatar"),
).select_from(
    rooms.outerjoin(members, and_(members.c.room_id == rooms.c.id, members.c.user_id == ME))
    .outerjoin(
        course_members,
        and_(
            course_members.c.course_id == rooms.c.course_id,
            course_members.c.user_id == ME,
        ),
    )
    .outerjoin(_last, and_(_last.c.room_id == rooms.c.id, _last.c.number == rooms.c.last_number))
    .outerjoin(_read, and_(_read.c.room_id == rooms.c.id, _read.c.number == members.c.read_number))
    .outerjoin(_author, _author.c.id == _last.c.author_id)
)

_mine = select(members.c.room_id).where(members.c.user_id == ME, members.c.active == 1)
_open_to_me = (
    select(rooms.c.id)
    .join(course_members, course_members.c.course_id == rooms.c.course_id)
    .where(
        course_members.c.user_id == ME,
        rooms.c.kind.in_(sorted(OPEN_KINDS)),
    )
)
_COURSE: BindParameter[str] = bindparam("course_id")
_list_rooms = Prepared(
    _summaries.where(
        rooms.c.id.in_(_mine.union(_open_to_me)),
        or_(_COURSE == "", rooms.c.course_id == _COURSE),
        or_(
            rooms.c.moved_at < bindparam("moved_at"),
            and_(rooms.c.moved_at == bindparam("moved_at"), rooms.c.id < bindparam("after_id")),
        ),
    )
    .order_by(rooms.c.moved_at.desc(), rooms.c.id.desc())
    .limit(bindparam("most"))
)
_one_room = Prepared(_summaries.where(rooms.c.id == ROOM))

_other = members.alias("other")
_me_there = members.alias("me_there")
_ranked_others = (
    select(
        _other.c.room_id,
        users.c.id,
        users.c.name,
        users.c.avatar_url,
        func.row_number().over(partition_by=_other.c.room_id, order_by=users.c.id).label("rank"),
    )
    .select_from(
        _me_there.join(rooms, rooms.c.id == _me_there.c.room_id)
        .join(_other, _other.c.room_id == rooms.c.id)
        .join(users, users.c.id == _other.c.user_id)
    )
    .where(
        _me_there.c.user_id == ME,
        _me_there.c.room_id.in_(bindparam("room_ids", expanding=True)),
        rooms.c.kind.in_(["direct", "group"]),
        _other.c.active == 1,
        _other.c.user_id != ME,
    )
    .subquery()
)
_others = Prepared(
    select(_ranked_others).where(_ranked_others.c.rank <= NAMED_OTHERS_UP_TO).order_by(_ranked_others.c.rank)
)

_FAR_FUTURE = 2**62


def list_rooms(
    tx: Transaction, caller: Caller, course_id: str | None, cursor: str | None, limit: int
) -> list[tuple[str, RoomSummary]]:
    """Return up to `limit` rooms with the cursor that continues after each, the one that moved last first."""
    moved_at, _, after_id = (cursor or f"{_FAR_FUTURE}/").partition("/")
    rows = tx.all(
        _list_rooms,
        me=caller.user_id,
        course_id=course_id or "",
        moved_at=int(moved_at),
        after_id=after_id,
        most=limit,
    )
    others = _load_others(tx, caller, [row.id for row in rows])
    return [(f"{row.moved_at}/{row.id}", _summary(row, caller, others.get(row.id, []))) for row in rows]


def load_summary(tx: Transaction, caller: Caller, room_id: str) -> RoomSummary:
    """Return one room as the caller sees it; the caller's right to it was checked before."""
    row = tx.one(_one_room, me=caller.user_id, room_id=room_id)
    if row is None:
        raise LookupError(room_id)
    return _summary(row, caller, _load_others(tx, caller, [room_id]).get(room_id, []))


def _load_others(tx: Transaction, caller: Caller, room_ids: list[str]) -> dict[str, list[Author]]:
    found: dict[str, list[Author]] = {}
    if room_ids:
        for row in tx.all(_others, me=caller.user_id, room_ids=room_ids):
            found.setdefault(row.room_id, []).append(
                Author(user_id=row.id, name=row.name, avatar_url=row.avatar_url)
            )
    return found


def _summary(row: Row, caller: Caller, others: list[Author]) -> RoomSummary:
    access = Access(
        room_id=row.id,
        kind=row.kind,
        course_id=row.course_id,
        title=row.title,
        member_count=row.member_count,
        last_number=row.last_number,
        is_member=row.joined == 1,
        has_been_member=row.read_to is not None,
        read_number=row.read_number,
        delivered_number=row.read_number,
        roles=frozenset(json.loads(row.roles)) if row.roles else frozenset(),
        is_administrator=is_administrator(caller),
    )
    last = None
    if row.newest_id is not None:
        last = _message(row, caller.user_id, prefix="newest_")
    return RoomSummary(
        **_room_fields(row),
        joined=access.is_member,
        unread=row.unread if access.is_member else 0,
        mentions=row.mentioned if access.is_member else 0,
        last_message=last,
        read_to=row.read_to,
        read_number=row.read_number,
        can_post=access.may_post,
        others=others,
    )


def _room_fields(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "course_id": row.course_id,
        "title": row.title,
        "member_count": row.member_count,
        "last_number": row.last_number,
        "created_at": iso(row.created_at),
    }


_plain_room = Prepared(select(rooms).where(rooms.c.id == ROOM))


def load_room(tx: Transaction, room_id: str) -> Room:
    """Return a room as everybody in it sees it."""
    row = tx.one(_plain_room, room_id=room_id)
    if row is None:
        raise LookupError(room_id)
    return Room(**_room_fields(row))


# Members

_put_member = Prepared(insert(members))
_activate = Prepared(
    update(members)
    .where(members.c.room_id == ROOM, members.c.user_id == bindparam("user"))
    .values(active=bindparam("now_active"))
)
_MEMBER_COLUMNS = (
    users.c.id,
    users.c.name,
    users.c.avatar_url,
    members.c.joined_at,
)
_list_members = Prepared(
    select(*_MEMBER_COLUMNS, course_members.c.roles)
    .select_from(
        members.join(rooms, rooms.c.id == members.c.room_id)
        .join(users, users.c.id == members.c.user_id)
        .outerjoin(
            course_members,
            and_(
                course_members.c.course_id == rooms.c.course_id,
                course_members.c.user_id == members.c.user_id,
            ),
        )
    )
    .where(
        members.c.room_id == ROOM,
        members.c.active == 1,
        or_(
            users.c.name > bindparam("name"),
            and_(users.c.name == bindparam("name"), users.c.id > bindparam("after_id")),
        ),
    )
    .order_by(users.c.name, users.c.id)
    .limit(bindparam("most"))
)
_member_ids = Prepared(select(members.c.user_id).where(members.c.room_id == ROOM, members.c.active == 1))
_enrol_all = Prepared(
    insert(members).from_select(
        ["room_id", "user_id", "active", "joined_at", "delivered_number", "read_number"],
        select(
            ROOM.label("room_id"),
            course_members.c.user_id,
            literal_column("1"),
            bindparam("joined").label("joined_at"),
            literal_column("0"),
            literal_column("0"),
        ).where(course_members.c.course_id == bindparam("course")),
    )
)
_open_rooms_of = Prepared(
    select(rooms.c.id, rooms.c.last_number).where(
        rooms.c.course_id == bindparam("course"), rooms.c.kind.in_(sorted(OPEN_KINDS))
    )
)
_present = Prepared(
    select(members.c.user_id, members.c.active).where(
        members.c.room_id == ROOM, members.c.user_id.in_(bindparam("user_ids", expanding=True))
    )
)
_remove_members = Prepared(
    delete(members).where(
        members.c.room_id == ROOM, members.c.user_id.in_(bindparam("user_ids", expanding=True))
    )
)

SLICE = 500
"""How many ids one statement takes."""


def put_member(tx: Transaction, access: Access, user_id: str, *, active: bool) -> None:
    """Make the caller a member, for the first time or again, or let them leave."""
    if access.has_been_member:
        tx.run(_activate, room_id=access.room_id, user=user_id, now_active=int(active))
    elif active:
        add_members(tx, access.room_id, [user_id], from_number=access.last_number)


def add_members(tx: Transaction, room_id: str, user_ids: Sequence[str], *, from_number: int) -> list[str]:
    """Make people members who have read up to `from_number`; return those who were none before."""
    added: list[str] = []
    for start in range(0, len(user_ids), SLICE):
        piece = user_ids[start : start + SLICE]
        present = {row.user_id: row.active for row in tx.all(_present, room_id=room_id, user_ids=list(piece))}
        for user_id in piece:
            if present.get(user_id) == 1:
                continue
            added.append(user_id)
            if user_id in present:
                tx.run(_activate, room_id=room_id, user=user_id, now_active=1)
                continue
            tx.run(
                _put_member,
                room_id=room_id,
                user_id=user_id,
                active=1,
                joined_at=tx.now,
                delivered_number=from_number,
                read_number=from_number,
            )
    return added


def enrol_course(tx: Transaction, room_id: str, course_id: str) -> None:
    """Make everybody of a course a member of its new room, in one statement."""
    tx.run(_enrol_all, room_id=room_id, course=course_id, joined=tx.now)


def remove_members(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> None:
    """Take people out, with their pointers."""
    for start in range(0, len(user_ids), SLICE):
        tx.run(_remove_members, room_id=room_id, user_ids=list(user_ids[start : start + SLICE]))


def open_rooms_of(tx: Transaction, course_id: str) -> list[tuple[str, int]]:
    """Return the ids and last numbers of a course's open rooms."""
    return [(row.id, row.last_number) for row in tx.all(_open_rooms_of, course=course_id)]


def member_ids(tx: Transaction, room_id: str) -> list[str]:
    """Return everybody who is in a room."""
    return [row.user_id for row in tx.all(_member_ids, room_id=room_id)]


def list_members(tx: Transaction, room_id: str, cursor: str | None, limit: int) -> list[tuple[str, Member]]:
    """Return up to `limit` members by name, with the cursor that continues after each."""
    after_id, _, name = (cursor or "/").partition("/")
    rows = tx.all(_list_members, room_id=room_id, name=name, after_id=after_id, most=limit)
    return [
        (
            f"{row.id}/{row.name}",
            Member(
                user_id=row.id,
                name=row.name,
                avatar_url=row.avatar_url,
                roles=json.loads(row.roles) if row.roles else [],
                joined_at=iso(row.joined_at),
            ),
        )
        for row in rows
    ]


_acquaintances = Prepared(
    select(users.c.id, users.c.name, users.c.avatar_url).where(
        users.c.id.in_(bindparam("user_ids", expanding=True)),
        users.c.id.in_(
            select(course_members.c.user_id).where(
                course_members.c.course_id.in_(
                    select(course_members.c.course_id).where(course_members.c.user_id == ME)
                ),
            )
        ),
    )
)
_known = Prepared(select(users.c.id).where(users.c.id.in_(bindparam("user_ids", expanding=True))))
_person = Prepared(select(users.c.id, users.c.name, users.c.avatar_url).where(users.c.id == ME))


def acquaintances(tx: Transaction, caller: Caller, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` who share a course with the caller."""
    return frozenset(row.id for row in tx.all(_acquaintances, me=caller.user_id, user_ids=list(user_ids)))


def known_users(tx: Transaction, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` whom we know at all."""
    return frozenset(row.id for row in tx.all(_known, user_ids=list(user_ids)))


def load_person(tx: Transaction, user_id: str) -> Author | None:
    """Return a person as others see them."""
    row = tx.one(_person, me=user_id)
    return Author(user_id=row.id, name=row.name, avatar_url=row.avatar_url) if row else None


# Messages

_next_number = Prepared(
    update(rooms)
    .where(rooms.c.id == ROOM)
    .values(last_number=rooms.c.last_number + 1, moved_at=bindparam("moved"))
    .returning(rooms.c.last_number)
)
_insert_message = Prepared(insert(messages))
_insert_mention = Prepared(insert(mentions))
_forget_mentions = Prepared(
    delete(mentions).where(mentions.c.room_id == ROOM, mentions.c.number == bindparam("at_number"))
)
_rewrite = Prepared(
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(
        text=bindparam("new_text"),
        html=bindparam("new_html"),
        mentions=bindparam("new_mentions"),
        state=bindparam("new_state"),
        version=bindparam("new_version"),
        edited_at=bindparam("edited"),
    )
)
_advance = Prepared(
    update(members)
    .where(members.c.room_id == ROOM, members.c.user_id == ME)
    .values(delivered_number=bindparam("delivered"), read_number=bindparam("read"))
)

_with_author = select(
    *_message_columns(messages),
    _author.c.name.label("author_name"),
    _author.c.avatar_url.label("author_avatar"),
).select_from(messages.outerjoin(_author, _author.c.id == messages.c.author_id))
_one_message = Prepared(_with_author.where(messages.c.id == bindparam("message_id")))
_number_of = Prepared(
    select(messages.c.number).where(messages.c.id == bindparam("message_id"), messages.c.room_id == ROOM)
)
_id_at = Prepared(
    select(messages.c.id).where(messages.c.room_id == ROOM, messages.c.number == bindparam("at_number"))
)
_THREAD: BindParameter[str] = bindparam("thread_id")
_in_thread = or_(_THREAD == "", messages.c.thread_id == _THREAD, messages.c.id == _THREAD)
_before = Prepared(
    _with_author.where(messages.c.room_id == ROOM, messages.c.number < bindparam("at_number"), _in_thread)
    .order_by(messages.c.number.desc())
    .limit(bindparam("most"))
)
_after = Prepared(
    _with_author.where(messages.c.room_id == ROOM, messages.c.number > bindparam("at_number"), _in_thread)
    .order_by(messages.c.number)
    .limit(bindparam("most"))
)


def insert_message(tx: Transaction, author_id: str, message: Message) -> Message:
    """Give the message the room's next number, write it, and return it as it stands there."""
    row = tx.one(_next_number, room_id=message.room_id, moved=tx.now)
    if row is None:
        raise LookupError(message.room_id)
    number = int(row.last_number)
    tx.run(
        _insert_message,
        id=message.id,
        room_id=message.room_id,
        number=number,
        author_id=author_id,
        anonymous=int(message.anonymous),
        key=message.key,
        text=message.text,
        html=message.html,
        reply_to=message.reply_to,
        thread_id=message.thread_id,
        mentions=json.dumps(message.mentions) if message.mentions else "[]",
        state=message.state,
        version=message.version,
        sent_at=tx.now,
        edited_at=None,
    )
    for user_id in message.mentions:
        tx.run(_insert_mention, room_id=message.room_id, user_id=user_id, number=number)
    return message.model_copy(update={"number": number})


def rewrite_message(tx: Transaction, message: Message) -> None:
    """Write the text, state and version of a message that was edited or taken back."""
    tx.run(
        _rewrite,
        message_id=message.id,
        new_text=message.text,
        new_html=message.html,
        new_mentions=json.dumps(message.mentions),
        new_state=message.state,
        new_version=message.version,
        edited=tx.now,
    )
    if message.state != "sent":
        tx.run(_forget_mentions, room_id=message.room_id, at_number=message.number)


def load_message(tx: Transaction, message_id: str, viewer_id: str) -> tuple[Message, str] | None:
    """Return a message as the viewer sees it, and who wrote it."""
    row = tx.one(_one_message, message_id=message_id)
    return (_message(row, viewer_id), row.author_id) if row else None


def number_of(tx: Transaction, room_id: str, message_id: str) -> int | None:
    """Return the number of a message of this room."""
    row = tx.one(_number_of, room_id=room_id, message_id=message_id)
    return int(row.number) if row else None


def message_id_at(tx: Transaction, room_id: str, number: int) -> str | None:
    """Return the id of the message of a number."""
    row = tx.one(_id_at, room_id=room_id, at_number=number) if number else None
    return str(row.id) if row else None


def messages_before(
    tx: Transaction, viewer_id: str, room_id: str, number: int, thread_id: str | None, limit: int
) -> list[Message]:
    """Return up to `limit` messages below a number, ascending."""
    rows = tx.all(_before, room_id=room_id, at_number=number, thread_id=thread_id or "", most=limit)
    return [_message(row, viewer_id) for row in reversed(rows)]


def messages_after(
    tx: Transaction, viewer_id: str, room_id: str, number: int, thread_id: str | None, limit: int
) -> list[Message]:
    """Return up to `limit` messages above a number, ascending."""
    rows = tx.all(_after, room_id=room_id, at_number=number, thread_id=thread_id or "", most=limit)
    return [_message(row, viewer_id) for row in rows]


def _message(row: Row, viewer_id: str, prefix: str = "") -> Message:
    value = {name: getattr(row, prefix + name) for name in _MESSAGE_COLUMNS}
    author_id = value["author_id"]
    author = None
    if not value["anonymous"]:
        name = getattr(row, f"{prefix}author_name") or author_id
        author = Author(user_id=author_id, name=name, avatar_url=getattr(row, f"{prefix}author_avatar"))
    return Message(
        id=value["id"],
        room_id=value["room_id"],
        number=value["number"],
        author=author,
        anonymous=bool(value["anonymous"]),
        key=value["key"] if author_id == viewer_id else None,
        text=value["text"],
        html=value["html"],
        reply_to=value["reply_to"],
        thread_id=value["thread_id"],
        mentions=json.loads(value["mentions"]),
        state=value["state"],
        version=value["version"],
        sent_at=iso(value["sent_at"]),
        edited_at=iso(value["edited_at"]) if value["edited_at"] is not None else None,
    )


# Pointers and counts


def advance_pointers(tx: Transaction, room_id: str, user_id: str, delivered: int, read: int) -> None:
    """Move a member's pointers; the service has made sure that they only move forward."""
    tx.run(_advance, room_id=room_id, me=user_id, delivered=delivered, read=read)


_delivered = messages.alias("delivered")
_receipts = Prepared(
    select(
        members.c.user_id,
        members.c.delivered_number,
        members.c.read_number,
        _delivered.c.id.label("delivered_to"),
        _read.c.id.label("read_to"),
    )
    .select_from(
        members.join(rooms, rooms.c.id == members.c.room_id)
        .outerjoin(
            _delivered,
            and_(
                _delivered.c.room_id == members.c.room_id, _delivered.c.number == members.c.delivered_number
            ),
        )
        .outerjoin(_read, and_(_read.c.room_id == members.c.room_id, _read.c.number == members.c.read_number))
    )
    .where(members.c.room_id == ROOM, members.c.active == 1, rooms.c.member_count <= bindparam("most"))
)


def receipts(tx: Transaction, room_id: str, most: int) -> list[Row]:
    """Return every member's pointers, or nothing when the room has more than `most` members."""
    return tx.all(_receipts, room_id=room_id, most=most)


_total_members = members.alias("total_members")
_total_rooms = rooms.alias("total_rooms")
_total = (
    select(
        func.coalesce(
            func.sum(
                _total_rooms.c.last_number
                - _total_members.c.read_number
                - _gone(_total_members.c.room_id, _total_members.c.read_number)
            ),
            0,
        )
    )
    .select_from(_total_members.join(_total_rooms, _total_rooms.c.id == _total_members.c.room_id))
    .where(_total_members.c.user_id == members.c.user_id, _total_members.c.active == 1)
    .correlate(members)
    .scalar_subquery()
)
_unread_of_room = (
    select(
        members.c.user_id,
        _unread.label("unread"),
        _mentioned(members.c.room_id, members.c.user_id, members.c.read_number).label("mentioned"),
        _total.label("total"),
    )
    .select_from(members.join(rooms, rooms.c.id == members.c.room_id))
    .where(members.c.room_id == ROOM, members.c.active == 1)
)
_unread_of_some = Prepared(
    _unread_of_room.where(members.c.user_id.in_(bindparam("user_ids", expanding=True)))
)
_total_of = Prepared(
    select(
        func.coalesce(
            func.sum(
                rooms.c.last_number - members.c.read_number - _gone(members.c.room_id, members.c.read_number)
            ),
            0,
        ).label("total")
    )
    .select_from(members.join(rooms, rooms.c.id == members.c.room_id))
    .where(members.c.user_id == ME, members.c.active == 1)
)


def unread_counts(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> Iterable[Row]:
    """Return user_id, unread, mentioned and total of those of `user_ids` who are in the room."""
    for start in range(0, len(user_ids), SLICE):
        yield from tx.all(_unread_of_some, room_id=room_id, user_ids=list(user_ids[start : start + SLICE]))


def total_unread(tx: Transaction, user_id: str) -> int:
    """Return a user's unread messages over all rooms."""
    row = tx.one(_total_of, me=user_id)
    return int(row.total) if row else 0
