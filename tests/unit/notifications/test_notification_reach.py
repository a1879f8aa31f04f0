"""What preferences make of a notification: inbox, toast, email, push, and when."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import ValidationError
from tests.unit.notifications.inboxes import COURSE, HOUR, NOON, Inboxes

from coursewire.errors import Invalid, NotFound
from coursewire.namespaces.notifications import reach, rules, store
from coursewire.vocabulary import iso

NIGHT = {"start": "22:00", "end": "07:00", "time_zone": "Europe/Berlin"}
MIDNIGHT_IN_BERLIN = NOON + 11 * HOUR


def arrives(inboxes: Inboxes, **fields: Any) -> tuple[bool, bool]:
    """Send Ben something; return whether it is in his inbox, and whether it toasts."""
    before = len(inboxes.events("ben"))
    inboxes.send("ben", **fields)
    told = inboxes.events("ben")[before:]
    return bool(told), any(data["toast"] for _, data in told)


def test_who_has_said_nothing_gets_everything_but_toasts_of_low_priority(inboxes: Inboxes) -> None:
    for category in rules.CATEGORIES:
        assert arrives(inboxes, category=category) == (True, True)
    assert arrives(inboxes, priority="low") == (True, False)


def test_a_category_can_be_off_in_the_inbox_or_in_toasts(inboxes: Inboxes) -> None:
    inboxes.prefer("ben", categories={"grade": {"in_app": "off"}, "message": {"toast": "off"}})
    assert arrives(inboxes, category="grade") == (False, False)
    assert arrives(inboxes, category="message") == (True, False)
    assert arrives(inboxes, category="milestone") == (True, True)
    assert arrives(inboxes, category="grade", priority="urgent") == (False, False)
    assert arrives(inboxes, category="grade", mandatory=True) == (True, True)
    assert arrives(inboxes, category="message", mandatory=True) == (True, True)
    inboxes.check_counts()


def test_what_is_left_out_of_a_change_stays(inboxes: Inboxes) -> None:
    inboxes.prefer("ben", categories={"grade": {"toast": "off"}}, courses={COURSE: "muted"})
    inboxes.prefer("ben", categories={"grade": {"email": "weekly"}}, quiet_hours=NIGHT)
    after = inboxes.prefer("ben", least_priority="high")
    grade = after.categories["grade"]
    assert (grade.in_app, grade.toast, grade.email) == ("immediate", "off", "weekly")
    assert (after.courses, after.least_priority) == ({COURSE: "muted"}, "high")
    assert after.quiet_hours is not None
    assert after.quiet_hours.days == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    after = inboxes.prefer("ben", courses={COURSE: "all"}, quiet_hours="off")
    assert (after.courses, after.quiet_hours) == ({}, None)
    assert ("user:ben", "preferences.changed") in inboxes.told()


@pytest.mark.parametrize(
    ("level", "addressed", "arriving"),
    [("muted", False, False), ("muted", True, False), ("mentions", False, False), ("mentions", True, True)],
)
def test_a_course_can_be_muted_or_left_to_mentions(level: str, addressed: bool, arriving: bool) -> None:  # noqa: FBT001
    wishes = reach.wishes_of(f'{{"courses":{{"cs101":"{level}"}}}}')

    def decide(**fields: Any) -> bool:
        return reach.decide(wishes, content(course_id=COURSE, **fields), addressed=addressed, now=NOON).in_app

    assert decide() is arriving
    assert decide(priority="urgent") is True
    assert decide(mandatory=True) is True
    assert reach.decide(wishes, content(course_id="art"), addressed=addressed, now=NOON).in_app is True


def content(**fields: Any) -> rules.Content:
    given: dict[str, Any] = {"category": "discussion", "priority": "normal", **fields}
    return rules.Content(id="c", title="x", body="", html="", created_at=NOON, **given)


def test_below_the_least_priority_it_is_silent(inboxes: Inboxes) -> None:
    inboxes.channels.configured.update(["email", "push"])
    inboxes.prefer("ben", least_priority="high", categories={"grade": {"email": "immediate"}})
    assert arrives(inboxes, category="grade", priority="normal") == (True, False)
    assert inboxes.outgoing() == []
    assert arrives(inboxes, category="grade", priority="high") == (True, True)
    assert [row.channel for row in inboxes.outgoing()] == ["email", "push"]


@pytest.mark.parametrize(
    ("at", "quiet"),
    [(NOON, False), (NOON + 9 * HOUR - 60_000, False), (NOON + 9 * HOUR, True), (NOON + 17 * HOUR, True)],
)
def test_in_quiet_hours_nothing_toasts_but_what_is_urgent(inboxes: Inboxes, at: int, *, quiet: bool) -> None:
    """22:00 in Berlin is 21:00 UTC in November; they end at 06:00 UTC."""
    inboxes.prefer("ben", quiet_hours=NIGHT)
    inboxes.ledger.now = at
    assert arrives(inboxes) == (True, not quiet)
    assert arrives(inboxes, priority="urgent") == (True, True)
    assert arrives(inboxes, mandatory=True) == (True, True)


def test_what_would_be_sent_waits_for_the_end_of_the_quiet_hours(inboxes: Inboxes) -> None:
    inboxes.channels.configured.add("push")
    inboxes.prefer("ben", quiet_hours=NIGHT)
    inboxes.ledger.now = MIDNIGHT_IN_BERLIN
    inboxes.send("ben")
    inboxes.send("ben", priority="urgent")
    first, second = inboxes.outgoing()
    assert iso(first.not_before) == "2025-11-25T06:00:00.000Z"
    assert second.not_before == second.created_at


def test_a_digest_that_is_due_in_quiet_hours_leaves_at_their_end(inboxes: Inboxes) -> None:
    inboxes.channels.configured.add("email")
    inboxes.prefer("ben", quiet_hours={**NIGHT, "end": "09:30"})
    inboxes.send("ben", category="grade")
    [row] = inboxes.outgoing()
    assert iso(row.not_before) == "2025-11-25T08:30:00.000Z"


def test_digests_leave_at_eight_where_the_receiver_is(inboxes: Inboxes) -> None:
    inboxes.channels.configured.add("email")
    inboxes.prefer(
        "ben",
        quiet_hours={**NIGHT, "time_zone": "Asia/Tokyo"},
        categories={"grade": {"email": "daily"}, "message": {"email": "weekly"}},
    )
    inboxes.send("ben", category="grade")
    inboxes.send("ben", category="message")
    inboxes.send("cleo", category="grade")
    assert [(row.user_id, row.kind, iso(row.not_before)) for row in inboxes.outgoing()] == [
        ("ben", "daily", "2025-11-24T23:00:00.000Z"),
        ("ben", "weekly", "2025-11-30T23:00:00.000Z"),
        ("cleo", "daily", "2025-11-25T08:00:00.000Z"),
    ]


def test_the_hour_of_digests_is_a_setting_in_each_receivers_own_zone(inboxes: Inboxes) -> None:
    inboxes.channels.configured.add("email")
    inboxes.channels.digest_hour = 17
    inboxes.prefer("ben", quiet_hours={**NIGHT, "time_zone": "Asia/Tokyo"})
    inboxes.send("ben", "cleo", category="grade")
    assert [(row.user_id, iso(row.not_before)) for row in inboxes.outgoing()] == [
        ("ben", "2025-11-25T08:00:00.000Z"),
        ("cleo", "2025-11-24T17:00:00.000Z"),
    ]


def test_nothing_is_written_for_a_way_that_is_not_set_up(inboxes: Inboxes) -> None:
    everything = {category: {"email": "immediate", "push": "immediate"} for category in rules.CATEGORIES}
    assert inboxes.prefer("ben", categories=everything).channels == []
    inboxes.send("ben")
    assert inboxes.outgoing() == []
    inboxes.prefer("ben", categories={"grade": {"in_app": "off"}})
    inboxes.send("ben", category="grade")
    assert len(inboxes.rows()) == 1


def test_who_wants_it_by_email_only_has_no_item_to_see(inboxes: Inboxes) -> None:
    inboxes.channels.configured.add("email")
    inboxes.prefer("ben", categories={"grade": {"in_app": "off", "email": "immediate"}})
    inboxes.send("ben", category="grade")
    [row] = inboxes.outgoing()
    assert (row.user_id, row.kind, row.state) == ("ben", "immediate", "waiting")
    assert inboxes.items("ben") == []
    assert inboxes.events("ben") == []
    inboxes.check_counts()


def test_what_nobody_can_see_is_no_item_to_mark_and_grows_no_group(inboxes: Inboxes) -> None:
    inboxes.channels.configured.add("email")
    inboxes.send("ben", category="grade", title="Shown", group_key="g")
    inboxes.prefer("ben", categories={"grade": {"in_app": "off", "email": "immediate"}})
    before = inboxes.events("ben")
    inboxes.send("ben", category="grade", title="Not shown", group_key="g")
    [hidden] = [item for item in inboxes.rows() if item.shelf == rules.HIDDEN]
    with pytest.raises(NotFound):
        inboxes.mark("ben", "read", hidden.id)
    assert inboxes.events("ben") == before
    assert [(item.title, item.group_count) for item in inboxes.items("ben")] == [("Shown", 1)]
    inboxes.prefer("ben", categories={"grade": {"in_app": "immediate"}})
    inboxes.send("ben", category="grade", title="Shown again", group_key="g")
    assert [(item.title, item.group_count) for item in inboxes.items("ben")] == [("Shown again", 2)]


def test_a_mandatory_category_stays_in_the_inbox(inboxes: Inboxes) -> None:
    with pytest.raises(Invalid) as refused:
        inboxes.prefer("ben", categories={"grade": {"toast": "off"}, "system": {"in_app": "off"}})
    assert refused.value.field == "categories.system.in_app"
    after = inboxes.prefer("ben", least_priority="low")
    assert after.categories["grade"].toast == "immediate"
    assert after.mandatory == ["system"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"categories": {"weather": {}}}, "categories"),
        ({"categories": {"grade": {"in_app": "daily"}}}, "categories.grade.in_app"),
        ({"categories": {"grade": {"email": "hourly"}}}, "categories.grade.email"),
        ({"courses": {"cs101": "loud"}}, "courses.cs101"),
        ({"least_priority": "none"}, "least_priority"),
        ({"quiet_hours": {**NIGHT, "start": "25:00"}}, "quiet_hours"),
        ({"quiet_hours": {**NIGHT, "start": "1\u0660:00"}}, "quiet_hours"),  # a digit, but none of ours
        ({"quiet_hours": {**NIGHT, "days": []}}, "quiet_hours"),
    ],
)
def test_preferences_that_make_no_sense_are_refused(
    inboxes: Inboxes, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        inboxes.prefer("ben", **changes)
    assert ".".join(map(str, refused.value.errors()[0]["loc"])).startswith(field)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "Berlin", "/etc/localtime"])
def test_a_time_zone_must_exist(inboxes: Inboxes, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        inboxes.prefer("ben", quiet_hours={**NIGHT, "time_zone": name})
    assert refused.value.field == "quiet_hours.time_zone"


def test_a_zone_that_was_dropped_holds_up_nobody(inboxes: Inboxes) -> None:
    """Zones come and go with the machine's data: what is stored may be unknown to the node that reads it."""
    stored = orjson.dumps({"quiet_hours": {**NIGHT, "time_zone": "Mars/Olympus"}}).decode()
    inboxes.do(store.put_preferences, "ben", stored)
    inboxes.send(audience={"course_id": COURSE})
    assert (len(inboxes.items("ben")), len(inboxes.items("cleo"))) == (1, 1)


def test_a_person_can_set_only_so_many_courses_apart(inboxes: Inboxes) -> None:
    inboxes.prefer("ben", courses={f"c{number}": "muted" for number in range(500)})
    with pytest.raises(Invalid) as refused:
        inboxes.prefer("ben", courses={"one-more": "muted"})
    assert refused.value.field == "courses"
