"""What a statement of the Experience API says of a learner's activity: pure, no clock, no database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coursewire.errors import Conflict
from coursewire.namespaces.analytics.contract.activity import DURATION_AT_MOST_MS
from coursewire.namespaces.analytics.contract.xapi import Agent, Group, StatementActivity, SubStatement
from coursewire.namespaces.analytics.contract.xapi_words import duration_ms

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract.values import Verb
    from coursewire.namespaces.analytics.contract.xapi import Statement, StatementContext, StatementResult

_ADL: Final = "http://adlnet.gov/expapi/verbs/"
_VIDEO: Final = "https://w3id.org/xapi/video/verbs/"
_TINCAN: Final = "http://id.tincanapi.com/verb/"
_ACROSSX: Final = "https://w3id.org/xapi/acrossx/verbs/"

VERBS: Final[Mapping[str, Verb]] = {
    f"{_ADL}launched": "opened",
    f"{_ADL}initialized": "opened",
    f"{_ADL}experienced": "opened",
    f"{_ADL}interacted": "opened",
    f"{_ADL}asked": "opened",  # Open edX: for a hint, or for the answer
    f"{_TINCAN}viewed": "opened",
    "http://activitystrea.ms/schema/1.0/open": "opened",
    "https://w3id.org/xapi/dod-isd/verbs/navigated": "opened",
    f"{_VIDEO}played": "played",
    "http://activitystrea.ms/schema/1.0/play": "played",
    f"{_VIDEO}seeked": "played",
    f"{_VIDEO}paused": "paused",
    f"{_ADL}suspended": "paused",
    f"{_ADL}terminated": "paused",
    f"{_ADL}answered": "answered",
    f"{_ADL}scored": "answered",
    f"{_ACROSSX}evaluated": "answered",
    "http://activitystrea.ms/schema/1.0/submit": "submitted",
    "http://activitystrea.ms/submit": "submitted",
    f"{_ADL}failed": "submitted",
    f"{_ADL}completed": "completed",
    f"{_ADL}passed": "completed",
    f"{_ADL}mastered": "completed",
    f"{_ACROSSX}posted": "posted",
    f"{_ADL}commented": "posted",
    f"{_ADL}responded": "posted",
}
"""What counts as what. `attempted` and `progressed` depend on their result; others are kept, and count as nothing."""

_VIDEO_PROGRESS: Final = "https://w3id.org/xapi/video/extensions/progress"
_CMI5_PROGRESS: Final = "https://w3id.org/xapi/cmi5/result/extensions/progress"
_COURSE: Final = re.compile(r"/activities/course$|/activitytype/course$")
_TYPES: Final = {
    "cmi.interaction": "problem",
    "question": "problem",
    "interaction": "problem",
    "assessment": "problem",
    "discussion": "forum",
    "solution": "problem",
}
_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9._:@\-]")
_NOT_IN_TYPES: Final = re.compile(r"[^a-z0-9._-]+")
_BLANKS: Final = re.compile(r"\s+")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


ID_AT_MOST: Final = 128
OBJECT_ID_AT_MOST: Final = 500
"""Characters, as the contract has them."""


@dataclass(frozen=True, slots=True)
class Did:
    """What a statement says that somebody did."""

    verb: Verb
    object_id: str
    object_type: str
    object_name: str | None
    progress: float | None
    score: float | None
    duration_ms: int


def did(statement: Statement) -> Did | None:
    """Return the activity in a statement, or None when it tells of none that is counted."""
    thing = statement.object
    if not isinstance(thing, StatementActivity):
        return None
    object_id = unicodedata.normalize("NFC", thing.id)
    if len(object_id) > OBJECT_ID_AT_MOST:
        return None
    result = statement.result
    verb = _verb(statement.verb.id, result)
    if verb is None:
        return None
    length = 0
    if result is not None and result.duration is not None:
        length = min(duration_ms(result.duration), DURATION_AT_MOST_MS)
    return Did(
        verb=verb,
        object_id=object_id,
        object_type=_type(thing),
        object_name=_name(thing),
        progress=_progress(result),
        score=_score(result),
        duration_ms=length,
    )


def courses_named(statement: Statement) -> Iterator[str]:
    """Yield the ids of the courses that a statement says it belongs to, as they are here, the nearest first.

    A course is the last part of its IRI: `.../course/course-v1:edX+DemoX+Demo` is `course-v1:edX-DemoX-Demo`, for
    ids here have fewer characters.
    """
    context = statement.context
    around = context.contextActivities if context is not None else None
    if around is not None:
        for activities in (around.parent, around.grouping):
            for one in activities or ():
                if _is_course(one):
                    yield local_id(one.id)
    if isinstance(statement.object, StatementActivity) and _is_course(statement.object):
        yield local_id(statement.object.id)


def local_id(iri: str) -> str:
    """Return the last part of an IRI as an id of ours."""
    last = iri.partition("?")[0].rstrip("/").rpartition("/")[2]
    return _NOT_IN_IDS.sub("-", last)[:ID_AT_MOST]


def person_named(actor: Any) -> tuple[str | None, str | None]:
    """Return the user id and the address by which an actor is named; neither for a group, or somebody unknown."""
    if not isinstance(actor, Agent):
        return None, None
    if actor.account is not None:
        name = actor.account.name
        return (name if not _NOT_IN_IDS.search(name) and len(name) <= ID_AT_MOST else None), None
    if actor.mbox is not None:
        return None, actor.mbox.removeprefix("mailto:")
    return None, None


def others_named(statement: Statement) -> Iterator[tuple[str | None, str | None]]:
    """Yield everybody else whom a statement names, as `person_named` does: whoever is not its one actor.

    Who is in a group, whom it is about, who taught, in whose name it came, and all of that in a statement within it.
    """
    thing: object = statement.object
    yield from _persons(statement.actor if isinstance(statement.actor, Group) else None)
    yield from _persons(statement.authority)
    yield from _of_context(statement.context)
    if isinstance(thing, SubStatement):
        yield from _persons(thing.actor)
        yield from _of_context(thing.context)
        thing = thing.object
    yield from _persons(thing)


def _of_context(context: StatementContext | None) -> Iterator[tuple[str | None, str | None]]:
    if context is None:
        return
    yield from _persons(context.instructor)
    yield from _persons(context.team)
    for agent in context.contextAgents or ():
        yield from _persons(agent.agent)
    for group in context.contextGroups or ():
        yield from _persons(group.group)


def _persons(one: object) -> Iterator[tuple[str | None, str | None]]:
    for agent in (one.member or ()) if isinstance(one, Group) else (one,):
        named = person_named(agent)
        if named != (None, None):
            yield named


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], *, field: str) -> None:
    """Raise Conflict where a statement differs from the one of its id (1.0.3, part 2, 2.3.1 and 2.2)."""
    if _compared(before) != _compared(now):
        raise Conflict("another statement has this id already, and statements do not change", field=field)


def first_repeated(ids: Sequence[str | None]) -> int | None:
    """Return the place of the first id that was there before: a request has each once (1.0.3, part 3, 2.1.2)."""
    seen: set[str] = set()
    for place, statement_id in enumerate(ids):
        if statement_id in seen:
            return place
        if statement_id is not None:
            seen.add(statement_id)
    return None


_NOT_COMPARED: Final = frozenset({"id", "authority", "stored", "timestamp", "version", "attachments"})


def _compared(statement: Mapping[str, Any]) -> Any:
    """Return what has to be the same: without what the receiver may set, and without activities' definitions."""
    return _bare({name: value for name, value in statement.items() if name not in _NOT_COMPARED})


_ACTIVITIES: Final = frozenset({"parent", "grouping", "category", "other"})


def _bare(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        if name == "extensions":
            return _exact(value)
        found = {
            key: _bare(inner, key) for key, inner in value.items() if key not in {"definition", "display"}
        }
        found.setdefault(
            "objectType", "Agent" if {"mbox", "mbox_sha1sum", "openid", "account"} & set(found) else ""
        )
        if name in {"object", *_ACTIVITIES} and not found["objectType"]:
            found["objectType"] = "Activity"
        return found
    if isinstance(value, list):
        parts = [_bare(inner, name) for inner in value]
        if name in _ACTIVITIES and len(parts) == 1:
            return parts[0]  # one alone may come without its list (4.1.6.2)
        return sorted(parts, key=_in_order) if name == "member" else parts
    return value


def _in_order(part: Any) -> str:
    """Write a part the same way in whatever order its properties came."""
    if isinstance(part, Mapping):
        return repr(sorted((name, _in_order(inner)) for name, inner in part.items()))
    return repr(part)


def _exact(value: Any) -> Any:
    """Return a value of JSON that equals no other: to Python, `true` is 1."""
    if isinstance(value, Mapping):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner) for inner in value]
    return ("a boolean", value) if isinstance(value, bool) else value


def _verb(iri: str, result: StatementResult | None) -> Verb | None:
    iri = iri.replace("https://adlnet.gov/", "http://adlnet.gov/").rstrip("/")
    has_come = result is not None and (result.score is not None or result.success is not None)
    if iri == f"{_ADL}attempted":
        return "submitted" if has_come else "opened"
    if iri == f"{_ADL}progressed":
        done = _progress(result) == 1 or (result is not None and result.completion is True)
        return "completed" if done else "opened"
    return VERBS.get(iri)


def _score(result: StatementResult | None) -> float | None:
    score = result.score if result is not None else None
    if score is None:
        return None
    if score.scaled is not None:
        return max(0.0, score.scaled)
    low, high = score.min or 0.0, score.max
    if score.raw is None or high is None or high <= low:
        return None
    return max(0.0, (score.raw - low) / (high - low))


def _progress(result: StatementResult | None) -> float | None:
    extensions = (result.extensions if result is not None else None) or {}
    for iri, whole in ((_VIDEO_PROGRESS, 1.0), (_CMI5_PROGRESS, 100.0)):
        value = extensions.get(iri)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= whole:
            return value / whole
    return None


def _is_course(activity: StatementActivity) -> bool:
    kind = activity.definition.type if activity.definition is not None else None
    return kind is not None and _COURSE.search(kind) is not None


def _type(activity: StatementActivity) -> str:
    kind = activity.definition.type if activity.definition is not None else None
    last = (kind or "activity").rstrip("/").rpartition("/")[2].lower()
    name = _NOT_IN_TYPES.sub("-", last).lstrip("._-")[:64] or "activity"
    return _TYPES.get(name, name)


def _name(activity: StatementActivity) -> str | None:
    names = activity.definition.name if activity.definition is not None else None
    if not names:
        return None
    said = names.get("en") or names.get("en-US") or next(iter(names.values()))
    return _CONTROLS.sub("", _BLANKS.sub(" ", said)).strip()[:200] or None
