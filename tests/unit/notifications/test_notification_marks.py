"""Marking and snoozing: what becomes of an item, what is told, and what is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.notifications.inboxes import HOUR, Inboxes

from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.namespaces.notifications import store
from coursewire.vocabulary import iso


def many(inboxes: Inboxes, number: int, **fields: str) -> None:
    """Give Ben that many items, the quick way: each of a moment of its own."""
    inboxes.send("ben", **fields)
    [item] = [row for row in inboxes.rows() if row.user_id == "ben"][-1:]
    copies = [
        replace(item, id=f"{item.id}-{index:06}", moved_at=item.moved_at + index)
        for index in range(1, number)
    ]
    kind = store.Kind("ben", item.category, item.priority)
    for start in range(0, len(copies), 1_000):
        inboxes.do(store.insert_items, copies[start : start + 1_000])
    inboxes.do(store.add_counts, {kind: store.Waiting(number - 1, number - 1)})
    inboxes.ledger.now += number
    inboxes.check_counts()


def test_each_mark_makes_what_it_says_and_tells_the_new_item(inboxes: Inboxes) -> None:
    inboxes.send("ben")
    [item] = inboxes.items("ben")
    for mark, seen, read, archived in (
        ("seen", True, False, False),
        ("read", True, True, False),
        ("unread", True, False, False),
        ("archived", True, False, True),
        ("read", True, True, True),
        ("unread", True, False, False),
    ):
        marked = inboxes.mark("ben", mark, item.id)
        name, told = inboxes.events("ben")[-1]
        assert (marked.marked, name) == (1, "notification.changed")
        assert [moment in told for moment in ("seen_at", "read_at", "archived_at")] == [seen, read, archived]
        assert marked.counts.unread == int(not read and not archived)
        inboxes.check_counts()
    assert len(inboxes.events("ben")) == 7


def test_a_mark_that_changes_nothing_tells_nothing(inboxes: Inboxes) -> None:
    inboxes.send("ben")
    [item] = inboxes.items("ben")
    inboxes.mark("ben", "read", item.id)
    inboxes.told()
    for mark in ("read", "seen"):
        assert inboxes.mark("ben", mark, item.id).marked == 0
    assert inboxes.told() == []


def test_the_same_key_marks_once(inboxes: Inboxes) -> None:
    """[LOG3]"""
    inboxes.send("ben")
    [item] = inboxes.items("ben")
    assert inboxes.mark("ben", "read", item.id, key="k").duplicate is False
    assert inboxes.mark("ben", "read", item.id, key="k").duplicate is True
    with pytest.raises(Conflict):
        inboxes.mark("ben", "unread", item.id, key="k")


def test_anothers_item_is_not_found_and_nothing_is_marked(inboxes: Inboxes) -> None:
    inboxes.send("ben", title="For Ben")
    inboxes.send("cleo", title="For Cleo")
    [own], [other] = inboxes.items("ben"), inboxes.items("cleo")
    with pytest.raises(NotFound) as refused:
        inboxes.mark("ben", "read", own.id, other.id)
    assert refused.value.field == "ids.1"
    with pytest.raises(NotFound) as refused:
        inboxes.snooze("ben", other.id, inboxes.ledger.now + HOUR)
    assert refused.value.field == "id"
    assert [item.read_at for item in inboxes.rows()] == [None, None]


def test_a_filter_marks_what_fits_and_no_other(inboxes: Inboxes) -> None:
    inboxes.send("ben", category="grade")
    inboxes.send("ben", category="system")
    inboxes.send("cleo", category="grade")
    marked = inboxes.mark("ben", "read", category=["grade"])
    assert (marked.marked, marked.more, marked.counts.unread) == (1, False, 1)
    assert [item.category for item in inboxes.items("ben", state="unread")] == ["system"]
    assert inboxes.counts("cleo").unread == 1
    with pytest.raises(Forbidden) as refused:
        inboxes.mark("ben", "read", user_id="cleo")
    assert refused.value.field == "filter.user_id"


def test_more_than_a_hundred_are_told_as_one(inboxes: Inboxes) -> None:
    """The hundred at the top come one by one, for whoever knows no better; then one event stands for all."""
    many(inboxes, 150)
    before = len(inboxes.events("ben"))
    assert inboxes.mark("ben", "read").marked == 150
    told = inboxes.events("ben")[before:]
    assert [name for name, _ in told] == ["notification.changed"] * 100 + ["notifications.marked"]
    newest = [item.id for item in inboxes.items("ben", limit=100)]
    assert [data["id"] for _, data in told[:100]] == newest
    sweep = told[-1][1]
    assert (sweep["filter"]["category"], sweep["mark"]) == ([], "read")
    rows = [row for row in inboxes.rows() if iso(row.moved_at) <= sweep["before"]]
    assert {iso(row.read_at or 0) for row in rows} == {sweep["at"]}
    inboxes.check_counts()


def test_more_than_a_slice_is_finished_by_the_background(inboxes: Inboxes) -> None:
    many(inboxes, 1_200)
    marked = inboxes.mark("ben", "archived")
    assert (marked.marked, marked.more, marked.counts.unread) == (500, True, 700)
    inboxes.send("ben", title="This one came later")
    inboxes.work_off()
    assert [item.title for item in inboxes.items("ben")] == ["This one came later"]
    assert inboxes.counts("ben").unread == 1
    assert not inboxes.do(store.has_sweeps, "ben")
    inboxes.check_counts()


@pytest.mark.parametrize("mark", ["seen", "read", "unread", "archived"])
@pytest.mark.parametrize("state", [None, "unseen", "unread", "read", "archived", "snoozed"])
def test_every_mark_of_every_filter_comes_to_an_end(
    inboxes: Inboxes, mark: str, state: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slices of two: what is marked fits no longer, or the background would mark it for ever."""
    monkeypatch.setattr(store, "SLICE", 2)
    for number in range(5):
        inboxes.send("ben", title=f"Number {number}")
    for item in inboxes.items("ben"):
        if state in {"read", "archived"}:
            inboxes.mark("ben", state, item.id)
        if state == "snoozed":
            inboxes.snooze("ben", item.id, inboxes.ledger.now + HOUR)
    inboxes.mark("ben", mark, **({"state": state} if state else {}))
    inboxes.work_off()
    assert not inboxes.do(store.has_sweeps, "ben")
    inboxes.check_counts()


def test_what_is_decided_meanwhile_outlasts_an_unfinished_mark(inboxes: Inboxes) -> None:
    many(inboxes, 1_200)
    assert inboxes.mark("ben", "read").more
    last = min(inboxes.rows(), key=lambda item: (item.moved_at, item.id))
    first = max(inboxes.rows(), key=lambda item: (item.moved_at, item.id))
    assert [inboxes.mark("ben", "unread", item.id).marked for item in (first, last)] == [1, 1]
    # The background has not come to it; but it is read since the mark, and was told to be.
    assert inboxes.mark("ben", "seen", inboxes.items("ben", state="unread")[2].id).marked == 0
    inboxes.check_counts()
    inboxes.work_off()
    assert {item.id for item in inboxes.items("ben", state="unread")} == {first.id, last.id}
    assert inboxes.counts("ben").unread == 2


def test_marks_by_filter_take_effect_in_their_order(inboxes: Inboxes) -> None:
    many(inboxes, 700)
    assert inboxes.mark("ben", "read").more
    later = inboxes.mark("ben", "unread", category=["assignment"])
    assert (later.marked, later.more) == (0, True)
    inboxes.work_off()
    assert inboxes.counts("ben").unread == 700


def test_a_snoozed_item_is_away_and_comes_back_on_top(inboxes: Inboxes) -> None:
    inboxes.send("ben", title="Early")
    inboxes.send("ben", title="Late")
    early = inboxes.items("ben")[1]
    inboxes.mark("ben", "read", early.id)
    until = inboxes.ledger.now + HOUR
    away = inboxes.snooze("ben", early.id, until)
    assert (away.notification.snoozed_until, away.counts.unread) == (iso(until), 1)
    assert [item.title for item in inboxes.items("ben")] == ["Late"]
    assert [item.title for item in inboxes.items("ben", state="snoozed")] == ["Early"]
    inboxes.work_off()
    assert len(inboxes.items("ben")) == 1
    inboxes.ledger.now = until
    inboxes.work_off()
    assert [item.title for item in inboxes.items("ben")] == ["Early", "Late"]
    name, told = inboxes.events("ben")[-1]
    assert (name, told["title"], told["toast"]) == ("notification.changed", "Early", True)
    assert "read_at" not in told
    assert "snoozed_until" not in told
    assert inboxes.counts("ben").unread == 2
    inboxes.check_counts()


@pytest.mark.parametrize("away", [-HOUR, 0, 367 * 24 * HOUR])
def test_a_snooze_ends_within_a_year_and_not_before_it_begins(inboxes: Inboxes, away: int) -> None:
    inboxes.send("ben")
    [item] = inboxes.items("ben")
    with pytest.raises(Invalid) as refused:
        inboxes.snooze("ben", item.id, inboxes.ledger.now + away)
    assert refused.value.field == "until"


def test_an_item_put_away_can_be_fetched_back(inboxes: Inboxes) -> None:
    inboxes.send("ben")
    [item] = inboxes.items("ben")
    inboxes.snooze("ben", item.id, inboxes.ledger.now + HOUR)
    inboxes.mark("ben", "unread", item.id)
    assert [found.snoozed_until for found in inboxes.items("ben")] == [None]
    inboxes.check_counts()


def test_what_expired_while_it_was_away_does_not_toast_when_it_would_be_back(inboxes: Inboxes) -> None:
    """As after a night in which no server ran."""
    inboxes.send("ben", expires_at=iso(inboxes.ledger.now + HOUR))
    [item] = inboxes.items("ben")
    inboxes.snooze("ben", item.id, inboxes.ledger.now + 2 * HOUR)
    inboxes.ledger.now += 8 * HOUR
    inboxes.work_off()
    assert not [data for _, data in inboxes.events("ben")[1:] if data["toast"]]
    assert inboxes.rows() == []
    inboxes.check_counts()
