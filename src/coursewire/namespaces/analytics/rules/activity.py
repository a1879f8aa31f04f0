"""Which activity is taken: pure decisions, no clock, no database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.errors import Forbidden, Invalid
from coursewire.namespaces.analytics.rules.access import is_staff
from coursewire.vocabulary import milliseconds

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Activity

CLOCKS_MAY_DIFFER_MS: Final = 5 * 60_000
"""So far ahead of ours a reporter's clock may be: what it says of then happened now."""

RECORDED_AT_MOST_AGO_MS: Final = 7 * 86_400_000
"""How long a browser may keep activity before it gets a connection."""

RESULTS: Final = frozenset({"submitted", "completed"})

TAKEN_AT_MOST_AGO_MS: Final = 400 * 86_400_000
"""How far back the LMS may report; activity is kept as long."""


def happened_at(time: str | None, now: int, *, at_most_ago: int, field: str = "at") -> int:
    """Return when it happened, in milliseconds since 1970. Raises Invalid for what lies ahead or too far back."""
    if time is None:
        return now
    try:
        at = milliseconds(time)
    except ValueError:
        raise Invalid("must be a time that exists, such as 2026-11-22T18:22:54.123Z", field=field) from None
    if at > now + CLOCKS_MAY_DIFFER_MS:
        raise Invalid("lies in the future: is the clock right, and the time in UTC?", field=field)
    if at < now - at_most_ago:
        raise Invalid(f"is more than {at_most_ago // 86_400_000} days ago", field=field)
    return min(at, now)


def check_no_result(verb: str, score: float | None) -> None:
    """Raise Forbidden for what says how well, or that, something was done: a learner could make it up."""
    if verb in RESULTS:
        raise Forbidden(f"here the LMS says what is {verb}: over HTTP", field="verb")
    if score is not None:
        raise Forbidden("here the LMS says scores: over HTTP", field="score")


def counts_as_learner(roles: frozenset[str]) -> bool:
    """Whether somebody of these roles is in the metrics: a learner who does not teach there as well."""
    return "learner" in roles and not is_staff(roles)


def says_the_same(one: Activity, other: Activity) -> bool:
    """Whether two reports of one id are one report, sent twice. A time ahead of ours was set back when it came."""
    return abs(one.at - other.at) <= CLOCKS_MAY_DIFFER_MS and one == other._replace(
        at=one.at, is_learner=one.is_learner
    )
