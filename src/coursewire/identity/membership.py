"""Who belongs to which course, with which roles: the truth for every right (docs/decisions/0004-identity.md).

The LMS's word over HTTP, the roster, stands above what tokens claim: claims add people that the roster does
not name, and change or end only what claims had added. A removal is undone only by a later token.

Every function that changes something returns the facts it made, for its caller to pass on in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from coursewire.errors import AuthExpired, Invalid, NotFound
from coursewire.identity import store
from coursewire.identity.caller import Caller
from coursewire.identity.contract import (
    CourseSaved,
    Fact,
    MembersChanged,
    SessionsEnded,
    UserErased,
    UserSaved,
)
from coursewire.identity.store import CLAIMS, ROSTER, Transaction
from coursewire.storage import Row
from coursewire.vocabulary import Role

_NO_ROLES: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class User:
    """A person as everybody may see them."""

    id: str
    name: str
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class Course:
    """A course of the LMS."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One line of a roster: somebody, and a set of roles in the course that is not empty."""

    user_id: str
    name: str
    roles: frozenset[Role]
    email: str | None = field(default=None, kw_only=True)
    """Where mails go: None says nothing about it, an empty one takes it away. Never read out to anybody."""


@dataclass(frozen=True, slots=True)
class Member(Enrolment):
    """An enrolment as it is read: without the address."""

    avatar_url: str | None = None


# Reading


def user(tx: Transaction, user_id: str) -> User | None:
    """Return a person whom a roster or a token has named."""
    row = tx.one(store.USER, user_id=user_id)
    return User(row.id, row.name, row.avatar_url) if row else None


def users(tx: Transaction, user_ids: Sequence[str]) -> dict[str, User]:
    """Return the known ones of these people, by id."""
    rows = (row for ids in store.chunks(user_ids) for row in tx.all(store.USERS, user_ids=ids))
    return {row.id: User(row.id, row.name, row.avatar_url) for row in rows}


def course(tx: Transaction, course_id: str) -> Course:
    """Return a course. Raises NotFound."""
    row = tx.one(store.COURSE, course_id=course_id)
    if row is None:
        raise NotFound(f"there is no course {course_id!r}")
    return Course(row.id, row.title)


def roles_in(tx: Transaction, user_id: str, course_id: str) -> frozenset[Role]:
    """Return what somebody is in a course; empty for who does not belong to it."""
    row = tx.one(store.MEMBER, course_id=course_id, user_id=user_id)
    return store.read_roles(row.roles) if row else _NO_ROLES


def roles_among(tx: Transaction, course_id: str, user_ids: Sequence[str]) -> dict[str, frozenset[Role]]:
    """Return what each of these people is in a course; who does not belong to it is not in there."""
    return {
        row.user_id: store.read_roles(row.roles)
        for part in store.chunks(user_ids)
        for row in tx.all(store.ROSTER_ENTRIES, course_id=course_id, user_ids=part)
    }


def courses_of(tx: Transaction, user_id: str) -> dict[str, frozenset[Role]]:
    """Return the courses of somebody, by id, with their roles in each."""
    return {row.course_id: store.read_roles(row.roles) for row in tx.all(store.COURSES_OF, user_id=user_id)}


def roster_of(tx: Transaction, course_id: str) -> dict[str, frozenset[Role]]:
    """Return everybody in a course, user id -> roles; empty for a course that is not known."""
    return {row.user_id: store.read_roles(row.roles) for row in tx.all(store.ROSTER_OF, course_id=course_id)}


def members_of(tx: Transaction, course_id: str, *, after: str = "", limit: int = 200) -> list[Member]:
    """Return up to `limit` members of a course in the order of their ids, those past the id `after`."""
    rows = tx.all(store.MEMBER_PAGE, course_id=course_id, after=after, limit=limit)
    return [Member(row.user_id, row.name, store.read_roles(row.roles), row.avatar_url) for row in rows]


def count_members(tx: Transaction, course_id: str) -> int:
    """Return how many belong to a course."""
    row = tx.one(store.COUNT_MEMBERS, course_id=course_id)
    return int(row.n) if row else 0


# What the LMS says


def put_course(tx: Transaction, course_id: str, title: str) -> tuple[Fact, ...]:
    """Make a course or give it another title."""
    row = tx.one(store.COURSE, course_id=course_id)
    if row is not None and row.title == title:
        return ()
    tx.run(store.SAVE_COURSE, course_id=course_id, title=title, updated_at=tx.now)
    return (CourseSaved(course_id, title),)


def put_members(
    tx: Transaction, course_id: str, members: Sequence[Enrolment], *, replace: bool = False
) -> tuple[Fact, ...]:
    """Add these people to a course's roster or update them; with `replace` they are the whole roster.

    Raises NotFound for an unknown course, Invalid when somebody is named twice.
    """
    course(tx, course_id)
    given: dict[str, Enrolment] = {}
    for index, member in enumerate(members):
        if member.user_id in given:
            raise Invalid("this user is named twice", field=f"members.{index}.user_id")
        given[member.user_id] = member
    ids = list(given)

    facts: list[Fact] = [*_put_people(tx, members)]

    if replace:
        rows = tx.all(store.ROSTER_OF, course_id=course_id)
    else:
        rows = [
            row
            for part in store.chunks(ids)
            for row in tx.all(store.ROSTER_ENTRIES, course_id=course_id, user_ids=part)
        ]
    held = {row.user_id: (store.read_roles(row.roles), row.source) for row in rows}
    # Whom so far only a token had named is from now on in the roster, also with the same roles.
    stale = [member for member in members if held.get(member.user_id) != (member.roles, ROSTER)]
    store.save_members(tx, [(course_id, member.user_id, member.roles) for member in stale], ROSTER)

    gone = [user_id for user_id in held if user_id not in given] if replace else []
    for part in store.chunks(gone):
        tx.run(store.DELETE_MEMBERS, course_id=course_id, user_ids=part)
    if replace:
        # The time of the whole roster stands for every single removal before it.
        tx.run(store.SET_ROSTER_AT, course_id=course_id, roster_at=tx.now)
        tx.run(store.DELETE_REMOVALS_IN, course_id=course_id)
    else:
        for part in store.chunks([member.user_id for member in stale]):
            tx.run(store.DELETE_REMOVALS, course_id=course_id, user_ids=part)

    added = tuple(member.user_id for member in stale if member.user_id not in held)
    changed = tuple(
        member.user_id
        for member in stale
        if member.user_id in held and held[member.user_id][0] != member.roles
    )
    if added or gone or changed:
        facts.append(MembersChanged(course_id, added, tuple(gone), changed))
    return tuple(facts)


def _put_people(tx: Transaction, members: Sequence[Enrolment]) -> list[UserSaved]:
    """Write the names and addresses that are new, and return the facts about names."""
    facts: list[UserSaved] = []
    ids = [member.user_id for member in members]
    known = {row.id: row for part in store.chunks(ids) for row in tx.all(store.USERS, user_ids=part)}
    people: list[tuple[str, str, str | None]] = []
    for member in members:
        was = known.get(member.user_id)
        email = (was.email if was else None) if member.email is None else member.email or None
        if was is None or (was.name, was.email) != (member.name, email):
            people.append((member.user_id, member.name, email))
        if was is None or was.name != member.name:
            facts.append(UserSaved(member.user_id, member.name, was.avatar_url if was else None))
    store.save_people(tx, people)
    return facts


def remove_member(tx: Transaction, course_id: str, user_id: str) -> tuple[Fact, ...]:
    """Take somebody out of a course, also somebody whom only a token could bring in later.

    Raises NotFound for an unknown course.
    """
    course(tx, course_id)
    tx.run(store.SAVE_REMOVAL, course_id=course_id, user_id=user_id, removed_at=tx.now)
    if not tx.run(store.DELETE_MEMBERS, course_id=course_id, user_ids=[user_id]):
        return ()
    return (MembersChanged(course_id, removed=(user_id,)),)


def end_sessions(tx: Transaction, user_id: str) -> tuple[Fact, ...]:
    """Make every token worthless that this user was given until now."""
    tx.run(store.SAVE_ENDED, user_id=user_id, ended_at=tx.now)
    return (SessionsEnded(user_id),)


def erase_user(tx: Transaction, user_id: str) -> tuple[Fact, ...]:
    """Forget a person; a token issued before now does not bring them back."""
    course_ids = tuple(courses_of(tx, user_id))
    facts: list[Fact] = [MembersChanged(course_id, removed=(user_id,)) for course_id in course_ids]
    tx.run(store.DELETE_MEMBERSHIPS_OF, user_id=user_id)
    tx.run(store.DELETE_REMOVALS_OF, user_id=user_id)
    tx.run(store.DELETE_FROM_GROUPS, user_id=user_id)
    tx.run(store.DELETE_USER, user_id=user_id)
    return (*facts, *end_sessions(tx, user_id), UserErased(user_id, course_ids))


# What a token says


@dataclass(slots=True)
class _Changes:
    """What a token would change."""

    name: str
    avatar_url: str | None
    email: str | None
    updated_at: int
    claims_at: int
    is_later: bool = False
    writes_user: bool = False
    tells_user: bool = False
    new_courses: list[str] = field(default_factory=list)
    added: dict[str, frozenset[Role]] = field(default_factory=dict)
    changed: dict[str, frozenset[Role]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.writes_user or self.new_courses or self.added or self.changed or self.removed)


class News(Enum):
    """What `sync_claims` would write for a token."""

    NOTHING = "nothing"
    LATER = "the time of a later token that claims the same; `note_claims` can do that for many"
    CHANGES = "changes"


def news_in_claims(tx: Transaction, caller: Caller) -> News:
    """Tell what `sync_claims` would write: reads only, so that it fits into a reading transaction.

    Raises AuthExpired as `sync_claims` does.
    """
    if caller.is_service:
        return News.NOTHING
    changes = _compare(tx, caller)
    if changes:
        return News.CHANGES
    return News.LATER if changes.is_later else News.NOTHING


def note_claims(tx: Transaction, issued_at: Mapping[str, int]) -> None:
    """Note for each user id the time of the newest token that claims courses, in milliseconds since 1970."""
    store.note_claims(tx, issued_at)


def sync_claims(tx: Transaction, caller: Caller) -> tuple[Fact, ...]:
    """Bring name, picture and courses of a token into the tables, unless something newer stands there.

    Three or four short reads when nothing is new. Raises AuthExpired when the user's sessions were ended
    after the token was issued. A service is no person and leaves no trace.
    """
    if caller.is_service:
        return ()
    changes = _compare(tx, caller)
    if not changes and not changes.is_later:
        return ()
    user_id, facts = caller.user_id, list[Fact]()
    if changes.writes_user or changes.is_later:
        tx.run(
            store.SAVE_CLAIMANT,
            id=user_id,
            name=changes.name,
            avatar_url=changes.avatar_url,
            email=changes.email,
            updated_at=changes.updated_at,
            claims_at=changes.claims_at,
        )
    if changes.tells_user:
        facts.append(UserSaved(user_id, changes.name, changes.avatar_url))
    for course_id in changes.new_courses:
        # Nobody has told its title yet.
        tx.run(store.SAVE_COURSE, course_id=course_id, title=course_id, updated_at=tx.now)
        facts.append(CourseSaved(course_id, course_id))
    rows = [(course_id, user_id, roles) for course_id, roles in (changes.added | changes.changed).items()]
    store.save_members(tx, rows, CLAIMS)
    for course_id in changes.removed:
        tx.run(store.DELETE_MEMBERS, course_id=course_id, user_ids=[user_id])
    facts += [MembersChanged(course_id, added=(user_id,)) for course_id in changes.added]
    facts += [MembersChanged(course_id, removed=(user_id,)) for course_id in changes.removed]
    facts += [MembersChanged(course_id, changed=(user_id,)) for course_id in changes.changed]
    return tuple(facts)


def _compare(tx: Transaction, caller: Caller) -> _Changes:
    rows = tx.all(store.CLAIMANT, user_id=caller.user_id)
    row = rows[0]
    if row.ended_at is not None and caller.issued_at <= row.ended_at:
        raise AuthExpired("this session was ended; a new token is needed")
    if row.id is None:
        changes = _Changes(
            caller.name,
            caller.avatar_url,
            caller.email,
            caller.issued_at,
            0,
            writes_user=True,
            tells_user=True,
        )
    else:
        changes = _Changes(row.name, row.avatar_url, row.email, row.updated_at, row.claims_at)
        _compare_profile(caller, changes)
    if caller.claims_courses and caller.issued_at >= changes.claims_at:
        if caller.issued_at > changes.claims_at:
            changes.claims_at, changes.is_later = caller.issued_at, True
        held = {row.course_id: row for row in rows if row.course_id is not None}
        _compare_courses(tx, caller, changes, held)
    return changes


def _compare_profile(caller: Caller, changes: _Changes) -> None:
    if caller.issued_at < changes.updated_at:
        return
    # A token without a name carries the id in its place, and one without a picture says nothing about it.
    name = changes.name if caller.name == caller.user_id else caller.name
    avatar_url = caller.avatar_url or changes.avatar_url
    if (name, avatar_url) != (changes.name, changes.avatar_url):
        changes.name, changes.avatar_url, changes.updated_at = name, avatar_url, caller.issued_at
        changes.writes_user = changes.tells_user = True
    if caller.email and caller.email != changes.email:
        changes.email, changes.updated_at = caller.email, caller.issued_at
        changes.writes_user = True


def _compare_courses(tx: Transaction, caller: Caller, changes: _Changes, held: Mapping[str, Row]) -> None:
    for course_id, row in held.items():
        if row.source == CLAIMS:
            roles = caller.courses.get(course_id)
            if roles is None:
                changes.removed.append(course_id)
            elif roles != store.read_roles(row.roles):
                changes.changed[course_id] = roles
    missing = [course_id for course_id in caller.courses if course_id not in held]
    if missing:
        changes.added, changes.new_courses = _admitted(tx, caller, missing)


def _admitted(
    tx: Transaction, caller: Caller, missing: Sequence[str]
) -> tuple[dict[str, frozenset[Role]], list[str]]:
    """Decide which claimed memberships to add: not those that the LMS has ended since the token's time."""
    ended_at: dict[str, int] = {}
    known: set[str] = set()
    for part in store.chunks(missing):
        for row in tx.all(store.COURSES, course_ids=part):
            known.add(row.id)
            ended_at[row.id] = row.roster_at
        for row in tx.all(store.REMOVALS_OF, user_id=caller.user_id, course_ids=part):
            ended_at[row.course_id] = max(ended_at.get(row.course_id, 0), row.removed_at)
    added = {
        course_id: caller.courses[course_id]
        for course_id in missing
        if not ended_at.get(course_id) or ended_at[course_id] < caller.issued_at
    }
    return added, [course_id for course_id in missing if course_id not in known]
