"""Keeps statements of the Experience API, and takes the activity out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.contract import Activity, Statement, StatementIds
from coursewire.namespaces.analytics.contract.xapi_words import moment
from coursewire.namespaces.analytics.rules import xapi
from coursewire.namespaces.analytics.rules.activity import CLOCKS_MAY_DIFFER_MS, TAKEN_AT_MOST_AGO_MS
from coursewire.namespaces.analytics.service.activity import TRIMMED_AT_ONCE, take
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


class Given:
    """A statement as it came, and as it was read."""

    __slots__ = ("as_it_came", "json", "read")

    def __init__(self, as_it_came: dict[str, Any], json: bytes, read: Statement) -> None:
        self.as_it_came = as_it_came
        self.json = json
        self.read = read


def store_statements(
    tx: Transaction, given: Sequence[Given], *, course_id: str | None = None
) -> StatementIds:
    """Store what is new of some statements, all or none, and what they tell of learners in courses of ours.

    `course_id` is theirs that name no course; no two have the same id. Raises Conflict.
    """
    before = store.known_statements(tx, [one.read.id for one in given if one.read.id is not None])
    ids: list[str] = []
    new: list[tuple[str, Given]] = []
    for place, one in enumerate(given):
        statement_id = one.read.id or new_id()
        ids.append(statement_id)
        if statement_id in before:
            xapi.check_same(before[statement_id], one.as_it_came, field=f"{place}.id")
        else:
            new.append((statement_id, one))
    who, others = _people(tx, [one.read for _, one in new])
    store.insert_statements(
        tx,
        [
            store.Stored(statement_id, user_id, one.json, named - {user_id})
            for (statement_id, one), user_id, named in zip(new, who, others, strict=True)
        ],
    )
    _count(tx, new, who, course_id)
    return StatementIds(ids)


def trim_statements(tx: Transaction) -> bool:
    """Delete some of what is older than the activity that was taken out of it; return whether there was any."""
    return store.trim_statements(tx, tx.now - TAKEN_AT_MOST_AGO_MS, TRIMMED_AT_ONCE) > 0


def _people(
    tx: Transaction, statements: Sequence[Statement]
) -> tuple[list[str | None], list[frozenset[str]]]:
    """Return for each statement whom it is about, and whom else it names: by user ids, or addresses of ours."""
    named = [xapi.person_named(one.actor) for one in statements]
    others = [list(xapi.others_named(one)) for one in statements]
    emails = {email for some in (named, *others) for _, email in some if email is not None}
    by_email = store.people_by_email(tx, sorted(emails))

    def known(user_id: str | None, email: str | None) -> str | None:
        # Also who is not known yet: once they are, and are erased, this goes with them (LOG5).
        return user_id if user_id is not None or email is None else by_email.get(email)

    return (
        [known(*one) for one in named],
        [frozenset(user_id for one in some if (user_id := known(*one)) is not None) for some in others],
    )


_NOBODY: Final = ""


def _count(
    tx: Transaction, new: Sequence[tuple[str, Given]], who: Sequence[str | None], course_id: str | None
) -> None:
    """Take in the activity; who or what is not ours is left out, for an LRS keeps such statements all the same."""
    candidates = [
        (
            statement_id,
            one.read,
            user_id,
            [*xapi.courses_named(one.read), *([course_id] if course_id else [])],
        )
        for (statement_id, one), user_id in zip(new, who, strict=True)
        if user_id is not None
    ]
    ours = store.existing_courses(tx, sorted({course for *_, courses in candidates for course in courses}))
    activities: list[Activity] = []
    for statement_id, statement, user_id, courses in candidates:
        course = next((course for course in courses if course in ours), None)
        did = xapi.did(statement)
        at = tx.now if statement.timestamp is None else round(moment(statement.timestamp).timestamp() * 1_000)
        if course is None or did is None:
            continue
        if not tx.now - TAKEN_AT_MOST_AGO_MS <= at <= tx.now + CLOCKS_MAY_DIFFER_MS:
            continue
        activities.append(
            Activity(
                id=statement_id,
                course_id=course,
                user_id=user_id,
                verb=did.verb,
                object_id=did.object_id,
                object_type=did.object_type,
                object_name=did.object_name,
                progress=did.progress,
                score=did.score,
                duration_ms=did.duration_ms,
                at=min(at, tx.now),
                is_learner=False,
            )
        )
    take(tx, activities)
