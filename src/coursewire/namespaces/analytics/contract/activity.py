"""Activity of learners: what comes in, from browsers, from the LMS, and from xAPI."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Len
from pydantic import Field, StringConstraints

from coursewire.namespaces.analytics.contract.values import ObjectId, Share, Verb
from coursewire.realtime.contract import Command, Mode, Once
from coursewire.vocabulary import Clean, CourseId, Key, Line, Model, Time, UserId

DURATION_AT_MOST_MS = 14_400_000
"""Four hours: nobody works longer on one thing without a pause."""

Duration = Annotated[int, Field(ge=0, le=DURATION_AT_MOST_MS)]
"""Milliseconds visible and active since the last report about the object."""


class ActivityObject(Model):
    """What somebody worked on."""

    id: ObjectId
    type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    """`video`, `problem`, `assignment`, `page`, `forum`, ..."""
    name: Line | None = None


class RecordActivity(Command, name="activity.record", mode=Mode.WRITE, returns=Once, cost=0.5):
    """Something the caller did in a course that they belong to. The key makes it one, however often it is sent."""

    key: Key
    course_id: CourseId
    verb: Verb
    object: ActivityObject
    progress: Share | None = None
    score: Share | None = None
    duration_ms: Duration | None = None
    at: Time | None = None
    """Now, where it is not given; at most 7 days ago and not in the future."""


class ActivityBody(Model):
    """Something that somebody did."""

    id: Annotated[Clean, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s]+$")]
    """Stored once: the same again changes nothing."""
    user_id: UserId
    course_id: CourseId
    verb: Verb
    object: ActivityObject
    progress: Share | None = None
    score: Share | None = None
    duration_ms: Duration | None = None
    at: Time


class ActivityBatch(Model):
    """Many at once. Each is checked by itself: one that is wrong keeps out no other."""

    events: Annotated[list[dict[str, Any]], Len(1, 1_000)]
    """`ActivityBody` each."""


class Refused(Model):
    """One that was not taken, and why."""

    index: int
    """Its place in the batch, from 0."""
    error: dict[str, Any]
    """The contract's error: `{code, message, retryable, field?}`."""


class ActivityTaken(Model):
    """What became of a batch."""

    accepted: int
    repeated: int
    """Were there before."""
    refused: list[Refused]
