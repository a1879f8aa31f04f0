"""What an inbox's client takes for an arrival, and how it fills a gap; without a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from coursewire.client import InboxGap, NotificationsClient
from coursewire.client.notifications import MOST_MISSED
from coursewire.errors import Forbidden, Invalid
from coursewire.namespaces.notifications.contract import (
    Counts,
    ListNotifications,
    Notification,
    NotificationPage,
)
from coursewire.realtime.contract import Command
from coursewire.vocabulary import Position, iso

COUNTS = Counts(user_id="ada", unread=2, unseen=1, by_category={}, by_priority={})
CHANNEL = "user:ada"


def item(number: int, **changes: Any) -> Notification:
    """The item that came to the top in second `number`."""
    at = iso(number * 1_000)
    fields = {
        "id": f"n{number}",
        "content_id": f"c{number}",
        "category": "grade",
        "priority": "normal",
        "title": f"Grade {number}",
        "body": "",
        "html": "",
        "group_count": 1,
        "mandatory": False,
        "toast": False,
        "created_at": at,
        "moved_at": at,
    }
    return Notification.model_validate({**fields, **changes})


class Inbox(NotificationsClient):
    """A client whose commands answer from a list of items, the newest first."""

    def __init__(self) -> None:
        super().__init__("http://server.test", "t")
        self.stored: list[Notification] = []
        self.asked: list[dict[str, Any]] = []
        self.during: list[tuple[str, Notification]] = []
        """Events that arrive while the next page is read."""

    async def connected(self) -> None:
        """It never is; nobody here needs it."""

    async def run(self, command: type[Command], answer: type[Any], **fields: Any) -> Any:
        if command is not ListNotifications:
            return await super().run(command, answer, **fields)
        self.asked.append(fields)
        since, start = fields["filter"].get("since", ""), int(fields["cursor"] or 0)
        fitting = [item for item in self.stored if item.moved_at >= since]
        stop = start + fields["limit"]
        page = NotificationPage(
            items=fitting[start:stop],
            next_cursor=str(stop) if stop < len(fitting) else None,
            counts=COUNTS,
            position=Position(epoch="e1", offset=900),
        )
        while self.during:
            await self.hear(*self.during.pop(0))
        return page

    async def hear(self, event: str, item: Notification) -> None:
        await self.handle(event, item.model_dump(mode="json"), {"channel": CHANNEL})

    def ready(self, second: int) -> None:
        limits = dict.fromkeys(
            (
                "payload_bytes",
                "commands_per_second",
                "commands_burst",
                "subscriptions",
                "replay_events",
                "outbox_bytes",
            ),
            1,
        )
        at = iso(second * 1_000)
        self.session_ready(
            {
                "user": {"id": "ada", "name": "Ada"},
                "roles": [],
                "namespace": "/notifications",
                "expires_at": at,
                "server_time": at,
                "flags": {},
                "limits": limits,
                "resumed": {},
            }
        )


class Seen:
    """What a loop over what arrives has yielded."""

    def __init__(self, inbox: Inbox, history: int) -> None:
        self.ids: list[str] = []
        self._inbox, self._history = inbox, history

    async def read(self) -> None:
        async with aclosing(self._inbox.arriving(history=self._history)) as items:
            async for arrived in items:
                self.ids.append(f"{arrived.id}/{arrived.group_count}")


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    inbox = Inbox()
    inbox.ready(10)
    yield inbox
    await inbox.close()


async def let_it_run() -> None:
    """Let every task get to where it waits for somebody else."""
    for _ in range(1_000):
        await asyncio.sleep(0)


async def reading(inbox: Inbox, history: int) -> tuple[Seen, asyncio.Task[None]]:
    """Start a loop, and let it read what is there."""
    seen = Seen(inbox, history)
    task = asyncio.create_task(seen.read())
    await let_it_run()
    return seen, task


async def test_what_came_to_the_top_arrives_once(inbox: Inbox) -> None:
    inbox.stored = [item(9), item(8), item(7)]
    inbox.during = [("notification.created", item(9)), ("notification.created", item(11))]
    seen, task = await reading(inbox, history=2)
    grown = item(9, moved_at=iso(13_000), group_count=2)
    await inbox.hear("notification.changed", item(8, read_at=iso(12_000)))
    await inbox.hear("notification.changed", grown)
    await inbox.hear("notification.changed", grown.model_copy(update={"read_at": iso(14_000)}))
    await inbox.hear("notification.changed", item(15, snoozed_until=iso(99_000)))
    await inbox.hear("notification.changed", item(16, archived_at=iso(16_000)))
    await inbox.hear("notification.created", item(6))  # by a node whose clock is behind
    await inbox.hear("notification.created", item(17))
    await inbox.hear(
        "notification.changed", item(5, moved_at=iso(17_000), group_count=3)
    )  # at the same moment
    await inbox.close()
    await asyncio.wait_for(task, 30)
    assert seen.ids == ["n8/1", "n9/1", "n11/1", "n9/2", "n6/1", "n17/1", "n5/3"]


async def test_a_second_loop_takes_nothing_from_the_first(inbox: Inbox) -> None:
    first, one = await reading(inbox, history=0)
    inbox.stored = [item(12), item(11)]
    second, two = await reading(inbox, history=2)  # its list is ahead of the events
    await inbox.hear("notification.created", item(11))
    await inbox.hear("notification.created", item(12))
    await inbox.close()
    await asyncio.wait_for(asyncio.gather(one, two), 30)
    assert first.ids == second.ids == ["n11/1", "n12/1"]


async def test_a_gap_is_filled_with_what_came_to_the_top(inbox: Inbox) -> None:
    """[SUB3] Items that the log no longer has come from the list, the oldest first, and the position before it."""
    gaps: list[InboxGap] = []
    inbox.on("gap", gaps.append)
    seen, task = await reading(inbox, history=0)
    await inbox.hear("notification.created", item(20))
    inbox.stored = [item(23), item(21), item(20), item(19)]
    position = await inbox.load_snapshot(CHANNEL, "trimmed", {"epoch": "e1", "offset": 5_000})
    assert position == {"epoch": "e1", "offset": 900}
    for stored in (item(21), item(23), item(24)):  # what came after the position and before the list was read
        await inbox.hear("notification.created", stored)
    assert [item.id for item in gaps[0].items] == ["n21", "n23"]
    assert inbox.counts == gaps[0].counts == COUNTS
    await inbox.close()
    await asyncio.wait_for(task, 30)
    assert seen.ids == ["n20/1", "n21/1", "n23/1", "n24/1"]


async def test_a_gap_before_the_first_item_begins_with_the_session(inbox: Inbox) -> None:
    gaps: list[InboxGap] = []
    inbox.on("gap", gaps.append)
    inbox.stored = [item(12), item(11), item(9)]
    await inbox.load_snapshot(CHANNEL, "trimmed", {"epoch": "e1", "offset": 5_000})
    assert [item.id for item in gaps[0].items] == ["n11", "n12"]


async def test_the_fill_of_a_gap_is_bounded(inbox: Inbox) -> None:
    gaps: list[InboxGap] = []
    inbox.on("gap", gaps.append)
    inbox.stored = [item(number) for number in range(20_000, 15_000, -1)]
    await inbox.load_snapshot(CHANNEL, "trimmed", {"epoch": "e1", "offset": 5_000})
    assert len(inbox.asked) * 100 == len(gaps[0].items) == len(inbox._arrived) == MOST_MISSED
    await inbox.hear("notification.created", item(20_001))
    assert len(inbox._arrived) == MOST_MISSED
    assert gaps[0].items[-1].id == "n20000"


async def test_a_slow_loop_holds_the_handlers_and_loses_nothing(inbox: Inbox) -> None:
    items = inbox.arriving()
    waiting = asyncio.ensure_future(anext(items))
    await let_it_run()
    fed = asyncio.create_task(_feed(inbox, 150))
    assert (await waiting).id == "n20"
    await let_it_run()
    assert not fed.done()
    assert [(await anext(items)).id for _ in range(149)] == [f"n{number}" for number in range(21, 170)]
    await fed
    await items.aclose()


async def _feed(inbox: Inbox, count: int) -> None:
    for number in range(20, 20 + count):
        await inbox.hear("notification.created", item(number))


async def test_a_loop_ends_with_the_reason_when_the_inbox_is_taken_away(inbox: Inbox) -> None:
    _, task = await reading(inbox, history=0)
    await inbox.channel_gone(CHANNEL, Forbidden("the channel user:ada ended: forbidden"))
    with pytest.raises(Forbidden):
        await asyncio.wait_for(task, 30)


async def test_all_items_come_page_by_page(inbox: Inbox) -> None:
    inbox.stored = [item(number) for number in range(350, 100, -1)]
    assert [found.id async for found in inbox.items()] == [f"n{number}" for number in range(350, 100, -1)]
    assert [asked["cursor"] for asked in inbox.asked] == [None, "100", "200"]


async def test_what_the_contract_refuses_is_not_sent(inbox: Inbox) -> None:
    with pytest.raises(Invalid) as refused:
        await inbox.mark([f"n{number}" for number in range(101)], "read")
    assert refused.value.field == "ids"
    with pytest.raises(Invalid) as refused:
        await inbox.snooze("n1", "tomorrow")
    assert refused.value.field == "until"
    with pytest.raises(Invalid, match="time zone") as refused:
        await inbox.snooze("n1", datetime(2026, 12, 1, 8))  # noqa: DTZ001 - the mistake
    assert refused.value.field == "until"
    wrong: Any = {"grade": {"email": "hourly"}}
    with pytest.raises(Invalid) as refused:
        await inbox.update_preferences(categories=wrong)
    assert refused.value.field == "categories.grade.email"


async def test_a_time_to_snooze_until_may_be_a_datetime(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    async def command(name: str, payload: Any) -> Any:
        sent.append((name, payload))
        return {"notification": item(1).model_dump(mode="json"), "counts": COUNTS.model_dump(mode="json")}

    monkeypatch.setattr(inbox._shell, "command", command)
    await inbox.snooze("n1", datetime(2026, 12, 1, 8, tzinfo=UTC), key="k")
    assert sent == [
        ("notification.snooze", {"key": "k", "id": "n1", "until": "2026-12-01T08:00:00.000Z"}),
    ]
