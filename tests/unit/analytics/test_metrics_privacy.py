"""What a class is shown of itself, and what nobody is shown who may not be."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.analytics.school import COURSE, HOUR, MINUTE, SECOND, School

from coursewire.errors import Forbidden, Invalid, NotFound
from coursewire.identity.caller import Caller
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import ListAtRisk, Metrics, ReadSeries
from coursewire.namespaces.analytics.rules import cohort
from coursewire.realtime.transaction import Transaction
from coursewire.vocabulary import iso

FIVE = ["p1", "p2", "p3", "p4", "p5"]


def of_class(school: School, window: str = "1h") -> Metrics | None:
    """Return the figures that a learner gets."""
    return school.read("p1", window).metrics


def told_class(school: School) -> list[dict[str, Any]]:
    """Return what was said on the cohort's channel since the last look."""
    return [orjson.loads(one.data) for one in school.told() if one.channel == f"cohort:{COURSE}"]


async def five_work(school: School, *, scores: int = 5) -> None:
    school.enrol([*FIVE, "p6", "p7", "p8", "p9"])
    for number, who in enumerate(FIVE):
        school.acts(who, "quiz-1", "answered", score=number / 4 if number < scores else None)
    await school.look()


async def test_the_class_who_asks_gets_what_it_was_told(school: School) -> None:
    """Who asks again and again must not see each one come."""
    await five_work(school)
    school.acts("p6")
    await school.pass_time(SECOND // 10)
    shown = of_class(school)
    assert shown is not None
    assert (shown.active_learners, school.metrics().active_learners) == (5, 6)


async def test_four_active_learners_are_not_shown_to_the_class_and_five_are(school: School) -> None:
    school.enrol(FIVE)
    for who in FIVE[:4]:
        school.acts(who)
    await school.look()
    assert of_class(school) is None
    assert told_class(school) == []
    assert school.metrics().active_learners == 4
    school.acts("p5")
    await school.pass_time(2 * SECOND)
    shown = of_class(school)
    assert shown is not None
    assert (shown.scope, shown.active_learners, shown.active_now) == ("cohort", 5, 5)
    assert {data["window"] for data in told_class(school)} == {"5m", "1h", "1d", "7d"}


async def test_the_class_is_not_shown_who_is_at_risk(school: School) -> None:
    await five_work(school)
    assert school.metrics().at_risk == 0
    assert all("at_risk" not in data for data in told_class(school))
    shown = of_class(school)
    assert shown is not None
    assert shown.at_risk is None


async def test_a_thing_that_few_worked_on_is_not_shown_to_the_class(school: School) -> None:
    await five_work(school)
    for who in FIVE[:4]:
        school.acts(who, "page-secret")
    for who in FIVE:
        school.acts(who, "page-2", "completed" if who < "p5" else "opened")
    await school.pass_time(2 * SECOND)
    assert {one.object_id for one in school.metrics().per_object} == {"quiz-1", "page-2", "page-secret"}
    shown = of_class(school)
    assert shown is not None
    assert [one.object_id for one in shown.per_object] == ["page-2"], (
        "nor is it what is left of the whole without the things that are shown"
    )
    assert shown.per_object[0].completed == 0, "four of five completed it: that stays with the staff"
    school.acts("p5", "page-secret")
    for who in FIVE:
        school.acts(who, "page-2")
    await school.pass_time(2 * SECOND)
    shown = of_class(school)
    assert shown is not None
    assert {one.object_id for one in shown.per_object} == {"page-2", "quiz-1", "page-secret"}


async def test_the_mean_of_four_scores_is_not_shown_to_the_class(school: School) -> None:
    await five_work(school, scores=4)
    shown = of_class(school)
    assert shown is not None
    assert (shown.average_score, shown.per_object[0].average_score) == (None, None)
    assert school.metrics().average_score == 0.375
    school.acts("p5", "quiz-1", "answered", score=1)
    for who in FIVE[:4]:
        school.acts(who, "page-1")
    await school.pass_time(2 * SECOND)
    shown = of_class(school)
    assert shown is not None
    assert shown.average_score == 0.5


async def test_what_one_learner_does_is_in_no_difference_of_two_figures(school: School) -> None:
    """Whoever looks before and after Ben's try, and knows that only Ben tried, must see the same."""
    await five_work(school)
    before = of_class(school)
    school.told()
    for number, who in enumerate(("p6", "p7", "p8", "p9"), start=1):
        school.acts(who, "quiz-1", "answered", score=1)
        await school.pass_time(2 * SECOND)
        assert school.metrics().active_learners == 5 + number
        assert of_class(school) == before, f"after {number} of them"
    assert told_class(school) == []
    school.acts("p1", "quiz-1", "answered", score=1)
    await school.pass_time(2 * SECOND)
    after = of_class(school)
    assert after is not None
    assert after.active_learners == 9
    assert {data["active_learners"] for data in told_class(school)} == {9}


async def test_who_leaves_a_window_is_in_no_difference_either(school: School) -> None:
    school.enrol([*FIVE, "p6"])
    school.acts("p6")
    school.now += 10 * MINUTE
    for who in FIVE:
        school.acts(who)
    await school.look()
    before = of_class(school)
    assert before is not None
    assert before.active_learners == 6
    await school.pass_time(51 * MINUTE)
    assert school.metrics().active_learners == 5
    assert of_class(school) == before


async def test_a_class_that_falls_under_five_is_told_so_and_not_shown_again_for_one_more(
    school: School,
) -> None:
    await five_work(school)
    school.told()
    await school.pass_time(30 * MINUTE)
    for who in FIVE[:4]:
        school.acts(who)
    await school.pass_time(31 * MINUTE)
    assert of_class(school, "1h") is None
    withheld = [data for data in told_class(school) if data["withheld"]]
    assert {data["window"] for data in withheld} >= {"1h"}
    assert all(data["active_learners"] == 0 and data["per_object"] == [] for data in withheld)
    # Of the five who are active now, four were seen to be there when p5 left: p6 must not be the difference.
    school.acts("p6")
    await school.pass_time(2 * SECOND)
    assert school.metrics("1h").active_learners == 5
    assert of_class(school, "1h") is not None, "five have changed it: p1 to p4 came again, p5 left, p6 came"


async def test_a_restart_forgets_nothing_of_what_was_shown(school: School) -> None:
    await five_work(school)
    before = of_class(school)
    school.now += SECOND
    for who in ("p6", "p7", "p8", "p9"):
        school.acts(who, "quiz-1", "answered", score=1)
    await school.pass_time(2 * SECOND)
    school.restart()
    await school.pass_time(2 * SECOND)
    assert school.metrics().active_learners == 9
    assert of_class(school) == before, "four have changed it since it was shown, before and after the restart"
    school.acts("p5")
    await school.pass_time(2 * SECOND)
    shown = of_class(school)
    assert shown is not None
    assert shown.active_learners == 9


@pytest.mark.parametrize(("changed_by", "follows"), [(0, False), (4, False), (5, True)])
def test_figures_follow_when_five_have_changed_them(changed_by: int, follows: bool) -> None:  # noqa: FBT001 - a case
    shown = cohort.withheld(COURSE, "1h", "2026-03-02T10:00:00.000Z").model_copy(update={"withheld": False})
    assert cohort.may_follow(shown, withheld=False, changed_by=changed_by) is follows
    assert cohort.may_follow(None, withheld=False, changed_by=0)
    assert cohort.may_follow(shown, withheld=True, changed_by=0), (
        "what is not to be shown any more goes at once"
    )
    assert not cohort.may_follow(
        cohort.withheld(COURSE, "1h", shown.at), withheld=True, changed_by=changed_by
    ), "and that is said once"


# Series


async def series(
    school: School, who: str, metric: str = "events", bucket: str = "1h", **span: int
) -> list[Any]:
    start, end = span.get("start", school.now - 3 * HOUR), span.get("end", school.now)
    command = ReadSeries.model_validate(
        {"course_id": COURSE, "metric": metric, "bucket": bucket, "from": iso(start), "to": iso(end)}
    )
    return [point.value for point in school.run(who, service.read_series, command).points]


async def test_the_series_of_a_class_has_hours_that_are_over_with_five_learners(school: School) -> None:
    school.enrol([*FIVE, "p6"])
    for who in FIVE:
        school.acts(who, "quiz-1", "answered", score=0.333)
    school.now += HOUR
    for who in FIVE[:4]:
        school.acts(who, "quiz-1", "answered", score=1)
    school.now += HOUR
    for who in FIVE:
        school.acts(who)
    assert await series(school, "ada", "events") == [0, 5, 4, 5]
    assert await series(school, "p1", "events") == [None, 5, None, None]
    assert await series(school, "p1", "average_score") == [None, 0.33, None, None]
    for bucket in ("10s", "1m", "1d"):
        with pytest.raises(Invalid, match="1h") as refused:
            await series(school, "p1", bucket=bucket)
        assert refused.value.field == "bucket"


async def test_the_series_of_a_class_has_a_mean_of_five_scores(school: School) -> None:
    school.enrol(FIVE)
    for number, who in enumerate(FIVE):
        school.acts(who, "quiz-1", "answered", score=0.5 if number else None)
    school.now += HOUR
    assert await series(school, "p1", "average_score") == [None, None, None, None]
    assert await series(school, "ada", "average_score") == [None, None, 0.5, None]


# The wrong person


async def test_who_is_not_in_a_course_learns_nothing_of_it(school: School) -> None:
    await five_work(school)
    school.enrol({"eve": "learner", "max": "instructor"}, "other")
    for who in ("eve", "max", "nobody"):
        with pytest.raises(NotFound):
            school.read(who)
        with pytest.raises(NotFound):
            await series(school, who)
        with pytest.raises(NotFound):
            school.run(who, service.list_at_risk, ListAtRisk(course_id=COURSE))
    for who in ("p1", "p9"):
        with pytest.raises(Forbidden):
            school.run(who, service.list_at_risk, ListAtRisk(course_id=COURSE))


@pytest.mark.parametrize(
    ("who", "course", "cohort_"),
    [
        ("ada", True, True),
        ("tim", True, True),
        ("p1", False, True),
        ("mia", False, True),
        ("eve", False, False),
    ],
)
def test_channels_are_for_whom_they_are(school: School, who: str, course: bool, cohort_: bool) -> None:  # noqa: FBT001
    """[SUB1] Staff hear the course, everybody enrolled the cohort, nobody else anything."""
    school.enrol({"p1": "learner", "mia": "mentor", "tim": "teaching_assistant"})
    school.enrol(["eve"], "other")

    def may(rule: Any) -> bool:
        caller = Caller(user_id=who, name=who, roles=frozenset())
        try:
            school.write(lambda raw: rule(Transaction(raw, "/analytics", caller, {}), caller, COURSE))
        except (Forbidden, NotFound):
            return False
        return True

    assert may(service.check_course_channel) is course
    assert may(service.check_cohort_channel) is cohort_


async def test_learners_see_their_own_figures_and_nobody_elses(school: School) -> None:
    await five_work(school)
    school.enrol({"mia": "mentor"})
    school.acts("p2", "quiz-1", "submitted", duration_ms=5_000)
    await school.pass_time(2 * SECOND)
    own = school.read("p2").own
    assert own is not None
    assert (own.user_id, own.events, own.submitted, own.time_on_task_s) == ("p2", 2, 1, 5.0)
    assert school.read("ada").own is None
    assert school.read("mia").own is None, "who is no learner has no figures"
    mentor = school.read("mia").metrics
    assert mentor is not None
    assert mentor.scope == "cohort"
    with pytest.raises(NotFound):
        school.run("p2", service.list_at_risk, ListAtRisk(course_id="other"))


async def test_staff_are_in_no_figure(school: School) -> None:
    school.enrol({"tim": "teaching_assistant", "p1": "learner"})
    for who in ("ada", "tim", "p1"):
        school.acts(who, "essay-1", "submitted", score=1, duration_ms=1_000)
    await school.look()
    shown = school.metrics()
    assert (shown.active_learners, shown.submission_rate, shown.time_on_task_s) == (1, 1.0, 1.0)
    assert [one.events for one in shown.per_object] == [1]
    assert await series(school, "ada", start=school.now) == [1]


async def test_own_figures_are_derived_for_those_whose_figures_have_changed(school: School) -> None:
    await five_work(school)
    school.told()
    school.acts("p2")
    await school.pass_time(2 * SECOND)
    [wanted] = school.wanted()
    assert (wanted.name, wanted.argument, wanted.user_ids) == (service.OWN_METRICS, COURSE, ("p2",))

    def derive(tx: Transaction) -> list[Any]:
        return list(service.derive_own(school.board, tx, COURSE, ["p2", "p9"]))

    derived = [(user_id, event.data.user_id, event.data.events) for user_id, event in school.do(derive)]
    assert derived == [("p2", "p2", 2), ("p9", "p9", 0)]
