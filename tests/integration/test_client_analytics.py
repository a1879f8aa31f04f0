"""The client of /analytics and the real server: who is told what, once, also after a gap; figures, and what one did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.client_people import Heard
from tests.integration.client_states import States
from tests.integration.tcp_proxy import Proxy

from coursewire.client import AnalyticsClient, AnalyticsGap, AnalyticsUpdate, ServiceClient, sync
from coursewire.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from coursewire.namespaces.analytics import contract as analytics
from coursewire.storage.engine import wall_clock
from coursewire.vocabulary import iso

CLASS = ("ben", "cleo", "dan", "fay", "gus")
ESSAY = analytics.ActivityObject(id="essay-1", type="assignment", name="Essay 1")


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        await site.enrol(dict.fromkeys(CLASS, "learner"))
        yield site


@pytest.fixture
async def lms(site: Campus) -> AsyncIterator[ServiceClient]:
    async with service(site) as lms:
        yield lms


def service(site: Campus) -> ServiceClient:
    return ServiceClient(site.url, site.token("lms", roles=["service"]))


def person(site: Campus, user_id: str) -> AnalyticsClient:
    return AnalyticsClient(site.url, site.token(user_id))


class Told:
    """What a callback was told, in order."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._more = asyncio.Event()

    def __call__(self, value: Any) -> None:
        self.all.append(value)
        self._more.set()

    def named(self, event: str) -> list[Any]:
        return [told.data for told in self.all if isinstance(told, AnalyticsUpdate) and told.event == event]

    async def until(self, wanted: Any) -> None:
        async with asyncio.timeout(30):
            while not wanted():
                self._more.clear()
                await self._more.wait()


async def begin(lms: ServiceClient, job_id: str = "j", owner: str = "ben") -> None:
    await lms.create_job("essay-grading", "Essays", owner=owner, course=COURSE, total=4, job_id=job_id)
    await lms.update_job(job_id, state="running")


def events(count: int, **fields: Any) -> list[dict[str, Any]]:
    at = iso(wall_clock() - 1_000)
    one = {"course_id": COURSE, "verb": "submitted", "object": ESSAY, "user_id": "ben", "at": at, **fields}
    return [{**one, "id": f"e{number}"} for number in range(count)]


async def test_a_job_is_told_as_it_stands_and_then_when_it_moves(site: Campus, lms: ServiceClient) -> None:
    await begin(lms)
    async with person(site, "ada") as ada, person(site, "eve") as eve:
        told, late = Told(), Told()
        subscription = await ada.subscribe_to_progress_updates("j", told)
        await told.until(lambda: told.all)
        await ada.subscribe_to_progress_updates("j", late)
        assert [job.revision for job in late.all] == [told.all[-1].revision]
        await lms.update_job("j", done=2, stage=analytics.Stage(label="scoring"))
        await told.until(lambda: told.all[-1].done == 2)
        await ada.unsubscribe(subscription)
        await lms.update_job("j", state="succeeded", done=4)
        await late.until(lambda: late.all[-1].state == "succeeded")
        assert told.all[-1].done == 2
        revisions = [job.revision for job in late.all]
        assert revisions == sorted(set(revisions))
        assert ada.known.jobs["j"].state == "succeeded"
        with pytest.raises(NotFound):
            await eve.subscribe_to_progress_updates("j", told)
        with pytest.raises(NotFound):
            await eve.job("j")
        assert (eve._subscriptions, eve.known.jobs) == ([], {})


async def test_a_callback_that_fails_or_waits_stops_nobody(site: Campus, lms: ServiceClient) -> None:
    await begin(lms)
    seen: list[int] = []
    over = asyncio.Event()

    def fail(_job: analytics.Job) -> None:
        raise RuntimeError("a page that was closed")

    async def wait(job: analytics.Job) -> None:
        await asyncio.sleep(0)
        seen.append(job.done)
        if job.state == "succeeded":
            over.set()

    async with person(site, "ben") as ben:
        await ben.subscribe_to_progress_updates("j", fail)
        await ben.subscribe_to_progress_updates("j", wait)
        await lms.update_job("j", state="succeeded", done=4)
        await asyncio.wait_for(over.wait(), 30)
        assert seen[-1] == 4
        await ben.unsubscribe("job.progressed")
        assert ben._subscriptions == []


async def test_staff_are_told_of_their_course_each_thing_once(site: Campus, lms: ServiceClient) -> None:
    """The same job comes on three channels, and a milestone on two."""
    async with person(site, "ada") as ada:
        told, elsewhere = Told(), Told()
        await ada.subscribe_to_analytics_updates(told, course=COURSE)
        with pytest.raises(NotFound):
            await ada.subscribe_to_analytics_updates(elsewhere, course="math")
        await ada.subscribe_to_analytics_updates(elsewhere)
        await begin(lms, owner="ada")
        await ada.subscribe_to_progress_updates("j", lambda _: None)
        await lms.update_job("j", state="succeeded", done=4)
        milestone = await lms.put_milestone(COURSE, "project", "The project is done", user_id="ben")
        assert (await lms.record_activity(events(1))).accepted == 1
        await told.until(lambda: told.named("metrics.updated") and told.named("milestone.reached"))
        jobs = told.named("job.progressed") + told.named("job.finished")
        assert len({job.revision for job in jobs}) == len(jobs)
        assert [job.state for job in jobs].count("succeeded") == 1
        assert [one.id for one in told.named("milestone.reached")] == [milestone.id]
        assert [one.id for one in ada.known.milestones] == [milestone.id]
        assert told.named("metrics.updated")[0].course_id == COURSE
        # Without a course whatever is told here is told there as well.
        await elsewhere.until(lambda: elsewhere.named("milestone.reached"))


async def test_learners_are_told_what_the_class_may_know(site: Campus, lms: ServiceClient) -> None:
    async with person(site, "ben") as ben:
        told = Told()
        await ben.subscribe_to_analytics_updates(told, course=COURSE)
        await lms.put_milestone(COURSE, "streak", "Five days in a row", user_id="cleo")
        await begin(lms, owner="ada")
        await lms.put_milestone(COURSE, "submitted", "Everybody has submitted")
        await told.until(lambda: told.named("milestone.reached"))
        assert [(update.event, update.data.title) for update in told.all] == [
            ("milestone.reached", "Everybody has submitted")
        ]
        with pytest.raises(Forbidden):
            await ben.jobs_page(course=COURSE)
        with pytest.raises(Forbidden):
            [learner async for learner in ben.at_risk(COURSE)]
        with pytest.raises(Forbidden):
            [alert async for alert in ben.alerts(COURSE)]


async def test_who_is_staff_no_longer_goes_on_as_one_of_the_class(site: Campus, lms: ServiceClient) -> None:
    async with person(site, "ada") as ada:
        told, closed = Told(), Heard(ada, "channel.closed")
        await ada.subscribe_to_analytics_updates(told, course=COURSE)
        (subscription,) = ada._subscriptions
        assert subscription.channel == f"course:{COURSE}"
        await site.enrol({"ada": "learner"})
        await closed.next()
        async with asyncio.timeout(30):
            while subscription.channel != f"cohort:{COURSE}":
                await ada.jobs_page()
        await lms.put_milestone(COURSE, "streak", "Five days in a row", user_id="cleo")
        await lms.put_milestone(COURSE, "submitted", "Everybody has submitted")
        await told.until(lambda: told.named("milestone.reached"))
        assert [one.title for one in told.named("milestone.reached")] == ["Everybody has submitted"]
        await lms.remove_member(COURSE, "ada")
        async with asyncio.timeout(30):
            while ada._subscriptions:
                await ada.jobs_page()


async def test_a_loop_over_a_job_ends_when_it_is_taken_away(site: Campus, lms: ServiceClient) -> None:
    await begin(lms)
    async with person(site, "ada") as ada:
        begun = asyncio.Event()

        async def watch() -> None:
            async for _ in ada.progress("j"):
                begun.set()

        watching = asyncio.create_task(watch())
        await asyncio.wait_for(begun.wait(), 30)
        await site.enrol({"ada": "learner"})
        with pytest.raises(Forbidden):
            await asyncio.wait_for(watching, 30)
        assert (ada._streams, ada._subscriptions) == ({}, [])


async def test_who_was_away_for_too_long_reads_it_anew() -> None:
    """[SUB3] More than a replay holds was missed: what changed meanwhile is told all the same."""
    async with (
        campus(replay_events=5) as site,
        service(site) as lms,
        Proxy(int(site.url.rpartition(":")[2])) as proxy,
        AnalyticsClient(proxy.url, site.token("ada")) as ada,
    ):
        await begin(lms)
        told, job, gaps, states = Told(), Told(), Heard(ada, "gap"), States(ada)
        await ada.subscribe_to_analytics_updates(told, course=COURSE)
        await ada.subscribe_to_progress_updates("j", job)
        await job.until(lambda: job.all)
        proxy.go_down()
        await states.until("reconnecting")
        for number in range(8):
            await lms.put_milestone(COURSE, "project", f"Project {number}", user_id="ben")
        await lms.update_job("j", state="succeeded", done=4)
        proxy.come_up()
        gap = await gaps.next()
        assert isinstance(gap, AnalyticsGap)
        assert (gap.channel, gap.reason) == (f"course:{COURSE}", "limit")
        await job.until(lambda: job.all[-1].state == "succeeded")
        assert ada.known.jobs["j"].state == "succeeded"
        await lms.put_milestone(COURSE, "project", "Project 8", user_id="ben")
        await told.until(lambda: len(told.named("milestone.reached")) == 9)
        assert [one.title for one in told.named("milestone.reached")] == [
            f"Project {number}" for number in range(9)
        ], "in their order, and before what comes then"
        assert len(ada.known.milestones) == 9


async def test_who_was_away_for_too_long_is_told_of_alerts_and_not_of_what_was_there_before(
    tmp_path: Path,
) -> None:
    """[SUB3] Raised meanwhile: told; held before and holds no more: told as cleared; was known: not again."""
    url = f"sqlite:///{tmp_path / 'campus.db'}"
    async with (
        campus(database_url=url, replay_events=3, job_stalled_after_s=0.2) as site,
        service(site) as lms,
        Proxy(int(site.url.rpartition(":")[2])) as proxy,
    ):
        await site.enrol(dict.fromkeys(CLASS, "learner"))
        await lms.put_milestone(COURSE, "project", "Before", user_id="ben")
        async with (
            AnalyticsClient(proxy.url, site.token("ada")) as ada,
            person(site, "ada") as present,
        ):
            told, seen, gaps, states = Told(), Told(), Heard(ada, "gap"), States(ada)
            await ada.subscribe_to_analytics_updates(told, course=COURSE)
            await begin(lms, "first")
            await told.until(lambda: told.named("alert.raised"))
            proxy.go_down()
            await states.until("reconnecting")
            await lms.update_job("first", state="failed", error="gone")
            for number in range(3):
                await lms.put_milestone(COURSE, "project", f"Project {number}", user_id="ben")
            await begin(lms, "second")
            # Not by the course's channel: while somebody listens there, a node replays it from memory.
            await present.subscribe_to_progress_updates("second", seen)
            await seen.until(lambda: seen.all and seen.all[-1].state == "stalled")
            proxy.come_up()
            assert (await gaps.next()).channel == f"course:{COURSE}"
            await told.until(lambda: len(told.named("alert.raised")) == 2)
            assert [one.job_id for one in told.named("alert.raised")] == ["first", "second"]
            assert [one.job_id for one in told.named("alert.cleared")] == ["first"]
            assert [one.title for one in told.named("milestone.reached")] == [
                "Project 0",
                "Project 1",
                "Project 2",
            ]
            assert [one.job_id for one in ada.known.alerts] == ["second"]


async def test_figures_series_and_lists(site: Campus, lms: ServiceClient) -> None:
    rule = analytics.MilestoneRule(id="first", kind="first_submission", title="First submission")
    assert await lms.put_milestones(COURSE, [rule]) == [rule]
    await lms.record_activity(events(1, score=0.5))
    now = wall_clock()  # afterwards: an hour may begin meanwhile
    async with person(site, "ada") as ada, person(site, "ben") as ben:
        async with asyncio.timeout(30):
            while (read := await ada.metrics(COURSE)).metrics is None or not read.metrics.active_learners:
                pass
        assert (read.metrics.scope, read.metrics.average_score) == ("course", 0.5)
        assert ada.known.metrics[f"{COURSE}/1h"] == read.metrics
        own = await ben.metrics(COURSE, "1d")
        assert own.own is not None
        assert (own.own.user_id, own.own.submitted) == ("ben", 1)
        series = await ada.series(COURSE, "submissions", "1h", since=iso(now - 7_200_000), until=iso(now))
        assert (len(series.points), sum(point.value or 0 for point in series.points)) == (3, 1)
        with pytest.raises(Invalid):
            await ada.series(COURSE, "submissions", "10s", since="yesterday", until=iso(now))
        assert [one.title async for one in ada.milestones(course=COURSE)] == ["First submission"]
        assert [one.user_id async for one in ben.milestones()] == ["ben"]
        assert [one async for one in ada.alerts(COURSE)] == []
        assert [one.user_id async for one in ada.at_risk(COURSE)] == []
        for number in range(120):
            await lms.create_job("essay-grading", f"Job {number}", owner="ben", course=COURSE)
        assert [job.title async for job in ada.jobs(course=COURSE)] == [
            f"Job {n}" for n in reversed(range(120))
        ]
        assert (await ben.jobs_page(state="running")).items == []


async def test_a_job_that_falls_silent_is_an_alert() -> None:
    async with campus(job_stalled_after_s=0.2) as site, service(site) as lms, person(site, "ada") as ada:
        told = Told()
        await ada.subscribe_to_analytics_updates(told, course=COURSE)
        await begin(lms)
        await told.until(lambda: told.named("alert.raised"))
        (alert,) = [one async for one in ada.alerts(COURSE)]
        assert (alert.kind, alert.job_id) == ("stalled_job", "j")


async def test_what_one_did_offline_waits_and_says_when(site: Campus, tmp_path: Path) -> None:
    """[CLI2] It survives the program, and counts once."""
    outbox, before = tmp_path / "ben.analytics.outbox", iso(wall_clock())
    async with Proxy(int(site.url.rpartition(":")[2])) as proxy:
        async with AnalyticsClient(proxy.url, site.token("ben"), outbox=outbox) as ben:
            states = States(ben)
            proxy.go_down()
            await states.until("reconnecting")
            recording = asyncio.create_task(ben.record_activity(COURSE, "submitted", ESSAY, key="k"))
            await asyncio.sleep(0)
            assert ben.diagnostics.queued == 1
        with pytest.raises(Unavailable) as unanswered:
            await recording
        assert unanswered.value.details == {"kept": True}
        after = iso(wall_clock())
        (kept,) = json.loads(outbox.read_text("utf-8"))
        assert before <= kept["payload"]["at"] <= after
        proxy.come_up()
        async with (
            AnalyticsClient(proxy.url, site.token("ben"), outbox=outbox) as ben,
            person(site, "ada") as ada,
        ):
            async with asyncio.timeout(30):
                while (read := await ada.metrics(COURSE)).metrics is None or not read.metrics.active_learners:
                    pass
            assert ben.diagnostics.queued == 0
            series = await ada.series(COURSE, "submissions", "10s", since=before, until=after)
            assert sum(point.value or 0 for point in series.points) == 1
            with pytest.raises(NotFound):
                await ben.record_activity("math", "opened", ESSAY)
            with pytest.raises(Invalid) as wrong:
                await ben.record_activity(COURSE, "opened", ESSAY, score=float("nan"))
            assert wrong.value.field == "score"


async def test_activity_in_batches_says_what_was_refused_by_its_place(lms: ServiceClient) -> None:
    given = events(2_300)
    given[1_500] = {**given[1_500], "duration_ms": -1}
    given[2_200] = {**given[2_200], "course_id": "nowhere"}
    taken = await lms.record_activity(given)
    assert (taken.accepted, taken.repeated) == (2_298, 0)
    assert [(one.index, one.error["code"]) for one in taken.refused] == [
        (1_500, "invalid"),
        (2_200, "not_found"),
    ]
    again = await lms.record_activity(given[:10])
    assert (again.accepted, again.repeated) == (0, 10)
    assert (await lms.record_activity([])).accepted == 0


async def test_statements(lms: ServiceClient) -> None:
    statement = {
        "id": "12345678-1234-4234-8234-1234567890ab",
        "actor": {"account": {"homePage": "https://lms.example.org", "name": "ben"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://lms.example.org/problem-1"},
    }
    assert await lms.send_statements([statement], course=COURSE) == [statement["id"]]
    assert await lms.send_statements([statement], course=COURSE) == [statement["id"]]
    with pytest.raises(Conflict):
        await lms.send_statements([{**statement, "object": {"id": "https://lms.example.org/problem-2"}}])
    with pytest.raises(Invalid) as wrong:
        await lms.send_statements([{**statement, "verb": {}}])
    assert wrong.value.field == "0.verb.id"
    many = [{name: part for name, part in statement.items() if name != "id"}] * 1_200
    assert len(set(await lms.send_statements(many, course=COURSE))) == 1_200


async def test_a_script_watches_a_job(site: Campus, lms: ServiceClient) -> None:
    await begin(lms)
    token = site.token("ben")
    loop = asyncio.get_running_loop()
    begun = asyncio.Event()

    def script() -> tuple[list[analytics.JobState], str]:
        with sync.AnalyticsClient(site.url, token) as live:
            states: list[analytics.JobState] = []
            for job in live.progress("j"):
                states.append(job.state)
                loop.call_soon_threadsafe(begun.set)
            return states, live.known.jobs["j"].state

    async with asyncio.timeout(30):
        running = asyncio.create_task(asyncio.to_thread(script))
        await begun.wait()
        await lms.update_job("j", state="failed", error="no model")
        assert await running == (["running", "failed"], "failed")
