"""Jobs that end reach their owner's inbox: once each, in groups, and not when it was the owner's own wish."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.analytics.jobs_house import COURSE, House

from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.contract import JobBody
from coursewire.namespaces.notifications.contract import ListNotifications, Notification


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.close()


def inbox(house: House, who: str = "ben") -> list[Notification]:
    items: list[Notification] = house.run(
        who, ListNotifications.model_validate({"filter": {}}), "/notifications"
    ).items
    return items


def ended(house: House, state: str, **fields: object) -> str:
    job = house.create(**fields)
    error = {"error": "KeyError: '__init__' *x* <b>"} if state == "failed" else {}
    house.report(job.id, state=state, message="120 essays", **error)
    return job.id


def test_nobody_hears_of_what_is_a_services_own(house: House) -> None:
    body = JobBody(kind="essay-grading", title="Essays", owner_id="lms", course_id=COURSE)
    job = house.do(service.create_job, body, by="lms").job
    house.report(job.id, state="succeeded")
    assert [inbox(house, who) for who in ("lms", "ada", "ben")] == [[], [], []]


def test_an_owner_hears_of_success(house: House) -> None:
    job_id = ended(house, "succeeded")
    [item] = inbox(house)
    assert (item.category, item.priority, item.title, item.body) == (
        "analysis",
        "normal",
        "Essays is done",
        "120 essays",
    )
    assert item.course_id == COURSE
    assert item.action is not None
    assert item.action.url == f"/analytics/jobs/{job_id}"
    assert inbox(house, "ada") == []
    house.report(job_id, state="succeeded")
    assert inbox(house) == [item]


def test_an_owner_hears_what_went_wrong_in_its_own_letters(house: House) -> None:
    ended(house, "failed")
    [item] = inbox(house)
    assert (item.priority, item.title) == ("high", "Essays failed")
    assert item.body == "KeyError: '__init__' *x* <b>"
    assert item.html == "<p>KeyError: &#x27;__init__&#x27; *x* &lt;b&gt;</p>\n"


def test_a_hundred_jobs_of_a_kind_are_one_item_for_each_outcome(house: House) -> None:
    for number in range(100):
        ended(house, "failed" if number % 10 == 0 else "succeeded", title=f"Essay {number}")
    other = ended(house, "succeeded", kind="plagiarism", title="Copies")
    items = {item.title: item.group_count for item in inbox(house)}
    assert items == {"Essay 99 is done": 90, "Essay 90 failed": 10, "Copies is done": 1}
    assert inbox(house)[0].action is not None
    assert other in inbox(house)[0].model_dump_json()


def test_a_new_attempt_that_ends_is_told_as_well(house: House) -> None:
    job_id = ended(house, "failed")
    house.report(job_id, state="running")
    house.report(job_id, state="succeeded")
    assert [item.title for item in inbox(house)] == ["Essays is done", "Essays failed"]


def test_who_called_it_off_needs_no_telling(house: House) -> None:
    job = house.create()
    house.cancel("ben", job.id)
    running = house.create()
    house.report(running.id, state="running")
    house.cancel("ben", running.id)
    house.report(running.id, state="cancelled")
    assert inbox(house) == []
    staffs = house.create()
    house.cancel("ada", staffs.id)
    house.report(house.create().id, state="cancelled")
    [item] = inbox(house)
    assert (item.title, item.group_count) == ("Essays was cancelled", 2)


def test_a_wish_that_came_too_late_does_not_hide_what_came_out(house: House) -> None:
    job = house.create()
    house.report(job.id, state="running")
    house.cancel("ben", job.id)
    house.report(job.id, state="succeeded")
    assert [item.title for item in inbox(house)] == ["Essays is done"]


def test_what_nobody_hears_of_any_more_has_failed(house: House) -> None:
    job = house.create(title="x" * 200)
    house.report(job.id, state="running", message="at essay 3")
    house.wait(61)
    house.do(service.stall_jobs, 60_000)
    house.wait(90_000)
    house.do(service.give_jobs_up, "stalled", 86_400_000)
    [item] = inbox(house)
    assert item.title == "x" * 179 + "… failed"
    assert item.body == "its worker has not been heard of for 25 hours"


def test_with_the_owner_goes_the_news(house: House) -> None:
    """[LOG5] An erased owner's inbox is gone, and nothing is sent after them."""
    job = house.create()
    house.report(job.id, state="running")
    house.erase("ben")
    assert inbox(house) == []
