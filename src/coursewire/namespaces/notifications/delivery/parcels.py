"""What one message is made of: claimed rows, and what they tell. Which of it is still worth sending is decided here."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from coursewire.namespaces.notifications.contract import Category, Priority
from coursewire.namespaces.notifications.delivery import schedule
from coursewire.namespaces.notifications.reach import Wishes, wishes_of
from coursewire.namespaces.notifications.rules import ARCHIVED, PRIORITIES, READ, says_nothing

QUIET_AT_MOST_MS: Final = 7 * 86_400_000
"""How long quiet hours may hold back what is due: somebody may have set them for all of every day."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One row that is ours for a while."""

    id: str
    attempt: int
    """Which try this is, from 1 on; with the id it names our claim."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The rows of one message to one person."""

    user_id: str
    kind: Literal["immediate", "daily", "weekly"]
    rows: tuple[Claimed, ...]
    until: int
    """When the rows are anybody's again, in milliseconds since 1970."""

    @property
    def ids(self) -> list[str]:
        """The ids of the rows."""
        return [row.id for row in self.rows]

    @property
    def attempt(self) -> int:
        """How often the most tried of the rows was tried, this time included."""
        return max(row.attempt for row in self.rows)

    @property
    def by_attempt(self) -> dict[int, list[str]]:
        """The ids by attempt: a digest may hold rows that joined it later."""
        found: dict[int, list[str]] = defaultdict(list)
        for row in self.rows:
            found[row.attempt].append(row.id)
        return dict(found)


@dataclass(frozen=True, slots=True)
class Told:
    """What one row tells, and how its item stands."""

    id: str
    item_id: str
    shelf: int
    noticed: int
    expires_at: int | None
    category: Category
    priority: Priority
    title: str
    body: str
    html: str
    course_id: str | None
    source: str | None
    """What it quotes, if it does."""
    course: str | None
    """The title of the course."""
    actor: str | None
    """JSON, as in the table."""
    action: str | None
    """The same."""
    mandatory: bool
    count: int
    created_at: int

    @property
    def is_strong(self) -> bool:
        """Whether it passes mutes and quiet hours."""
        return self.mandatory or self.priority == "urgent"

    @property
    def actor_name(self) -> str | None:
        """The name of who is behind it."""
        return _field(self.actor, "name")

    @property
    def link(self) -> tuple[str, str] | None:
        """The label and URL of its action."""
        label, url = _field(self.action, "label"), _field(self.action, "url")
        return (label, url) if label and url else None


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody is reached, and how well that went."""

    endpoint: str
    p256dh: str
    auth: str
    failures: int = 0
    """In a row."""
    not_before: int = 0
    """When it may be tried again."""


def name_of(endpoint: str) -> str:
    """Name an endpoint in a few characters, to remember that it has had a message."""
    return hashlib.sha256(endpoint.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Everything that one message needs."""

    claim: Claim
    email: str | None
    preferences: str
    """As stored."""
    told: tuple[Told, ...]
    """Rows whose item is gone are not among these, nor what their owner may not read any more."""
    browsers: tuple[Browser, ...]
    reached: frozenset[str] = field(default_factory=frozenset)
    """Names of the browsers that have had this message, when it was tried before."""


def still_wanted(parcel: Parcel, channel: Literal["email", "push"], now: int) -> list[Told]:
    """Return what is still worth sending: not read, archived, expired, taken back, switched off or muted meanwhile.

    Of a group that has grown only the newest is told: it counts the others.
    """
    wishes = wishes_of(parcel.preferences)
    newest: dict[str, Told] = {}
    for told in parcel.told:
        is_over = told.noticed >= READ or told.shelf == ARCHIVED
        is_over = is_over or says_nothing(told.title, told.body)
        is_over = is_over or (told.expires_at is not None and told.expires_at <= now)
        if not is_over and not _is_off(wishes, told, channel):
            newest[told.item_id] = told
    return list(newest.values())


def _is_off(wishes: Wishes, told: Told, channel: Literal["email", "push"]) -> bool:
    """Whether it is wanted no more. What is meant for one person is not known here: `mentions` lets it all pass."""
    choice = wishes.categories[told.category]
    if (choice.email if channel == "email" else choice.push) == "off":
        return not told.mandatory
    is_muted = told.course_id is not None and wishes.courses.get(told.course_id) == "muted"
    return not told.is_strong and (is_muted or PRIORITIES.index(told.priority) < wishes.least)


def quiet_until(parcel: Parcel, told: Sequence[Told], now: int) -> int | None:
    """Return the end of the quiet time in which this is due; None where it may leave now.

    It was planned for a time that is not quiet, but may have been tried in vain then, or the hours be others by now.
    """
    if any(one.is_strong for one in told):
        return None
    free = schedule.after_quiet(now, wishes_of(parcel.preferences).quiet)
    until = min(free, max(one.created_at for one in told) + QUIET_AT_MOST_MS)
    return until if until > now else None


def _field(column: str | None, name: str) -> str | None:
    value: Any = orjson.loads(column).get(name) if column else None
    return value if isinstance(value, str) else None
