"""The figures of one course, kept up to date with every report: docs/reference/metrics.md defines each of them."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from coursewire.namespaces.analytics.contract import Metrics, ObjectMetrics, OwnMetrics, Window
from coursewire.namespaces.analytics.rules import cohort, steps, windows
from coursewire.namespaces.analytics.rules.steps import WINDOWS
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.rules.windows import Sums

REPORT_AT_MOST_MS: Final = 30 * steps.MINUTE
"""Of one report at most so much time counts: who says more has left the page open, whatever the browser thought."""

OBJECTS: Final = 20
"""The busiest things that are listed."""

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


@dataclass(slots=True)
class Label:
    """What a thing was last said to be, when, and by which report; and the same of its name."""

    at: int = -1
    id: str = ""
    type: str = ""
    named_at: int = -1
    named_id: str = ""
    name: str | None = None


def counted_time(duration_ms: int) -> int:
    """Return how much of a reported duration counts."""
    return min(duration_ms, REPORT_AT_MOST_MS)


def in_millionths(score: float) -> int:
    """Return a score as a whole number, so that sums of many are exact; halves go up, as in SQL."""
    return math.floor(score * 1_000_000 + 0.5)


class _Listed(NamedTuple):
    """What is said of a thing, and how that travels."""

    metrics: ObjectMetrics
    json: str

    @classmethod
    def of(cls, metrics: ObjectMetrics) -> _Listed:
        return cls(metrics, metrics.model_dump_json(exclude_none=True))


_THINGS: Final = {"per_object"}


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
        self._objects: dict[Window, dict[str, _Listed]] = {name: {} for name in WINDOWS}
        """What was last said of things, until they move: of twenty that are listed, few have since the last time."""

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
            for known in self._objects.values():
                known.pop(thing, None)

    @property
    def next_change(self) -> int | None:
        """Return when time alone changes a figure next, in milliseconds since 1970; None when all windows are empty."""
        return min((at for window in self.windows.values() if (at := window.next_change)), default=None)

    # What is made of it

    @property
    def active_now(self) -> int:
        """How many learners have done anything in the last five minutes."""
        return len(self.windows["5m"].learners)

    def metrics(self, name: Window, now: int) -> Metrics:
        """Return the figures for the staff."""
        window, extent = self.windows[name], WINDOWS[name]
        whole = window.all
        return Metrics(
            course_id=self.id,
            window=name,
            scope="course",
            at=iso(now),
            active_now=self.active_now,
            active_learners=len(window.learners),
            events_per_minute=round(whole.events / extent.minutes, 4),
            time_on_task_s=whole.time_ms / 1_000,
            completion_rate=_share(whole.completed, whole.pairs, 4),
            submission_rate=self._submission_rate(window, 4),
            average_score=_rounded(whole.average_score, 4),
            at_risk=len(self.at_risk),
            per_object=self._busiest(name),
        )

    def encode(self, metrics: Metrics) -> bytes:
        """Return the JSON of figures that `metrics` has just returned: that of things which did not move is there."""
        head = metrics.model_dump_json(exclude=_THINGS, exclude_none=True)
        things = ",".join([listed.json for listed in self._objects[metrics.window].values()])
        return f'{head[:-1]},"per_object":[{things}]}}'.encode()

    def cohort_metrics(self, name: Window, now: int) -> Metrics:
        """Return the figures for everybody enrolled: nothing in them comes from fewer than five learners."""
        window, extent = self.windows[name], WINDOWS[name]
        if not cohort.is_shown(len(window.learners)):
            return cohort.withheld(self.id, name, iso(now))
        whole = window.all
        many = [
            item
            for item in window.things.items()
            if item[0] != windows.REST and cohort.is_shown(item[1].pairs)
        ]
        busiest = heapq.nsmallest(OBJECTS, many, key=_by_events)
        listed = {thing for thing, _ in busiest}
        left_out = [sums.pairs for thing, sums in window.things.items() if thing not in listed]
        if left_out and not cohort.is_shown(max(left_out)):
            # What is listed, taken from the figures of the whole, would leave what a few did with what is not.
            busiest = busiest[:-1]
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
            submission_rate=self._submission_rate(window, 2),
            average_score=_rounded(whole.average_score, 2) if cohort.is_shown(window.scorers) else None,
            per_object=[self._object_of_cohort(*item) for item in busiest],
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

    def _submission_rate(self, window: windows.Window, digits: int) -> float | None:
        return _share(len(window.submitters & self.enrolled), len(self.enrolled), digits)

    def _busiest(self, name: Window) -> list[ObjectMetrics]:
        window, known = self.windows[name], self._objects[name]
        for thing in window.moved:
            known.pop(thing, None)
        window.moved.clear()
        things = [item for item in window.things.items() if item[0] != windows.REST]
        listed: dict[str, _Listed] = {}
        for thing, sums in heapq.nsmallest(OBJECTS, things, key=_by_events):
            listed[thing] = known.get(thing) or _Listed.of(self._object(thing, sums))
        self._objects[name] = listed
        return [one.metrics for one in listed.values()]

    def _object(self, thing: str, sums: Sums) -> ObjectMetrics:
        label = self.labels.get(thing) or _NO_LABEL
        return ObjectMetrics(
            object_id=thing,
            type=label.type,
            name=label.name,
            events=sums.events,
            learners=sums.pairs,
            completed=sums.completed,
            average_score=_rounded(sums.average_score, 4),
            time_on_task_s=sums.time_ms / 1_000,
        )

    def _object_of_cohort(self, thing: str, sums: Sums) -> ObjectMetrics:
        label = self.labels.get(thing) or _NO_LABEL
        return ObjectMetrics(
            object_id=thing,
            type=label.type,
            name=label.name,
            events=sums.events,
            learners=sums.pairs,
            completed=cohort.at_least(sums.completed),
            average_score=_rounded(sums.average_score, 2) if cohort.is_shown(sums.scored) else None,
            time_on_task_s=sums.time_ms / 1_000,
        )


_NO_LABEL: Final = Label()


def _by_events(item: tuple[str, Sums]) -> tuple[int, str]:
    return -item[1].events, item[0]


def _share(part: int, whole: int, digits: int) -> float | None:
    return round(part / whole, digits) if whole else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
