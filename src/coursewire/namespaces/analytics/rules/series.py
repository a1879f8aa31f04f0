"""Which series may be asked for, and what their points are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from coursewire.errors import Invalid
from coursewire.namespaces.analytics.rules import cohort
from coursewire.namespaces.analytics.rules.steps import DAY, KEPT, STEPS
from coursewire.vocabulary import milliseconds

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Bucket, Metric

POINTS: Final = 1_000

COHORT_BUCKET: Final[Bucket] = "1h"
"""The class sees hours, and only those that are over. With two sizes of buckets, one could take the minutes that are
shown from the hour that is shown, and would have the minute that is withheld."""


class Span(NamedTuple):
    """Whole buckets: the beginning of the first one, and the end of the last."""

    start: int
    end: int


class Sums(Protocol):
    """What learners did in one bucket."""

    @property
    def learners(self) -> int:
        """How many there were."""

    @property
    def scorers(self) -> int:
        """How many of them had a score."""

    @property
    def events(self) -> int:
        """What they did."""

    @property
    def time_ms(self) -> int:
        """How long."""

    @property
    def completions(self) -> int:
        """What they completed."""

    @property
    def submissions(self) -> int:
        """What they submitted."""

    @property
    def score_sum(self) -> int:
        """Their scores, in millionths."""

    @property
    def score_count(self) -> int:
        """How many scores."""


def span(bucket: Bucket, from_: str, to: str, now: int) -> Span:
    """Return the buckets from the one of `from` to the one of `to`, or to the one that runs. Raises Invalid."""
    step, kept = STEPS[bucket], KEPT[bucket]
    first, last = _moment(from_, "from"), _moment(to, "to")
    if first > last:
        raise Invalid("must not be later than `to`", field="from")
    if first > now:
        raise Invalid("lies in the future", field="from")
    start = first // step * step
    end = (min(last, now) // step + 1) * step
    if (end - start) // step > POINTS:
        raise Invalid(
            f"there are {(end - start) // step:,} buckets of {bucket} in this range, and at most {POINTS:,} are "
            "given: take a shorter range or a longer bucket",
            field="bucket",
        )
    if kept is not None and start < now - kept:
        raise Invalid(f"buckets of {bucket} are kept for {kept // DAY} days: take a longer one", field="from")
    return Span(start, end)


def check_cohort_bucket(bucket: Bucket) -> None:
    """Raise Invalid for a bucket that the class does not see."""
    if bucket != COHORT_BUCKET:
        raise Invalid(f"the figures of the class come in buckets of {COHORT_BUCKET}", field="bucket")


def _moment(time: str, field: str) -> int:
    try:
        return milliseconds(time)
    except ValueError:
        raise Invalid("must be a time that exists, such as 2026-11-22T18:22:54.123Z", field=field) from None


def value(metric: Metric, sums: Sums | None) -> float | None:
    """Return what a metric is in a bucket; None for an average of nothing."""
    if metric == "average_score":
        if sums is None or not sums.score_count:
            return None
        return round(sums.score_sum / sums.score_count / 1_000_000, 4)
    return 0 if sums is None else _COUNTED[metric](sums)


_COUNTED: Final[Mapping[Metric, Callable[[Sums], float]]] = {
    "events": lambda sums: sums.events,
    "active_learners": lambda sums: sums.learners,
    "time_on_task_s": lambda sums: sums.time_ms / 1_000,
    "completions": lambda sums: sums.completions,
    "submissions": lambda sums: sums.submissions,
}


def cohort_value(metric: Metric, sums: Sums | None, *, is_over: bool) -> float | None:
    """Return what the class may know of a bucket; None where fewer than five learners made it, or while it runs."""
    if sums is None or not is_over or not cohort.is_shown(sums.learners):
        return None
    if metric != "average_score":
        return value(metric, sums)
    average = value(metric, sums) if cohort.is_shown(sums.scorers) else None
    return None if average is None else round(average, 2)
