"""The rules of keeping order, one by one: they need no database and no clock."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from tests.unit.chat.test_chat_rules import ADA, ADMINISTRATOR, MESSAGE, stand

from coursewire.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited
from coursewire.namespaces.chat import order, rules
from coursewire.namespaces.chat.contract import ModerateRoom

STAFF, LEARNER, LMS = stand("course", "staff"), stand("course", "learner"), stand("course", "service")
OUTSIDER, ROOT = stand("course", "outsider"), stand("course", "administrator")
PRIVATE, PRIVATE_ROOT = stand("direct", "outsider"), stand("direct", "administrator")


def command(action: str, **fields: Any) -> ModerateRoom:
    return ModerateRoom.model_validate({"key": "k", "room_id": "r1", "action": action, **fields})


HIDE = command("hide", message_id="m1")


def test_who_moderates() -> None:
    for access in (STAFF, LMS, ROOT):
        assert order.check_can_moderate(access, command("lock"), is_reported=False) is access
    with pytest.raises(Forbidden):
        order.check_can_moderate(LEARNER, command("lock"), is_reported=False)
    for unknown in (None, OUTSIDER, PRIVATE, PRIVATE_ROOT):
        with pytest.raises(NotFound):
            order.check_can_moderate(unknown, command("lock"), is_reported=False)


def test_what_was_reported_is_hidden_wherever_it_is() -> None:
    assert order.check_can_moderate(PRIVATE_ROOT, HIDE, is_reported=True) is PRIVATE_ROOT
    for access, wanted in ((PRIVATE_ROOT, command("lock")), (PRIVATE, HIDE)):
        with pytest.raises(NotFound):
            order.check_can_moderate(access, wanted, is_reported=True)
    with pytest.raises(Forbidden):
        order.check_can_moderate(LEARNER, HIDE, is_reported=True)


def test_who_sees_reports_and_the_trail() -> None:
    for access in (STAFF, ROOT, LMS):
        assert order.sees_reports(access)
        order.check_sees_reports(access)
        order.check_sees_audit(access)
    order.check_sees_reports(PRIVATE_ROOT)
    for check in (order.check_sees_reports, order.check_sees_audit):
        with pytest.raises(Forbidden):
            check(LEARNER)
        with pytest.raises(NotFound):
            check(OUTSIDER)
    order.check_is_staff(ADMINISTRATOR, frozenset())
    order.check_is_staff(ADA, frozenset({"teaching_assistant"}))
    with pytest.raises(Forbidden):
        order.check_is_staff(ADA, frozenset({"learner", "mentor"}))


def test_who_is_muted_and_for_how_long() -> None:
    assert order.check_can_mute(LEARNER) is LEARNER
    for target in (STAFF, ROOT):
        with pytest.raises(Forbidden):
            order.check_can_mute(target)
    nobody: list[rules.Access | None] = [None, OUTSIDER]
    for absent in nobody:
        with pytest.raises(Invalid):
            order.check_can_mute(absent)
    assert order.mute_end(90, 1_000) == 91_000
    assert order.mute_end(None, 1_000) == order.FOR_GOOD


@pytest.mark.parametrize(
    ("posted_at", "now", "wait"),
    [(None, 5, 0), (1_000, 31_000, 0), (1_000, 30_999, 1), (1_000, 1_000, 30_000)],
)
def test_who_waits_in_slow_mode(posted_at: int | None, now: int, wait: int) -> None:
    slow = LEARNER._replace(slow_mode_s=30, posted_at=posted_at)
    if wait:
        with pytest.raises(RateLimited) as refused:
            order.check_is_time(slow, now)
        assert refused.value.retry_after_ms == wait
    else:
        assert order.check_is_time(slow, now)
    assert not order.check_is_time(STAFF._replace(slow_mode_s=30, posted_at=posted_at), now)
    assert not order.check_is_time(slow._replace(slow_mode_s=0), now)


def test_what_is_reported_and_asked_for() -> None:
    order.check_can_report(MESSAGE, LEARNER, is_own=False)
    with pytest.raises(Invalid):
        order.check_can_report(MESSAGE, LEARNER, is_own=True)
    with pytest.raises(Forbidden):
        order.check_can_report(MESSAGE, LMS, is_own=False)
    with pytest.raises(Conflict):
        order.check_can_report(order.hidden(MESSAGE), LEARNER, is_own=False)
    anonymous = MESSAGE.model_copy(update={"anonymous": True, "author": None})
    for message in (anonymous, order.hidden(anonymous)):
        order.check_can_reveal(message, STAFF)
        with pytest.raises(Forbidden):
            order.check_can_reveal(message, LEARNER)
    with pytest.raises(Invalid):
        order.check_can_reveal(MESSAGE, STAFF)
    with pytest.raises(Conflict):
        order.check_can_reveal(rules.tombstone(anonymous, 3), STAFF)


def test_what_is_left_of_a_hidden_message() -> None:
    """[LOG5]"""
    hidden = order.hidden(MESSAGE)
    assert (hidden.state, hidden.text, hidden.html, hidden.mentions, hidden.key) == (
        "hidden",
        "",
        "",
        [],
        None,
    )
    assert (hidden.number, hidden.author, hidden.version) == (
        MESSAGE.number,
        MESSAGE.author,
        MESSAGE.version + 1,
    )


def test_a_message_of_another_room_is_not_here() -> None:
    assert order.check_is_here(MESSAGE, MESSAGE.room_id) is MESSAGE
    for message, room_id in ((MESSAGE, "other"), (None, MESSAGE.room_id)):
        with pytest.raises(NotFound):
            order.check_is_here(message, room_id)


def test_fields_and_cursors() -> None:
    order.check_fields(command("slow_mode", seconds=0))
    order.check_fields(command("mute", user_id="ben"))
    for wrong, field in (
        (command("hide"), "message_id"),
        (command("mute"), "user_id"),
        (command("slow_mode"), "seconds"),
    ):
        with pytest.raises(Invalid) as refused:
            order.check_fields(wrong)
        assert refused.value.field == field
    order.check_cursor(None)
    order.check_cursor("01a20570-20cc-7371-8f25-b85402c14308")
    for cursor in ("junk", "~", "01a20570-20cc-7371-8f25-b85402c1430"):
        with pytest.raises(Invalid):
            order.check_cursor(cursor)


def test_every_rule_is_asked_here() -> None:
    """A new rule without a test here is noticed."""
    text = Path(__file__).read_text()
    public = [
        name
        for name, function in inspect.getmembers(order, inspect.isfunction)
        if function.__module__ == order.__name__
    ]
    assert [name for name in public if f"order.{name}" not in text] == []
