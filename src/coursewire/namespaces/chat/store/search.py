"""Finding messages by their words; full text of Postgres would stand behind the same functions.

New messages are indexed together, soon after they are written. What changes one that is indexed changes the index in
the same transaction, so that nothing is found after it was taken back. What that saves: docs/decisions/0010-search.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    column,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from coursewire.identity.store import course_members
from coursewire.namespaces.chat.contract import Message
from coursewire.namespaces.chat.rules import OPEN_KINDS, Access, is_administrator
from coursewire.namespaces.chat.store.shown import message_of, with_author
from coursewire.namespaces.chat.store.tables import ME, indexed_to, members, messages, rooms, search
from coursewire.namespaces.chat.wording import Wanted, fts5, indexed
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Transaction

MOST_SCOPES: Final = 500
"""Private rooms of one person that a search everywhere looks into: those that moved last."""

_MESSAGE: BindParameter[str] = bindparam("message_id")
_WORDS: BindParameter[str] = bindparam("words")
_SCOPE: BindParameter[str] = bindparam("scope")
_REMOVE: ColumnElement[str] = literal_column("'delete'")

_INDEXED_TO = select(indexed_to.c.seq).scalar_subquery()
_IS_INDEXED = (messages.c.id == _MESSAGE, messages.c.seq <= _INDEXED_TO)

_add = Prepared(
    insert(search).from_select(
        ["rowid", "words", "scope"], select(messages.c.seq, _WORDS, _SCOPE).where(*_IS_INDEXED)
    )
)
_remove = Prepared(
    insert(search).from_select(
        ["chat_search", "rowid", "words", "scope"],
        select(_REMOVE, messages.c.seq, _WORDS, _SCOPE).where(*_IS_INDEXED),
    )
)
_put = Prepared(
    insert(search).values(rowid=bindparam("seq"), words=bindparam("words"), scope=bindparam("scope"))
)
_waits = Prepared(select(messages.c.seq).where(messages.c.seq > _INDEXED_TO).limit(literal_column("1")))
_waiting = Prepared(
    select(
        messages.c.seq,
        messages.c.text,
        messages.c.state,
        rooms.c.id.label("room_id"),
        rooms.c.kind,
        rooms.c.course_id,
    )
    .join(rooms, rooms.c.id == messages.c.room_id)
    .where(messages.c.seq > _INDEXED_TO)
    .order_by(messages.c.seq)
    .limit(bindparam("most"))
)
_indexed_to = Prepared(update(indexed_to).values(seq=bindparam("to_seq")))
_written = Prepared(
    select(
        messages.c.id,
        messages.c.text,
        messages.c.state,
        rooms.c.id.label("room_id"),
        rooms.c.kind,
        rooms.c.course_id,
    )
    .join(rooms, rooms.c.id == messages.c.room_id)
    .where(messages.c.author_id == ME)
)
# Merges all into one segment, in which no word of a removed row is left (https://sqlite.org/fts5.html, 6.6).
_compact = Prepared(insert(search).values(chat_search=literal_column("'optimize'")))


@lru_cache(maxsize=4_096)
def _scope(kind: str, name: str) -> str:
    """Return one word that stands for a room or a course, whatever characters its id has."""
    return kind + blake2b(name.encode(), digest_size=8).hexdigest()


def _scopes(room_id: str, kind: str, course_id: str | None) -> str:
    """Return where a message of a room may be read: in the room, and of an open one, in its course and everywhere."""
    if kind in OPEN_KINDS:
        return f"{_scope('r', room_id)} {_scope('c', course_id or '')} open"
    return _scope("r", room_id)


def has_unindexed(tx: Transaction) -> bool:
    """Tell whether there are messages that the index has not got to."""
    return tx.one(_waits) is not None


def index_messages(tx: Transaction, most: int) -> None:
    """Let the oldest of the messages that the index has not got to be found, as they are now."""
    rows = tx.all(_waiting, most=most)
    tx.many(
        _put,
        [
            {
                "seq": row.seq,
                "words": indexed(row.text),
                "scope": _scopes(row.room_id, row.kind, row.course_id),
            }
            for row in rows
            if row.state == "sent"
        ],
    )
    if rows:
        tx.run(_indexed_to, to_seq=rows[-1].seq)


def add_words(tx: Transaction, access: Access, message: Message) -> None:
    """Let a message be found again, if the index has got to it; otherwise it will be, as it is then."""
    scope = _scopes(access.room_id, access.kind, access.course_id)
    tx.run(_add, message_id=message.id, words=indexed(message.text), scope=scope)


def remove_words(tx: Transaction, access: Access, message: Message) -> None:
    """Let a message be found no more. It must have the text that it was added with."""
    scope = _scopes(access.room_id, access.kind, access.course_id)
    tx.run(_remove, message_id=message.id, words=indexed(message.text), scope=scope)


def remove_words_by(tx: Transaction, user_id: str) -> None:
    """Let nothing that somebody wrote be found, and keep none of its words. Before the messages are erased."""
    rows = tx.all(_written, me=user_id)
    for row in rows:
        if row.state != "sent":
            continue
        scope = _scopes(row.room_id, row.kind, row.course_id)
        tx.run(_remove, message_id=row.id, words=indexed(row.text), scope=scope)
    if rows:
        # What was taken back before has left its words in the segments as well.
        tx.run(_compact)


_private = Prepared(
    select(rooms.c.id)
    .join(members, members.c.room_id == rooms.c.id)
    .outerjoin(
        course_members, and_(course_members.c.course_id == rooms.c.course_id, course_members.c.user_id == ME)
    )
    .where(
        members.c.user_id == ME,
        members.c.active == literal_column("1"),
        or_(bindparam("course_id") == "", rooms.c.course_id == bindparam("course_id")),
        or_(rooms.c.kind.not_in(sorted(OPEN_KINDS)), course_members.c.user_id.is_(None)),
    )
    .order_by(rooms.c.moved_at.desc())
    .limit(bindparam("most"))
)
_courses = Prepared(select(course_members.c.course_id).where(course_members.c.user_id == ME))


def readable_scopes(tx: Transaction, caller: Caller, course_id: str | None) -> list[str] | None:
    """Return where the caller may read, of a course or everywhere; None: wherever there is something."""
    if caller.is_service and course_id is None:
        return None
    found = [
        _scope("r", row.id)
        for row in tx.all(_private, me=caller.user_id, course_id=course_id or "", most=MOST_SCOPES)
    ]
    if course_id is not None:
        return [_scope("c", course_id), *found]
    if is_administrator(caller):
        return ["open", *found]
    return [*(_scope("c", row.course_id) for row in tx.all(_courses, me=caller.user_id)), *found]


def room_scope(room_id: str) -> list[str]:
    """Return where the messages of one room may be read."""
    return [_scope("r", room_id)]


_me_there = members.alias("me_there")
_mine = course_members.alias("mine")
_FOUND: Any = column("chat_search")
_ROWID: Any = search.c.rowid


def _matching(*conditions: Any) -> Select[Any]:
    """Return the newest messages that fit. What the scope lets through is checked again, by the tables."""
    return (
        with_author.add_columns(rooms.c.title.label("room_title"), rooms.c.id.label("in_room"))
        .join_from(messages, search, search.c.rowid == messages.c.seq)
        .join(rooms, rooms.c.id == messages.c.room_id)
        .outerjoin(_me_there, and_(_me_there.c.room_id == rooms.c.id, _me_there.c.user_id == ME))
        .outerjoin(_mine, and_(_mine.c.course_id == rooms.c.course_id, _mine.c.user_id == ME))
        .where(
            _FOUND.op("MATCH")(bindparam("matching")),
            bindparam("before") > _ROWID,
            messages.c.state == literal_column("'sent'"),
            *conditions,
        )
        .order_by(_ROWID.desc())
        .limit(bindparam("most"))
    )


_is_open = rooms.c.kind.in_([literal_column(f"'{kind}'") for kind in sorted(OPEN_KINDS)])
_is_in = _me_there.c.active == literal_column("1")
_find = Prepared(_matching(or_(_is_in, and_(_is_open, _mine.c.user_id.is_not(None)))))
_find_as_administrator = Prepared(_matching(or_(_is_in, _is_open)))
_find_as_service = Prepared(_matching())
_seq_of = Prepared(select(messages.c.seq).where(messages.c.id == _MESSAGE))

_NEWEST: Final = 2**62


def find_messages(
    tx: Transaction,
    caller: Caller,
    wanted: Sequence[Wanted],
    scopes: Sequence[str] | None,
    cursor: str | None,
    limit: int,
) -> list[tuple[Message, str]]:
    """Return up to `limit` messages with the titles of their rooms, the newest first.

    `cursor`: the id of the message after which to go on. Raises ValueError for one that is not there.
    """
    if scopes is not None and not scopes:
        return []
    before = _NEWEST
    if cursor is not None:
        row = tx.one(_seq_of, message_id=cursor)
        if row is None:
            raise ValueError(cursor)
        before = row.seq
    statement = (
        _find_as_service
        if caller.is_service
        else _find_as_administrator
        if is_administrator(caller)
        else _find
    )
    rows = tx.all(statement, me=caller.user_id, matching=fts5(wanted, scopes), before=before, most=limit)
    return [(message_of(row, caller.user_id), row.room_title) for row in rows]
