"""Two people talk: what is said, how far it got, who types, what is unread, and who has left."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import DemoServer
from tests.browser.person import NAMESPACES, SEEDED
from tests.browser.test_access import comes_to

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]


async def test_two_people_exchange_messages_and_see_one_order(comes: Comes, server: DemoServer) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    await ada.open("General")
    await ben.open("General")
    await ada.sees(*SEEDED)
    await ada.write("Who is here?")
    await ben.sees(*SEEDED, "Who is here?")
    await ben.write("I am.")
    await ada.sees(*SEEDED, "Who is here?", "I am.")
    # And at once: whoever wins, both see the same.
    await asyncio.gather(ada.write("a1", "a2", "a3"), ben.write("b1", "b2", "b3"))
    await expect(ada.texts).to_have_count(len(SEEDED) + 8)
    await expect(ada.log.locator("[data-status=sending]")).to_have_count(0)
    order = await server.messages(await ada.room_id())
    assert sorted(order[-6:]) == ["a1", "a2", "a3", "b1", "b2", "b3"]
    await ada.sees(*order)
    await ben.sees(*order)


async def test_a_message_is_sent_then_delivered_then_read(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    await ada.open("General")
    await ben.open("Announcements")
    ben.network.go_down()
    await ben.connection_is("Reconnecting…")
    await ada.write("Please read this.")
    await expect(ada.status("Please read this.")).to_have_accessible_name("Sent")
    await ben.gets_the_network_back()
    await expect(ada.status("Please read this.")).to_have_accessible_name("Delivered")
    await ben.open("General")
    await expect(ada.status("Please read this.")).to_have_accessible_name("Read by 1 of 2")


async def test_typing_shows_and_goes(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    await ada.open("General")
    await ben.open("General")
    typing = ben.page.get_by_text("Ada is typing", exact=True)
    # It is seen while she types: once she pauses, it goes by itself.
    await asyncio.gather(expect(typing).to_be_visible(), ada.composer.press_sequentially("Let me th"))
    await ada.composer.fill("")
    await expect(typing).to_be_hidden()
    await asyncio.gather(expect(typing).to_be_visible(), ada.composer.press_sequentially("Done"))
    await ada.composer.press("Enter")
    await ben.sees(*SEEDED, "Done")
    await expect(typing).to_be_hidden()


async def test_unread_counts_up_and_reading_clears_it_in_every_window(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    ben_again = await comes("ben", viewport={"width": 390, "height": 844})
    await ada.open("General")
    await ben.has_read("General")
    await ben.open("Announcements")
    # Problem set 1 and the direct message are unread since the campus began.
    await expect(ben.page).to_have_title("(2) Chat · Campus")
    for count in (1, 2, 3):
        await ada.write(f"News {count}")
        await expect(ben.room("General")).to_contain_text(f"{count} unread")
    await expect(ben_again.room("General")).to_contain_text("3 unread")
    await expect(ben.page).to_have_title("(5) Chat · Campus")
    await ben.open("General")
    await expect(ben.room("General")).not_to_contain_text("unread")
    await expect(ben_again.room("General")).not_to_contain_text("unread")
    await expect(ben.page).to_have_title("(2) Chat · Campus")


async def test_signing_out_and_closing_the_window_leave_no_connection(
    comes: Comes, server: DemoServer
) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    await ada.open("General")
    await server.until("coursewire_sessions", 2 * NAMESPACES)
    await ada.page.get_by_role("button", name="Ada Lovelace").click()
    await ada.page.get_by_role("menuitem", name="Sign out").click()
    await expect(ada.page.get_by_role("heading", name="Welcome to the campus")).to_be_visible()
    await server.until("coursewire_sessions", NAMESPACES)
    await server.until("coursewire_connections", 1)
    await ben.page.goto("about:blank")
    await server.until("coursewire_sessions", 0)
    await server.until("coursewire_connections", 0)
    # And the way back in is open.
    await ada.page.get_by_role("button", name="Ada Lovelace").click()
    await ada.is_connected()
    await server.until("coursewire_connections", 1)


async def test_the_last_message_stays_in_sight_while_the_composer_grows(comes: Comes) -> None:
    """As it does when the keyboard of a phone comes up; and whoever reads further up stays there."""
    ada = await comes("ada", viewport={"width": 375, "height": 600})
    await ada.open("General")
    last = ada.texts.last
    for number in range(12):
        await ada.write(f"line {number}")
    await expect(last).to_have_text("line 11")
    await expect(last).to_be_in_viewport(ratio=1)
    await ada.composer.fill("one\ntwo\nthree\nfour\nfive\nsix")
    await expect(last).to_be_in_viewport(ratio=1)
    await ada.page.set_viewport_size({"width": 375, "height": 400})
    await expect(last).to_be_in_viewport(ratio=1)
    await ada.composer.fill("")
    await ada.log.evaluate("(log) => { log.scrollTop = 0; }")
    first = ada.texts.filter(has_text="Hello everybody.")
    await expect(first).to_be_in_viewport(ratio=1)
    await ada.composer.fill("one\ntwo\nthree")
    await ada.page.set_viewport_size({"width": 375, "height": 500})
    await expect(first).to_be_in_viewport(ratio=1)


async def test_a_title_that_is_too_long_keeps_its_start_in_either_direction(
    comes: Comes, server: DemoServer
) -> None:
    title = "مرحبا بكم في درس علوم الحاسوب، هذا نص طويل من اليمين إلى اليسار"
    body = {"kind": "discussion", "course_id": "cs101", "title": title, "key": "arabic"}
    await server.post("/v1/rooms", body)
    ada = await comes("ada", viewport={"width": 375, "height": 700})
    name = ada.page.locator(".cw-room-name", has_text="مرحبا")
    shown = await name.evaluate(
        """(name) => {
            const range = document.createRange();
            range.setStart(name.firstChild, 0);
            range.setEnd(name.firstChild, 1);
            const letter = range.getBoundingClientRect();
            const box = name.getBoundingClientRect();
            const inside = letter.left >= box.left && letter.right <= box.right + 1;
            return { cut: name.scrollWidth > name.clientWidth, inside };
        }"""
    )
    assert shown == {"cut": True, "inside": True}
    await ada.page.goto(f"{ada.network.url}/#/notifications")
    await expect(ada.page.get_by_role("group", name="Categories")).to_be_visible()
    await comes_to(ada.page, 375, "document.documentElement.scrollWidth")
