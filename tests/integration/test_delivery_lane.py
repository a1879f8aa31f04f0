"""What is to leave by mail leaves: at its time, at least once, by one node, and not for ever."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest
from tests.integration.delivery_house import DAY, HOUR, MINUTE, House, send_all
from tests.integration.mail_server import Mailbox

from coursewire.namespaces.notifications.delivery import lane as lanes
from coursewire.namespaces.notifications.delivery import store
from coursewire.namespaces.notifications.delivery.back_off import back_off_s
from coursewire.namespaces.notifications.delivery.lane import AT_ONCE, CLAIMED, MAX_ATTEMPTS
from coursewire.namespaces.notifications.delivery.parcels import Claim
from coursewire.realtime.transaction import Transaction
from coursewire.vocabulary import iso


async def test_what_is_immediate_is_sent_and_forgotten(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben")
    await campus.notify("ben", title="Exam moved", body="To **Friday**.")
    [row] = await campus.waiting()
    lane = campus.mail(mailbox)
    await send_all(lane)
    [(recipient, found)] = mailbox.arrived
    assert recipient == "ben@example.edu"
    assert found["Subject"] == "Exam moved"
    assert found["Message-ID"] == f"<{row.id}@example.edu>"
    assert await campus.waiting() == []
    assert campus.figures == {"sent": 1}
    assert await lane.begin() == 0


async def test_a_digest_holds_all_that_waited_and_comes_in_the_morning(
    campus: House, mailbox: Mailbox
) -> None:
    await campus.enrol("ben", "cleo")
    for number in range(3):
        await campus.notify("ben", category="assignment", title=f"Sheet {number}")
    await campus.notify("cleo", category="assignment", title="Sheet 0")
    lane = campus.mail(mailbox)
    await send_all(lane)
    assert mailbox.arrived == []
    campus.now += 20 * HOUR  # Tuesday, 8:00
    await send_all(lane)
    subjects = {recipient: found["Subject"] for recipient, found in mailbox.arrived}
    assert subjects == {
        "ben@example.edu": "Your daily digest: 3 notifications",
        "cleo@example.edu": "Your daily digest: 1 notification",
    }
    assert await campus.waiting() == []


async def test_a_claim_and_a_digest_take_a_bounded_number_of_rows(
    campus: House, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_IN_DIGEST", 4)
    monkeypatch.setattr(store, "ROWS_AT_ONCE", 6)
    await campus.enrol("ben", "cleo", "dan")
    for number in range(5):
        await campus.notify("ben", "cleo", "dan", category="assignment", title=f"Sheet {number}")
    campus.now += DAY
    lane = campus.mail(mailbox)
    assert await lane.begin() == 2, "eight rows: the second digest passes the bound, the third waits"
    await lane.settled()
    await send_all(lane)
    told = Counter((recipient, found["Subject"].split()[3]) for recipient, found in mailbox.arrived)
    assert told == {
        (f"{user_id}@example.edu", count): 1 for user_id in ("ben", "cleo", "dan") for count in ("4", "1")
    }
    assert await campus.waiting() == []


async def test_who_has_told_no_zone_lives_by_the_clock_of_the_campus(campus: House, mailbox: Mailbox) -> None:
    campus.channels.time_zone = "Asia/Tokyo"
    await campus.enrol("ben", "cleo")
    quiet = {"start": "22:00", "end": "07:00", "time_zone": "America/New_York"}
    await campus.prefer("cleo", quiet_hours=quiet)
    await campus.notify("ben", "cleo", category="assignment")
    lane = campus.mail(mailbox)
    campus.now += HOUR  # 13:00 UTC: 8:00 in New York
    await send_all(lane)
    assert [recipient for recipient, _ in mailbox.arrived] == ["cleo@example.edu"]
    campus.now += 10 * HOUR  # 23:00 UTC: 8:00 in Tokyo
    await send_all(lane)
    assert [recipient for recipient, _ in mailbox.arrived] == ["cleo@example.edu", "ben@example.edu"]


async def test_what_is_not_wanted_any_more_is_not_sent(campus: House, mailbox: Mailbox) -> None:
    people = ("read", "erased", "off", "expired", "homeless", "wants")
    await campus.enrol(*people)
    await campus.enrol("homeless", email="")
    for user_id in people:
        expires = {"expires_at": iso(campus.now + HOUR)} if user_id == "expired" else {}
        await campus.notify(user_id, category="assignment", **expires)
    await campus.read_all("read")
    await campus.erase("erased")
    await campus.prefer("off", categories={"assignment": {"email": "off"}})
    campus.now += DAY
    await send_all(campus.mail(mailbox))
    assert [recipient for recipient, _ in mailbox.arrived] == ["wants@example.edu"]
    assert await campus.waiting() == []
    assert campus.figures == {"sent": 1, "unwanted": 4}


async def test_quiet_hours_defer_and_what_is_urgent_passes(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben")
    quiet = {"start": "11:00", "end": "14:30", "time_zone": "UTC"}
    await campus.prefer("ben", quiet_hours=quiet)
    await campus.notify("ben", title="Later")
    await campus.notify("ben", title="Now", priority="urgent")
    lane = campus.mail(mailbox)
    await send_all(lane)
    assert [found["Subject"] for _, found in mailbox.arrived] == ["Now"]
    campus.now += 149 * MINUTE
    await send_all(lane)
    assert len(mailbox.arrived) == 1
    campus.now += MINUTE
    await send_all(lane)
    assert [found["Subject"] for _, found in mailbox.arrived] == ["Now", "Later"]


async def test_a_server_that_fails_is_tried_again_with_the_same_message(
    campus: House, mailbox: Mailbox
) -> None:
    """The second try of a mail that was taken already is the same to the byte: receivers can tell the double."""
    await campus.enrol("ben")
    await campus.notify("ben")
    mailbox.data_replies = ["451 later", "taken, then drop"]
    lane = campus.mail(mailbox)
    await send_all(lane)
    [row] = await campus.waiting()
    assert (row.attempts, row.not_before, row.error) == (1, campus.now + MINUTE, "mail refused (451)")
    campus.now += MINUTE
    await send_all(lane)
    [row] = await campus.waiting()
    assert (row.attempts, row.not_before) == (2, campus.now + 2 * MINUTE)
    campus.now += 2 * MINUTE
    await send_all(lane)
    assert await campus.waiting() == []
    assert campus.figures == {"postponed": 2, "sent": 1}
    assert len({str(found) for _, found in mailbox.arrived}) == 1
    assert len(mailbox.arrived) == 2


async def test_a_recipient_who_does_not_exist_is_given_up_and_nobody_named(
    campus: House, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    await campus.enrol("ben", "cleo")
    await campus.notify("ben")
    await campus.notify("cleo")
    mailbox.rcpt_replies = ["550 no such user ben@example.edu"]
    lane = campus.mail(mailbox)
    with caplog.at_level(logging.WARNING):
        await send_all(lane)
    [row] = await campus.waiting()
    assert (row.state, row.error, row.finished_at) == ("failed", "recipient refused (550)", campus.now)
    assert len(mailbox.arrived) == 1
    assert campus.figures == {"given_up": 1, "sent": 1}
    assert "given up after 1 attempts: recipient refused (550)" in caplog.text
    assert "@example.edu" not in caplog.text


async def test_nothing_is_tried_for_ever(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben")
    await campus.notify("ben")
    mailbox.data_replies = ["451 later"] * 100
    lane = campus.mail(mailbox)
    for _ in range(MAX_ATTEMPTS + 3):
        await send_all(lane)
        campus.now += 7 * HOUR
    [row] = await campus.waiting()
    assert (row.state, row.attempts) == ("failed", MAX_ATTEMPTS)
    assert campus.figures == {"postponed": MAX_ATTEMPTS - 1, "given_up": 1}


async def test_who_died_half_way_leaves_it_to_others_when_the_lease_is_over(
    campus: House, mailbox: Mailbox
) -> None:
    """[SES4] A claim that nobody settles is no loss: `kill -9` between sending and settling costs a double, at most."""
    await campus.enrol("ben")
    await campus.notify("ben")
    mailbox.hold = asyncio.Event()
    dying = campus.mail(mailbox)
    assert await dying.begin() == 1
    await mailbox.greeted.wait()
    for task in list(dying._sending):  # as a crash would: no drain, no settling
        task.cancel()
    await dying.settled()
    mailbox.hold.set()
    other = campus.mail(mailbox)
    await send_all(other)
    sent = len(mailbox.arrived)
    campus.now += int(lanes.LEASE_S * 1_000) - 10
    await send_all(other)
    assert len(mailbox.arrived) == sent, "still claimed"
    campus.now += 10
    await send_all(other)
    assert len(mailbox.arrived) == sent + 1
    assert await campus.waiting() == []


async def test_two_nodes_send_each_message_once(campus: House, mailbox: Mailbox) -> None:
    people = [f"p{number}" for number in range(150)]
    await campus.enrol(*people)
    await campus.notify(*people)
    await send_all(campus.mail(mailbox), campus.mail(mailbox))
    assert Counter(recipient for recipient, _ in mailbox.arrived) == {
        f"{user_id}@example.edu": 1 for user_id in people
    }
    assert await campus.waiting() == []


async def test_no_more_is_claimed_than_the_bound(campus: House, mailbox: Mailbox) -> None:
    people = [f"p{number}" for number in range(CLAIMED + 50)]
    await campus.enrol(*people)
    await campus.notify(*people)
    mailbox.hold = asyncio.Event()
    lane = campus.mail(mailbox)
    assert await lane.begin() == CLAIMED
    assert await lane.begin() == 0, "full: the rest waits in the table"
    rows = await campus.waiting()
    assert Counter(row.attempts for row in rows) == {1: CLAIMED, 0: 50}
    mailbox.hold.set()
    await lane.settled()
    await send_all(lane)
    assert len(mailbox.arrived) == CLAIMED + 50


async def test_at_the_end_what_is_under_way_is_ended_and_the_rest_given_back(
    campus: House, mailbox: Mailbox
) -> None:
    people = [f"p{number}" for number in range(CLAIMED)]
    await campus.enrol(*people)
    await campus.notify(*people)
    mailbox.hold = asyncio.Event()
    running = asyncio.create_task(campus.mail(mailbox).run())
    await mailbox.greeted.wait()
    running.cancel()
    await asyncio.sleep(0)
    mailbox.hold.set()
    await asyncio.wait([running])
    assert running.cancelled()
    rows = await campus.waiting()
    assert len(mailbox.arrived) == AT_ONCE
    assert len(rows) == CLAIMED - AT_ONCE
    assert {(row.attempts, row.not_before <= campus.now) for row in rows} == {(0, True)}
    mailbox.hold = None
    await send_all(campus.mail(mailbox))
    assert len({recipient for recipient, _ in mailbox.arrived}) == len(mailbox.arrived) == CLAIMED


@pytest.mark.parametrize(
    ("attempt", "asked_s", "luck", "wait_s"),
    [
        (1, None, 0.5, 60),
        (1, None, 0.0, 48),
        (1, None, 1.0, 72),
        (4, None, 0.5, 480),
        (20, None, 0.5, 6 * 3_600),
        (1, 600.0, 0.5, 600),
        (4, 60.0, 0.5, 480),
        (1, 1e9, 0.5, 6 * 3_600),
    ],
)
def test_the_back_off_grows_and_is_bounded(
    attempt: int, asked_s: float | None, luck: float, wait_s: float
) -> None:
    assert back_off_s(attempt, asked_s, luck) == pytest.approx(wait_s)


async def test_who_has_lost_a_claim_to_another_changes_nothing_any_more(campus: House) -> None:
    await campus.enrol("ben")
    await campus.notify("ben")

    def claim(tx: Transaction) -> Claim:
        turns, _ = store.next_in_turn(tx, "email", after="", busy=(), most=1)
        [claimed] = store.claim(tx, "email", turns, lease_ms=MINUTE)
        return claimed

    slow = await campus.do(claim)
    campus.now += MINUTE
    await campus.do(claim)
    before = await campus.waiting()
    assert [row.attempts for row in before] == [2]
    await campus.do(store.postpone, slow, until=campus.now + HOUR, reason="too late")
    await campus.do(store.release, slow, until=campus.now + HOUR)
    await campus.do(store.give_up, slow, reason="too late")
    assert await campus.waiting() == before
