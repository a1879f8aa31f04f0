"""What is said of a course and its things: made anew when it has moved; of what is gone nothing is kept."""

from __future__ import annotations

import pytest
from tests.unit.analytics.school import COURSE, DAY, MINUTE, MONDAY, SECOND, School

from coursewire.namespaces.analytics.contract import Metrics, Window
from coursewire.namespaces.analytics.rules import windows
from coursewire.namespaces.analytics.rules.held import COUNTED_ANEW_MS
from coursewire.namespaces.analytics.rules.listing import OBJECTS
from coursewire.namespaces.analytics.rules.metrics import Course, Report, in_millionths

FIVE = ("p1", "p2", "p3", "p4", "p5")


class Desk:
    """A course to which reports come in at once."""

    def __init__(self, *, most_pairs: int = windows.PAIRS) -> None:
        self.course = Course(COURSE, MONDAY, most_pairs=most_pairs)
        self._sequence = 0

    def acts(
        self,
        who: str,
        thing: str = "page-1",
        verb: str = "opened",
        *,
        ago: int = 0,
        name: str | None = None,
        kind: str = "page",
        activity_id: str | None = None,
    ) -> None:
        self._sequence += 1
        at = MONDAY - ago
        report_id = activity_id or f"{self._sequence:06}"
        self.course.add(
            Report(self._sequence, report_id, COURSE, who, verb, thing, kind, name, None, 1_000, at)
        )

    def staff(self, window: Window = "1h") -> Metrics:
        return self.course.metrics(window, MONDAY)

    def of_class(self, window: Window = "1h") -> Metrics:
        return self.course.cohort_metrics(window, MONDAY)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    for who in FIVE:
        desk.acts(who)
    return desk


@pytest.mark.parametrize("staff_first", [True, False])
def test_of_what_has_moved_everybody_is_told_anew(desk: Desk, *, staff_first: bool) -> None:
    shown = [desk.staff, desk.of_class] if staff_first else [desk.of_class, desk.staff]
    for events in (5, 6, 7):
        assert [show().per_object[0].events for show in shown] == [events, events]
        desk.acts("p1")


def test_a_name_that_comes_late_is_shown_in_every_window(desk: Desk) -> None:
    """Also where the report that brings it is too old to move anything."""
    assert [show("5m").per_object[0].name for show in (desk.staff, desk.of_class)] == [None, None]
    desk.acts("p1", ago=10 * MINUTE, name="The first page")
    for show in (desk.staff, desk.of_class):
        [thing] = show("5m").per_object
        assert (thing.name, thing.events) == ("The first page", 5)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_of_two_reports_of_one_moment_the_one_with_the_higher_id_says_what_a_thing_is(
    desk: Desk, order: tuple[str, str]
) -> None:
    """As the tables are read: whichever came first."""
    for one in order:
        desk.acts("p1", "thing", kind=f"kind-{one}", name=f"Name {one}", activity_id=one)
    labels = {one.object_id: (one.type, one.name) for one in desk.staff().per_object}
    assert labels["thing"] == ("kind-b", "Name b")


def test_the_busiest_are_listed_in_their_order_and_what_was_said_of_the_others_is_forgotten(
    desk: Desk,
) -> None:
    things = [f"page-{number:02}" for number in range(2 * OBJECTS)]
    for busy in (things, things[::-1]):
        for place, thing in enumerate(busy):
            for who in FIVE:
                for _ in range(len(busy) - place):
                    desk.acts(who, thing)
            # Each of them has been among the busiest.
            desk.staff(), desk.of_class()
    wanted = [one.object_id for one in desk.staff().per_object]
    assert len(wanted) == OBJECTS
    assert wanted == [one.object_id for one in desk.of_class().per_object]
    counts = [one.events for one in desk.staff().per_object]
    assert counts == sorted(counts, reverse=True)
    listing = desk.course._listings["1h"]
    assert (len(listing._of_staff), len(listing._of_class)) == (OBJECTS, OBJECTS)


def test_what_has_no_name_is_no_thing_also_for_the_class() -> None:
    desk = Desk(most_pairs=len(FIVE))
    for thing in ("page-1", "too much"):
        for who in FIVE:
            desk.acts(who, thing)
    for shown in (desk.staff(), desk.of_class()):
        assert [one.object_id for one in shown.per_object] == ["page-1"]
        assert shown.time_on_task_s == 10
    assert list(desk.course.labels) == ["page-1"], "there is no room for how more things are called"


def test_labels_go_with_their_things(desk: Desk) -> None:
    desk.course.advance(MONDAY + 6 * DAY)
    assert list(desk.course.labels) == ["page-1"]
    desk.course.advance(MONDAY + 8 * DAY)
    assert desk.course.labels == {}


def test_the_class_is_not_shown_how_few_are_at_work_now() -> None:
    desk = Desk()
    for who in FIVE:
        desk.acts(who, ago=10 * MINUTE)
    for who in FIVE[:4]:
        desk.acts(who)
    assert (desk.staff().active_now, desk.of_class().active_now) == (4, 0)
    assert desk.of_class().active_learners == 5
    desk.acts("p5")
    assert desk.of_class().active_now == 5


def test_who_has_submitted_counts_at_once(desk: Desk) -> None:
    desk.course.enrolled = frozenset(FIVE)
    for submitted, who in enumerate(FIVE):
        assert desk.staff().submission_rate == submitted / 5
        desk.acts(who, "essay-1", "submitted")
    assert desk.staff().submission_rate == 1


def test_halves_of_millionths_go_up_as_in_sql() -> None:
    assert [in_millionths(score) for score in (0.0, 0.0000005, 0.1234564, 0.1234567, 1.0)] == [
        0, 1, 123_456, 123_457, 1_000_000,
    ]  # fmt: skip


async def test_time_alone_puts_somebody_at_risk_while_the_others_work(school: School) -> None:
    school.enrol(["ben", "cleo"])
    school.acts("ben")
    school.now += 7 * DAY - SECOND
    school.acts("cleo")
    await school.look()
    held = school.board.find(COURSE)
    assert held is not None
    assert school.metrics().at_risk == 0
    await school.pass_time(COUNTED_ANEW_MS)
    assert school.board.find(COURSE) is held
    assert school.metrics().at_risk == 1
