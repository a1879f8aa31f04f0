"""Milestones under any activity, late, repeated, in any order: what is reached, and how often, is what a list says.

The model keeps every report that was taken and looks through all of them each time.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from fractions import Fraction
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.analytics.school import DAY, School

from coursewire.bus.port import Committed
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import ListMilestones, RulesBody
from coursewire.vocabulary import Role, iso

Json = dict[str, Any]
COURSES = ("art", "bio")
PEOPLE = ("ben", "cleo", "dan", "eve", "fay", "gus", "hal")
THINGS = ("essay-1", "quiz-1", "quiz-2")
TENTHS = [Fraction(number, 10) for number in range(11)]
KINDS: dict[str, st.SearchStrategy[Json]] = {
    "first_submission": st.fixed_dictionaries({}, optional={"object_id": st.sampled_from(THINGS)}),
    "completions": st.fixed_dictionaries({"threshold": st.integers(1, 3)}),
    "streak": st.fixed_dictionaries({"threshold": st.integers(1, 4)}),
    "average_score": st.fixed_dictionaries(
        {"threshold": st.sampled_from([0.1, 0.3, 0.5, 0.7])}, optional={"object_id": st.sampled_from(THINGS)}
    ),
    "all_submitted": st.fixed_dictionaries({"object_id": st.sampled_from(THINGS)}),
}
rule_sets = st.lists(
    st.sampled_from(sorted(KINDS)).flatmap(
        lambda kind: KINDS[kind].map(lambda fields: {"kind": kind, **fields})
    ),
    max_size=5,
).map(
    # The same id for all rules of a kind: so a rule comes back, or comes back with another threshold.
    lambda given: [
        {"id": kind, "title": kind, **fields}
        for kind, fields in {fields["kind"]: fields for fields in given}.items()
    ]
)
reports = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from((*PEOPLE, "ada")),
            "verb": st.sampled_from(["submitted", "completed", "answered", "opened"]),
            "thing": st.sampled_from(THINGS),
            "tenths": st.none() | st.sampled_from(TENTHS),
            "days_ago": st.integers(0, 5),
        }
    ),
    min_size=1,
    max_size=8,
)
courses = st.sampled_from(COURSES)
people = st.sampled_from(PEOPLE)


class Course:
    """What is known of a course: the plainest there is."""

    def __init__(self) -> None:
        self.learners = set(PEOPLE[:5])
        self.staff = {"ada"}
        self.rules: list[Json] = []
        self.taken: list[Json] = []
        """Reports of learners."""
        self.reached: dict[tuple[str, str | None], float] = {}

    def take(self, new: list[Json]) -> None:
        """Take reports, none of which was there."""
        new = [report for report in new if report["who"] in self.learners]
        self.taken += new
        for wanted in self.rules:
            touching = [report for report in new if _is_about(wanted, report)]
            if wanted["kind"] in {"average_score", "all_submitted"}:
                if touching:
                    self._reach(wanted, None, self._of_class(wanted))
            else:
                for who in {report["who"] for report in touching}:
                    days = {report["day"] for report in new if report["who"] == who}
                    self._reach(wanted, who, self._of_learner(wanted, who, days))

    def change(self) -> None:
        """Look again, after somebody has left or has another role."""
        for wanted in self.rules:
            if wanted["kind"] == "all_submitted":
                self._reach(wanted, None, self._of_class(wanted))

    def forget(self, who: str) -> None:
        """Forget somebody who is erased."""
        self.taken = [report for report in self.taken if report["who"] != who]
        self.reached = {key: value for key, value in self.reached.items() if key[1] != who}

    def _reach(self, wanted: Json, who: str | None, value: Fraction | None) -> None:
        if value is not None and value >= Fraction(str(wanted.get("threshold") or 1)):
            self.reached.setdefault((wanted["id"], who), float(value))

    def _of_learner(self, wanted: Json, who: str, touched: set[int]) -> Fraction:
        own = [report for report in self.taken if report["who"] == who]
        if wanted["kind"] == "first_submission":
            return Fraction(1)
        if wanted["kind"] == "completions":
            return Fraction(len({report["thing"] for report in own if report["verb"] == "completed"}))
        days = {report["day"] for report in own}
        runs = []
        for day in touched:
            first = min(start for start in days if days.issuperset(range(start, day + 1)) and start <= day)
            last = max(end for end in days if days.issuperset(range(day, end + 1)) and end >= day)
            runs.append(last - first + 1)
        return Fraction(max(runs))

    def _of_class(self, wanted: Json) -> Fraction | None:
        thing = wanted.get("object_id")
        about = [report for report in self.taken if thing is None or report["thing"] == thing]
        if wanted["kind"] == "all_submitted":
            done = {report["who"] for report in about if report["verb"] == "submitted"}
            return Fraction(len(self.learners)) if self.learners and self.learners <= done else None
        latest: dict[tuple[str, str], Json] = {}
        for report in sorted(about, key=lambda one: (one["at"], one["id"])):
            if report["tenths"] is not None:
                latest[report["who"], report["thing"]] = report
        if len({who for who, _ in latest}) < 5:
            return None
        return sum((report["tenths"] for report in latest.values()), Fraction(0)) / len(latest)


def _is_about(wanted: Json, report: Json) -> bool:
    """Whether a report may move what a rule looks at."""
    if wanted.get("object_id") not in {None, report["thing"]}:
        return False
    moves: dict[str, bool] = {
        "first_submission": report["verb"] == "submitted",
        "all_submitted": report["verb"] == "submitted",
        "completions": report["verb"] == "completed",
        "average_score": report["tenths"] is not None,
        "streak": True,
    }
    return moves[wanted["kind"]]


class MilestoneMachine(RuleBasedStateMachine):
    """Two courses with the same people, and an LMS that reports in any order."""

    @initialize(given=rule_sets)
    def begin(self, given: list[Json]) -> None:
        """Enrol five learners, and have some rules."""
        self.school = School()
        self.courses = {course_id: Course() for course_id in COURSES}
        self.said: dict[tuple[str, str, str | None], list[str]] = defaultdict(list)
        """Course, kind and learner -> the channels on which that was told."""
        self.events: list[Json] = []
        self.ids = itertools.count()
        for course_id, course in self.courses.items():
            roster: dict[str, Role] = {**dict.fromkeys(course.learners, "learner"), "ada": "instructor"}
            self.school.enrol(roster, course_id)
        self.put_rules(COURSES[0], given)

    def teardown(self) -> None:
        if hasattr(self, "school"):
            self.school.close()

    def put_rules(self, course_id: str, given: list[Json]) -> None:
        """Let these be the rules."""
        self.school.do(service.put_rules, course_id, RulesBody.model_validate({"rules": given}))
        self.courses[course_id].rules = given

    @rule(course_id=courses, given=rule_sets)
    def other_rules(self, course_id: str, given: list[Json]) -> None:
        """Change the rules: what was reached stays, and what was done counts when more is done."""
        self.put_rules(course_id, given)

    @rule(course_id=courses, some=reports, again=st.integers(0, 3))
    def report(self, course_id: str, some: list[Json], again: int) -> None:
        """Report a batch: new and old activity, and some that was reported before."""
        new = []
        for one in some:
            at = self.school.now - one["days_ago"] * DAY
            new.append(
                {
                    **one,
                    "id": f"e{next(self.ids):04}",
                    "course_id": course_id,
                    "at": at,
                    "day": at // DAY,
                }
            )
        repeated = self.events[-again:] if again else []
        course = self.courses[course_id]
        self.school.report(*map(self._body, [*repeated, *new, *new[:1]]))
        taken = [one for one in new if one["who"] in course.learners | course.staff]
        self.events += taken
        course.take(taken)

    def _body(self, one: Json) -> Json:
        score = one["tenths"]
        fields: Json = {} if score is None else {"score": float(score)}
        return {
            "id": one["id"],
            "user_id": one["who"],
            "course_id": one["course_id"],
            "verb": one["verb"],
            "object": {"id": one["thing"], "type": "assignment"},
            "at": iso(one["at"]),
            **fields,
        }

    @rule(course_id=courses)
    def the_whole_class_works(self, course_id: str) -> None:
        """Let everybody submit and have a score: what the class reaches together is not left to chance."""
        some = [
            {"who": who, "verb": "submitted", "thing": THINGS[0], "tenths": TENTHS[7], "days_ago": 0}
            for who in sorted(self.courses[course_id].learners)
        ]
        if some:
            self.report(course_id, some[:-1] or some, 0)

    @rule(course_id=courses, who=people, days=st.integers(2, 4), ago=st.integers(0, 6))
    def work_for_days(self, course_id: str, who: str, days: int, ago: int) -> None:
        """Let somebody come on some days in a row, which may be reported long after."""
        some = [
            {"who": who, "verb": "opened", "thing": THINGS[0], "tenths": None, "days_ago": ago + day}
            for day in range(days)
        ]
        self.report(course_id, some, 0)

    @rule(course_id=courses, who=people)
    def come(self, course_id: str, who: str) -> None:
        """Enrol somebody as a learner, perhaps again."""
        course = self.courses[course_id]
        had_other_role = who in course.staff
        self.school.enrol([who], course_id)
        course.staff.discard(who)
        course.learners.add(who)
        if had_other_role:
            course.change()

    @rule(course_id=courses, who=people)
    def assist(self, course_id: str, who: str) -> None:
        """Let somebody be staff."""
        course = self.courses[course_id]
        was_learner = who in course.learners
        self.school.enrol({who: "teaching_assistant"}, course_id)
        course.learners.discard(who)
        course.staff.add(who)
        if was_learner:
            course.change()

    @rule(course_id=courses, who=people)
    def leave(self, course_id: str, who: str) -> None:
        """Let somebody go: the last who had not submitted, perhaps."""
        course = self.courses[course_id]
        if who in course.learners | course.staff:
            self.school.unenrol(who, course_id)
            course.learners.discard(who)
            course.staff.discard(who)
            course.change()

    @rule(who=people)
    @precondition(lambda self: len(self.events) > 5)
    def erase(self, who: str) -> None:
        """Erase somebody: nothing is known of them any more, and what the class reached stays."""
        for course_id in COURSES:
            self.leave(course_id, who)
            self.courses[course_id].forget(who)
        self.school.erase(who)
        self.events = [one for one in self.events if one["who"] != who]
        for key in [key for key in self.said if key[2] == who]:
            del self.said[key]

    @rule(days=st.integers(1, 3))
    def pass_days(self, days: int) -> None:
        """Let time pass."""
        self.school.now += days * DAY

    @invariant()
    def each_is_reached_once_and_never_early(self) -> None:
        """Compare what is stored with the model, and what was told with what is stored."""
        if not hasattr(self, "school"):
            return
        for course_id, course in self.courses.items():
            page = self.school.run(
                "ada", service.list_milestones, ListMilestones(course_id=course_id, limit=100)
            )
            found = [((one.kind, one.user_id), one.value) for one in page.items]
            assert len(found) == len(dict(found)), "reached twice"
            assert {key: round(value or 0, 9) for key, value in found} == {
                key: round(value, 9) for key, value in course.reached.items()
            }
        self._check_told()

    def _check_told(self) -> None:
        """See that each was told once: to the staff, and to the learner or to a class of five."""
        told: list[tuple[str, Json]] = []
        for effect in self.school.effects:
            if isinstance(effect, Committed):
                told += [
                    (effect.channel, orjson.loads(event.data))
                    for event in effect.events
                    if event.event == "milestone.reached"
                ]
        self.school.effects.clear()
        for channel, milestone in told:
            own = milestone.get("user_id")
            self.said[milestone["course_id"], milestone["kind"], own].append(channel)
            learners = len(self.courses[milestone["course_id"]].learners)
            known = {f"course:{milestone['course_id']}", f"user:{own}"}
            if own is None:
                known = {f"course:{milestone['course_id']}", f"cohort:{milestone['course_id']}"}
                assert learners >= 5 or not channel.startswith("cohort:")
            assert channel in known
        for channels in self.said.values():
            assert len(set(channels)) == len(channels), "told twice"


TestMilestones = MilestoneMachine.TestCase
TestMilestones.settings = settings(max_examples=40, stateful_step_count=25)
