"""Groups of people in a course, as the LMS makes them: who may see what is for some of the class only.

A group gives a right only to those who are in the course: whoever has left it is in none of its groups, and is again
in those that still list them when they come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coursewire.errors import Invalid, NotFound, TooLarge
from coursewire.identity import membership, store
from coursewire.identity.contract import Fact, GroupChanged
from coursewire.identity.store import Transaction

GROUPS_OF_COURSE: Final = 1_000
GROUPS_OF_PERSON: Final = 20
"""In one course. Somebody who opens a document listens to a channel for each."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of people in a course."""

    id: str
    title: str


def group(tx: Transaction, course_id: str, group_id: str) -> Group:
    """Return a group. Raises NotFound."""
    row = tx.one(store.GROUP, course_id=course_id, group_id=group_id)
    if row is None:
        raise NotFound(f"there is no group {group_id!r} in this course")
    return Group(row.group_id, row.title)


def is_group(tx: Transaction, course_id: str, group_id: str) -> bool:
    """Return whether a course has a group of this id."""
    return tx.one(store.GROUP, course_id=course_id, group_id=group_id) is not None


def groups_of_course(tx: Transaction, course_id: str) -> list[Group]:
    """Return the groups of a course in the order of their ids."""
    return [Group(row.group_id, row.title) for row in tx.all(store.GROUPS_OF_COURSE, course_id=course_id)]


def groups_of(tx: Transaction, user_id: str, course_id: str) -> frozenset[str]:
    """Return the groups that somebody is in, of those of a course that they are in."""
    return frozenset(row.group_id for row in tx.all(store.GROUPS_OF, user_id=user_id, course_id=course_id))


def members_of(tx: Transaction, course_id: str, group_id: str) -> list[str]:
    """Return who of the course is in a group, in the order of their ids."""
    return [row.user_id for row in tx.all(store.IN_GROUP, course_id=course_id, group_id=group_id)]


def members_among(tx: Transaction, course_id: str, group_id: str, user_ids: Sequence[str]) -> frozenset[str]:
    """Return who of these people is in a group."""
    return frozenset(
        row.user_id
        for part in store.chunks(user_ids)
        for row in tx.all(store.AMONG_GROUP, course_id=course_id, group_id=group_id, user_ids=part)
    )


def put_group(
    tx: Transaction, course_id: str, group_id: str, user_ids: Sequence[str], *, title: str | None = None
) -> tuple[Fact, ...]:
    """Make a group of these people, or change it to them; without a title it keeps the one it has.

    Raises NotFound for an unknown course, Invalid for somebody who is not in it, who is named twice, or who is in too
    many groups of it, and TooLarge for a course with too many groups.
    """
    membership.course(tx, course_id)
    row = tx.one(store.GROUP, course_id=course_id, group_id=group_id)
    if row is None:
        count = tx.one(store.COUNT_GROUPS, course_id=course_id)
        if count is not None and count.n >= GROUPS_OF_COURSE:
            raise TooLarge(f"a course has at most {GROUPS_OF_COURSE:,} groups", field="group_id")
    listed = {
        entry.user_id for entry in tx.all(store.LISTED_IN_GROUP, course_id=course_id, group_id=group_id)
    }
    _check_people(tx, course_id, group_id, user_ids)
    tx.run(
        store.SAVE_GROUP,
        course_id=course_id,
        group_id=group_id,
        title=title or (row.title if row else group_id),
        updated_at=tx.now,
    )
    wanted = set(user_ids)
    removed = sorted(listed - wanted)
    for part in store.chunks(removed):
        tx.run(store.TAKE_OUT_OF_GROUP, course_id=course_id, group_id=group_id, user_ids=part)
    added = [user_id for user_id in user_ids if user_id not in listed]
    tx.many(
        store.PUT_IN_GROUP,
        [{"course_id": course_id, "group_id": group_id, "user_id": user_id} for user_id in added],
    )
    is_named_so = row is not None and title in {None, "", row.title}
    if is_named_so and not added and not removed:
        return ()
    return (GroupChanged(course_id, group_id, tuple(added), tuple(removed)),)


def _check_people(tx: Transaction, course_id: str, group_id: str, user_ids: Sequence[str]) -> None:
    enrolled: set[str] = set()
    counts: dict[str, int] = {}
    for part in store.chunks(user_ids):
        enrolled.update(
            row.user_id for row in tx.all(store.ROSTER_ENTRIES, course_id=course_id, user_ids=part)
        )
        found = tx.all(store.GROUP_COUNTS, course_id=course_id, group_id=group_id, user_ids=part)
        counts.update({row.user_id: row.n for row in found})
    seen: set[str] = set()
    for index, user_id in enumerate(user_ids):
        field = f"user_ids.{index}"
        if user_id in seen:
            raise Invalid("this user is named twice", field=field)
        seen.add(user_id)
        if user_id not in enrolled:
            raise Invalid("this user is not in the course", field=field)
        if counts.get(user_id, 0) >= GROUPS_OF_PERSON:
            raise Invalid(f"this user is in {GROUPS_OF_PERSON} other groups of the course", field=field)


def remove_group(tx: Transaction, course_id: str, group_id: str) -> tuple[Fact, ...]:
    """Dissolve a group; one that is not there is no error. Raises NotFound for an unknown course."""
    membership.course(tx, course_id)
    if not is_group(tx, course_id, group_id):
        return ()
    people = [row.user_id for row in tx.all(store.LISTED_IN_GROUP, course_id=course_id, group_id=group_id)]
    tx.run(store.EMPTY_GROUP, course_id=course_id, group_id=group_id)
    tx.run(store.DELETE_GROUP, course_id=course_id, group_id=group_id)
    return (GroupChanged(course_id, group_id, removed=tuple(sorted(people))),)
