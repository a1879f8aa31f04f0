"""The figures of one course, kept up to date with every report: docs/reference/metrics.md defines each of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from coursewire.namespaces.analytics.contract import Metrics, OwnMetrics, Window
from coursewire.namespaces.analytics.contract.figures import Figures
from coursewire.namespaces.analytics.rules import cohort, steps, windows
from coursewire.namespaces.analytics.rules.listing import Label, Listing
from coursewire.namespaces.analytics.rules.steps import WINDOWS
from coursewire.vocabulary import iso

REPORT_AT_MOST_MS: Final = 30 * steps.MINUTE
"""Of one report at most so much time counts: who says more has left the page open, whatever the browser thought."""

AWAY_MS: Final = 7 * steps.DAY
PASSING: Final = 0.5
"""At risk is who is enrolled for so long, has not come for so long, and has no mean score of at least this."""

LABELS_EVERY_MS: Final = steps.HOUR


class Report(NamedTuple):
    """What of an activity counts: whose, with what, and how much."""

    sequence: int
    id: str
    course_id: str
    user_id: str
    verb: str
    object_id: str
    object_type: str
    object_name: str | None
    score: float | None
    duration_ms: int
    at: int


class Cell(NamedTuple):
    """Many reports of one learner about one thing in one bucket, summed up."""

    user_id: str
    object_id: str
    start: int
    events: int
    time_ms: int
    completions: int
    submissions: int


class Scored(NamedTuple):
    """The latest score of a learner for a thing."""

    user_id: str
    object_id: str
    at: int
    id: str
    score: float


def counted_time(duration_ms: int) -> int:
    """Return how much of a reported duration counts."""
    return min(duration_ms, REPORT_AT_MOST_MS)


def in_millionths(score: float) -> int:
    """Return a score as a whole number, so that sums of many are exact; halves go up, as in SQL."""
    return math.floor(score * 1_000_000 + 0.5)


class Course:
    """One course within all four windows, with what else its figures are made of. Learners only."""

    def __init__(self, course_id: str, now: int, *, most_pairs: int = windows.PAIRS) -> None:
        self.id = course_id
        self.windows: dict[Window, windows.Window] = {
            name: windows.Window(extent, now, most_pairs=most_pairs) for name, extent in WINDOWS.items()
        }
        self.enrolled: frozenset[str] = frozenset()
        """The learners of the roster."""
        self.at_risk: set[str] = set()
        self.labels: dict[str, Label] = {}
        self._labels_swept_at = now
        self._listings = {name: Listing(window) for name, window in self.windows.items()}
        self._submitted: dict[Window, tuple[int, frozenset[str], int]] = {}
        """How many of the enrolled have submitted: at which version of the submitters, and of whom."""

    # What comes in

    def add(self, report: Report) -> None:
        """Take in one report of a learner."""
        user_id, thing, at = report.user_id, report.object_id, report.at
        time_ms = counted_time(report.duration_ms)
        completions, submissions = int(report.verb == "completed"), int(report.verb == "submitted")
        score = None if report.score is None else in_millionths(report.score)
        for window in self.windows.values():
            window.add(user_id, thing, at, 1, time_ms, completions, submissions)
            if score is not None:
                window.score(user_id, thing, at, report.id, score)
        self._name(thing, at, report.id, report.object_type, report.object_name)

    def fill(
        self,
        cells: Mapping[Window, Iterable[Cell]],
        scores: Iterable[Scored],
        labels: Iterable[tuple[str, Label]],
    ) -> None:
        """Take in what happened before, summed up by the buckets of each window."""
        for name, some in cells.items():
            add = self.windows[name].add
            for user_id, thing, start, events, time_ms, completions, submissions in some:
                add(user_id, thing, start, events, time_ms, completions, submissions)
        for user_id, thing, at, activity_id, score in scores:
            for window in self.windows.values():
                window.score(user_id, thing, at, activity_id, in_millionths(score))
        self.labels.update(labels)
        for window in self.windows.values():
            window.touched.clear()

    def advance(self, now: int) -> None:
        """Let time pass."""
        for window in self.windows.values():
            window.advance(now)
        if now - self._labels_swept_at >= LABELS_EVERY_MS:
            self._labels_swept_at = now
            things = self.windows["7d"].things
            self.labels = {thing: label for thing, label in self.labels.items() if thing in things}

    def _name(self, thing: str, at: int, report_id: str, kind: str, name: str | None) -> None:
        label = self.labels.get(thing)
        if label is None:
            if thing not in self.windows["7d"].things:
                return
            label = self.labels[thing] = Label()
        before = label.type, label.name
        if at > label.at or (at == label.at and report_id > label.id):
            label.at, label.id, label.type = at, report_id, kind
        if name is not None and (at, report_id) > (label.named_at, label.named_id):
            label.named_at, label.named_id, label.name = at, report_id, name
        if before != (label.type, label.name):
            for listing in self._listings.values():
                listing.forget(thing)

    @property
    def next_change(self) -> int | None:
        """Return when time alone changes a figure next, in milliseconds since 1970; None when all windows are empty."""
        return min((at for window in self.windows.values() if (at := window.next_change)), default=None)

    # What is made of it

    @property
    def active_now(self) -> int:
        """How many learners have done anything in the last five minutes."""
        return len(self.windows["5m"].learners)

    def figures(self, name: Window, now: int) -> Figures:
        """Return the figures for the staff: the fields of `Metrics` in their order."""
        window, extent = self.windows[name], WINDOWS[name]
        whole = window.all
        shares = {
            "completion_rate": _share(whole.completed, whole.pairs, 4),
            "submission_rate": self._submission_rate(name, 4),
            "average_score": _rounded(whole.average_score, 4),
        }
        said = {
            "course_id": self.id,
            "window": name,
            "scope": "course",
            "at": iso(now),
            "withheld": False,
            "active_now": self.active_now,
            "active_learners": len(window.learners),
            "events_per_minute": round(whole.events / extent.minutes, 4),
            "time_on_task_s": whole.time_ms / 1_000,
            **{field: share for field, share in shares.items() if share is not None},
            "at_risk": len(self.at_risk),
            "per_object": self._listings[name].busiest(self.labels),
        }
        return Figures.written(self.id, name, said)

    def metrics(self, name: Window, now: int) -> Metrics:
        """Return the same as values."""
        return self.figures(name, now).metrics

    def cohort_metrics(self, name: Window, now: int) -> Metrics:
        """Return the figures for everybody enrolled: nothing in them comes from fewer than five learners."""
        window, extent = self.windows[name], WINDOWS[name]
        if not cohort.is_shown(len(window.learners)):
            return cohort.withheld(self.id, name, iso(now))
        whole = window.all
        return Metrics(
            course_id=self.id,
            window=name,
            scope="cohort",
            at=iso(now),
            active_now=cohort.at_least(self.active_now),
            active_learners=len(window.learners),
            events_per_minute=round(whole.events / extent.minutes, 4),
            time_on_task_s=whole.time_ms / 1_000,
            completion_rate=_share(whole.completed, whole.pairs, 2),
            submission_rate=self._submission_rate(name, 2),
            average_score=_rounded(whole.average_score, 2) if cohort.is_shown(window.scorers) else None,
            per_object=self._listings[name].of_class(self.labels),
        )

    def own_metrics(self, name: Window, user_id: str, now: int) -> OwnMetrics:
        """Return the figures of one learner."""
        sums = self.windows[name].learners.get(user_id) or windows.Sums()
        return OwnMetrics(
            course_id=self.id,
            user_id=user_id,
            window=name,
            at=iso(now),
            events=sums.events,
            time_on_task_s=sums.time_ms / 1_000,
            completed=sums.completed,
            submitted=sums.submitted,
            average_score=_rounded(sums.average_score, 4),
        )

    def _submission_rate(self, name: Window, digits: int) -> float | None:
        window = self.windows[name]
        version, enrolled, count = self._submitted.get(name, (-1, _NOBODY, 0))
        if version != window.submitters_version or enrolled is not self.enrolled:
            count = len(window.submitters & self.enrolled)
            self._submitted[name] = (window.submitters_version, self.enrolled, count)
        return _share(count, len(self.enrolled), digits)


_NOBODY: Final[frozenset[str]] = frozenset()


def _share(part: int, whole: int, digits: int) -> float | None:
    return round(part / whole, digits) if whole else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
