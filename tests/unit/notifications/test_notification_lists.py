"""Lists: order, filters, pages, and the plan of every query behind them."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from tests.unit.notifications.inboxes import COURSE, HOUR, NOON, Inboxes

from coursewire.errors import Forbidden, Invalid
from coursewire.namespaces.notifications import rules, store
from coursewire.namespaces.notifications.store import counts, pages
from coursewire.vocabulary import iso


def fill(inboxes: Inboxes, number: int) -> None:
    """Give Ben items of all kinds, from `number` different moments, some read, archived or snoozed."""
    chance = random.Random(7)  # noqa: S311 - a fixed seed
    for index in range(number):
        inboxes.send(
            "ben",
            title=f"Number {index}",
            category=chance.choice(rules.CATEGORIES),
            priority=chance.choice(rules.PRIORITIES),
            course_id=chance.choice([None, COURSE, "art"]),
        )
    for item in inboxes.items("ben", limit=100):
        match chance.randrange(6):
            case 0:
                inboxes.mark("ben", "seen", item.id)
            case 1:
                inboxes.mark("ben", "read", item.id)
            case 2:
                inboxes.mark("ben", "archived", item.id)
            case 3:
                inboxes.snooze("ben", item.id, inboxes.ledger.now + HOUR)
            case _:
                pass


def fits(item: rules.Item, wanted: dict[str, Any]) -> bool:
    """Say in the plainest words what a filter means."""
    state = wanted.get("state")
    shelf = {"archived": rules.ARCHIVED, "snoozed": rules.SNOOZED}.get(state or "", rules.INBOX)
    return (
        item.shelf == shelf
        and (state != "unseen" or item.seen_at is None)
        and (state != "unread" or item.read_at is None)
        and (state != "read" or item.read_at is not None)
        and item.category in (wanted.get("category") or rules.CATEGORIES)
        and item.priority in (wanted.get("priority") or rules.PRIORITIES)
        and wanted.get("course_id") in (None, item.course_id)
        and ("since" not in wanted or iso(item.moved_at) >= wanted["since"])
    )


def test_every_filter_gives_what_it_says_on_pages_of_any_size(inboxes: Inboxes) -> None:
    fill(inboxes, 60)
    inboxes.send("cleo", title="Not for Ben")
    rows = [item for item in inboxes.rows() if item.user_id == "ben"]
    middle = sorted(item.moved_at for item in rows)[30]
    choices = itertools.product(
        [None, "unseen", "unread", "read", "archived", "snoozed"],
        [[], ["grade"], ["grade", "system", "message", "milestone"]],
        [[], ["low", "urgent"]],
        [None, COURSE],
        [None, iso(middle)],
    )
    for state, category, priority, course_id, since in choices:
        given = {"state": state, "course_id": course_id, "since": since}
        wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        wanted |= {"category": category, "priority": priority}
        right = sorted(
            (item for item in rows if fits(item, wanted)), key=lambda item: (-item.moved_at, item.id)
        )
        found, cursor = [], None
        while True:
            page = inboxes.page("ben", limit=7, cursor=cursor, **wanted)
            found += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == [item.id for item in right], wanted


def test_items_of_one_moment_are_each_on_one_page(inboxes: Inboxes) -> None:
    """A class of them came with one commit: the id decides."""
    for number in range(5):
        inboxes.send("ben", title=f"Number {number}")
    rows = inboxes.rows()
    inboxes.do(store.rewrite_items, [rules.woken(item, NOON) for item in rows])
    first = inboxes.page("ben", limit=3)
    second = inboxes.page("ben", limit=3, cursor=first.next_cursor)
    assert [item.id for item in first.items + second.items] == sorted(
        (item.id for item in rows), reverse=True
    )


@pytest.mark.parametrize(
    "conditions",
    [
        frozenset(some)
        for size in range(len(pages.CONDITIONS) + 1)
        for some in itertools.combinations(pages.CONDITIONS, size)
    ],
    ids=lambda some: "+".join(sorted(some)) or "all",
)
def test_no_page_is_scanned_or_sorted(inboxes: Inboxes, conditions: frozenset[str]) -> None:
    """The plan of every statement that a list can be: one walk along the index, without a row of the table."""
    params: dict[str, Any] = {"stages": [0, 1], "categories": ["grade", "system"], "priorities": ["low"]}
    params |= dict.fromkeys(("me", "course_id", "id"), "x")
    params |= dict.fromkeys(("shelf", "moved_at", "since", "now", "most"), 1)
    [plan] = explain(inboxes, pages.walk(conditions), params)
    index = "USING COVERING INDEX ix_notification_items_list (user_id=? AND shelf=? AND "
    assert plan.startswith(f"SEARCH notification_items {index}")
    assert "(moved_at,id)<(?,?)" in plan


def test_counting_begins_with_what_has_expired(inboxes: Inboxes) -> None:
    """Not with each person's items, of which there may be 100,000."""
    [plan] = [
        line
        for line in explain(inboxes, counts._over, {"user_ids": ["ada", "ben"], "at": 1})
        if "notification_items" in line
    ]
    assert "USING INDEX ix_notification_items_expiry (expires_at<?" in plan


def explain(inboxes: Inboxes, statement: Any, params: dict[str, Any]) -> list[str]:
    def work(raw: Any) -> list[str]:
        session = raw._session
        sql, arguments = statement.compiled(session.dialect).arguments(params)
        rows = session.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", arguments).fetchall()
        return [row[3] for row in rows]

    plan: list[str] = inboxes.write(work)
    return plan


def test_a_page_comes_with_counts_and_the_position_before_it(inboxes: Inboxes) -> None:
    """[SUB3]"""
    inboxes.send("ben")
    inboxes.send("ben", category="grade", priority="urgent")
    page = inboxes.page("ben")
    assert page.position.offset == 2
    assert (page.counts.unread, page.counts.unseen) == (2, 2)
    assert (page.counts.by_category["grade"], page.counts.by_priority["urgent"]) == (1, 1)


def test_an_inbox_is_its_owners_only(inboxes: Inboxes) -> None:
    inboxes.send("ben")
    with pytest.raises(Forbidden) as refused:
        inboxes.items("cleo", user_id="ben")
    assert refused.value.field == "filter.user_id"
    assert len(inboxes.items("ben", user_id="ben")) == 1
    assert inboxes.items("cleo") == []


@pytest.mark.parametrize("cursor", ["x", "1", "-1/a", "9" * 16 + "/a", "1/a b"])
def test_a_cursor_that_was_not_given_is_refused(inboxes: Inboxes, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        inboxes.page("ben", cursor=cursor)
    assert refused.value.field == "cursor"


def test_a_moment_that_no_calendar_has_is_refused(inboxes: Inboxes) -> None:
    with pytest.raises(Invalid) as refused:
        inboxes.items("ben", since="2026-13-41T00:00:00.000Z")
    assert refused.value.field == "filter.since"
