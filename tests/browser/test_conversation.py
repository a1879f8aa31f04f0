"""Two people talk: what is said, how far it got, who types, what is unread, and who has left."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import DemoServer
from tests.browser.person import NAMESPACES, SEEDED

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
    await ada.composer.press_sequentially("Let me th")
    await expect(typing).to_be_visible()
    await ada.composer.fill("")
    await expect(typing).to_be_hidden()
    await ada.composer.press_sequentially("Done")
    await expect(typing).to_be_visible()
    await ada.composer.press("Enter")
    await ben.sees(*SEEDED, "Done")
    await expect(typing).to_be_hidden()


async def test_unread_counts_up_and_reading_clears_it_in_every_window(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    ben_again = await comes("ben", viewport={"width": 390, "height": 844})
    await ada.open("General")
    await ben.open("General")
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
