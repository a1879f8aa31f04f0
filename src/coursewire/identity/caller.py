"""Who is calling: what a verified token says about its bearer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from coursewire.vocabulary import STAFF_ROLES, Role

_NO_ROLES: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified token's bearer. What `courses` says is a claim: once synced, `membership` is the truth."""

    user_id: str
    name: str
    avatar_url: str | None = None
    email: str | None = None
    """Where mails go, if the token says so."""
    roles: frozenset[Role] = _NO_ROLES
    """Of the person, everywhere; what somebody is in one course stands in `courses`."""
    courses: Mapping[str, frozenset[Role]] = field(default_factory=dict, hash=False)
    """Course id -> a set of roles that is never empty."""
    claims_courses: bool = False
    """Whether the token lists its bearer's courses at all. A token without that claim says nothing about
    courses; one with an empty list says that there are none."""
    namespaces: frozenset[str] | None = None
    """The namespaces (`/chat`) that the token is good for; None means all."""
    issued_at: int = 0
    """Milliseconds since 1970; 0 when the token does not say, which makes it older than anything."""
    expires_at: int = 0
    """Milliseconds since 1970."""

    @property
    def is_service(self) -> bool:
        """Whether this is the LMS itself, server to server."""
        return "service" in self.roles

    @property
    def is_administrator(self) -> bool:
        """Whether this person administrates the whole institution, and so is staff of every course."""
        return "administrator" in self.roles

    def roles_in(self, course_id: str) -> frozenset[Role]:
        """Return the roles that the token claims in one course; empty when it claims none."""
        return self.courses.get(course_id, _NO_ROLES)

    def is_staff_of(self, course_id: str) -> bool:
        """Whether the token claims a staff role in this course."""
        return self.is_administrator or not STAFF_ROLES.isdisjoint(self.roles_in(course_id))

    def may_enter(self, namespace: str) -> bool:
        """Whether the token is good for this namespace, given as on the wire: `/chat`."""
        return self.namespaces is None or namespace in self.namespaces


def claims_digest(caller: Caller) -> int:
    """Return 64 bits, of this process, that change whenever `membership.sync_claims` might have something to write.

    Keep only the last digest per user, not a set of them: of two tokens used in turn each must be looked at.

    Tokens that say something else have the same digest by chance only, once in 2**64; nobody can aim at that. The
    issuer signs all that goes in; a person chooses their name and picture at most, sees no digest, and does not know
    the key with which each process hashes text.
    """
    return hash(
        (
            caller.user_id,
            caller.name,
            caller.avatar_url,
            caller.email,
            caller.claims_courses,
            caller.issued_at,
            frozenset(caller.courses.items()),
        )
    )
