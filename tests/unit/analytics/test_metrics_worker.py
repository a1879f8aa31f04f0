"""What computes figures: restarts, courses that come and go, and those that fail."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from tests.unit.analytics.school import COURSE, DAY, HOUR, MINUTE, SECOND, School

from coursewire.errors import Overloaded
from coursewire.namespaces.analytics import measuring
from coursewire.namespaces.analytics.board import Board
from coursewire.namespaces.analytics.measuring import AGAIN_MS, UNHELD_EVERY_MS, Measuring
from coursewire.namespaces.analytics.rules.following import MISSING, WAITED_MS, Follower
from coursewire.namespaces.analytics.rules.held import IDLE_MS, KEPT_EVERY_MS, SAID_EVERY_MS, WAITS_MS
from coursewire.namespaces.analytics.rules.steps import WINDOWS
from coursewire.namespaces.analytics.rules.windows import REST, Window
from coursewire.namespaces.analytics.service import channels as service_of_channels
from coursewire.namespaces.analytics.service import measuring as service
from coursewire.namespaces.analytics.store import filling
from coursewire.namespaces.analytics.store import metrics as kept
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso

_COURSES = Prepared(select(kept.courses))


def due(school: School) -> dict[str, int | None]:
    return {row.course_id: row.due_at for row in school.do(lambda tx: tx.all(_COURSES))}


def told(school: School, channel: str = f"course:{COURSE}") -> list[dict[str, Any]]:
    return [orjson.loads(one.data) for one in school.told() if one.channel == channel]


def kept_rate(school: School, course_id: str = COURSE) -> float:
    """Return what is written of the rate of events for the staff, in the shortest window."""
    found = {one.metrics.window: one.metrics for one in school.do(kept.metrics_of, course_id, "course")}
    return float(found["5m"].events_per_minute)


async def test_figures_follow_activity_and_only_what_changed_is_said(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    assert [data["window"] for data in told(school)] == ["5m", "1h", "1d", "7d"]
    await school.pass_time(2 * SECOND)
    assert told(school) == []
    school.acts("ben", ago=2 * HOUR)
    await school.pass_time(2 * SECOND)
    assert [data["window"] for data in told(school)] == ["1d", "7d"], "the others do not reach back so far"


async def test_figures_are_said_at_most_once_a_second_and_the_last_always(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    school.told()
    for _ in range(9):
        school.acts("ben")
        await school.pass_time(SAID_EVERY_MS // 10)
    assert told(school) == []
    await school.pass_time(SAID_EVERY_MS // 10)
    assert {data["events_per_minute"] for data in told(school) if data["window"] == "5m"} == {2.0}


@pytest.mark.parametrize("every", [20, 90, 100, 350])
async def test_a_class_that_never_pauses_is_told_of_once_a_second_in_the_mean(
    school: School, every: int
) -> None:
    school.enrol(["ben"])
    said: list[int] = []
    for number in range(15 * SECOND // every):
        school.acts("ben")
        # In between, the background looks often enough.
        await school.look()
        if any(data["window"] == "1h" for data in told(school)):
            said.append(number * every)
        school.now += every
    for seconds in range(1, 15):
        for first in said:
            within = [at for at in said if first <= at <= first + seconds * SECOND]
            assert len(within) <= seconds + 1, (first, seconds)
    assert len(said) >= 10


async def test_what_comes_just_after_figures_were_said_waits_for_less_than_a_second(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    school.told()
    for _ in range(5):
        await school.pass_time(10)
        school.acts("ben")
        await school.look()
        await school.pass_time(WAITS_MS - 1)
        assert told(school) == []
        await school.pass_time(1)
        assert len(told(school)) == 4


async def test_figures_for_the_staff_are_written_now_and_then_and_answered_from_memory(
    school: School,
) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    assert kept_rate(school) == 0.2, "of a course that was just read they are written at once"
    for number in range(2, 8):
        school.acts("ben")
        await school.pass_time(2 * SECOND)
        assert school.metrics("5m").events_per_minute == number / 5
    assert kept_rate(school) == 0.2
    latest = school.do(partial(service_of_channels.latest_of_course, school.board), COURSE)
    assert {event.data.events_per_minute for event in latest if event.data.window == "5m"} == {1.4}
    await school.pass_time(KEPT_EVERY_MS)
    assert kept_rate(school) == 1.4
    school.acts("ben", ago=HOUR // 2)
    await school.pass_time(2 * SECOND)
    [of_hour] = [
        one.metrics.events_per_minute
        for one in school.do(kept.metrics_of, COURSE, "course")
        if one.metrics.window == "1h"
    ]
    assert of_hour == round(7 / 60, 4)
    await school.pass_time(IDLE_MS)
    assert school.board.find(COURSE) is None
    assert school.metrics("1h").events_per_minute == round(8 / 60, 4), (
        "the last are written when it is let go"
    )


async def test_the_staff_who_asks_gets_what_was_not_told_yet(school: School) -> None:
    """As of when the last reports were taken in, so that whatever is told after it is newer."""
    school.enrol(["ben", "cleo"])
    school.acts("ben")
    await school.look()
    school.told()
    school.acts("cleo")
    await school.pass_time(SAID_EVERY_MS // 10)
    assert told(school) == []
    read = school.metrics("5m")
    assert (read.active_learners, read.at) == (2, iso(school.now))
    await school.pass_time(SAID_EVERY_MS)
    (data,) = [data for data in told(school) if data["window"] == "5m"]
    assert (data["active_learners"], data["at"]) == (2, iso(school.now))


async def test_time_alone_changes_figures(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben", duration_ms=60_000)
    await school.look()
    school.told()
    await school.pass_time(5 * MINUTE)
    said = told(school)
    assert [data["active_now"] for data in said] == [0, 0, 0, 0]
    assert [data["time_on_task_s"] for data in said] == [0, 60, 60, 60]


async def test_a_restart_goes_on_where_it_stopped(school: School) -> None:
    school.enrol(["ben", "cleo"])
    school.acts("ben", "quiz-1", "answered", score=0.5, duration_ms=2_000, name="The first")
    await school.look()
    school.acts("cleo", "quiz-1", "completed")  # came in, and nobody has looked at it when the server dies
    school.restart()
    await school.pass_time(2 * SECOND)
    shown = school.metrics()
    assert (shown.active_learners, shown.average_score, shown.time_on_task_s) == (2, 0.5, 2.0)
    assert [(one.events, one.completed, one.name, one.type) for one in shown.per_object] == [
        (2, 1, "The first", "quiz")
    ]
    school.acts("ben")
    await school.pass_time(2 * SECOND)
    assert school.metrics().per_object[0].events == 2
    assert school.metrics().events_per_minute == 0.05


async def test_a_thing_is_called_what_the_latest_report_calls_it(school: School) -> None:
    school.enrol(["ben"])

    async def called(**fields: Any) -> list[tuple[str, str | None]]:
        school.now += SECOND
        school.acts("ben", "item-1", **fields)
        await school.pass_time(2 * SECOND)
        held = [(one.type, one.name) for one in school.metrics().per_object]
        school.restart()
        await school.pass_time(2 * SECOND)
        assert [(one.type, one.name) for one in school.metrics().per_object] == held, "as the tables say"
        return held

    assert await called(type="page") == [("page", None)]
    assert await called(type="page", name="First") == [("page", "First")]
    assert await called(type="quiz") == [("quiz", "First")], "one without a name takes none away"
    assert await called(type="video", name="Late", ago=MINUTE) == [("quiz", "First")]
    assert await called(type="video", name="Now") == [("video", "Now")]


async def test_a_course_without_activity_leaves_the_memory_and_its_figures_go_on(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    assert school.board.find(COURSE) is not None
    assert due(school) == {COURSE: None}
    await school.pass_time(IDLE_MS)
    assert school.board.find(COURSE) is None
    assert due(school)[COURSE] == school.now - school.now % MINUTE + 45 * MINUTE, (
        "when the hour's window changes"
    )
    school.now += 30 * MINUTE
    await school.look()
    assert school.metrics("1h").active_learners == 1
    await school.pass_time(15 * MINUTE)
    assert school.metrics("1h").active_learners == 0
    assert school.metrics("1d").active_learners == 1
    for _ in range(8):
        await school.pass_time(DAY)
    assert school.metrics("7d").active_learners == 0
    await school.pass_time(IDLE_MS)
    assert school.board.find(COURSE) is None
    assert due(school)[COURSE] == kept.NEVER
    assert school.do(kept.metrics_of, COURSE, "course") == [], "of an empty course nothing is kept"
    assert school.metrics("7d").active_learners == 0
    school.acts("ben")
    await school.look()
    assert school.metrics("7d").active_learners == 1


async def test_a_course_is_not_let_go_while_activity_waits_to_be_seen(school: School) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    school.now += IDLE_MS
    top = school.do(filling.last_sequence)
    school.acts("ben")
    assert not school.do(service.let_go, COURSE, due_at=None, up_to=top)
    assert due(school) == {COURSE: None}
    assert school.do(service.let_go, COURSE, due_at=None, up_to=top + 1)


async def test_a_course_that_fails_holds_up_no_other(
    school: School, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for course_id in ("art", "bio"):
        school.enrol({"ada": "instructor", "ben": "learner"}, course_id)
        school.acts("ben", course_id=course_id)
    load = filling.load_course

    def fails(tx: Any, course_id: str, now: int, **options: Any) -> Any:
        if course_id == "art":
            raise RuntimeError("a page of the database is broken")
        return load(tx, course_id, now, **options)

    monkeypatch.setattr(filling, "load_course", fails)
    await school.look()
    assert school.metrics("1h", "bio").active_learners == 1
    assert "art" in caplog.text
    assert due(school)["art"] == school.now + AGAIN_MS
    monkeypatch.undo()
    await school.pass_time(AGAIN_MS)
    assert school.metrics("1h", "art").active_learners == 1


async def test_a_course_whose_figures_cannot_be_said_holds_up_no_other(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    for course_id in ("art", "bio"):
        school.enrol({"ada": "instructor", "ben": "learner"}, course_id)
        school.acts("ben", course_id=course_id)
    await school.look()
    put = kept.put_metrics

    def fails(tx: Any, shown: list[Any]) -> None:
        if any(one.course_id == "art" for one in shown):
            raise RuntimeError("its row cannot be written")
        put(tx, shown)

    monkeypatch.setattr(kept, "put_metrics", fails)
    school.now += KEPT_EVERY_MS
    for course_id in ("art", "bio"):
        school.acts("ben", course_id=course_id)
    await school.look()
    assert school.metrics("5m", "bio").events_per_minute == 0.4
    assert kept_rate(school, "bio") == 0.4, "one write for all, and one for each when that fails"
    assert school.board.find("art") is None, "it is read from the database again"
    assert kept_rate(school, "art") == 0.2
    monkeypatch.undo()
    await school.pass_time(AGAIN_MS)
    assert school.metrics("5m", "art").events_per_minute == 0.4


async def test_courses_that_are_small_are_filled_many_at_once_and_no_more_than_fit(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    courses = [f"c{number}" for number in range(7)]
    for course_id in courses:
        school.enrol({"ada": "instructor", "ben": "learner"}, course_id)
        school.acts("ben", course_id=course_id)
    monkeypatch.setattr(measuring, "FILLS", 3)
    monkeypatch.setattr(measuring, "FILL_S", 3_600)
    await school.measuring.begin(school.work)
    held = []
    for is_all in (False, False, True):
        assert await school.measuring.round(school.work) is is_all
        held.append(len(school.board.all()))
    assert held == [3, 6, 7]
    school.restart()
    monkeypatch.setattr(measuring, "FILL_S", 0)
    await school.measuring.begin(school.work)
    for number in range(1, 8):
        assert await school.measuring.round(school.work) is (number == 7)
        assert len(school.board.all()) == number, "one at least"


async def test_what_waits_beyond_one_batch_is_taken_in_by_the_next(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "BATCH", 3)
    monkeypatch.setattr(measuring, "SLICE", 2)
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    for _ in range(7):
        school.acts("ben")
    school.now += SECOND
    taken = [await school.measuring.round(school.work) for _ in range(3)]
    assert taken == [False, False, True]
    await school.pass_time(SECOND)
    assert school.metrics().per_object[0].events == 8


async def test_what_cannot_be_read_now_is_read_later(
    school: School, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    school.enrol(["ben"])
    school.acts("ben")
    await school.look()
    school.acts("ben")

    def fails(*_: Any) -> Any:
        raise Overloaded("too many reads are waiting")

    monkeypatch.setattr(filling, "new_reports", fails)
    await school.pass_time(2 * SECOND)
    assert "could not be read" in caplog.text
    assert school.metrics("5m").events_per_minute == 0.2
    monkeypatch.undo()
    await school.pass_time(2 * SECOND)
    assert school.metrics("5m").events_per_minute == 0.4


async def test_what_finds_no_room_in_memory_is_computed_from_the_database(school: School) -> None:
    school.board = Board(most=1)
    school.measuring = Measuring(school.board)
    for course_id in ("art", "bio"):
        school.enrol({"ada": "instructor", "ben": "learner"}, course_id)
        school.acts("ben", course_id=course_id)
    await school.look()
    [held] = school.board.all()
    other = "art" if held.course.id == "bio" else "bio"
    assert school.metrics("5m", other).events_per_minute == 0.2
    assert due(school)[other] == school.now + UNHELD_EVERY_MS
    school.now += SECOND
    school.acts("ben", course_id=other)
    await school.look()
    assert school.metrics("5m", other).events_per_minute == 0.4


async def test_erasing_somebody_takes_them_out_of_all_figures(school: School) -> None:
    """[LOG5] Also out of what is held in memory."""
    school.enrol(["ben", "cleo"])
    for who in ("ben", "cleo"):
        school.acts(who, "quiz-1", "answered", score=1 if who == "ben" else 0.2)
    await school.look()
    school.now += MINUTE
    await school.roll_up()
    assert school.metrics().average_score == 0.6
    school.erase("ben")
    await school.pass_time(2 * SECOND)
    assert (school.metrics().active_learners, school.metrics().average_score) == (1, 0.2)
    held = school.board.find(COURSE)
    assert held is not None
    assert all("ben" not in window.learners for window in held.course.windows.values())
    tables = [table for table in metadata.sorted_tables if table.name.startswith("analytics_")]
    assert len(tables) > 9
    found = {
        table.name
        for table in tables
        for row in school.do(lambda tx, one=table: tx.all(Prepared(select(one))))
        if "ben" in map(str, row)
    }
    assert found == set()


async def test_a_change_of_the_roster_changes_shares(school: School) -> None:
    school.enrol(["ben", "cleo"])
    school.acts("ben", "essay-1", "submitted")
    await school.look()
    assert school.metrics().submission_rate == 0.5
    school.enrol(["dana", "eli"])
    await school.pass_time(2 * SECOND)
    assert school.metrics().submission_rate == 0.25
    school.unenrol("ben")
    await school.pass_time(2 * SECOND)
    assert school.metrics().submission_rate == 0.0


async def test_who_comes_back_is_at_risk_no_more(school: School) -> None:
    school.now -= 10 * DAY
    school.enrol(["ben", "cleo"])
    school.now += 10 * DAY
    school.acts("cleo")
    await school.look()
    assert school.metrics().at_risk == 1
    school.acts("ben")
    await school.pass_time(2 * SECOND)
    assert school.metrics().at_risk == 0


# Reading on, and bounds


def test_a_row_that_becomes_visible_late_is_asked_for_again() -> None:
    follower = Follower(10)
    follower.took([11, 13, 16], now=0)
    assert (follower.top, follower.missing) == (16, [12, 14, 15])
    follower.took([14, 17], now=1_000)
    assert (follower.top, follower.missing) == (17, [12, 15])
    follower.took([], now=WAITED_MS + 1)
    assert follower.missing == [], "what is not there by now was rolled back"


def test_what_is_waited_for_has_a_bound() -> None:
    follower = Follower(0)
    follower.took([10 * MISSING], now=0)
    assert follower.missing == list(range(9 * MISSING, 10 * MISSING))
    follower.took(range(10 * MISSING + 2, 12 * MISSING, 2), now=1)
    assert len(follower.missing) == MISSING
    assert follower.missing[-1] == 12 * MISSING - 3


async def test_what_becomes_visible_late_is_taken_in_once(school: School) -> None:
    """As on Postgres, where a transaction may commit behind one that was given a higher sequence."""
    school.enrol(["ben", "cleo"])
    school.acts("cleo")
    await school.look()
    school.acts("ben", id="late")
    school.acts("cleo", id="early")
    hidden = True
    read = filling.new_reports

    def sees(tx: Any, after: int, most: int, missing: Any) -> Any:
        return [
            (report, learner)
            for report, learner in read(tx, after, most, missing)
            if not (hidden and report.id == "late")
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "new_reports", sees)
        await school.pass_time(2 * SECOND)
        assert school.metrics().active_learners == 1
        hidden = False
        await school.pass_time(2 * SECOND)
        await school.pass_time(2 * SECOND)
    assert school.metrics().active_learners == 2
    assert [one.events for one in school.metrics().per_object] == [3]


def test_a_window_that_is_full_counts_what_more_comes_as_one_thing() -> None:
    now = 1_772_445_600_000
    window = Window(WINDOWS["1h"], now, most_pairs=3)
    for number in range(6):
        window.add("ben", f"page-{number}", now, 1, 1_000, 1, 0)
        window.score("ben", f"page-{number}", now + number, str(number), 500_000)
    assert (window.all.events, window.all.time_ms, len(window.learners)) == (6, 6_000, 1)
    assert set(window.things) == {"page-0", "page-1", "page-2", REST}
    assert (window.pair_count, window.all.completed, window.all.scored) == (4, 4, 4)
    window.advance(now + HOUR)
    assert (window.all.events, window.all.score_sum, window.all.scored, window.pair_count) == (0, 0, 0, 0)
    assert (window.things, window.learners, window.next_change) == ({}, {}, None)
