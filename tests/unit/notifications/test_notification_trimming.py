"""What nobody asks for any more is forgotten, in slices, and no table grows without bound."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import pytest
from sqlalchemy import func, select
from tests.unit.notifications.inboxes import Inboxes
from tests.unit.notifications.test_notification_lists import explain

from coursewire.errors import NotFound
from coursewire.namespaces.notifications import service, store, trimming
from coursewire.namespaces.notifications.contract import NotificationBody
from coursewire.namespaces.notifications.delivery import store as outgoing
from coursewire.namespaces.notifications.delivery.store import Turn
from coursewire.namespaces.notifications.rules import Content
from coursewire.namespaces.notifications.service.giving import Manner, give_new
from coursewire.namespaces.notifications.store import tables
from coursewire.namespaces.notifications.store import trimming as statements
from coursewire.realtime.background import Background
from coursewire.storage.statement import Prepared

HOUR, DAY = 3_600_000, 86_400_000


@dataclass
class Ages:
    dedupe_days: float = 90.0
    delivery_days: float = 30.0


class Works:
    """A background that does everything at once, and counts the works."""

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes = inboxes
        self.results: list[int] = []

    async def write(self, fn: Any) -> Any:
        self.results.append(self._inboxes.do(fn))
        return self.results[-1]


async def trim(inboxes: Inboxes, ages: Ages | None = None) -> list[int]:
    works = Works(inboxes)
    await trimming.trim(cast("Background", works), ages or Ages(), inboxes.ledger.now)
    return works.results


def count(inboxes: Inboxes, table: Any) -> int:
    found: int = inboxes.do(lambda tx: tx.one(Prepared(select(func.count().label("n")).select_from(table)))).n
    return found


async def test_a_key_is_good_for_its_days_and_then_forgotten(inboxes: Inboxes) -> None:
    inboxes.send("ben", dedupe_key="deadline:7")
    inboxes.ledger.now += 90 * DAY - HOUR
    await trim(inboxes)
    inboxes.send("ben", dedupe_key="deadline:7")
    assert len(inboxes.items("ben")) == 1, "for ninety days nobody gets a second one"
    inboxes.ledger.now += HOUR
    await trim(inboxes)
    assert count(inboxes, tables.dedupes) == 0
    inboxes.send("ben", dedupe_key="deadline:7")
    assert len(inboxes.items("ben")) == 2


async def test_a_finished_delivery_goes_after_its_days_with_what_reached_nobody(inboxes: Inboxes) -> None:
    inboxes.send("ben", dedupe_key="once")
    inboxes.send("ben", dedupe_key="once")
    body = {"audience": {"users": ["cleo"]}, "category": "grade", "title": "Waits for its turn"}
    running = inboxes.do(service.start_delivery, NotificationBody.model_validate(body)).delivery_id
    assert count(inboxes, tables.contents) == 3
    inboxes.ledger.now += 30 * DAY - HOUR
    await trim(inboxes)
    assert count(inboxes, tables.deliveries) == 3
    inboxes.ledger.now += HOUR
    await trim(inboxes)
    [row] = inboxes.do(lambda tx: tx.all(Prepared(select(tables.deliveries))))
    assert (row.id, row.state) == (running, "running")
    assert count(inboxes, tables.contents) == 2, "what Ben has, and what Cleo is to get"
    assert len(inboxes.items("ben")) == 1
    with pytest.raises(NotFound):
        inboxes.do(service.read_delivery, "0" * 8)


async def test_what_is_due_for_a_week_is_given_up_and_then_forgotten(inboxes: Inboxes) -> None:
    """Also where mail was set up once and is not any more: no lane looks at these rows."""
    inboxes.channels.configured.add("email")
    inboxes.send("ben", category="system")
    inboxes.send("ben", category="grade")
    inboxes.ledger.now += 7 * DAY + 1
    await trim(inboxes)
    assert [(row.kind, row.state, row.error) for row in inboxes.outgoing()] == [
        ("immediate", "failed", "not sent in time"),
        ("daily", "waiting", None),
    ], "the digest is due for six days only"
    inboxes.ledger.now += DAY
    await trim(inboxes)
    assert {row.state for row in inboxes.outgoing()} == {"failed"}
    inboxes.ledger.now += 31 * DAY
    await trim(inboxes)
    assert inboxes.outgoing() == []


async def test_it_goes_in_slices_until_nothing_is_left(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "SLICE", 2)
    inboxes.channels.configured.add("email")
    for number in range(5):
        inboxes.send("ben", category="system", dedupe_key=f"{number}")
    inboxes.ledger.now += 91 * DAY
    assert await trim(inboxes) == [2, 2, 1, 2, 2, 1, 0, 2, 2, 1]
    inboxes.ledger.now += 31 * DAY
    assert await trim(inboxes) == [0, 0, 2, 2, 1, 0]
    assert [count(inboxes, table) for table in (tables.dedupes, tables.deliveries, tables.outgoing)] == [
        0
    ] * 3


async def test_the_ages_are_settings(inboxes: Inboxes) -> None:
    inboxes.send("ben", dedupe_key="deadline:7")
    inboxes.ledger.now += DAY + 1
    await trim(inboxes, Ages(dedupe_days=1.0, delivery_days=2.0))
    assert (count(inboxes, tables.dedupes), count(inboxes, tables.deliveries)) == (0, 1)
    inboxes.ledger.now += DAY
    await trim(inboxes, Ages(dedupe_days=1.0, delivery_days=2.0))
    assert count(inboxes, tables.deliveries) == 0


async def test_the_turn_takes_its_ages_from_the_settings_and_outlives_a_failure(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[tuple[Any, int]] = []
    done = asyncio.Event()

    async def fails_once(work: Any, ages: Any, now: int) -> None:
        assert work is works
        tries.append((ages, now))
        if len(tries) == 1:
            raise OSError("the disk is full")
        done.set()

    monkeypatch.setattr(trimming, "TRIM_EVERY_S", 0.0)
    monkeypatch.setattr(trimming, "trim", fails_once)
    works: Any = Works(inboxes)
    works.settings = Ages(dedupe_days=1.0)
    turn = asyncio.create_task(trimming.trim_for_ever(works))
    async with asyncio.timeout(30):
        await done.wait()
    turn.cancel()
    await asyncio.wait([turn])
    assert {ages.dedupe_days for ages, _ in tries} == {1.0}


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (statements._forget_keys, "USING COVERING INDEX ix_notification_dedupes_at (at<?)"),
        (statements._old_deliveries, "USING INDEX ix_notification_deliveries_finished (finished_at<?)"),
        (statements._given_up, "USING INDEX ix_notification_outgoing_failed (finished_at<?)"),
        (
            statements._give_up_overdue,
            "USING INDEX ix_notification_outgoing_due (channel=? AND kind=? AND not_before<?)",
        ),
    ],
    ids=["keys", "deliveries", "given up", "overdue"],
)
def test_what_is_old_is_found_by_an_index(inboxes: Inboxes, statement: Any, index: str) -> None:
    plan = explain(inboxes, statement, {"before": 1, "most": 1, "at": 1})
    assert any(line.endswith(index) for line in plan), plan
    assert not any(line.startswith("SCAN") or "TEMP B-TREE" in line for line in plan), plan


def test_what_a_group_said_before_is_forgotten_with_its_last_holder(inboxes: Inboxes) -> None:
    for number in range(5):
        inboxes.send("ben", "cleo", group_key="build", title=f"Build {number}")
    assert count(inboxes, tables.contents) == 1
    inboxes.send("ben", group_key="build", title="Build 5")
    assert count(inboxes, tables.contents) == 2, "Cleo has the one before"
    assert [inboxes.items(who)[0].title for who in ("ben", "cleo")] == ["Build 5", "Build 4"]


@pytest.mark.parametrize("wishing", [["ben"], ["cleo"], []])
def test_what_arrived_with_nobody_is_not_kept(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch, wishing: list[str]
) -> None:
    monkeypatch.setattr(store, "SLICE", 1)
    for who in {"ben", "cleo"} - set(wishing):
        inboxes.prefer(who, categories={"milestone": {"in_app": "off"}})
    content = Content("c1", "milestone", "normal", "Reached", "", "", inboxes.ledger.now)
    inboxes.do(lambda tx: give_new(tx, inboxes.channels, content, Manner(addressed=True), ["ben", "cleo"]))
    assert [who for who in ("ben", "cleo") if inboxes.items(who)] == wishing
    assert count(inboxes, tables.contents) == len(wishing)


@pytest.mark.parametrize("end", ["sent", "given up"])
async def test_what_left_by_mail_only_is_forgotten_with_it(inboxes: Inboxes, end: str) -> None:
    """It lies where its receiver sees no list of it: once nothing of it is to leave, it is of no use to anybody."""
    inboxes.channels.configured |= {"email", "push"}
    ways = {"in_app": "off", "email": "immediate", "push": "immediate"}
    inboxes.prefer("ben", categories={"message": ways})
    inboxes.send("ben", category="message")
    inboxes.send("cleo", category="message")
    claims = {
        row.channel: inboxes.do(outgoing.claim, row.channel, [Turn("ben", row.kind, row.id)], lease_ms=HOUR)
        for row in inboxes.outgoing()
        if row.user_id == "ben"
    }
    if end == "sent":
        inboxes.do(outgoing.finish, claims["email"][0])
        assert len(inboxes.rows()) == 2, "the push message is still to leave"
        inboxes.do(outgoing.finish, claims["push"][0])
    else:
        for [claimed] in claims.values():
            inboxes.do(outgoing.give_up, claimed, reason="no such address")
        inboxes.ledger.now += 31 * DAY
        await trim(inboxes)
    assert [row.user_id for row in inboxes.rows()] == ["cleo"]
    assert count(inboxes, tables.contents) == 1


def test_what_is_to_leave_still_says_what_it_says(inboxes: Inboxes) -> None:
    """Whatever its group says by now; and what lies in the inbox stays there when it has left."""
    inboxes.channels.configured.add("email")
    inboxes.prefer("ben", categories={"message": {"email": "immediate"}})
    for title in ("First", "Second"):
        inboxes.send("ben", category="message", group_key="g", title=title)
    turns = [Turn("ben", "immediate", row.id) for row in inboxes.outgoing()]
    claims = inboxes.do(outgoing.claim, "email", turns, lease_ms=HOUR)
    parcels = inboxes.do(outgoing.parcels, claims)
    assert [told.title for parcel in parcels for told in parcel.told] == ["First", "Second"]
    for claimed in claims:
        inboxes.do(outgoing.finish, claimed)
    assert [item.title for item in inboxes.items("ben")] == ["Second"]
    assert count(inboxes, tables.contents) == 1
