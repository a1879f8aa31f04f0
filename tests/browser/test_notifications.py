"""The inbox in real browsers: what is announced pops up and counts, is read in all tabs at once, and leads there."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import DemoServer
from tests.browser.person import Person
from tests.browser.test_injection import RUNS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

SEEDED = 3
"""Ben's notifications when the campus begins: an announcement, a message of Cleo's, and the answer to his note."""


def bell(page: Page, unread: int) -> Locator:
    """Return the bell as it is when so many are unread."""
    words = f"Notifications, {unread} unread" if unread else "Notifications"
    return page.get_by_role("button", name=words, exact=True)


def toasts(page: Page) -> Locator:
    """Return what pops up now."""
    return page.get_by_role("region", name=re.compile("New notifications")).locator(".cw-toast")


async def holds(toast: Locator) -> None:
    """Wait for a toast, and keep it: it would go by itself, and stays while the mouse is on it."""
    await toast.hover()


def items(page: Page) -> Locator:
    """Return the rows of the inbox."""
    return page.get_by_role("main").locator(".cw-news")


def item(page: Page, title: str) -> Locator:
    return items(page).filter(has_text=title)


async def opens_the_inbox(person: Person) -> None:
    await person.page.get_by_role("link", name=re.compile("^Notifications")).click()
    await expect(person.page.get_by_role("heading", level=2, name="Notifications")).to_be_visible()
    await expect(items(person.page).first).to_be_visible()


async def is_in_view(person: Person, text: str) -> None:
    """Wait until a message of the open room is on screen."""
    await expect(person.log.get_by_text(text, exact=True)).to_be_in_viewport()


async def posts(server: DemoServer, **body: Any) -> None:
    """Let the LMS notify Ben."""
    about = {"audience": {"users": ["ben"]}, "category": "grade", **body}
    await server.post("/v1/notifications", about)


async def test_a_teacher_announces_and_a_student_sees_toast_and_count(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    await expect(bell(ben.page, SEEDED)).to_be_visible()
    await ada.open("Announcements")
    await ben.page.evaluate("window.same = true")
    await ada.write("The exam is on the 14th of December.")
    toast = toasts(ben.page).filter(has_text="The exam is on the 14th of December.")
    await holds(toast)
    await expect(toast).to_contain_text("Ada Lovelace")
    await expect(bell(ben.page, SEEDED + 1)).to_be_visible()
    # A click leads to the message, without a reload, and marks it as read.
    await toast.get_by_role("link").click()
    await is_in_view(ben, "The exam is on the 14th of December.")
    await expect(bell(ben.page, SEEDED)).to_be_visible()
    await expect(toasts(ben.page)).to_have_count(0)
    assert await ben.page.evaluate("window.same") is True
    # Whoever announces is told nothing.
    await expect(toasts(ada.page)).to_have_count(0)


async def test_read_in_one_tab_is_read_in_all(comes: Comes, server: DemoServer) -> None:
    one, other = await comes("ben"), await comes("ben")
    await opens_the_inbox(one)
    await opens_the_inbox(other)
    await posts(server, title="Your essay was graded", body="**17** of 20 points.")
    await asyncio.gather(*(holds(toasts(tab.page)) for tab in (one, other)))
    for tab in (one, other):
        await expect(toasts(tab.page)).to_contain_text("Your essay was graded")
        await expect(bell(tab.page, SEEDED + 1)).to_be_visible()
        await expect(item(tab.page, "Your essay was graded").locator("strong")).to_have_text("17")
    # By keyboard: a toast that slides in above the button would take the second half of a click.
    await one.page.get_by_role("button", name="Mark as read: Your essay was graded").press("Enter")
    for tab in (one, other):
        await expect(bell(tab.page, SEEDED)).to_be_visible()
        await expect(item(tab.page, "Your essay was graded")).not_to_have_attribute("data-unread", "true")
        await expect(toasts(tab.page)).to_have_count(0)
    await one.page.get_by_role("button", name="Mark all as read").click()
    await expect(bell(other.page, 0)).to_be_visible()
    # And it is so after a reload.
    await other.page.reload()
    await expect(items(other.page)).to_have_count(SEEDED + 1)
    await expect(bell(other.page, 0)).to_be_visible()


async def test_a_mention_leads_to_the_message_far_back_in_its_room(comes: Comes, server: DemoServer) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    await ben.open("Announcements")
    await ada.open("General")
    room = await ada.room_id()
    mention = {"user_id": "ada", "text": "Ben, please look at this again.", "mentions": ["ben"]}
    sent = await server.post(f"/v1/rooms/{room}/messages", mention)
    for number in range(80):
        await server.post(f"/v1/rooms/{room}/messages", {"user_id": "cleo", "text": f"Talk {number}"})
    await expect(ada.texts.last).to_have_text("Talk 79")
    await opens_the_inbox(ben)
    await item(ben.page, "Ben, please look at this again.").get_by_role("link").click()
    await expect(ben.page).to_have_url(re.compile(rf"#/chat/{room}\?message="))
    await is_in_view(ben, "Ben, please look at this again.")
    await expect(bell(ben.page, SEEDED)).to_be_visible()
    await ben.page.reload()
    await is_in_view(ben, "Ben, please look at this again.")
    # A mail leads to the same place, by the address that the server knows.
    await ben.page.goto(f"{ben.network.url}/chat?room={room}&message={sent['message']['id']}")
    await expect(ben.page).to_have_url(re.compile(rf"/#/chat/{room}\?message="))
    await is_in_view(ben, "Ben, please look at this again.")


async def test_a_burst_is_one_toast_and_what_is_low_is_none(comes: Comes, server: DemoServer) -> None:
    ben = await comes("ben")
    await expect(bell(ben.page, SEEDED)).to_be_visible()
    await posts(server, title="Read this some day", priority="low")
    for number in range(1, 8):
        await posts(server, title=f"Answer {number}", category="discussion")
    await posts(server, title="Fire drill at 14:00", priority="urgent", category="system")
    await expect(bell(ben.page, SEEDED + 9)).to_be_visible()
    await expect(toasts(ben.page)).to_have_count(2)
    burst = toasts(ben.page).filter(has_text="7 new notifications")
    await expect(burst).to_contain_text("and 4 more")
    urgent = toasts(ben.page).filter(has_text="Fire drill at 14:00")
    # The others go by themselves; what is urgent stays until it is dismissed, and is unread even then.
    await expect(burst).to_have_count(0)
    await expect(urgent).to_be_visible()
    await urgent.get_by_role("button", name="Dismiss").click()
    await expect(toasts(ben.page)).to_have_count(0)
    await expect(bell(ben.page, SEEDED + 9)).to_be_visible()


async def test_a_toast_leaves_the_newest_row_of_the_inbox_free(comes: Comes, server: DemoServer) -> None:
    """The newest is on top, where toasts are elsewhere: its buttons were out of reach as long as they stayed."""
    ben = await comes("ben", viewport={"width": 1_440, "height": 900})
    await opens_the_inbox(ben)
    # What is urgent stays until it is dismissed.
    await posts(server, title="Fire drill at 14:00", priority="urgent", category="system")
    # Which waits until it has come to rest.
    await toasts(ben.page).get_by_role("button", name="Dismiss").hover()
    await ben.page.get_by_role("button", name="Archive: Fire drill at 14:00").click()
    await expect(item(ben.page, "Fire drill at 14:00")).to_have_count(0)
    await expect(ben.page.get_by_role("button", name="Undo")).to_be_visible()


async def test_filters_archive_undo_and_snooze_by_keyboard(comes: Comes, server: DemoServer) -> None:
    ben = await comes("ben")
    page = ben.page
    await opens_the_inbox(ben)
    await posts(server, title="Grade 1")
    await posts(server, title="Grade 2", priority="high")
    await expect(items(page)).to_have_count(SEEDED + 2)
    await page.get_by_role("button", name="Grades 2 unread").press("Enter")
    await expect(items(page)).to_have_count(2)
    await page.get_by_label("Priority").select_option("high")
    await expect(items(page)).to_have_count(1)
    await page.get_by_label("Priority").select_option("")
    await expect(items(page)).to_have_count(2)
    # Arrows move, letters act on the one with the focus, and the focus goes on to the next.
    await items(page).first.locator(".cw-news-open").focus()
    await page.keyboard.press("ArrowDown")
    await expect(item(page, "Grade 1").locator(".cw-news-open")).to_be_focused()
    await page.keyboard.press("e")
    await expect(items(page)).to_have_count(1)
    await expect(item(page, "Grade 2").locator(".cw-news-open")).to_be_focused()
    await page.get_by_role("button", name="Undo").press("Enter")
    await expect(items(page)).to_have_count(2)
    await page.get_by_role("button", name="Snooze: Grade 2").press("Enter")
    await page.get_by_role("menuitem", name="Tomorrow morning").press("Enter")
    await expect(items(page)).to_have_count(1)
    await expect(bell(page, SEEDED + 1)).to_be_visible()
    await page.get_by_role("button", name="Snoozed").press("Enter")
    await expect(item(page, "Grade 2")).to_contain_text("Back ")
    await page.get_by_role("button", name="Back to the inbox: Grade 2").press("Enter")
    await expect(bell(page, SEEDED + 2)).to_be_visible()


async def test_marks_given_offline_are_shown_kept_and_sent(comes: Comes, server: DemoServer) -> None:
    """[CLI2] They wait in the outbox, in view, and reach the other tab when the network is back."""
    one, other = await comes("ben"), await comes("ben")
    await opens_the_inbox(one)
    await posts(server, title="Your essay was graded")
    await expect(bell(other.page, SEEDED + 1)).to_be_visible()
    await expect(item(one.page, "Your essay was graded")).to_be_visible()
    one.network.go_down()
    await expect(one.page.get_by_text("No connection. This may be out of date")).to_be_visible()
    await one.page.get_by_role("button", name="Archive: Your essay was graded").press("Enter")
    await expect(item(one.page, "Your essay was graded")).to_have_count(0)
    await expect(bell(one.page, SEEDED)).to_be_visible()
    await expect(bell(other.page, SEEDED + 1)).to_be_visible()
    one.network.come_up()
    await expect(bell(other.page, SEEDED)).to_be_visible()
    await expect(one.page.get_by_text("No connection. This may be out of date")).to_have_count(0)


async def test_preferences_hold_in_every_tab_and_decide_what_pops_up(
    comes: Comes, server: DemoServer
) -> None:
    one, other = await comes("ben"), await comes("ben")
    for tab in (one, other):
        await opens_the_inbox(tab)
        await tab.page.get_by_role("link", name="Preferences").click()
        await expect(tab.page.get_by_role("switch", name="System: Inbox")).to_be_disabled()
    await one.page.get_by_role("switch", name="Grades: Pop-up").press("Space")
    await expect(one.page.get_by_text("Saved.")).to_be_visible()
    await expect(other.page.get_by_role("switch", name="Grades: Pop-up")).not_to_be_checked()
    await posts(server, title="Your essay was graded")
    await posts(server, title="Somebody answered", category="discussion")
    await holds(toasts(other.page))
    await expect(bell(other.page, SEEDED + 2)).to_be_visible()
    await expect(toasts(other.page)).to_have_count(1)
    await expect(toasts(other.page)).to_contain_text("Somebody answered")
    await expect(toasts(other.page)).not_to_contain_text("Your essay was graded")
    await toasts(other.page).get_by_role("button", name="Dismiss").click()
    await expect(toasts(other.page)).to_have_count(0)
    # Quiet hours that never end: only what is urgent interrupts.
    await one.page.get_by_role("switch", name="Quiet hours").press("Space")
    await one.page.get_by_label("From", exact=True).fill("00:00")
    await one.page.get_by_label("Until", exact=True).fill("00:00")
    await one.page.get_by_label("Until", exact=True).blur()
    await expect(other.page.get_by_label("Until", exact=True)).to_have_value("00:00")
    await posts(server, title="In silence", category="discussion")
    await posts(server, title="Fire drill", category="system", priority="urgent")
    await expect(bell(other.page, SEEDED + 4)).to_be_visible()
    await expect(toasts(other.page)).to_have_count(1)
    await expect(toasts(other.page)).to_contain_text("Fire drill")


async def test_hostile_notifications_run_nothing(comes: Comes, server: DemoServer) -> None:
    ben = await comes("ben")
    await opens_the_inbox(ben)
    hostile = (
        f'<img src="x" onerror="{RUNS}"> <script>{RUNS}</script>',
        f"[click](javascript:{RUNS}) ![x](https://example.org/x.png) <svg onload='{RUNS}'></svg>",
        f'<a href="javascript:{RUNS}">me</a> <iframe srcdoc="<script>parent.{RUNS}</script>"></iframe>',
    )
    for number, text in enumerate(hostile):
        await posts(server, title=f"{number} {text}"[:200], body=text, priority="urgent")
    await expect(bell(ben.page, SEEDED + len(hostile))).to_be_visible()
    await expect(toasts(ben.page)).to_be_visible()
    await bell(ben.page, SEEDED + len(hostile)).click()
    for place in (items(ben.page), toasts(ben.page), ben.page.locator(".cw-bell-list")):
        await expect(place.first).to_contain_text("<script>")
        assert await place.locator("img, iframe, script, svg[onload]").count() == 0
        for link in await place.get_by_role("link").all():
            assert not (await link.get_attribute("href") or "").startswith(("javascript", "data"))
    assert await ben.page.evaluate("window.ran") is None
