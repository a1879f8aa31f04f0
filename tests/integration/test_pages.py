"""Documents as the browser's own service has them, against a whole server: written together, kept, refused, left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.integration import desk
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.page import Page, page
from tests.integration.tcp_proxy import Proxy

Json = dict[str, Any]


class Room:
    """A campus, and the pages of those who have come."""

    def __init__(self, site: Campus, stack: AsyncExitStack) -> None:
        self.site = site
        self._stack = stack

    async def come(self, user_id: str, url: str | None = None) -> Page:
        """Open a page of somebody."""
        token = self.site.token(user_id)
        return await self._stack.enter_async_context(page(url or self.site.url, user_id, token))

    async def enter(self, user_id: str, url: str | None = None) -> Page:
        """Open a page of somebody, and wait for the document in it."""
        opened = await self.come(user_id, url)
        await opened.shows(lambda one: one["phase"] == "ready")
        return opened

    async def enrol(self, **people: Any) -> None:
        """Change what people are in the course."""
        await self.site.enrol(people)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with campus() as site, AsyncExitStack() as stack:
        await desk.furnish(site)
        yield Room(site, stack)


def saved(text: str) -> Any:
    return lambda one: one["text"] == text and one["saveState"] == "saved"


async def test_two_pages_write_one_text(room: Room) -> None:
    """Both converge, with characters of every length, and say that it is saved once it is."""
    ada = await room.enter("ada")
    await ada.do("type", id="7", text="Hegel 😀")
    await ada.shows(saved("Hegel 😀\n"))
    ben = await room.enter("ben")
    assert ben.document()["text"] == "Hegel 😀\n"
    for number in range(20):
        await ada.do("type", id="7", text="a字", at=0)
        await ben.do("type", id="7", text=f"é{number}")
    await ada.shows(lambda one: one["text"].count("é") == 20 and one["saveState"] == "saved")
    await ben.shows(lambda one: one["text"].count("字") == 20 and one["saveState"] == "saved")
    await ben.shows(lambda one: one["text"] == ada.document()["text"])
    assert not ada.wrong
    assert not ben.wrong


async def test_carets_have_the_names_and_colours_of_the_server(room: Room) -> None:
    """Whatever a page says of itself; and they go with whoever leaves."""
    ada, ben = await room.enter("ada"), await room.enter("ben")
    await ben.do("point", id="7")
    shown = await ada.shows(lambda one: any(caret["cursor"] for caret in one["carets"]))
    [caret] = [caret for caret in shown["carets"] if caret["cursor"]]
    end = {"tname": "default", "assoc": 0}
    assert caret["cursor"] == {"anchor": end, "head": end}
    assert (caret["user"]["id"], caret["user"]["name"]) == ("ben", "Ben")
    assert caret["user"]["color"].startswith("#")
    await ada.shows(lambda one: one["participants"] == ["ada", "ben"])
    await ben.leave()
    await ada.shows(lambda one: not one["carets"] and one["participants"] == ["ada"])


async def test_a_page_that_is_loaded_again_has_its_document_and_its_notes(room: Room) -> None:
    ada = await room.enter("ada")
    await ada.do("type", id="7", text="Das Wahre ist das Ganze.")
    await ada.shows(saved("Das Wahre ist das Ganze.\n"))
    await ada.do("annotate", id="7", words="das Ganze", body="which whole?")
    await ada.do("annotate", id="7", words="Wahre", body="for staff", visibility="staff")
    await ada.shows(lambda one: [note["pending"] for note in one["annotations"]] == [False, False])
    await ada.restart()
    await ada.shows(lambda one: one["phase"] == "ready" and len(one["annotations"]) == 2)
    ben = await room.enter("ben")
    notes = ben.document()["annotations"]
    assert [(note["body"], note["exact"]) for note in notes] == [("which whole?", "das Ganze")]
    assert "document:7:staff" not in ben.document()["channels"]


async def test_who_may_edit_no_more_keeps_a_copy(room: Room) -> None:
    """A change of role reaches the page; what is written all the same is refused and offered as a copy."""
    ada, ben = await room.enter("ada"), await room.enter("ben")
    await ada.do("type", id="7", text="Hegel")
    await ben.shows(saved("Hegel\n"))
    await room.enrol(ben="mentor")
    await ben.shows(lambda one: one["mode"] == "comment")
    await ben.do("type", id="7", text=" lives")
    shown = await ben.until(lambda whole: whole["copies"] and whole["documents"]["7"]["phase"] == "ready")
    assert shown["copies"] == [{"reason": "mode", "text": "Hegel lives\n"}]
    await ben.shows(lambda one: one["text"] == "Hegel\n")
    reply = await room.site.lms.delete(f"/v1/courses/{COURSE}/members/ben")
    assert reply.status_code < 300, reply.text
    await ben.shows(lambda one: one["phase"] == "failed" and one["text"] is None)
    await ada.do("type", id="7", text="!")
    await ada.shows(saved("Hegel!\n"))


async def test_a_stranger_is_told_nothing(room: Room) -> None:
    eve = await room.come("eve")
    shown = await eve.shows(lambda one: one["phase"] == "failed")
    assert (shown["text"], shown["mode"], shown["annotations"]) == (None, None, [])


async def test_what_is_written_without_a_network_merges_over_a_reload(room: Room) -> None:
    """[CLI3] [DOC11] Kept on the device, never called saved before it is, and there once though an answer was lost."""
    ben = await room.enter("ben")
    async with Proxy(int(room.site.url.rpartition(":")[2])) as network:
        ada = await room.enter("ada", network.url)
        await ada.do("type", id="7", text="Hegel")
        await ada.shows(saved("Hegel\n"))
        network.deaf.set()
        await ada.do("type", id="7", text=" lives")
        await ada.shows(lambda one: one["text"] == "Hegel lives\n" and one["saveState"] == "saving")
        await ben.shows(saved("Hegel lives\n"))
        assert ada.document()["saveState"] == "saving"
        network.go_down()
        network.deaf.clear()
        await ada.shows(lambda one: one["saveState"] == "kept")
        await ada.do("type", id="7", text=" on 😀")
        await ben.do("type", id="7", text="Georg ", at=0)
        await ben.shows(saved("Georg Hegel lives\n"))
        before = len(ada.seen)
        await ada.restart()
        await ada.shows(lambda one: one["text"] == "Hegel lives on 😀\n" and one["saveState"] == "kept")
        network.come_up()
        await ada.shows(saved("Georg Hegel lives on 😀\n"))
        await ben.shows(saved("Georg Hegel lives on 😀\n"))
        # What changes within a frame is shown once: "saving" may have been over by then.
        assert [state for state in dict.fromkeys(ada.seen[before:]) if state != "saving"] == ["kept", "saved"]
        assert not ada.shown["copies"]
        assert not ada.wrong


async def test_a_paste_that_is_too_large_is_refused_in_the_page(room: Room) -> None:
    """Nothing of it is sent: the session of all namespaces would end with a message above the bound."""
    ada, ben = await room.enter("ada"), await room.enter("ben")
    await ada.do("type", id="7", text="Hegel")
    await ben.shows(saved("Hegel\n"))
    await ada.do("type", id="7", text="x" * 1_100_000)
    shown = await ada.until(lambda whole: whole["copies"] and whole["documents"]["7"]["phase"] == "ready")
    assert [(copy["reason"], len(copy["text"])) for copy in shown["copies"]] == [("too_large", 1_100_006)]
    assert (shown["state"], shown["documents"]["7"]["saveState"]) == ("connected", "refused")
    await ada.do("type", id="7", text="!")
    await ben.shows(saved("Hegel!\n"))


async def test_a_document_that_begins_anew_is_there_once(room: Room) -> None:
    """Pages that are connected go on in its new life; what was written into the old one without a network is a copy."""
    ben = await room.enter("ben")
    async with Proxy(int(room.site.url.rpartition(":")[2])) as network:
        ada = await room.enter("ada", network.url)
        await ada.do("type", id="7", text="Hegel")
        await ben.shows(saved("Hegel\n"))
        network.go_down()
        await ada.do("type", id="7", text=" lives")
        await ada.shows(lambda one: one["saveState"] == "kept")
        before = ben.document()["guid"]
        reply = await room.site.lms.delete("/v1/documents/7/past")
        assert reply.status_code == 200, reply.text
        await ben.shows(lambda one: one.get("guid", before) != before)
        await ben.do("type", id="7", text="!")
        await ben.shows(saved("Hegel!\n"))
        network.come_up()
        shown = await ada.until(lambda whole: whole["copies"] and whole["documents"]["7"]["phase"] == "ready")
        assert shown["copies"] == [{"reason": "epoch", "text": "Hegel lives\n"}]
        await ada.shows(lambda one: one["text"] == "Hegel!\n")
        await ada.do("type", id="7", text="?")
        await ben.shows(saved("Hegel!?\n"))


async def test_a_document_is_archived_and_deleted_under_its_pages(room: Room) -> None:
    ada, ben = await room.enter("ada"), await room.enter("ben")
    await ada.do("type", id="7", text="Hegel")
    await ben.shows(saved("Hegel\n"))
    reply = await room.site.lms.patch("/v1/documents/7", json={"archived": True})
    assert reply.status_code == 200, reply.text
    for opened in (ada, ben):
        await opened.shows(lambda one: one["mode"] == "view")
    reply = await room.site.lms.patch("/v1/documents/7", json={"archived": False})
    assert reply.status_code == 200, reply.text
    await ben.shows(lambda one: one["mode"] == "edit")
    await ben.do("type", id="7", text="!")
    await ada.shows(saved("Hegel!\n"))
    reply = await room.site.lms.delete("/v1/documents/7")
    assert reply.status_code == 204, reply.text
    for opened in (ada, ben):
        await opened.shows(lambda one: one["phase"] == "failed" and one["text"] is None)
