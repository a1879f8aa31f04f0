"""What the routes for courses, members and tokens take and give; the Python client speaks in them too."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from coursewire.identity.roles import ROLES
from coursewire.vocabulary import CourseId, Email, Id, Line, Model, Role, Time, UserId

MAX_MEMBERS = 10_000
"""In one request; a longer roster goes in several, the first of them with `replace=true`."""
MAX_GROUP = 1_000
"""People of one group."""
MAX_TOKEN_TTL_S = 7 * 24 * 3_600


def _known(role: str) -> str:
    """Refuse a misspelt role. A URI is taken as it is: the LTI vocabularies are larger than ours."""
    if role not in ROLES - {"service"} and ":" not in role:
        raise ValueError(f"must be one of {', '.join(sorted(ROLES - {'service'}))}, or an LTI role URI")
    return role


NamespacePath = Annotated[str, StringConstraints(pattern=r"^/[a-z][a-z0-9_-]{0,63}$")]
RoleName = Annotated[str, StringConstraints(max_length=256), AfterValidator(_known)]
"""A role by our name or by its LTI URI."""


class CourseBody(Model):
    """What a course is called."""

    title: Line


class CourseView(Model):
    """A course."""

    id: CourseId
    title: str
    member_count: int


class CourseReply(Model):
    """The course after the request."""

    course: CourseView


class MemberBody(Model):
    """One line of a roster. Without a role that we know, somebody is a learner."""

    user_id: UserId
    name: Line
    roles: Annotated[list[RoleName], Field(max_length=32, default_factory=list)]
    email: Email | Literal[""] | None = None
    """Where mails of notifications go; an empty one takes it away. No client is told."""


class MembersBody(Model):
    """Lines of a roster, each user once."""

    members: Annotated[list[MemberBody], Field(max_length=MAX_MEMBERS)]


class MembersReply(Model):
    """How many lines changed something, and how many members there are now."""

    added: int
    removed: int
    changed: int
    member_count: int


class MemberView(Model):
    """One member of a course."""

    user_id: UserId
    name: str
    avatar_url: str | None = None
    roles: list[Role]


class MemberPage(Model):
    """Members in the order of their ids."""

    items: list[MemberView]
    next_cursor: str | None = None


class GroupBody(Model):
    """A group of people in a course: all of them, each once."""

    title: Line | None = None
    """What it is called; without one as its id."""
    user_ids: Annotated[list[UserId], Field(max_length=MAX_GROUP)]


class GroupView(Model):
    """A group, and who of the course is in it."""

    id: Id
    title: str
    user_ids: list[UserId]


class GroupReply(Model):
    """The group after the request."""

    group: GroupView


class GroupSummary(Model):
    """A group, as a list names it."""

    id: Id
    title: str


class GroupList(Model):
    """The groups of a course, in the order of their ids."""

    items: list[GroupSummary]


class TokenBody(Model):
    """Whom a token is for. Without `courses` it says nothing about them, and the roster alone counts."""

    user_id: UserId
    name: Line
    avatar_url: Annotated[str, StringConstraints(max_length=2_048)] | None = None
    email: Email | None = None
    """Kept when the token is used, for mails of notifications."""
    roles: Annotated[list[Role], Field(max_length=len(ROLES), default_factory=list)]
    courses: Annotated[dict[CourseId, list[RoleName]], Field(max_length=500)] | None = None
    namespaces: Annotated[list[NamespacePath], Field(max_length=16)] | None = None
    ttl_s: Annotated[int, Field(ge=1, le=MAX_TOKEN_TTL_S)] = 3_600


class TokenReply(Model):
    """A fresh token."""

    token: str
    expires_at: Time
