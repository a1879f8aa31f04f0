"""Giving notifications to many: audiences, slices, groups, keys that count once, expiry."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.notifications.inboxes import COURSE, HOUR, NOON, Inboxes

from coursewire.errors import Invalid, NotFound
from coursewire.namespaces.analytics.contract import Alert, AlertRaised
from coursewire.namespaces.notifications import rules, service, store
from coursewire.namespaces.notifications.contract import NotificationBody
from coursewire.vocabulary import iso


def receivers(inboxes: Inboxes) -> list[str]:
    return sorted(item.user_id for item in inboxes.rows())


@pytest.mark.parametrize(
    ("audience", "who"),
    [
        ({"users": ["cleo", "ada", "cleo", "unknown"]}, ["ada", "cleo", "unknown"]),
        ({"course_id": COURSE}, ["ada", "ben", "cleo"]),
        ({"course_id": COURSE, "roles": ["learner"]}, ["ben", "cleo"]),
        ({"course_id": COURSE, "roles": ["mentor", "instructor"]}, ["ada"]),
        ({"everyone": True}, ["ada", "ben", "cleo", "dora"]),
    ],
)
@pytest.mark.parametrize("at_once", [1, 2, 3, 200])
def test_an_audience_gets_it_once_in_slices_of_any_size(
    inboxes: Inboxes, audience: Any, who: list[str], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coursewire.namespaces.notifications.service.delivering.AT_ONCE", at_once)
    inboxes.enrol({"dora": "learner"}, "art")
    started = inboxes.send(audience=audience)
    assert receivers(inboxes) == who
    assert started.recipients == len(who)
    progress = inboxes.do(service.read_delivery, started.delivery_id)
    assert (progress.state, progress.reached) == ("finished", len(who))
    assert all(name == "notification.created" for user in who for name, _ in inboxes.events(user))
    assert [len(inboxes.events(user)) for user in who] == [1] * len(who)
    inboxes.check_counts()


def test_progress_can_be_read_and_is_gone_on_with(inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice and how far it has got are one transaction: whoever goes on repeats nobody and skips nobody."""
    monkeypatch.setattr("coursewire.namespaces.notifications.service.delivering.AT_ONCE", 2)
    body = NotificationBody.model_validate(
        {"audience": {"course_id": COURSE}, "category": "system", "title": "x"}
    )
    started = inboxes.do(service.start_delivery, body)
    assert inboxes.do(service.read_delivery, started.delivery_id).reached == 0
    step = inboxes.do(lambda tx: service.go_on_delivering(inboxes.channels, tx, started.delivery_id))
    assert step is None
    assert inboxes.do(service.read_delivery, started.delivery_id).reached == 2

    def crash(tx: Any) -> None:
        service.go_on_delivering(inboxes.channels, tx, started.delivery_id)
        raise LookupError

    with pytest.raises(LookupError):
        inboxes.do(crash)
    assert inboxes.do(service.read_delivery, started.delivery_id).reached == 2
    inboxes.work_off()
    assert receivers(inboxes) == ["ada", "ben", "cleo"]
    inboxes.do(lambda tx: service.go_on_delivering(inboxes.channels, tx, started.delivery_id))
    assert len(inboxes.rows()) == 3


@pytest.mark.parametrize(
    ("audience", "error", "field"),
    [
        ({"course_id": "none"}, NotFound, "audience.course_id"),
        ({"course_id": COURSE, "roles": ["mentor"]}, Invalid, "audience"),
        ({"users": []}, ValidationError, "users"),
        ({}, ValidationError, "audience"),
        ({"users": ["a"], "everyone": True}, ValidationError, "audience"),
        ({"users": ["a"], "roles": ["learner"]}, ValidationError, "audience"),
    ],
)
def test_an_audience_must_be_one_and_have_somebody(
    inboxes: Inboxes, audience: Any, error: type[Exception], field: str
) -> None:
    with pytest.raises(error) as refused:
        inboxes.send(audience=audience)
    assert field in (getattr(refused.value, "field", None) or str(refused.value))
    assert inboxes.do(lambda tx: store.what_waits(tx, 10)).deliveries == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"category": "weather"}, "category"),
        ({"title": "x" * 1_000_000}, "title"),
        ({"title": " "}, "title"),
        ({"priority": "now"}, "priority"),
        ({"action": {"label": "Go", "url": "javascript:alert(1)"}}, "action.url"),
        ({"action": {"label": "Go", "url": "//evil.example"}}, "action.url"),
        ({"expires_at": "tomorrow"}, "expires_at"),
    ],
)
def test_what_is_malformed_is_refused_by_name(inboxes: Inboxes, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        inboxes.send("ben", **fields)
    assert ".".join(map(str, refused.value.errors()[0]["loc"])) == field


@pytest.mark.parametrize("expires_at", ["2020-01-01T00:00:00.000Z", "2020-99-01T00:00:00.000Z"])
def test_what_has_expired_before_it_begins_is_refused(inboxes: Inboxes, expires_at: str) -> None:
    with pytest.raises(Invalid) as refused:
        inboxes.send("ben", expires_at=expires_at)
    assert refused.value.field == "expires_at"


def test_a_body_is_markup_without_teeth(inboxes: Inboxes) -> None:
    inboxes.send("ben", body="**Bring** <script>alert(1)</script> [this](javascript:alert(1))")
    [item] = inboxes.items("ben")
    assert "<strong>Bring</strong>" in item.html
    assert "<script" not in item.html
    assert "href" not in item.html


def test_a_group_is_one_item_that_moves_up_and_counts(inboxes: Inboxes) -> None:
    inboxes.send("ben", title="First", group_key="g")
    inboxes.send("ben", title="Other")
    inboxes.send("ben", title="Second", group_key="g", category="grade", priority="high")
    assert [(item.title, item.group_count) for item in inboxes.items("ben")] == [("Second", 2), ("Other", 1)]
    names = [name for name, _ in inboxes.events("ben")]
    assert names == ["notification.created", "notification.created", "notification.changed"]
    first, last = inboxes.events("ben")[0][1], inboxes.events("ben")[-1][1]
    assert (last["id"], last["group_count"], last["toast"]) == (first["id"], 2, True)
    assert last["content_id"] != first["content_id"]
    assert inboxes.counts("ben").by_category["grade"] == 1
    inboxes.check_counts()


def test_a_group_counts_from_its_last_reading_and_begins_anew_when_archived(inboxes: Inboxes) -> None:
    for title in ("one", "two"):
        inboxes.send("ben", title=title, group_key="g")
    [item] = inboxes.items("ben")
    inboxes.mark("ben", "read", item.id)
    inboxes.send("ben", title="three", group_key="g")
    assert [(found.id, found.group_count, found.read_at) for found in inboxes.items("ben")] == [
        (item.id, 1, None)
    ]
    inboxes.mark("ben", "archived", item.id)
    inboxes.send("ben", title="four", group_key="g")
    [new] = inboxes.items("ben")
    assert (new.id != item.id, new.group_count) == (True, 1)
    inboxes.check_counts()


def test_a_snoozed_group_grows_in_silence(inboxes: Inboxes) -> None:
    inboxes.send("ben", title="one", group_key="g")
    [item] = inboxes.items("ben")
    inboxes.snooze("ben", item.id, inboxes.ledger.now + HOUR)
    inboxes.send("ben", title="two", group_key="g", category="grade")
    assert inboxes.items("ben") == []
    assert inboxes.events("ben")[-1][1]["toast"] is False
    [asleep] = inboxes.items("ben", state="snoozed")
    assert (asleep.title, asleep.group_count) == ("two", 2)
    inboxes.check_counts()


def test_a_dedupe_key_reaches_each_once_whatever_the_audience(inboxes: Inboxes) -> None:
    inboxes.send("ben", title="First", dedupe_key="d")
    before = inboxes.events("ben")
    inboxes.send(audience={"course_id": COURSE}, title="Again", dedupe_key="d")
    assert [(item.user_id, item.id) for item in inboxes.rows() if item.user_id == "ben"] == [
        ("ben", before[0][1]["id"])
    ]
    assert inboxes.events("ben") == before
    assert [item.title for item in inboxes.items("cleo")] == ["Again"]
    inboxes.check_counts()


def test_what_has_expired_is_neither_listed_nor_counted_nor_kept(inboxes: Inboxes) -> None:
    until = inboxes.ledger.now + HOUR
    inboxes.send("ben", expires_at=iso(until))
    inboxes.send("ben", title="Stays")
    assert inboxes.counts("ben").unread == 2
    inboxes.ledger.now = until
    assert [item.title for item in inboxes.items("ben")] == ["Stays"]
    assert (inboxes.counts("ben").unread, inboxes.counts("ben").unseen) == (1, 1)
    inboxes.told()
    inboxes.work_off()
    assert inboxes.told() == [("user:ben", "counts")]
    assert len(inboxes.rows()) == 1
    assert inboxes.counts("ben").unread == 1
    inboxes.check_counts()


def test_what_expires_on_its_way_reaches_nobody_else(inboxes: Inboxes) -> None:
    body = {"audience": {"course_id": COURSE}, "category": "system", "title": "x"}
    until = inboxes.ledger.now + HOUR
    started = inboxes.do(
        service.start_delivery, NotificationBody.model_validate({**body, "expires_at": iso(until)})
    )
    inboxes.ledger.now = until
    inboxes.work_off()
    assert inboxes.do(service.read_delivery, started.delivery_id).state == "finished"
    assert inboxes.rows() == []


def test_a_course_takes_a_few_statements_a_slice(inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """No query per row: as many statements for 150 as for three."""
    body = NotificationBody.model_validate(
        {"audience": {"course_id": COURSE}, "category": "system", "title": "x"}
    )

    def statements() -> int:
        started = inboxes.do(service.start_delivery, body)
        ran = 0

        def work(tx: Any) -> None:
            nonlocal ran

            def counted(run: Any) -> Any:
                def counting(*arguments: Any) -> Any:
                    nonlocal ran
                    ran += 1
                    return run(*arguments)

                return counting

            kind = type(tx.raw)
            with monkeypatch.context() as patch:
                for name in ("_run", "many"):
                    patch.setattr(kind, name, counted(getattr(kind, name)))
                service.go_on_delivering(inboxes.channels, tx, started.delivery_id)

        inboxes.do(work)
        inboxes.work_off()
        return ran

    statements()
    few = statements()
    inboxes.enrol({f"student-{number}": "learner" for number in range(150)})
    statements()
    assert statements() == few
    assert len([row for row in inboxes.rows() if row.shelf == rules.INBOX]) == 2 * 3 + 2 * 153


def test_somebody_who_is_not_known_yet_finds_it_when_they_come(inboxes: Inboxes) -> None:
    """An LMS often notifies before it has sent the roster."""
    started = inboxes.send("dana", title="Welcome")
    assert started.recipients == 1
    assert inboxes.do(service.read_delivery, started.delivery_id).reached == 1
    inboxes.enrol({"dana": "learner"})
    [item] = inboxes.items("dana")
    assert item.title == "Welcome"
    inboxes.check_counts()


def test_who_gets_it_an_hour_after_it_was_sent_has_it_since_then(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is above what was told meanwhile, and no mark of all until now has met it."""
    with monkeypatch.context() as patch:
        patch.setattr(inboxes, "work_off", lambda: None)
        inboxes.send("ben", title="Sent first")
    sent_at = inboxes.ledger.now
    inboxes.ledger.now += HOUR
    inboxes.work_off()
    [item] = inboxes.items("ben")
    assert item.created_at == item.moved_at
    assert item.moved_at > iso(sent_at + HOUR)


def test_of_a_job_that_stalls_again_and_again_staff_hear_once_an_hour(inboxes: Inboxes) -> None:
    about = {
        "id": "a",
        "course_id": COURSE,
        "user_id": "ben",
        "kind": "stalled_job",
        "reasons": [],
        "job_id": "j",
    }
    stalled = AlertRaised(Alert.model_validate({**about, "raised_at": iso(NOON)}))
    for hours, told in ((0, 1), (0, 1), (0, 1), (1, 2)):
        inboxes.ledger.now = max(inboxes.ledger.now, NOON + hours * HOUR)
        inboxes.do(service.follow_alert, stalled)
        inboxes.work_off()
        assert [item.group_count for item in inboxes.items("ada")] == [told]
    assert inboxes.items("ben") == []
