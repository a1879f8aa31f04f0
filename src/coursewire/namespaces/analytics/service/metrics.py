"""Answers about figures: those of now, those over time, and who is at risk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from coursewire.errors import Invalid, Overloaded
from coursewire.namespaces.analytics.contract import (
    LearnerAtRisk,
    Metrics,
    MetricsRead,
    MetricsUpdated,
    OwnMetrics,
    Point,
    RiskPage,
    Series,
)
from coursewire.namespaces.analytics.rules import access, risk, series
from coursewire.namespaces.analytics.rules.activity import counts_as_learner
from coursewire.namespaces.analytics.rules.metrics import Course
from coursewire.namespaces.analytics.rules.steps import STEPS, WINDOWS, cover, out_of_date
from coursewire.namespaces.analytics.service.late import without_late
from coursewire.namespaces.analytics.store import filling, rollups
from coursewire.namespaces.analytics.store import metrics as kept
from coursewire.namespaces.analytics.store.risk import learners_at_risk
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.analytics.board import Board
    from coursewire.namespaces.analytics.contract import ListAtRisk, ReadMetrics, ReadSeries, Window
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction

COUNTED_WITHIN_MS: Final = 60_000
"""Between the time that figures are said to be of and their commit there is less than this, also under load."""

MARKS: Final = 2_000
"""Buckets out of date that a series is read around. More are there only while a long history is being reported."""


def read_metrics(board: Board, tx: Transaction, caller: Caller, command: ReadMetrics) -> MetricsRead:
    """Return the figures that the caller may see. Raises NotFound outside a course of theirs."""
    roles = tx.roles_in(caller, command.course_id)
    access.check_enrolled(roles)
    own = _own(board, tx, caller.user_id, command) if counts_as_learner(roles) else None
    course_id, window = command.course_id, command.window
    if access.is_staff(roles):
        shown = board.metrics(course_id, window) or kept.one_metrics(tx, course_id, window, "course")
        shown = shown or _empty(tx, course_id, window)
    else:
        # Only what was told: each further answer would tell the class more of who has just done something.
        shown = board.shown(course_id, "cohort", window) or kept.one_metrics(tx, course_id, window, "cohort")
    return MetricsRead(metrics=None if shown is None or shown.withheld else shown, own=own)


def _own(board: Board, tx: Transaction, user_id: str, command: ReadMetrics) -> OwnMetrics:
    for own in board.own_metrics(command.course_id, command.window, [user_id], tx.now):
        return own
    course = filling.load_course(tx, command.course_id, tx.now, user_id=user_id)
    return course.own_metrics(command.window, user_id, tx.now)


def _empty(tx: Transaction, course_id: str, window: Window) -> Metrics:
    """Return the figures of a course without activity: none are kept, and who is enrolled may be at risk."""
    course = Course(course_id, tx.now)
    course.enrolled = filling.learners_of(tx, course_id)
    course.at_risk = {one.user_id for one in learners_at_risk(tx, course_id)}
    # Older than the first figures, which are being counted perhaps: of two reports the later one holds.
    return course.metrics(window, tx.now).model_copy(update={"at": iso(tx.now - COUNTED_WITHIN_MS)})


def read_series(tx: Transaction, caller: Caller, command: ReadSeries) -> Series:
    """Return a metric over time: the course's for its staff, the class's for others. Raises NotFound, Invalid."""
    roles = tx.roles_in(caller, command.course_id)
    access.check_enrolled(roles)
    is_staff = access.is_staff(roles)
    bucket, step = command.bucket, STEPS[command.bucket]
    if not is_staff:
        series.check_cohort_bucket(bucket)
    span = series.span(bucket, command.from_, command.to, tx.now)
    marks = rollups.marks_of(tx, command.course_id, span.start, span.end, MARKS + 1)
    if len(marks) > MARKS:
        raise Overloaded("much of this time is being counted: try again in a moment", retry_after_ms=2_000)
    covers = cover(bucket, span.start, span.end, out_of_date(marks), tx.now)
    found = rollups.sums_of(tx, command.course_id, bucket, covers)
    if not is_staff:
        without_late(tx, command.course_id, found, span.start, span.end)
    points: list[Point] = []
    for start in range(span.start, span.end, step):
        sums = found.get(start)
        if is_staff:
            value = series.value(command.metric, sums)
        else:
            value = series.cohort_value(command.metric, sums, is_over=start + step <= tx.now)
        points.append(Point(at=iso(start), value=value))
    return Series(
        metric=command.metric, bucket=bucket, scope="course" if is_staff else "cohort", points=points
    )


def list_at_risk(tx: Transaction, caller: Caller, command: ListAtRisk) -> RiskPage:
    """Return who is at risk, those first who have been away longest. Raises NotFound, Forbidden, Invalid."""
    access.check_staff(tx.roles_in(caller, command.course_id))
    after = None
    if command.cursor is not None:
        try:
            after = risk.read_cursor(command.cursor)
        except ValueError:
            raise Invalid("is not a cursor of this list", field="cursor") from None
    found = learners_at_risk(tx, command.course_id, after=after, most=command.limit + 1)
    page = found[: command.limit]
    return RiskPage(
        items=[
            LearnerAtRisk(
                user_id=one.user_id,
                name=one.name,
                last_visit_at=None if one.last_at is None else iso(one.last_at),
                average_score=None if one.average_score is None else round(one.average_score, 4),
                reasons=risk.reasons(one, tx.now),
            )
            for one in page
        ],
        next_cursor=risk.write_cursor(page[-1]) if len(found) > command.limit else None,
    )


def latest_metrics(board: Board, tx: Transaction, course_id: str, scope: str) -> Iterable[Event[Any]]:
    """Return the figures that come with a subscription to `course:<id>` or `cohort:<id>`."""
    held = {name: board.shown(course_id, scope, name) for name in WINDOWS}
    shown = {name: one for name, one in held.items() if one is not None}
    if len(shown) < len(WINDOWS):
        shown = {row.metrics.window: row.metrics for row in kept.metrics_of(tx, course_id, scope)} | shown
    return [MetricsUpdated(one) for one in shown.values()]


def latest_of_cohort(board: Board, tx: Transaction, course_id: str) -> Iterable[Event[Any]]:
    """Return what `cohort:<id>` shows now."""
    return latest_metrics(board, tx, course_id, "cohort")
