"""What one message is made of: claimed rows, and what they tell. Which of it is still worth sending is decided here."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from coursewire.namespaces.notifications.contract import Category, Priority
from coursewire.namespaces.notifications.reach import wishes_of
from coursewire.namespaces.notifications.rules import READ


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
    noticed: int
    expires_at: int | None
    category: Category
    priority: Priority
    title: str
    body: str
    html: str
    course: str | None
    actor: str | None
    """JSON, as in the table."""
    action: str | None
    """The same."""
    mandatory: bool
    count: int
    created_at: int

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
    """Rows whose item is gone are not among these."""
    browsers: tuple[Browser, ...]
    reached: frozenset[str] = field(default_factory=frozenset)
    """Names of the browsers that have had this message, when it was tried before."""


def still_wanted(parcel: Parcel, channel: Literal["email", "push"], now: int) -> list[Told]:
    """Return what is still worth sending: not read, not expired, and not switched off meanwhile.

    Of a group that has grown only the newest is told: it counts the others.
    """
    choices = wishes_of(parcel.preferences).categories
    newest: dict[str, Told] = {}
    for told in parcel.told:
        choice = choices[told.category]
        is_off = (choice.email if channel == "email" else choice.push) == "off" and not told.mandatory
        is_over = told.noticed >= READ or (told.expires_at is not None and told.expires_at <= now)
        if not is_off and not is_over:
            newest[told.item_id] = told
    return list(newest.values())


def _field(column: str | None, name: str) -> str | None:
    value: Any = orjson.loads(column).get(name) if column else None
    return value if isinstance(value, str) else None
