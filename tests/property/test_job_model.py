"""Jobs under any sequence of reports, wishes and silence: whoever folds what is said has the job, and each end once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.unit.analytics.jobs_house import COURSE, House, plain

from coursewire.errors import Conflict, CoursewireError, Invalid
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import Job

ENDS = {"succeeded", "failed", "cancelled"}
HEARTBEAT = ("heartbeat_at", "revision", "eta_s")
"""What a heartbeat changes that is not shown each time."""

anything = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(["queued", "running", "succeeded", "failed", "cancelled"]),
        "done": st.integers(0, 6),
        "total": st.integers(0, 6),
        "message": st.sampled_from(["", "reading", "scoring"]),
        "stage": st.just({"label": "scoring", "index": 1, "count": 2}),
        "result": st.sampled_from([{}, {"mean": 0.5}]),
        "error": st.sampled_from(["", "KeyError: 'x'"]),
    },
)

patches: st.SearchStrategy[dict[str, Any]] = st.one_of(
    # Mostly what a worker says; of the others most are refused.
    st.fixed_dictionaries({"done": st.integers(0, 6)}),
    st.fixed_dictionaries({"state": st.just("running")}, optional={"done": st.integers(0, 6)}),
    st.fixed_dictionaries({"state": st.sampled_from(["queued", "succeeded", "failed", "cancelled"])}),
    st.just({}),
    anything,
)


@cache
def one_house() -> House:
    """Return the house in which all lives are lived: making one takes longer than a life."""
    return House()


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end() -> Iterator[None]:
    yield
    one_house().close()


class Jobs(RuleBasedStateMachine):
    """One job's whole life."""

    def __init__(self) -> None:
        super().__init__()
        self.house = one_house()
        self.house.effects.clear()
        self.attempts: dict[int, list[int]] = {}
        """What each attempt was seen to have done, in order."""
        self.ends: list[Job] = []

    @initialize(total=st.one_of(st.none(), st.integers(0, 6)))
    def begin(self, total: int | None) -> None:
        self.job = self.house.create(total=total)
        self.seen = 0
        self.screen: dict[str, Any] = {}

    # What can happen

    @rule(patch=patches)
    def report(self, patch: dict[str, Any]) -> None:
        before, told = self.job, len(self.house.effects)
        try:
            reply = self.house.report(self.job.id, **patch)
        except (Invalid, Conflict) as refused:
            assert self.house.read("ben", before.id) == before
            assert len(self.house.effects) == told
            self.check_refusal(before, refused)
            return
        self.check_report(before, patch, reply.job)
        assert reply.cancel_requested == reply.job.cancel_requested
        self.went_on(before)

    def check_refusal(self, before: Job, refused: CoursewireError) -> None:
        assert refused.field is not None
        if isinstance(refused, Conflict):
            assert before.state in ENDS
            assert refused.details == {"job": before.model_dump(exclude_none=True)}

    def check_report(self, before: Job, patch: dict[str, Any], after: Job) -> None:
        if after.revision == before.revision:
            assert after == before
            assert before.state in ENDS
            return
        given_back = (patch.get("state"), after.state) == ("queued", "cancelled")
        if given_back:
            # Nobody wants it any more: it ends as it was, and no attempt begins of which something could be done.
            assert before.cancel_requested
            assert (after.attempt, after.done) == (before.attempt, before.done)
        elif after.attempt == before.attempt:
            assert before.state not in ENDS
            assert after.done == patch.get("done", before.done) >= before.done
        else:
            assert after.attempt == before.attempt + 1
            assert patch["state"] in {"queued", "running"}
            assert after.done == patch.get("done", 0)
            assert not after.cancel_requested
        if "state" in patch:
            assert after.state == patch["state"] or given_back
        else:
            assert after.state in {before.state, "running"}

    @rule(who=st.sampled_from(["ben", "ada"]))
    def cancel(self, who: str) -> None:
        before = self.job
        try:
            after = self.house.cancel(who, before.id)
        except Conflict:
            assert before.state in ENDS
            return
        assert after.state == ("running" if before.state == "running" else "cancelled")
        assert after.cancel_requested
        self.went_on(before)

    @rule(seconds=st.sampled_from([0.1, 1, 4, 30, 61]))
    def wait(self, seconds: float) -> None:
        self.house.wait(seconds)

    @rule()
    def look_for_silence(self) -> None:
        before = self.job
        self.house.do(service.stall_jobs, 60_000)
        self.went_on(before)

    @rule(state=st.sampled_from(["stalled", "queued"]))
    def give_up(self, state: str) -> None:
        before = self.job
        self.house.do(service.give_jobs_up, state, 120_000)
        self.went_on(before)

    def went_on(self, before: Job) -> None:
        self.job = self.house.read("ben", before.id)
        if self.job.state in ENDS and self.job.revision > before.revision:
            self.ends.append(self.job)

    # What always holds

    @invariant()
    def whoever_folds_what_is_said_has_the_job(self) -> None:
        values = self.house.published(f"job:{self.job.id}")
        for value in values[self.seen :]:
            assert value["revision"] > self.screen.get("revision", 0)
            self.screen = value
            self.attempts.setdefault(value["attempt"], []).append(value["done"])
        self.seen = len(values)
        now = plain(self.job)
        for field in HEARTBEAT:
            now.pop(field, None)
        assert {name: value for name, value in self.screen.items() if name not in HEARTBEAT} == now

    @invariant()
    def progress_never_falls_within_an_attempt(self) -> None:
        for done in self.attempts.values():
            assert done == sorted(done)
        assert list(self.attempts) == list(range(1, len(self.attempts) + 1))

    @invariant()
    def an_end_is_logged_once_and_everywhere(self) -> None:
        names = (f"job:{self.job.id}", "user:ben", f"course:{COURSE}")
        logged = [[one for one in self.house.logged(name) if one[1]["id"] == self.job.id] for name in names]
        assert logged[0] == logged[1] == logged[2]
        assert logged[0] == [("job.finished", plain(end)) for end in self.ends]
        assert len({end.attempt for end in self.ends}) == len(self.ends)
        assert (self.job.state in ENDS) == (bool(self.ends) and self.ends[-1].attempt == self.job.attempt)

    @invariant()
    def its_fields_fit_each_other(self) -> None:
        job = self.job
        assert (job.finished_at is not None) == (job.state in ENDS)
        assert (job.percent is None) == (job.total is None)
        if job.total is not None and job.percent is not None:
            assert 0 <= job.percent <= 100
            assert (job.percent == 100) == (job.done == job.total)
        assert job.eta_s is None or (job.eta_s >= 0 and job.state == "running")
        assert job.error is None or job.state == "failed"
        assert job.result is None or job.state in ENDS
        assert job.cancel_requested == (job.cancelled_by is not None)


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=60, stateful_step_count=25)
