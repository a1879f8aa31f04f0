"""What the author of a loop sets, and what a report makes of it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from pydantic import TypeAdapter

from coursewire.client.job_ending import Ending, ending_of
from coursewire.client.job_progress import JobCancelled, Progress
from coursewire.errors import Invalid
from coursewire.namespaces.analytics.contract import Job, JobPatch, JobReply, Stage

JOB = {
    "id": "j",
    "kind": "k",
    "title": "T",
    "owner_id": "o",
    "state": "running",
    "done": 0,
    "attempt": 1,
    "revision": 1,
    "heartbeat_at": "2026-11-22T18:00:00.000Z",
    "created_at": "2026-11-22T18:00:00.000Z",
}


def said(progress: Progress) -> tuple[int, int | None]:
    report = progress.report()
    JobPatch.model_validate(report.patch())
    return report.done, report.total


def call_off(progress: Progress) -> None:
    progress.heard(JobReply(job=TypeAdapter(Job).validate_python(JOB), cancel_requested=True))


def test_the_total_is_the_number_of_items() -> None:
    progress = Progress()
    progress._expect(["a", "b", "c"], None)
    assert [said(progress) for _ in progress._each(["a", "b", "c"])] == [(0, 3), (1, 3), (2, 3)]
    assert said(progress) == (3, 3)
    progress._expect(range(2), None)
    assert said(progress) == (3, 5)


def test_a_total_that_was_given_stands_until_it_is_too_small() -> None:
    progress = Progress(10)
    progress._expect(range(4), None)
    assert said(progress) == (0, 10)
    progress._expect((_ for _ in range(4)), 20)
    assert said(progress) == (0, 20)
    progress._expect(iter(range(100)), None)
    assert said(progress) == (0, 20)


def test_what_a_report_says_never_falls_and_never_exceeds_the_total() -> None:
    progress = Progress(5)
    progress.progress(3, message="warming up")
    assert said(progress) == (3, 5)
    progress.progress(1)
    assert said(progress) == (3, 5)
    progress.progress(9)
    assert said(progress) == (9, 9)
    progress.progress(10, total=12)
    assert said(progress) == (10, 12)
    assert progress.message == "warming up"


class Unable:
    """What its author made fail whenever it is asked, as a tensor of two elements does for `int`."""

    def __int__(self) -> int:
        raise RuntimeError("no number")

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "many", None, -3, Unable()])
def test_what_is_no_count_leaves_the_last_one(wrong: object) -> None:
    progress = Progress()
    progress.progress(2)
    assert said(progress) == (2, None)
    progress.progress(wrong)  # type: ignore[arg-type]
    assert said(progress) == (2, None)


def test_texts_are_made_to_fit() -> None:
    progress = Progress()
    progress.message = "essay \x00 of \ud800 Zoë\n" + "x" * 600
    progress.stage("  scoring\nthe\tessays " + "y" * 100, 1, 2)
    report = progress.report()
    JobPatch.model_validate(report.patch())
    assert report.message.startswith("essay   of   Zoë\n")
    assert len(report.message) == 500
    assert report.stage == Stage(label=("scoring the essays " + "y" * 100)[:79] + "…", index=1, count=2)


def test_what_has_no_text_is_an_empty_message() -> None:
    progress = Progress()
    progress.message = Unable()  # type: ignore[assignment]
    assert progress.report().message == ""


@pytest.mark.parametrize(
    ("label", "index", "count", "field"),
    [(" ", None, None, "label"), ("a", 3, 2, None), ("a", 0, 2, "index")],
)
def test_a_stage_that_cannot_be_is_refused_at_once(
    label: str, index: int | None, count: int | None, field: str | None
) -> None:
    progress = Progress()
    with pytest.raises(Invalid) as refused:
        progress.stage(label, index, count)
    assert refused.value.field == field
    assert progress.report().stage is None


@pytest.mark.parametrize("wrong", [{"mean": float("nan")}, {"text": "x" * 17_000}, {"at": object()}])
def test_a_result_that_cannot_travel_is_refused_where_it_is_set(wrong: dict[str, object]) -> None:
    progress = Progress()
    with pytest.raises(Invalid) as refused:
        progress.result = wrong
    assert refused.value.field == "result"
    assert progress.result is None


def test_a_result_does_not_change_behind_its_check() -> None:
    progress, result = Progress(), {"scores": [1]}
    progress.result = result
    result["scores"].append(2)
    assert progress.result == {"scores": [1]}


def test_a_loop_ends_before_the_next_item_when_somebody_wants_that() -> None:
    progress, seen = Progress(), []

    def work() -> None:
        for item in progress._each(["a", "b", "c"]):
            seen.append(item)
            if item == "b":
                call_off(progress)

    with pytest.raises(JobCancelled):
        work()
    assert (seen, said(progress), progress.cancelled) == (["a", "b"], (2, None), True)


def test_a_handler_of_bad_items_does_not_take_it_for_one() -> None:
    progress = Progress()
    call_off(progress)

    def careless() -> None:
        try:
            progress.stop_if_cancelled()
        except Exception:  # noqa: BLE001 - the point
            pytest.fail("swallowed")

    with pytest.raises(JobCancelled):
        careless()


def test_updates_of_several_threads_all_count() -> None:
    progress = Progress()

    def work() -> None:
        for _ in range(10_000):
            progress.update()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert progress.done == 40_000


def test_a_million_calls_leave_one_state_behind() -> None:
    """Nothing waits in a queue: what was said before is overwritten."""
    progress = Progress(1_000_000)
    fields = set(vars(progress))
    for number in range(1_000_000):
        progress.progress(number + 1)
    assert said(progress) == (1_000_000, 1_000_000)
    assert set(vars(progress)) == fields


class Speechless(Exception):  # noqa: N818 - it says nothing
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (None, Ending("succeeded")),
        (ValueError("no essay 7"), Ending("failed", "ValueError: no essay 7")),
        (ValueError(), Ending("failed", "ValueError")),
        (Speechless(), Ending("failed", "Speechless")),
        (ValueError("\x00" + "x" * 3_000), Ending("failed", "ValueError:  " + "x" * 1_986 + "…")),
        (KeyboardInterrupt(), Ending("cancelled")),
        (asyncio.CancelledError(), Ending("cancelled")),
        (GeneratorExit(), Ending("cancelled")),
        (JobCancelled(), Ending("cancelled")),
        (SystemExit(), Ending("succeeded")),
        (SystemExit(0), Ending("succeeded")),
        (SystemExit(2), Ending("failed", "SystemExit: 2")),
    ],
)
def test_what_ends_a_block_is_how_the_job_ends(error: BaseException | None, ending: Ending) -> None:
    assert ending_of(error) == ending
    JobPatch(state=ending.state, error=ending.error)
