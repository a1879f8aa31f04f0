"""What a person's preferences make of a notification: where it arrives, and when. Pure, no clock, no database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from coursewire.errors import Invalid
from coursewire.namespaces.notifications.contract import (
    Category,
    Deliveries,
    Frequency,
    Preferences,
    QuietHours,
)
from coursewire.namespaces.notifications.delivery import schedule
from coursewire.namespaces.notifications.rules import CATEGORIES, PRIORITIES

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.contract import UpdatePreferences
    from coursewire.namespaces.notifications.rules import Content

MANDATORY: Final[tuple[Category, ...]] = ("system",)
"""Categories that stay in the inbox whatever somebody wishes."""

COURSES_AT_MOST: Final = 500

_MAIL_BY_DEFAULT: Final[Mapping[Category, Frequency]] = {
    "assignment": "daily",
    "grade": "daily",
    "announcement": "daily",
    "system": "immediate",
}
_PUSH_BY_DEFAULT: Final[frozenset[Category]] = frozenset(
    {"assignment", "grade", "announcement", "message", "system"}
)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def default_deliveries(category: Category) -> Deliveries:
    """Return how a category reaches somebody who has said nothing."""
    return Deliveries(
        in_app="immediate",
        toast="immediate",
        email=_MAIL_BY_DEFAULT.get(category, "off"),
        push="immediate" if category in _PUSH_BY_DEFAULT else "off",
    )


@dataclass(frozen=True, slots=True)
class Wishes:
    """Preferences, ready to decide with."""

    categories: Mapping[Category, Deliveries]
    courses: Mapping[str, str]
    least: int
    """The index of the least priority that interrupts."""
    quiet: schedule.QuietHours | None
    local: ZoneInfo


class Sending(NamedTuple):
    """One way out: when, and how."""

    channel: Literal["email", "push"]
    kind: Literal["immediate", "daily", "weekly"]
    not_before: int


class Reach(NamedTuple):
    """Where a notification arrives with one person."""

    in_app: bool
    toast: bool
    sendings: tuple[Sending, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether it does not arrive at all."""
        return not self.in_app and not self.sendings


NOWHERE: Final = Reach(in_app=False, toast=False)


def decide(wishes: Wishes, content: Content, *, addressed: bool, now: int, digest_hour: int = 8) -> Reach:
    """Return where a notification arrives. `addressed`: it is meant for this person, not for all of a course.

    Digests leave at `digest_hour` in the time zone of the quiet hours, without those in that of the campus; weekly
    ones on Mondays.
    """
    strong = content.priority == "urgent" or content.mandatory
    level = wishes.courses.get(content.course_id, "all") if content.course_id else "all"
    if not strong and (level == "muted" or (level == "mentions" and not addressed)):
        return NOWHERE
    choice = wishes.categories[content.category]
    in_app = choice.in_app != "off" or content.mandatory or content.category in MANDATORY
    if not strong and PRIORITIES.index(content.priority) < wishes.least:
        return Reach(in_app=in_app, toast=False)
    free = now if strong else schedule.after_quiet(now, wishes.quiet)
    wants_toast = choice.toast != "off" or content.mandatory
    return Reach(
        in_app=in_app,
        toast=in_app and wants_toast and free == now and content.priority != "low",
        sendings=tuple(
            Sending("email" if is_mail else "push", *_leaving(wishes, now, free, when, digest_hour))
            for is_mail, wish in ((True, choice.email), (False, choice.push))
            if (when := "immediate" if content.mandatory or (strong and wish != "off") else wish) != "off"
        ),
    )


def _leaving(
    wishes: Wishes, now: int, free: int, frequency: Literal["immediate", "daily", "weekly"], digest_hour: int
) -> tuple[Literal["immediate", "daily", "weekly"], int]:
    """Return how something leaves, and when. What comes here as immediate waits for no digest, at most for `free`."""
    if frequency == "immediate":
        return frequency, free
    due = schedule.next_digest(now, wishes.local, rhythm=frequency, hour=digest_hour)
    return frequency, schedule.after_quiet(due, wishes.quiet)


# As stored: JSON of what differs from the defaults.


@lru_cache(maxsize=4_096)
def wishes_of(stored: str, campus_zone: str = "UTC") -> Wishes:
    """Read stored preferences; an empty text is somebody who has said nothing, and lives by the campus's clock."""
    data = _read(stored)
    quiet: schedule.QuietHours | None = None
    if "quiet_hours" in data:
        # Wishes that this node cannot read, such as a zone that its data lack, must not hold up all who share a course.
        with suppress(ValueError):
            quiet = _quiet(QuietHours.model_validate(data["quiet_hours"]))
    return Wishes(
        categories=_categories(data),
        courses=data.get("courses", {}),
        least=PRIORITIES.index(data.get("least_priority", "low")),
        quiet=quiet,
        local=quiet.local if quiet else schedule.zone(campus_zone),
    )


def preferences_of(
    stored: str,
    user_id: str,
    channels: set[Literal["email", "push"]],
    push_public_key: str | None = None,
) -> Preferences:
    """Return stored preferences as their owner sees them."""
    data = _read(stored)
    return Preferences(
        user_id=user_id,
        categories=_categories(data),
        courses=data.get("courses", {}),
        least_priority=data.get("least_priority", "low"),
        quiet_hours=data.get("quiet_hours"),
        mandatory=list(MANDATORY),
        channels=sorted(channels),
        push_public_key=push_public_key,
    )


def updated(stored: str, command: UpdatePreferences) -> str:
    """Return the preferences to store after a change. Raises Invalid, naming the field."""
    data = _read(stored)
    categories = data.setdefault("categories", {})
    for category, choices in command.categories.items():
        if category in MANDATORY and choices.in_app == "off":
            raise Invalid(
                f"{category} notifications are mandatory: they stay in the inbox",
                field=f"categories.{category}.in_app",
            )
        changed = choices.model_dump(exclude_none=True)
        categories[category] = {**categories.get(category, {}), **changed}
    courses = {**data.get("courses", {}), **command.courses}
    data["courses"] = {course: level for course, level in courses.items() if level != "all"}
    if len(data["courses"]) > COURSES_AT_MOST:
        raise Invalid(f"at most {COURSES_AT_MOST} courses can differ from the others", field="courses")
    if command.least_priority is not None:
        data["least_priority"] = command.least_priority
    if command.quiet_hours == "off":
        data.pop("quiet_hours", None)
    elif command.quiet_hours is not None:
        _check_zone(command.quiet_hours.time_zone)
        data["quiet_hours"] = command.quiet_hours.model_dump()
    return orjson.dumps(data).decode()


def _check_zone(name: str) -> None:
    try:
        schedule.zone(name)
    except ValueError as error:
        raise Invalid(str(error), field="quiet_hours.time_zone") from None


def _read(stored: str) -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(stored) if stored else {}
    return data


def _categories(data: Mapping[str, Any]) -> dict[Category, Deliveries]:
    said = data.get("categories", {})
    return {
        category: default_deliveries(category).model_copy(update=said.get(category, {}))
        for category in CATEGORIES
    }


def _quiet(hours: QuietHours) -> schedule.QuietHours:
    return schedule.QuietHours(
        start=time.fromisoformat(hours.start),
        end=time.fromisoformat(hours.end),
        local=schedule.zone(hours.time_zone),
        days=frozenset(_WEEKDAYS.index(day) for day in hours.days),
    )
