"""What is wanted when it leaves decides, not what was wanted when it was written: quiet hours, mutes, the archive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any

import pytest
from tests.integration.delivery_house import COURSE, DAY, HOUR, MINUTE, House, send_all
from tests.integration.mail_server import Mailbox
from tests.integration.push_service import PushService

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.contract import QuoteReadersAsked
from coursewire.namespaces.notifications.delivery.lane import AT_ONCE
from coursewire.namespaces.notifications.delivery.mail import MailItem, Writer
from coursewire.namespaces.notifications.rules import Content
from coursewire.namespaces.notifications.service.following import take_back
from coursewire.namespaces.notifications.service.giving import Manner, give_new


def subjects(mailbox: Mailbox) -> list[str]:
    return [found["Subject"] for _, found in mailbox.arrived]


async def test_what_is_tried_again_waits_for_the_end_of_quiet_hours(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben")
    await campus.prefer("ben", quiet_hours={"start": "12:01", "end": "14:30", "time_zone": "UTC"})
    await campus.notify("ben", title="Before")
    mailbox.data_replies = ["451 later"]
    lane = campus.mail(mailbox)
    await send_all(lane)
    campus.now += 2 * MINUTE
    await send_all(lane)
    assert subjects(mailbox) == []
    await campus.notify("ben", title="Now", priority="urgent")
    await send_all(lane)
    assert subjects(mailbox) == ["Now"]
    campus.now += 148 * MINUTE
    await send_all(lane)
    assert subjects(mailbox) == ["Now", "Before"]


async def test_quiet_hours_that_were_set_meanwhile_hold_a_digest_back(
    campus: House, mailbox: Mailbox
) -> None:
    await campus.enrol("ben")
    await campus.notify("ben", category="assignment")
    await campus.prefer("ben", quiet_hours={"start": "22:00", "end": "09:00", "time_zone": "UTC"})
    lane = campus.mail(mailbox)
    campus.now += 20 * HOUR
    await send_all(lane)
    assert subjects(mailbox) == []
    campus.now += HOUR
    await send_all(lane)
    assert subjects(mailbox) == ["Your daily digest: 1 notification"]


async def test_a_course_that_was_muted_meanwhile_is_in_no_digest(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben", "cleo")
    for user_id in ("ben", "cleo"):
        await campus.notify(user_id, category="assignment", course_id=COURSE, title="Of the course")
    await campus.notify("ben", category="assignment", title="Of none")
    await campus.prefer("ben", courses={COURSE: "muted"})
    await campus.prefer("cleo", courses={COURSE: "muted"})
    campus.now += DAY
    await send_all(campus.mail(mailbox))
    assert subjects(mailbox) == ["Your daily digest: 1 notification"]
    assert "Of none" in str(mailbox.arrived[0][1])
    assert await campus.waiting() == []


async def test_what_is_urgent_passes_a_mute_and_a_least_priority_of_now(
    campus: House, mailbox: Mailbox
) -> None:
    await campus.enrol("ben")
    await campus.notify("ben", course_id=COURSE, title="Exam is now", priority="urgent")
    await campus.notify("ben", course_id=COURSE, title="Rules", mandatory=True, priority="low")
    await campus.prefer("ben", courses={COURSE: "muted"}, least_priority="urgent")
    await send_all(campus.mail(mailbox))
    assert sorted(subjects(mailbox)) == ["Exam is now", "Rules"]


async def test_a_weekly_digest_waits_for_the_end_of_quiet_hours_too(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben")
    await campus.prefer("ben", categories={"assignment": {"email": "weekly"}})
    await campus.notify("ben", category="assignment")
    campus.now += DAY
    await campus.notify("ben", category="assignment")
    await campus.prefer("ben", quiet_hours={"start": "07:00", "end": "14:30", "time_zone": "UTC"})
    lane = campus.mail(mailbox)
    campus.now += 6 * DAY + 30 * MINUTE
    await send_all(lane)
    assert subjects(mailbox) == [], "the first has waited for a week, the second has not"
    campus.now += 2 * HOUR
    await send_all(lane)
    assert subjects(mailbox) == ["Your weekly digest: 2 notifications"]


async def test_what_is_below_the_least_priority_by_now_stays_in_the_inbox(
    campus: House, mailbox: Mailbox
) -> None:
    await campus.enrol("ben")
    await campus.notify("ben", category="assignment", title="Of some weight", priority="high")
    await campus.notify("ben", category="assignment", title="Of little weight")
    await campus.prefer("ben", least_priority="high")
    campus.now += DAY
    await send_all(campus.mail(mailbox))
    assert subjects(mailbox) == ["Your daily digest: 1 notification"]
    assert "Of some weight" in str(mailbox.arrived[0][1])


async def test_quiet_hours_without_an_end_hold_back_for_a_week(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben")
    await campus.notify("ben")
    await campus.prefer("ben", quiet_hours={"start": "00:00", "end": "00:00", "time_zone": "UTC"})
    lane = campus.mail(mailbox)
    await send_all(lane)
    for _ in range(7):
        assert subjects(mailbox) == []
        campus.now += DAY
        await send_all(lane)
    assert subjects(mailbox) == ["The system is back"]


async def test_what_was_taken_back_meanwhile_is_not_told(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben")
    for title in ("Taken back", "Said"):
        await campus.notify("ben", category="assignment", title=title)
    row = (await campus.waiting())[0]
    [content] = (await campus.do(store.load_contents, [row.content_id])).values()
    await campus.do(take_back, content)
    campus.now += DAY
    await send_all(campus.mail(mailbox))
    assert subjects(mailbox) == ["Your daily digest: 1 notification"]
    assert "Said" in str(mailbox.arrived[0][1])
    assert await campus.waiting() == []


async def test_what_was_archived_meanwhile_is_in_no_digest(campus: House, mailbox: Mailbox) -> None:
    await campus.enrol("ben")
    await campus.notify("ben", category="assignment", title="Done with")
    await campus.mark_all("ben", "archived")
    campus.now += DAY
    await send_all(campus.mail(mailbox))
    assert subjects(mailbox) == []


async def test_what_cannot_be_made_holds_up_nothing_else(
    campus: House, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Writer.write

    def stumble(writer: Writer, *, items: Sequence[MailItem], **options: Any) -> EmailMessage:
        if items[0].title == "Of no shape":
            raise RuntimeError("what nobody thought of")
        return write(writer, items=items, **options)

    monkeypatch.setattr(Writer, "write", stumble)
    await campus.enrol("ben")
    await campus.notify("ben", title="Of no shape")
    await campus.notify("ben", title="Exam moved")
    await send_all(campus.mail(mailbox))
    assert subjects(mailbox) == ["Exam moved"]
    [row] = await campus.waiting()
    assert (row.attempts, row.error) == (1, "internal")


@pytest.mark.parametrize("address", ["a..b@docomo.example", "a.@docomo.example", ".a@docomo.example"])
async def test_an_address_with_dots_as_phones_have_them_is_written_to(
    campus: House, mailbox: Mailbox, address: str
) -> None:
    await campus.enrol("ben", email=address)
    await campus.notify("ben")
    await send_all(campus.mail(mailbox))
    [(recipient, found)] = mailbox.arrived
    assert recipient == address
    name, _, domain = address.partition("@")
    assert dict(found.raw_items())["To"] == f'"{name}"@{domain}'


async def test_a_long_address_leaves_room_for_a_push_message(campus: House, service: PushService) -> None:
    await campus.enrol("ben", email=None)
    browser = service.browser("phone")
    await campus.subscribe("ben", browser)
    url = "/courses/" + "課" * 1_900
    await campus.notify("ben", title="試" * 200, body="文" * 400, action={"label": "Open", "url": url})
    lane = campus.push()
    await send_all(lane)
    await lane._courier.close()
    assert [browser.read(one.body)["title"] for one in service.arrived] == ["試" * 200]


async def test_who_is_erased_while_others_mails_go_out_gets_none(campus: House, mailbox: Mailbox) -> None:
    first = [f"a{number:02}" for number in range(AT_ONCE)]
    await campus.enrol(*first, "ben", "cleo", "dan")
    for user_id in (*first, "ben", "cleo", "dan"):
        await campus.notify(user_id)
    mailbox.hold = asyncio.Event()
    lane = campus.mail(mailbox)
    assert await lane.begin() == AT_ONCE + 3
    await mailbox.greeted.wait()
    await campus.erase("ben")
    await campus.read_all("cleo")
    mailbox.hold.set()
    await lane.settled()
    assert sorted(recipient.partition("@")[0] for recipient, _ in mailbox.arrived) == [*first, "dan"]
    assert campus.figures == {"sent": AT_ONCE + 1, "unwanted": 2}


async def test_what_is_quoted_leaves_to_nobody_who_may_not_read_it_any_more(
    campus: House, mailbox: Mailbox
) -> None:
    """What the LMS says does: a grade is theirs, also when the course is over."""
    await campus.enrol("ben", "cleo")
    wants = {"message": {"in_app": "off", "email": "daily"}, "grade": {"email": "daily"}}
    for user_id in ("ben", "cleo"):
        await campus.prefer(user_id, categories=wants)
    quote = Content(
        "q", "message", "normal", "Ada mentioned you", "Secret", "", campus.now, COURSE, source="m"
    )
    campus.reactions[QuoteReadersAsked] = [("/chat", lambda _tx, asked: asked.may_read.add("cleo"))]
    await campus.do(give_new, campus.channels, quote, Manner(addressed=True), ["ben", "cleo"])
    await campus.notify("ben", category="grade", title="Your grade", course_id=COURSE)
    campus.now += DAY
    await send_all(campus.mail(mailbox))
    mails = {found["To"].partition("@")[0]: found.as_string() for _, found in mailbox.arrived}
    assert ("Secret" in mails["ben"], "Your grade" in mails["ben"]) == (False, True)
    assert "Secret" in mails["cleo"]
