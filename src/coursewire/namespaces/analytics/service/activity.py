"""Takes in what learners do: each report once, each checked by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coursewire.errors import Conflict, CoursewireError, NotFound
from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.contract import Activity, ActivityRecorded, ActivityTaken, Refused
from coursewire.namespaces.analytics.rules import access
from coursewire.namespaces.analytics.rules.activity import (
    RECORDED_AT_MOST_AGO_MS,
    TAKEN_AT_MOST_AGO_MS,
    check_no_result,
    counts_as_learner,
    happened_at,
    says_the_same,
)
from coursewire.realtime.contract import Once

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.analytics.contract import ActivityBody, RecordActivity
    from coursewire.namespaces.analytics.trust import Trust
    from coursewire.realtime.transaction import Transaction

TRIMMED_AT_ONCE: Final = 2_000
"""Rows that one work of the storage deletes: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some activity: how much was new, how much was there before, and what was refused, by its place."""

    accepted: int
    repeated: int
    refused: dict[int, CoursewireError]


def record_activity(trust: Trust, tx: Transaction, caller: Caller, command: RecordActivity) -> Once:
    """Store something that the caller did.

    Raises NotFound outside a course of theirs, Invalid for its time, Conflict for a key of another one, Forbidden for
    results where those are the LMS's to say.
    """
    roles = tx.roles_in(caller, command.course_id)
    access.check_enrolled(roles)
    if not trust.browser_results:
        check_no_result(command.verb, command.score)
    at = happened_at(command.at, tx.now, at_most_ago=RECORDED_AT_MOST_AGO_MS)
    # Keys are each caller's own. A blank is neither in users' ids nor in keys, nor in the ids of whoever reports over
    # HTTP: no two of them meet.
    one = _activity(command, f"{caller.user_id} {command.key}", caller.user_id, at)
    before = store.known(tx, [one.id]).get(one.id)
    if before is None:
        keep(tx, [one._replace(is_learner=counts_as_learner(roles))])
        return Once()
    # Activity is kept longer than the answers to commands, so a key may come again that nothing else remembers.
    if not says_the_same(before, one if command.at is not None else one._replace(at=before.at)):
        raise Conflict("another activity was recorded with this key already", field="key")
    return Once(duplicate=True)


def take_batch(tx: Transaction, bodies: Sequence[ActivityBody | CoursewireError]) -> ActivityTaken:
    """Store what of a batch is right and new; what is wrong comes as its error already, or is found wrong here."""
    activities: list[Activity | CoursewireError] = []
    for body in bodies:
        if isinstance(body, CoursewireError):
            activities.append(body)
            continue
        try:
            at = happened_at(body.at, tx.now, at_most_ago=TAKEN_AT_MOST_AGO_MS)
        except CoursewireError as error:
            activities.append(error)
        else:
            activities.append(_activity(body, body.id, body.user_id, at))
    taken = take(tx, activities)
    return ActivityTaken(
        accepted=taken.accepted,
        repeated=taken.repeated,
        refused=[
            Refused(index=index, error=error.as_wire()) for index, error in sorted(taken.refused.items())
        ],
    )


def take(tx: Transaction, activities: Sequence[Activity | CoursewireError]) -> Taken:
    """Store what is new of people who belong to its course; the same id with other content is refused."""
    refused = {place: one for place, one in enumerate(activities) if isinstance(one, CoursewireError)}
    given = {place: one for place, one in enumerate(activities) if isinstance(one, Activity)}
    people = _People.of(tx, given.values())
    known = store.known(tx, [one.id for one in given.values()])
    new: dict[str, Activity] = {}
    repeated = 0
    for place, one in given.items():
        before = known.get(one.id) or new.get(one.id)
        if before is not None and says_the_same(before, one):
            repeated += 1
        elif before is not None:
            refused[place] = Conflict("another activity has this id already", field="id")
        elif (error := people.why_not(one)) is not None:
            refused[place] = error
        else:
            is_learner = counts_as_learner(people.roles[one.course_id][one.user_id])
            new[one.id] = one._replace(is_learner=True) if is_learner else one
    keep(tx, list(new.values()))
    return Taken(len(new), repeated, refused)


def keep(tx: Transaction, activities: Sequence[Activity]) -> None:
    """Store new activity, tell the parts that follow it, and let the metrics go on."""
    if activities:
        store.insert_activity(tx, activities)
        tx.tell(ActivityRecorded(tuple(activities)))
        tx.wake()


def trim_activity(tx: Transaction) -> bool:
    """Delete some of what is older than anything that may still be asked for; return whether there was any."""
    return store.trim_activity(tx, tx.now - TAKEN_AT_MOST_AGO_MS, TRIMMED_AT_ONCE) > 0


@dataclass(frozen=True, slots=True)
class _People:
    """Who of those whose activity comes in belongs to its course, and as what."""

    courses: set[str]
    roles: dict[str, dict[str, frozenset[str]]]

    @classmethod
    def of(cls, tx: Transaction, activities: Iterable[Activity]) -> _People:
        """Look up all of them: a query for the courses, and one for each course."""
        wanted: defaultdict[str, set[str]] = defaultdict(set)
        for one in activities:
            wanted[one.course_id].add(one.user_id)
        return cls(
            store.existing_courses(tx, sorted(wanted)),
            {
                course_id: store.roles_of(tx, course_id, sorted(user_ids))
                for course_id, user_ids in wanted.items()
            },
        )

    def why_not(self, one: Activity) -> CoursewireError | None:
        """Return what keeps an activity out."""
        if one.course_id not in self.courses:
            return NotFound("there is no such course", field="course_id")
        if one.user_id not in self.roles[one.course_id]:
            return NotFound("nobody of this id is enrolled in the course", field="user_id")
        return None


def _activity(said: ActivityBody | RecordActivity, activity_id: str, user_id: str, at: int) -> Activity:
    return Activity(
        id=activity_id,
        course_id=said.course_id,
        user_id=user_id,
        verb=said.verb,
        object_id=said.object.id,
        object_type=said.object.type,
        object_name=said.object.name,
        progress=said.progress,
        score=said.score,
        duration_ms=said.duration_ms or 0,
        at=at,
        is_learner=False,
    )
