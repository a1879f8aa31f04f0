"""Jobs: what is taken, what is refused, who sees them, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from pydantic import ValidationError
from tests.unit.analytics.jobs_house import COURSE, House, plain

from coursewire import log
from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.board import Board
from coursewire.namespaces.analytics.contract import JobBody, JobPatch
from coursewire.namespaces.analytics.contract.jobs import RESULT_BYTES
from coursewire.namespaces.analytics.service import overdue_jobs

ENDS = ("succeeded", "failed", "cancelled")


def channels(job_id: str) -> tuple[str, ...]:
    return (f"job:{job_id}", "user:ben", f"course:{COURSE}")


def test_the_same_work_again_is_the_job_that_is_there(house: House) -> None:
    job = house.create(id="task-1", total=10)
    moved = house.report("task-1", state="running", done=3, total=12).job
    assert house.create(id="task-1", total=10) == moved
    assert job.revision < moved.revision
    for other in ({"total": 11}, {"owner_id": "cleo"}, {"title": "Others"}, {"course_id": None}):
        with pytest.raises(Conflict) as caught:
            house.create(**{"id": "task-1", "total": 10, **other})
        assert caught.value.field == "id"
    assert house.read("ben", "task-1") == moved


@pytest.mark.parametrize(
    ("fields", "field"), [({"owner_id": "nobody"}, "owner_id"), ({"course_id": "x"}, "course_id")]
)
def test_work_of_nobody_or_nowhere_is_refused(house: House, fields: Any, field: str) -> None:
    with pytest.raises(NotFound) as caught:
        house.create(**fields)
    assert caught.value.field == field
    assert house.page("ben").items == []


def test_a_service_owns_no_work_of_no_course(house: House) -> None:
    """Nobody at all would see it."""
    body = JobBody(kind="essay-grading", title="Essays", owner_id="lms")
    with pytest.raises(NotFound) as caught:
        house.do(service.create_job, body, by="lms")
    assert caught.value.field == "owner_id"


def test_work_may_belong_to_no_course(house: House) -> None:
    job = house.create(course_id=None)
    house.report(job.id, state="succeeded")
    assert [name for name, _ in house.logged("user:ben")] == ["job.finished"]
    assert house.logged(f"course:{COURSE}") == []
    with pytest.raises(NotFound):
        house.read("ada", job.id)


@pytest.mark.parametrize("end", ENDS)
def test_an_end_is_logged_once_on_each_channel_and_is_the_newest_value(house: House, end: str) -> None:
    """[LOG1] Also when the worker says it twice, since it did not hear the answer."""
    job = house.create(total=4)
    house.report(job.id, state="running", done=4)
    ended = house.report(job.id, state=end).job
    assert house.report(job.id, state=end).job == ended
    for channel in channels(job.id):
        assert house.logged(channel) == [("job.finished", plain(ended))]
        assert house.published(channel)[-1] == plain(ended)


def test_another_end_is_a_conflict_that_shows_the_one_that_stands(house: House) -> None:
    job = house.create()
    ended = house.report(job.id, state="succeeded", result={"mean": 1}).job
    said_again = {"state": "succeeded", "result": {"mean": 1}}
    for patch in (
        {}, {"state": "failed"}, {"done": 1}, said_again | {"result": {"mean": 2}}, said_again | {"done": 1},
    ):  # fmt: skip
        with pytest.raises(Conflict) as caught:
            house.report(job.id, **patch)
        assert caught.value.details == {"job": ended.model_dump(exclude_none=True)}
    assert house.read("ben", job.id) == ended


@pytest.mark.parametrize("state", ["queued", "running"])
@pytest.mark.parametrize("end", ENDS)
def test_a_new_attempt_begins_from_nothing(house: House, end: str, state: str) -> None:
    job = house.create(total=4)
    patch = {"error": "KeyError: 'x'"} if end == "failed" else {"result": {"part": 1}}
    house.report(job.id, state="running", done=3, stage={"label": "scoring"}, message="half")
    house.report(job.id, state=end, **patch)
    again = house.report(job.id, state=state).job
    assert (again.attempt, again.done, again.total, again.percent) == (2, 0, 4, 0.0)
    assert (again.error, again.result, again.finished_at, again.stage, again.message) == (None,) * 4 + ("",)
    assert not again.cancel_requested
    assert (again.started_at is None) == (state == "queued")
    house.report(job.id, state="succeeded", done=4)
    assert [data["attempt"] for _, data in house.logged(f"job:{job.id}")] == [1, 2]


def test_a_task_that_is_tried_again_waits_as_a_new_attempt(house: House) -> None:
    job = house.create()
    house.report(job.id, state="running", done=3)
    queued = house.report(job.id, state="queued").job
    assert (queued.state, queued.attempt, queued.done) == ("queued", 2, 0)
    assert house.report(job.id, state="queued").job.attempt == 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"done": 2}, "done"),
    ({"done": 11}, "done"),
    ({"total": 2}, "total"),
    ({"done": 9, "total": 8}, "total"),
    ({"error": "no"}, "error"),
    ({"state": "succeeded", "error": "no"}, "error"),
    ({"result": {"mean": 1}}, "result"),
    ({"state": "queued", "done": 4}, "done"),
]


@pytest.mark.parametrize(("patch", "field"), REFUSED)
def test_a_report_that_cannot_be_is_refused_whole(house: House, patch: dict[str, Any], field: str) -> None:
    job = house.create(total=10)
    before = house.report(job.id, state="running", done=3).job
    told = len(house.effects)
    with pytest.raises(Invalid) as caught:
        house.report(job.id, message="changed", **patch)
    assert caught.value.field == field
    assert house.read("ben", job.id) == before
    assert len(house.effects) == told


@pytest.mark.parametrize(
    "patch",
    [
        {"done": float("nan")},
        {"done": -1},
        {"total": 2**53},
        {"state": "stalled"},
        {"stage": {"label": "x", "index": 3, "count": 2}},
        {"message": "x" * 501},
        {"result": {"mean": float("nan")}},
        {"result": {"deep": [{"mean": float("inf")}]}},
        {"result": {"text": "\ud800"}},
        {"result": {"large": [10**309]}},
        {"result": {"text": "x" * RESULT_BYTES}},
        {"result": {str(number): 0 for number in range(101)}},
    ],
)
def test_a_report_that_is_none_names_the_field(patch: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        JobPatch.model_validate(patch)
    assert caught.value.errors()[0]["loc"][0] == next(iter(patch))


def test_a_result_of_just_the_size_is_stored_as_it_came(house: House) -> None:
    result: dict[str, Any] = {"text": "", "nested": [{"a": None}, 1.5, 2**80, True], "none": None}
    result["text"] = "é" * ((RESULT_BYTES - len(json.dumps(result, separators=(",", ":")))) // 2)
    job = house.create()
    assert house.report(job.id, state="succeeded", result=result).job.result == result
    assert house.read("ben", job.id).result == result
    [(_, logged)] = house.logged("user:ben")
    assert logged["result"]["nested"][0] == {"a": None}
    assert logged["result"]["none"] is None


def test_a_job_that_does_not_exist(house: House) -> None:
    attempts: list[Callable[[], Any]] = [
        lambda: house.report("none"),
        lambda: house.read("ben", "none"),
        lambda: house.cancel("ben", "none"),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound) as caught:
            attempt()
        assert caught.value.field == "job_id"


# Heartbeats


def test_a_heartbeat_without_news_is_shown_every_five_seconds(house: House) -> None:
    job = house.create(total=4)
    house.report(job.id, state="running")
    shown = len(house.published(f"job:{job.id}"))
    for _ in range(20):
        house.wait(1)
        assert house.report(job.id).job.state == "running"
    values = house.published(f"job:{job.id}")[shown:]
    assert len(values) == 4
    assert [value["revision"] for value in values] == sorted({value["revision"] for value in values})
    assert house.read("ben", job.id).heartbeat_at > values[0]["heartbeat_at"]


def test_what_is_news_is_shown_at_once(house: House) -> None:
    job = house.create(total=4)
    house.report(job.id, state="running")
    for patch in ({"done": 1}, {"message": "x"}, {"stage": {"label": "x"}}, {"total": 5}):
        before = len(house.published("user:ben"))
        house.report(job.id, **patch)
        assert len(house.published("user:ben")) == before + 1


def test_progress_begins_a_job_that_waits(house: House) -> None:
    job = house.create()
    assert house.report(job.id, message="soon", done=0).job.state == "queued"
    begun = house.report(job.id, done=1).job
    assert begun.state == "running"
    assert begun.started_at is not None


# Calling off


def test_a_queued_job_ends_at_once_and_its_worker_hears_of_it(house: House) -> None:
    """The task may be on its way to a worker: what that reports changes nothing."""
    job = house.create()
    ended = house.cancel("ben", job.id)
    assert (ended.state, ended.cancel_requested, ended.cancelled_by) == ("cancelled", True, "owner")
    for patch in ({"state": "running"}, {"done": 3}, {}, {"state": "cancelled"}):
        reply = house.report(job.id, **patch)
        assert reply.cancel_requested
        assert reply.job == ended
    assert len(house.logged(f"job:{job.id}")) == 1
    with pytest.raises(Conflict):
        house.report(job.id, state="succeeded")
    assert house.report(job.id, state="queued").job.attempt == 2


def test_a_running_job_ends_when_its_worker_says_so(house: House) -> None:
    job = house.create()
    house.report(job.id, state="running")
    wanted = house.cancel("ada", job.id)
    assert (wanted.state, wanted.cancel_requested, wanted.cancelled_by) == ("running", True, "staff")
    assert house.published("user:ben")[-1]["cancel_requested"] is True
    assert house.cancel("ada", job.id).revision == wanted.revision
    assert house.cancel("ben", job.id).cancelled_by == "owner"
    assert house.cancel("ada", job.id).cancelled_by == "owner"
    assert house.report(job.id, done=1).cancel_requested
    reply = house.report(job.id, state="cancelled")
    assert (reply.job.state, reply.cancel_requested) == ("cancelled", True)
    assert house.logged(f"job:{job.id}") == [("job.finished", plain(reply.job))]


def test_a_worker_that_finishes_anyway_has_succeeded(house: House) -> None:
    job = house.create(total=1)
    house.report(job.id, state="running")
    house.cancel("ben", job.id)
    assert house.report(job.id, state="succeeded", done=1).job.state == "succeeded"


def test_a_task_that_goes_back_to_the_queue_when_nobody_wants_it_ends(house: House) -> None:
    job = house.create()
    house.report(job.id, state="running")
    house.cancel("ben", job.id)
    reply = house.report(job.id, state="queued")
    assert (reply.job.state, reply.job.attempt, reply.cancel_requested) == ("cancelled", 1, True)


@pytest.mark.parametrize("end", ENDS)
def test_what_has_ended_cannot_be_called_off(house: House, end: str) -> None:
    job = house.create()
    ended = house.report(job.id, state=end).job
    with pytest.raises(Conflict) as caught:
        house.cancel("ben", job.id)
    assert caught.value.details == {"job": ended.model_dump(exclude_none=True)}


@pytest.mark.parametrize("who", ["cleo", "eve", "stranger"])
def test_jobs_of_others_are_none_of_ones_business(house: House, who: str) -> None:
    """[SUB1] They do not even learn that there is such a job."""
    job = house.create()
    with pytest.raises(NotFound):
        house.read(who, job.id)
    with pytest.raises(NotFound):
        house.cancel(who, job.id)
    assert house.page(who).items == []
    with pytest.raises(Forbidden if who == "cleo" else NotFound):
        house.page(who, course_id=COURSE)
    assert house.read("ben", job.id).state == "queued"


def test_who_left_the_staff_sees_no_job_any_more(house: House) -> None:
    job = house.create()
    assert house.read("ada", job.id) == job
    house.unenrol("ada")
    with pytest.raises(NotFound):
        house.read("ada", job.id)
    with pytest.raises(NotFound):
        house.page("ada", course_id=COURSE)


# Lists


def test_pages_hold_every_job_once_the_newest_first(house: House) -> None:
    mine = []
    for number in range(7):
        house.wait(number % 2)  # some in the same millisecond
        mine.append(house.create(title=str(number)).id)
        house.create(owner_id="cleo", course_id=None)
    for one in mine[::3]:
        house.report(one, state="succeeded")
    for who, fields in (("ben", {}), ("ada", {"course_id": COURSE})):
        seen, cursor = [], None
        while True:
            page = house.page(who, limit=2, cursor=cursor, **fields)
            seen += page.items
            if (cursor := page.next_cursor) is None:
                break
        assert sorted(job.id for job in seen) == sorted(mine)
        assert [job.created_at for job in seen] == sorted((job.created_at for job in seen), reverse=True)
        ended = house.page(who, state="succeeded", **fields).items
        assert {job.id for job in ended} == set(mine[::3])
    with pytest.raises(Invalid) as caught:
        house.page("ben", cursor="nonsense")
    assert caught.value.field == "cursor"


def test_a_subscription_brings_what_goes_on(house: House) -> None:
    going, ended = house.create(), house.create()
    house.report(ended.id, state="succeeded")
    for latest, channel_id in (
        (partial(service.latest_of_course, Board()), COURSE),
        (service.latest_of_user, "ben"),
    ):
        assert [event.data for event in house.do(latest, channel_id)] == [going]
    [event] = house.do(service.latest_of_job, ended.id)
    assert event.data.state == "succeeded"


# Silence


def silent(house: House) -> None:
    while house.do(service.stall_jobs, 60_000):
        pass


def test_a_silent_job_stalls_and_goes_on_with_the_next_heartbeat(house: House) -> None:
    job = house.create(total=10)
    waiting = house.create()
    house.report(job.id, state="running", done=3)
    house.wait(60)
    silent(house)
    assert house.read("ben", job.id).state == "running"
    house.wait(0.001)
    silent(house)
    stalled = house.read("ben", job.id)
    assert (stalled.state, stalled.done) == ("stalled", 3)
    assert [fact.job for fact in house.facts] == [stalled]
    assert house.published(f"course:{COURSE}")[-1] == plain(stalled)
    assert house.logged(f"job:{job.id}") == []
    assert house.read("ben", waiting.id).state == "queued"
    resumed = house.report(job.id).job
    assert (resumed.state, resumed.attempt, resumed.done) == ("running", 1, 3)
    assert house.facts[-1].job == resumed
    silent(house)
    assert len(house.facts) == 2


def test_the_time_in_which_a_worker_was_away_makes_the_rest_no_longer(house: House) -> None:
    job = house.create(total=100)
    for done in range(20):
        house.report(job.id, done=done, **({} if done else {"state": "running"}))
        house.wait(1)
    before = house.read("ben", job.id).eta_s
    house.wait(3_600)
    silent(house)
    assert house.read("ben", job.id).eta_s is None
    assert house.report(job.id).job.eta_s == before


def test_a_silent_job_that_nobody_wants_ends(house: House) -> None:
    job = house.create()
    house.report(job.id, state="running")
    house.cancel("ben", job.id)
    house.wait(61)
    silent(house)
    assert house.read("ben", job.id).state == "cancelled"
    assert house.facts == []
    other = house.create()
    house.report(other.id, state="running")
    house.wait(61)
    silent(house)
    assert house.cancel("ada", other.id).state == "cancelled"
    assert house.report(other.id).cancel_requested


@pytest.mark.parametrize(("state", "after_s"), [("stalled", 86_400), ("queued", 7 * 86_400)])
def test_every_job_comes_to_an_end(house: House, state: str, after_s: int) -> None:
    job = house.create()
    if state == "stalled":
        house.report(job.id, state="running")
        house.wait(61)
        silent(house)
    house.wait(after_s)
    house.do(service.give_jobs_up, state, after_s * 1000)
    if state == "queued":  # just as long is not too long
        assert house.read("ben", job.id).state == "queued"
        house.wait(1)
        house.do(service.give_jobs_up, state, after_s * 1000)
    ended = house.read("ben", job.id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert ("24 hours" if state == "stalled" else "7 days") in ended.error
    for channel in channels(job.id):
        assert house.logged(channel) == [("job.finished", plain(ended))]


def test_silence_is_noticed_in_slices(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue_jobs, "AT_ONCE", 3)
    for _ in range(7):
        house.report(house.create().id, state="running")
    house.wait(61)
    assert [house.do(service.stall_jobs, 60_000) for _ in range(3)] == [True, True, False]
    assert len(house.facts) == 7
    assert {job.state for job in house.page("ben").items} == {"stalled"}


def test_what_ended_long_ago_is_forgotten_in_slices(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue_jobs, "TRIMMED_AT_ONCE", 2)
    for _ in range(3):
        house.report(house.create().id, state="succeeded")
    going = house.create()
    house.wait(100)
    kept = house.report(house.create().id, state="failed").job
    assert [house.do(service.trim_jobs, 50_000) for _ in range(2)] == [True, False]
    assert [job.id for job in house.page("ben").items] == [kept.id, going.id]


# Erasing


def test_nothing_is_left_of_the_jobs_of_who_was_erased(house: House) -> None:
    """[LOG5] No row, no word in the log, and the newest values name nobody."""
    done, going = house.create(title="Ben's essays"), house.create(title="Ben's other essays")
    others = house.create(owner_id="cleo")
    house.report(done.id, state="failed", error="ben is wrong")
    house.report(going.id, state="running", done=1)
    house.erase("ben")
    with pytest.raises(NotFound):
        house.report(going.id)
    assert [job.id for job in house.page("ada", course_id=COURSE).items] == [others.id]
    [(_, left)] = house.logged(f"course:{COURSE}")
    assert (left["owner_id"], left["title"], "error" in left) == ("erased", "", False)
    assert house.logged("user:ben") == house.logged(f"job:{done.id}") == []
    newest = {value["id"]: value for value in house.published(f"course:{COURSE}")}
    assert {newest[job.id]["state"] for job in (done, going)} == {"failed", "cancelled"}
    assert "ben" not in str([newest[done.id], newest[going.id]]).lower()


def test_an_alert_that_holds_no_more_names_nobody_who_was_erased(house: House) -> None:
    """[LOG5] Its row is gone, and nothing else leads to what was said."""
    first, second = house.create(title="Ben's essays"), house.create(title="Ben's other essays")
    others = house.create(owner_id="cleo")
    for job in (first, second, others):
        house.report(job.id, state="running")
    house.wait(100)
    house.do(service.stall_jobs, 50_000)
    house.report(first.id)  # it goes on: the alert holds no more
    house.erase("ben")
    said = house.do(lambda tx: log.read_after(tx.raw, "/analytics", f"course:{COURSE}", 0, 100))
    alerts = [orjson.loads(event.data) for event in said if event.event == "alert.raised"]
    assert [(alert["user_id"], alert.get("user_name")) for alert in alerts] == [
        ("erased", None), ("erased", None), ("cleo", "Cleo"),
    ]  # fmt: skip
    assert "ben" not in str(alerts).lower()


def test_a_job_whose_id_is_that_of_somebody_erased_is_still_its_owners(house: House) -> None:
    """[LOG5] Erasing Ben is no reason to lose the way from Cleo's job to what was said of it."""
    house.report(house.create(id="ben", owner_id="cleo", title="Cleo's essays").id, state="failed")
    house.erase("ben")
    [(_, said)] = house.logged(f"course:{COURSE}")
    assert (said["owner_id"], said["title"]) == ("cleo", "Cleo's essays")
    house.erase("cleo")
    [(_, said)] = house.logged(f"course:{COURSE}")
    assert (said["owner_id"], said["title"]) == ("erased", "")
