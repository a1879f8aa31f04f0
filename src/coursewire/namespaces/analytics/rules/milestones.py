"""When a milestone is reached: pure decisions, no clock, no database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics.rules.access import COHORT_AT_LEAST

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Activity, MilestoneRule, RuleKind

OF_THE_CLASS: Final[frozenset[RuleKind]] = frozenset({"average_score", "all_submitted"})
"""Reached by everybody together; the others by each learner."""

EXACT_TO: Final = 9
"""Digits to which a mean is compared: adding up shares as floats makes ten tenths a little less than one."""


def doers(rule: MilestoneRule, activities: Iterable[Activity]) -> set[str]:
    """Return the learners by whose activity a rule of theirs may have been reached."""
    verb = {"first_submission": "submitted", "completions": "completed"}.get(rule.kind)
    return {
        one.user_id
        for one in activities
        if (verb is None or one.verb == verb) and (rule.object_id is None or one.object_id == rule.object_id)
    }


def may_move(rule: MilestoneRule, activities: Iterable[Activity]) -> bool:
    """Whether activity can have changed what a rule of the class looks at."""
    return any(
        (rule.object_id is None or one.object_id == rule.object_id)
        and (one.score is not None if rule.kind == "average_score" else one.verb == "submitted")
        for one in activities
    )


def average_reached(rule: MilestoneRule, score: float | None, learners: int) -> bool:
    """Whether the class's mean is high enough; that of a few would say what each of them has got."""
    return (
        score is not None
        and learners >= COHORT_AT_LEAST
        and round(score, EXACT_TO) >= round(rule.threshold or 0, EXACT_TO)
    )


def streak(days: Collection[int], around: Iterable[int]) -> int:
    """Return the longest run of days in a row that holds one of those around which something has changed."""
    known = set(days)
    longest = 0
    for day in set(around) & known:
        first = last = day
        while first - 1 in known:
            first -= 1
        while last + 1 in known:
            last += 1
        longest = max(longest, last - first + 1)
    return longest
