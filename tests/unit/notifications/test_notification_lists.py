"""Lists: order, filters, pages, and the plan of every query behind them."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from tests.unit.notifications.inboxes import COURSE, HOUR, NOON, Inboxes

from coursewire.errors import Forbidden, Invalid
from coursewire.namespaces.notifications import rules, store
from coursewire.namespaces.notifications.store import pages
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
    ("statement", "index"),
    [
        (pages.ALL_OF_SHELF, "ix_notification_items_moved"),
        (pages.ONE_KIND, "ix_notification_items_kind"),
        (pages.ONE_KIND_OF_COURSE, "ix_notification_items_course"),
    ],
)
def test_no_page_is_scanned_or_sorted(inboxes: Inboxes, statement: Any, index: str) -> None:
    """The plan of the three statements that every list consists of: one walk along an index each."""
    fill(inboxes, 3)
    names = ("me", "course_id", "id", "category", "priority")
    params = {name: "x" for name in names} | dict.fromkeys(
        ("shelf", "noticed", "moved_at", "since", "now", "most"), 1
    )
    plan = explain(inboxes, statement, params)
    assert len(plan) == 1
    assert plan[0].startswith(f"SEARCH notification_items USING INDEX {index} (user_id=")
    assert "moved_at" in plan[0]


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
