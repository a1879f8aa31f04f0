"""Whoever answers nobody, or has a thousand messages to get, holds up nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.integration.delivery_house import HOUR, MINUTE, House, send_all
from tests.integration.mail_server import Mailbox, server_at
from tests.integration.push_service import Browser, PushService

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.delivery import lane as lanes
from coursewire.namespaces.notifications.delivery import store as queue
from coursewire.namespaces.notifications.delivery.couriers import MAX_FAILURES
from coursewire.namespaces.notifications.delivery.lane import AT_ONCE, CLAIMED, MAX_ATTEMPTS
from coursewire.namespaces.notifications.reach import Sending


class Silent:
    """A push service that takes every connection and never says a word."""

    def __init__(self) -> None:
        self.held: list[asyncio.StreamWriter] = []
        self.port = 0
        self.news = asyncio.Event()
        self.hanging_up = False

    def browser(self, name: str) -> Browser:
        return Browser(f"http://127.0.0.1:{self.port}/push/{name}")

    def take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.held.append(writer)
        self.news.set()
        if self.hanging_up:
            writer.close()

    def hang_up(self) -> None:
        """End what was never answered, as the sender's own patience would, without waiting for that."""
        self.hanging_up = True
        for writer in self.held:
            writer.close()

    async def count(self, wanted: int) -> None:
        """Wait until so many connections were made."""
        async with asyncio.timeout(30):
            while len(self.held) < wanted:
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def nobody_answers() -> AsyncIterator[Silent]:
    silent = Silent()
    server = await asyncio.start_server(silent.take, "127.0.0.1", 0)
    silent.port = server.sockets[0].getsockname()[1]
    async with server:
        yield silent
        silent.hang_up()


@pytest.fixture
async def silent() -> AsyncIterator[Silent]:
    async with nobody_answers() as silent:
        yield silent


async def pile_up(campus: House, user_id: str, channel: Any, rows: int) -> None:
    """Let so many more messages be due for somebody who has one."""
    [row, *_] = [row for row in await campus.waiting(channel) if row.user_id == user_id]
    sending = Sending(channel, "immediate", campus.now)
    pile = [(user_id, row.item_id, sending)] * rows
    await campus.do(store.insert_outgoing, pile, content_id=row.content_id)


async def people_at(campus: House, service: PushService | Silent, *user_ids: str) -> None:
    await campus.enrol(*user_ids, email=None)
    for user_id in user_ids:
        await campus.subscribe(user_id, service.browser(user_id))


async def test_an_endpoint_that_never_answers_holds_up_nobody_else(
    campus: House, service: PushService, silent: Silent
) -> None:
    """Its owner's messages would fill every turn; but of one person only one is under way."""
    others = [f"p{number:02}" for number in range(2 * AT_ONCE)]
    await people_at(campus, silent, "ben")
    await people_at(campus, service, *others)
    await campus.notify("ben")
    await pile_up(campus, "ben", "push", CLAIMED)
    await campus.notify(*others)
    lane = campus.push()
    assert await lane.begin() == 1 + len(others)
    await service.count(len(others))
    await silent.count(1)
    assert await lane.begin() == 0, "the others of his wait for this one"
    assert len(silent.held) == 1
    silent.hang_up()
    await lane.settled()
    await send_all(lane)
    assert len(silent.held) == 1, "his browser backs off, and his messages wait with it"
    rows = await campus.waiting("push")
    assert {row.user_id for row in rows} == {"ben"}
    assert sorted(row.attempts for row in rows) == [*[0] * CLAIMED, 1], "only one was tried"
    assert {row.not_before for row in rows} == {campus.now + MINUTE}
    assert (await campus.failures())["ben"] == (1, 60)
    assert campus.figures == {"sent": len(others), "postponed": 1}
    await lane._courier.close()


async def test_a_push_service_that_answers_nobody_is_left_alone(
    campus: House, service: PushService, silent: Silent
) -> None:
    """All turns run into it once. Then one message at a time finds out, and costs the others no attempt."""
    stuck = [f"a{number:02}" for number in range(CLAIMED // 2)]
    await people_at(campus, silent, *stuck)
    await people_at(campus, service, "zoe")
    await campus.notify(*stuck, "zoe")
    lane = campus.push()
    assert await lane.begin() == len(stuck) + 1
    await silent.count(AT_ONCE)
    assert service.arrived == []
    silent.hang_up()
    await service.count(1)
    await lane.settled()
    assert len(silent.held) == AT_ONCE
    rows = await campus.waiting("push")
    assert sorted(row.attempts for row in rows) == [*[0] * (len(stuck) - AT_ONCE), *[1] * AT_ONCE]
    assert campus.requests == {"sent": 1, "later": AT_ONCE, "held": len(stuck) - AT_ONCE}
    campus.now += MINUTE // 2
    await send_all(lane)
    assert len(silent.held) == AT_ONCE + 1
    assert sum(failures for failures, _ in (await campus.failures()).values()) == AT_ONCE + 1
    await lane._courier.close()


async def test_a_browser_that_always_fails_backs_off_and_is_forgotten(
    campus: House, service: PushService
) -> None:
    """Also beside one that works, which gets each message once and at once."""
    await people_at(campus, service, "ben")
    for name in ("ben", "dead"):
        await campus.subscribe("ben", service.browser(name))
    for _ in range(MAX_FAILURES):
        service.answer("dead", 503)
    lane = campus.push()
    waits = []
    for number in range(MAX_FAILURES):
        if number in {0, MAX_ATTEMPTS}:
            await campus.notify("ben", title=f"Message {number}")
        await send_all(lane)
        failures, wait_s = (await campus.failures()).get("dead", (MAX_FAILURES, 0))
        assert failures == number + 1
        waits.append(wait_s)
        if number == 3:
            again = service.browser("dead")
            await campus.subscribe("ben", again)  # subscribing again is no answer
        campus.now += max(wait_s, 1) * 1_000
    assert waits[:5] == [60, 120, 240, 480, 960]
    assert waits[-2:] == [6 * 3_600, 0]
    paths = [one.path for one in service.arrived]
    assert (paths.count("/push/dead"), paths.count("/push/ben")) == (MAX_FAILURES, 2)
    assert await campus.endpoints() == [("ben", service.browser("ben").endpoint)]
    assert campus.requests["dropped"] == 1
    assert await campus.waiting("push") == []
    await lane._courier.close()


async def test_a_browser_that_works_again_is_as_good_as_new(campus: House, service: PushService) -> None:
    await people_at(campus, service, "ben")
    service.answer("ben", 503)
    await campus.notify("ben")
    lane = campus.push()
    await send_all(lane)
    assert await campus.failures() == {"ben": (1, 60)}
    campus.now += MINUTE
    await send_all(lane)
    assert await campus.failures() == {"ben": (0, 0)}
    assert await campus.waiting("push") == []
    await lane._courier.close()


async def test_a_thousand_messages_for_one_push_nobody_back(campus: House, mailbox: Mailbox) -> None:
    others = [f"p{number:02}" for number in range(10)]
    await campus.enrol("ben", *others)
    await campus.notify("ben")
    await pile_up(campus, "ben", "email", 1_000)
    campus.now += MINUTE
    await campus.notify(*others)
    lane = campus.mail(mailbox)
    assert await lane.begin() == 1 + len(others)
    await lane.settled()
    assert sorted(recipient for recipient, _ in mailbox.arrived) == [
        f"{user_id}@example.edu" for user_id in ("ben", *others)
    ]
    await lane._courier.close()


async def test_everybody_has_a_turn_however_many_there_are(
    campus: House, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look takes a bounded number of people; who comes behind is found by the next, from there on."""
    monkeypatch.setattr(queue, "PEOPLE_AT_ONCE", 2)
    people = [f"p{number}" for number in range(7)]
    await campus.enrol(*people)
    await campus.notify(*people)
    lane = campus.mail(mailbox)
    assert [await lane.begin() for _ in range(5)] == [2, 2, 2, 1, 0]
    await lane.settled()
    await campus.notify("p6")
    await campus.notify("p0")
    assert await lane.begin() + await lane.begin() == 2
    await lane.settled()
    assert len(mailbox.arrived) == 9
    await lane._courier.close()


async def test_the_next_to_the_same_person_goes_as_soon_as_the_last_is_over(
    campus: House, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "LOOK_EVERY_S", 3_600.0)
    await campus.enrol("ben")
    for number in range(3):
        await campus.notify("ben", title=f"Mail {number}")
    running = asyncio.create_task(campus.mail(mailbox).run())
    await mailbox.count(3)
    running.cancel()
    await asyncio.wait([running])
    assert [mail["Subject"] for _, mail in mailbox.arrived] == ["Mail 0", "Mail 1", "Mail 2"]


# Mail


async def test_a_mail_server_that_is_down_uses_up_nobodys_attempts(
    campus: House, mailbox: Mailbox, closed_port: int
) -> None:
    people = [f"p{number}" for number in range(5)]
    await campus.enrol(*people)
    await campus.notify(*people)
    lane: Any = campus.mail(Mailbox(closed_port))
    await send_all(lane)
    rows = await campus.waiting()
    assert {(row.attempts, row.not_before, row.error) for row in rows} <= {
        (0, campus.now + MINUTE // 2, "SMTPConnectError"),
        (0, campus.now + MINUTE // 2, "others were not answered there"),
    }
    for _ in range(2 * MAX_ATTEMPTS):
        campus.now += HOUR
        assert await lane.begin() == 1, "one finds out for all"
        await lane.settled()
        assert await lane.begin() == 0
    assert {(row.state, row.attempts) for row in await campus.waiting()} == {("waiting", 0)}
    lane._courier._mailer._server = server_at(mailbox)
    campus.now += HOUR
    await send_all(lane)
    assert len(mailbox.arrived) == len(people)
    assert await campus.waiting() == []
    await lane._courier.close()


async def test_an_address_that_is_not_taken_for_now_holds_back_only_its_own(
    campus: House, mailbox: Mailbox
) -> None:
    await campus.enrol("ben", "cleo")
    for number in range(3):
        await campus.notify("ben", title=f"Mail {number}")
    mailbox.data_replies = ["451 later"]
    lane = campus.mail(mailbox)
    await send_all(lane)
    rows = await campus.waiting()
    assert [(row.attempts, row.not_before) for row in rows] == [
        (attempts, campus.now + MINUTE) for attempts in (1, 0, 0)
    ]
    await campus.notify("cleo", title="For Cleo")
    await send_all(lane)
    assert [mail["Subject"] for _, mail in mailbox.arrived] == ["For Cleo"]
    campus.now += MINUTE
    await send_all(lane)
    assert [mail["Subject"] for _, mail in mailbox.arrived][1:] == ["Mail 0", "Mail 1", "Mail 2"]
    assert await campus.waiting() == []
    await lane._courier.close()


async def test_no_more_rows_are_held_back_at_once_than_the_bound(
    campus: House, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more the next is tried: one attempt for so many."""
    monkeypatch.setattr(queue, "ROWS_AT_ONCE", 3)
    await campus.enrol("ben")
    await campus.notify("ben")
    await pile_up(campus, "ben", "email", 6)
    mailbox.data_replies = ["451 later"] * 9
    lane = campus.mail(mailbox)
    await send_all(lane)
    rows = await campus.waiting()
    assert sorted(row.attempts for row in rows) == [0, 0, 0, 0, 0, 1, 1]
    assert {row.not_before for row in rows} == {campus.now + MINUTE}
    await lane._courier.close()
