"""Tables of people and courses, and the only SQL on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

import orjson
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared, Row
from coursewire.vocabulary import Role


class Transaction(Protocol):
    """What this package needs of a transaction; `storage`'s and `realtime`'s both have it."""

    @property
    def now(self) -> int:
        """Milliseconds since 1970, the same throughout."""

    def all(self, statement: Prepared, /, **params: Any) -> list[Row]:
        """Run a query and return its rows."""

    def one(self, statement: Prepared, /, **params: Any) -> Row | None:
        """Run a query and return its first row."""

    def run(self, statement: Prepared, /, **params: Any) -> int:
        """Run a change and return how many rows it touched."""

    def many(self, statement: Prepared, rows: Sequence[dict[str, Any]], /) -> None:
        """Run a change once per row."""


ROSTER: Final = "roster"
"""Put by the LMS over HTTP."""
CLAIMS: Final = "claims"
"""Said by the member's own token."""

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("avatar_url", Text),
    # Where mails go; only the server reads it.
    Column("email", Text),
    # When that name and picture were said: the time of a roster, or the `iat` of a token.
    Column("updated_at", BigInteger, nullable=False),
    # The newest `iat` among the tokens whose courses were taken over.
    Column("claims_at", BigInteger, nullable=False),
)
# xAPI statements name people by their addresses.
WITH_EMAIL = users.c.email.is_not(None)
Index(None, users.c.email, sqlite_where=WITH_EMAIL, postgresql_where=WITH_EMAIL)

courses = Table(
    "courses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    # When the LMS last gave a whole roster; 0 if it never did.
    Column("roster_at", BigInteger, nullable=False),
)

course_members = Table(
    "course_members",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("roles", Text, nullable=False),  # a JSON list, sorted, never empty
    Column("source", Text, nullable=False),  # ROSTER or CLAIMS
    Column("changed_at", BigInteger, nullable=False),
)
Index(None, course_members.c.user_id)

# Who was taken out of a course, and when: an older token must not bring them back.
course_removals = Table(
    "course_removals",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("removed_at", BigInteger, nullable=False),
)
Index(None, course_removals.c.user_id)

# Groups of people in a course, as the LMS has made them.
course_groups = Table(
    "course_groups",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("group_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
# Whom the LMS has put in; it counts only while they are in the course.
course_group_members = Table(
    "course_group_members",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("group_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
)
Index(None, course_group_members.c.user_id, course_group_members.c.course_id)

# Whose tokens, issued up to when, are good for nothing any more.
ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("ended_at", BigInteger, nullable=False),
)

_user_ids: BindParameter[str] = bindparam("user_ids", expanding=True)
_course_ids: BindParameter[str] = bindparam("course_ids", expanding=True)
_user_id: BindParameter[str] = bindparam("user_id")
_course_id: BindParameter[str] = bindparam("course_id")
_of_member = (course_members.c.course_id == _course_id, course_members.c.user_id == _user_id)

USER = Prepared(select(users).where(users.c.id == _user_id))
USERS = Prepared(select(users).where(users.c.id.in_(_user_ids)))
DELETE_USER = Prepared(delete(users).where(users.c.id == _user_id))
SAVE_CLAIMANT = Prepared(
    insert(users)
    .values(
        {name: bindparam(name) for name in ("id", "name", "avatar_url", "email", "updated_at", "claims_at")}
    )
    .on_conflict_do_update(
        index_elements=["id"],
        set_={name: bindparam(name) for name in ("name", "avatar_url", "email", "updated_at", "claims_at")},
    )
)

COURSE = Prepared(select(courses).where(courses.c.id == _course_id))
COURSES = Prepared(select(courses).where(courses.c.id.in_(_course_ids)))
SAVE_COURSE = Prepared(
    insert(courses)
    .values(id=_course_id, title=bindparam("title"), updated_at=bindparam("updated_at"), roster_at=0)
    .on_conflict_do_update(
        index_elements=["id"], set_={"title": bindparam("title"), "updated_at": bindparam("updated_at")}
    )
)
SET_ROSTER_AT = Prepared(
    update(courses).where(courses.c.id == _course_id).values(roster_at=bindparam("roster_at"))
)

MEMBER = Prepared(select(course_members.c.roles, course_members.c.source).where(*_of_member))
_membership = (course_members.c.course_id, course_members.c.roles, course_members.c.source)
COURSES_OF = Prepared(
    select(*_membership).where(course_members.c.user_id == _user_id).order_by(course_members.c.course_id)
)
ROSTER_OF = Prepared(
    select(course_members.c.user_id, course_members.c.roles, course_members.c.source)
    .where(course_members.c.course_id == _course_id)
    .order_by(course_members.c.user_id)
)
ROSTER_ENTRIES = Prepared(
    select(course_members.c.user_id, course_members.c.roles, course_members.c.source).where(
        course_members.c.course_id == _course_id, course_members.c.user_id.in_(_user_ids)
    )
)
COUNT_MEMBERS = Prepared(select(func.count().label("n")).where(course_members.c.course_id == _course_id))
MEMBER_PAGE = Prepared(
    select(course_members.c.user_id, users.c.name, users.c.avatar_url, course_members.c.roles)
    .join(users, users.c.id == course_members.c.user_id)
    .where(course_members.c.course_id == _course_id, course_members.c.user_id > bindparam("after"))
    .order_by(course_members.c.user_id)
    .limit(bindparam("limit"))
)
DELETE_MEMBERS = Prepared(
    delete(course_members).where(
        course_members.c.course_id == _course_id, course_members.c.user_id.in_(_user_ids)
    )
)
DELETE_MEMBERSHIPS_OF = Prepared(delete(course_members).where(course_members.c.user_id == _user_id))

REMOVALS_OF = Prepared(
    select(course_removals.c.course_id, course_removals.c.removed_at).where(
        course_removals.c.user_id == _user_id, course_removals.c.course_id.in_(_course_ids)
    )
)
SAVE_REMOVAL = Prepared(
    insert(course_removals)
    .values(course_id=_course_id, user_id=_user_id, removed_at=bindparam("removed_at"))
    .on_conflict_do_update(
        index_elements=["course_id", "user_id"], set_={"removed_at": bindparam("removed_at")}
    )
)
DELETE_REMOVALS = Prepared(
    delete(course_removals).where(
        course_removals.c.course_id == _course_id, course_removals.c.user_id.in_(_user_ids)
    )
)
DELETE_REMOVALS_IN = Prepared(delete(course_removals).where(course_removals.c.course_id == _course_id))
DELETE_REMOVALS_OF = Prepared(delete(course_removals).where(course_removals.c.user_id == _user_id))

CLAIMANT = Prepared(
    select(ended_sessions.c.ended_at, users, *_membership).select_from(
        select(_user_id.label("user_id"))
        .subquery("claimant")
        .outerjoin(ended_sessions, ended_sessions.c.user_id == _user_id)
        .outerjoin(users, users.c.id == _user_id)
        .outerjoin(course_members, course_members.c.user_id == _user_id)
    )
)
"""One row per course of a user, and one where there is none; the columns of whatever is not there are null."""
SAVE_ENDED = Prepared(
    insert(ended_sessions)
    .values(user_id=_user_id, ended_at=bindparam("ended_at"))
    .on_conflict_do_update(index_elements=["user_id"], set_={"ended_at": bindparam("ended_at")})
)

_group_id: BindParameter[str] = bindparam("group_id")
_of_group = (course_groups.c.course_id == _course_id, course_groups.c.group_id == _group_id)
_in_group = (course_group_members.c.course_id == _course_id, course_group_members.c.group_id == _group_id)
_who_is_here = course_group_members.join(
    course_members,
    (course_members.c.course_id == course_group_members.c.course_id)
    & (course_members.c.user_id == course_group_members.c.user_id),
)

GROUP = Prepared(select(course_groups).where(*_of_group))
GROUPS_OF_COURSE = Prepared(
    select(course_groups).where(course_groups.c.course_id == _course_id).order_by(course_groups.c.group_id)
)
COUNT_GROUPS = Prepared(select(func.count().label("n")).where(course_groups.c.course_id == _course_id))
SAVE_GROUP = Prepared(
    insert(course_groups)
    .values({name: bindparam(name) for name in ("course_id", "group_id", "title", "updated_at")})
    .on_conflict_do_update(
        index_elements=["course_id", "group_id"],
        set_={name: bindparam(name) for name in ("title", "updated_at")},
    )
)
DELETE_GROUP = Prepared(delete(course_groups).where(*_of_group))
LISTED_IN_GROUP = Prepared(select(course_group_members.c.user_id).where(*_in_group))
IN_GROUP = Prepared(
    select(course_group_members.c.user_id)
    .select_from(_who_is_here)
    .where(*_in_group)
    .order_by(course_group_members.c.user_id)
)
AMONG_GROUP = Prepared(
    select(course_group_members.c.user_id)
    .select_from(_who_is_here)
    .where(*_in_group, course_group_members.c.user_id.in_(_user_ids))
)
GROUPS_OF = Prepared(
    select(course_group_members.c.group_id)
    .select_from(_who_is_here)
    .where(course_group_members.c.user_id == _user_id, course_group_members.c.course_id == _course_id)
)
GROUP_COUNTS = Prepared(
    select(course_group_members.c.user_id, func.count().label("n"))
    .where(
        course_group_members.c.course_id == _course_id,
        course_group_members.c.group_id != _group_id,
        course_group_members.c.user_id.in_(_user_ids),
    )
    .group_by(course_group_members.c.user_id)
)
PUT_IN_GROUP = Prepared(
    insert(course_group_members).values(
        {name: bindparam(name) for name in ("course_id", "group_id", "user_id")}
    )
)
TAKE_OUT_OF_GROUP = Prepared(
    delete(course_group_members).where(*_in_group, course_group_members.c.user_id.in_(_user_ids))
)
EMPTY_GROUP = Prepared(delete(course_group_members).where(*_in_group))
DELETE_FROM_GROUPS = Prepared(delete(course_group_members).where(course_group_members.c.user_id == _user_id))

CHUNK: Final = 512
"""Ids of one list in a statement."""
_SIZES: Final = (64, 8, 1)
"""Rows of one statement. With more a row costs the same, and each of these statements is compiled once (ADR 0014)."""


def chunks(items: Sequence[str]) -> Iterator[list[str]]:
    """Cut a list of ids into pieces that fit into one statement."""
    for start in range(0, len(items), CHUNK):
        yield list(items[start : start + CHUNK])


@lru_cache(maxsize=len(_SIZES))
def _save_people(size: int) -> Prepared:
    at: BindParameter[int] = bindparam("updated_at")
    statement = insert(users).values(
        [
            {
                "id": bindparam(f"id_{i}"),
                "name": bindparam(f"name_{i}"),
                "email": bindparam(f"email_{i}"),
                "updated_at": at,
                "claims_at": 0,
            }
            for i in range(size)
        ]
    )
    said = {name: statement.excluded[name] for name in ("name", "email", "updated_at")}
    return Prepared(statement.on_conflict_do_update(index_elements=["id"], set_=said))


@lru_cache(maxsize=len(_SIZES))
def _save_members(size: int) -> Prepared:
    shared: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in ("source", "changed_at")}
    statement = insert(course_members).values(
        [
            {
                "course_id": bindparam(f"course_id_{i}"),
                "user_id": bindparam(f"user_id_{i}"),
                "roles": bindparam(f"roles_{i}"),
                **shared,
            }
            for i in range(size)
        ]
    )
    changed = {name: statement.excluded[name] for name in ("roles", "source", "changed_at")}
    return Prepared(statement.on_conflict_do_update(index_elements=["course_id", "user_id"], set_=changed))


@lru_cache(maxsize=len(_SIZES))
def _note_claims(size: int) -> Prepared:
    noted = (
        values(users.c.id, users.c.claims_at, name="noted")
        .data([(bindparam(f"id_{i}"), bindparam(f"at_{i}")) for i in range(size)])
        .cte("noted")
    )
    return Prepared(
        update(users)
        .where(users.c.id == noted.c.id, users.c.claims_at < noted.c.claims_at)
        .values(claims_at=noted.c.claims_at)
    )


def _in_sizes(count: int) -> Iterator[tuple[int, int]]:
    start = 0
    for size in _SIZES:
        while count - start >= size:
            yield start, size
            start += size


def save_people(tx: Transaction, people: Sequence[tuple[str, str, str | None]]) -> None:
    """Make these users (id, name, address) or change them, many at a time; pictures stay."""
    for start, size in _in_sizes(len(people)):
        params: dict[str, Any] = {"updated_at": tx.now}
        for i, (user_id, name, email) in enumerate(people[start : start + size]):
            params[f"id_{i}"], params[f"name_{i}"], params[f"email_{i}"] = user_id, name, email
        tx.run(_save_people(size), **params)


def note_claims(tx: Transaction, issued_at: Mapping[str, int]) -> None:
    """Raise `claims_at` of users (id -> milliseconds since 1970) where it is lower, many at a time."""
    items = list(issued_at.items())
    for start, size in _in_sizes(len(items)):
        params: dict[str, Any] = {}
        for i, (user_id, at) in enumerate(items[start : start + size]):
            params[f"id_{i}"], params[f"at_{i}"] = user_id, at
        tx.run(_note_claims(size), **params)


def save_members(tx: Transaction, rows: Sequence[tuple[str, str, frozenset[Role]]], source: str) -> None:
    """Make these memberships (course, user, roles) or change them, many at a time."""
    for start, size in _in_sizes(len(rows)):
        params: dict[str, Any] = {"source": source, "changed_at": tx.now}
        for i, (course_id, user_id, roles) in enumerate(rows[start : start + size]):
            params[f"course_id_{i}"], params[f"user_id_{i}"] = course_id, user_id
            params[f"roles_{i}"] = write_roles(roles)
        tx.run(_save_members(size), **params)


@lru_cache(maxsize=1_024)
def write_roles(roles: frozenset[Role]) -> str:
    """Write a set of roles as its column holds it."""
    return orjson.dumps(sorted(roles)).decode()


@lru_cache(maxsize=1_024)
def read_roles(column: str) -> frozenset[Role]:
    """Read a set of roles from its column."""
    return frozenset(orjson.loads(column))
