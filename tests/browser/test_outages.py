"""Networks that go, servers that die, pages that are loaded again: everything arrives once, in one order (CLI1-3)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import DemoServer
from tests.browser.person import NAMESPACES, SEEDED, Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
SENT = 'coursewire_commands_total{command="message.send",namespace="/chat",outcome="ok"}'


async def both_in_general(comes: Comes) -> tuple[Person, Person]:
    ada, ben = await comes("ada"), await comes("ben")
    await ada.open("General")
    await ben.open("General")
    return ada, ben


async def agree(server: DemoServer, *people: Person, last: set[str]) -> None:
    """All see what the server has: the seeded messages, then these, each once."""
    for person in people:
        await expect(person.texts).to_have_count(len(SEEDED) + len(last))
        await expect(person.log.locator("[data-status=sending]")).to_have_count(0)
    order = await server.messages(await people[0].room_id())
    assert order[: len(SEEDED)] == SEEDED
    assert sorted(order[len(SEEDED) :]) == sorted(last)
    for person in people:
        await person.sees(*order)
        # Nor is there more after everything was asked for anew.
        await person.page.reload()
        await person.sees(*order)


async def waits(person: Person, *texts: str) -> None:
    """These show as on their way, and the connection's details count them."""
    for text in texts:
        await expect(person.status(text)).to_have_accessible_name("Sending")
    await person.connection.click()
    details = person.page.get_by_role("dialog", name="Connection details")
    await expect(details).to_contain_text(re.compile(rf"Waiting to be sent\s*{len(texts)}\b"))
    await person.page.keyboard.press("Escape")
    await expect(details).to_be_hidden()


async def are_sent(person: Person, *texts: str) -> None:
    """The server has these, and nobody else is there to get them: what another sends from now on comes after them."""
    for text in texts:
        await expect(person.status(text)).to_have_accessible_name("Sent")


@pytest.mark.parametrize("how", ["the plug is pulled", "the browser knows it"])
async def test_three_written_offline_and_two_meanwhile_are_the_same_five(
    comes: Comes, server: DemoServer, how: str
) -> None:
    """[CLI2] The outbox keeps keys and order; [SUB2] what was missed comes once, in order."""
    ada, ben = await both_in_general(comes)
    if how == "the browser knows it":
        await ada.context.set_offline(True)
    await ada.loses_the_network()
    mine, theirs = ["a1", "a2", "a3"], ["b1", "b2"]
    await ada.write(*mine)
    await ada.sees(*SEEDED, *mine)
    await waits(ada, *mine)
    await ben.write(*theirs)
    await ben.sees(*SEEDED, *theirs)
    await are_sent(ben, *theirs)
    await expect(ada.page.get_by_text("What you write is kept")).to_be_visible()

    ada.network.come_up()
    await ada.context.set_offline(False)
    await ada.is_connected()
    await expect(ada.page.get_by_text("What you write is kept")).to_be_hidden()
    await ada.sees(*SEEDED, *theirs, *mine)
    await ben.sees(*SEEDED, *theirs, *mine)
    await agree(server, ada, ben, last={*mine, *theirs})


async def test_a_killed_server_comes_back_and_so_do_the_pages(comes: Comes, server: DemoServer) -> None:
    """[SES4] `kill -9` loses nothing that was acknowledged; [CLI3] pages come back by themselves."""
    ada, ben = await both_in_general(comes)
    await ada.write("before")
    # That the server has it, Ada has to know: she would send it again.
    await expect(ada.status("before")).to_have_accessible_name("Read by 1 of 2")
    await server.kill()
    await ada.connection_is("Reconnecting…")
    await ben.connection_is("Reconnecting…")
    await ada.write("while it was down")
    await waits(ada, "while it was down")
    await server.start()
    await ada.is_connected()
    await ben.is_connected()
    await ben.sees(*SEEDED, "before", "while it was down")
    await ben.write("after")
    await ada.sees(*SEEDED, "before", "while it was down", "after")
    await agree(server, ada, ben, last={"before", "while it was down", "after"})


async def test_an_answer_that_a_killed_server_could_not_give_doubles_nothing(
    comes: Comes, server: DemoServer
) -> None:
    """[LOG3] The message was committed, its sender does not know, and sends it again with its key."""
    ada, ben = await both_in_general(comes)
    ada.network.deaf.set()
    await ada.write("once")
    await ben.sees(*SEEDED, "once")
    await expect(ada.status("once")).to_have_accessible_name("Sending")
    await server.kill()
    ada.network.deaf.clear()
    await server.start()
    await ada.is_connected()
    await ben.is_connected()
    # The new process ran one command to send: the repeat. It is answered like the first.
    await server.until(SENT, 1)
    await expect(ada.status("once")).to_have_accessible_name("Read by 1 of 2")
    await agree(server, ada, ben, last={"once"})


async def test_what_waits_survives_a_reload_and_is_sent_once(comes: Comes, server: DemoServer) -> None:
    """[CLI2] A page that is loaded again, and cannot reach Socket.IO yet, still has its outbox."""
    ada, ben = await both_in_general(comes)
    await ada.loses_the_network()
    await ada.write("r1", "r2")
    # As from a cache: the page and its token can be had, Socket.IO cannot.
    ada.network.refused_path = b"/socket.io/"
    ada.network.come_up()
    await ada.page.reload()
    await ada.connection_is("Connecting…")
    await expect(ada.page.get_by_text("What you write is kept")).to_be_visible()
    await ben.write("meanwhile")
    await are_sent(ben, "meanwhile")
    ada.network.refused_path = None
    await ada.is_connected()
    await ben.sees(*SEEDED, "meanwhile", "r1", "r2")
    await agree(server, ada, ben, last={"meanwhile", "r1", "r2"})


async def test_what_waits_in_a_tab_that_is_closed_is_sent_by_the_one_that_stays(
    comes: Comes, server: DemoServer
) -> None:
    """[CLI2] Nobody has to open another page for it; what the one that stays wrote itself is sent with it."""
    ada, ben = await both_in_general(comes)
    second = replace(ada, page=await ada.context.new_page())
    await second.sign_in()
    await second.open("General")
    ada.network.go_down()
    await ada.connection_is("Reconnecting…")
    await second.connection_is("Reconnecting…")
    await second.write("t1")
    await ada.write("o1")
    await second.write("t2")
    await waits(second, "t1", "t2")
    await second.page.close()
    await ada.gets_the_network_back()
    # Its own goes as soon as it is connected, the other's once the lock of that tab is seen to be free.
    await ben.sees(*SEEDED, "o1", "t1", "t2")
    await agree(server, ada, ben, last={"o1", "t1", "t2"})


async def test_a_page_that_could_not_be_loaded_is_tried_again_and_the_others_go_on(comes: Comes) -> None:
    ben = await comes("ben", signed_in=False)
    held = re.compile(r"/assets/NotificationsPage-.*\.js")
    await ben.page.route(held, lambda route: route.abort())
    await ben.sign_in()
    await ben.open("General")
    await ben.page.get_by_role("link", name=re.compile("^Notifications")).click()
    failed = ben.page.get_by_role("alert").filter(has_text="Notifications could not be loaded.")
    await expect(failed).to_be_visible()
    await ben.is_connected()
    await ben.page.unroute(held)
    await failed.get_by_role("button", name="Try again").click()
    await expect(ben.page.get_by_role("heading", level=2, name="Notifications")).to_be_visible()


class TestShortHeartbeats:
    """A link that is dead without a word is noticed by the missing heartbeat alone."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"COURSEWIRE_PING_INTERVAL_MS": "500", "COURSEWIRE_PING_TIMEOUT_MS": "1000"}

    async def test_a_frozen_link_is_noticed_and_replaced(self, comes: Comes, server: DemoServer) -> None:
        """[SES3] The half-open session is superseded; what was written into it is sent again."""
        ada, ben = await both_in_general(comes)
        ada.network.frozen.set()
        await ada.write("into the void")
        await expect(ada.status("into the void")).to_have_accessible_name("Sending")
        await ben.write("meanwhile")
        await ada.connection_is("Reconnecting…")
        ada.network.cut()
        ada.network.frozen.clear()
        await ada.is_connected()
        await agree(server, ada, ben, last={"into the void", "meanwhile"})
        # A beat as short as this may have been missed once more on a busy machine: none is left over all the same.
        await server.until("coursewire_sessions", 2 * NAMESPACES)
