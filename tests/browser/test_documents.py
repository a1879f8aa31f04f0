"""Documents in two real browsers: the same text in both, notes that keep their place, what staff write stays theirs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Dialog, Locator, Page, WebSocket, expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import ISSUER, DemoServer
from tests.browser.person import Person
from tests.browser.test_access import FAINT, TOO_WIDE, comes_to

from coursewire.demo.people import COURSE, PEOPLE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

# What one swipes through may be longer than the window.
WIDE = TOO_WIDE.replace("body *", "body :not(.cw-toolbar *)")
ON_ITS_WAY = "document.getAnimations().filter((one) => one.playState === 'running').map((one) => one.id)"
FIRST = "The time grows with the square of the length."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoServer]:
    """One campus for all of these: each test has a document of its own."""
    del browser  # its fixture has built the pages that this serves
    async with DemoServer(tmp_path_factory.mktemp("campus")) as running:
        yield running


def text(page: Page) -> Locator:
    """Return where one writes."""
    return page.locator(".cw-prose")


def notes(page: Page) -> Locator:
    return page.get_by_role("region", name="Notes")


def note(page: Page, name: str | re.Pattern[str]) -> Locator:
    return notes(page).get_by_role("article", name=name)


async def words(page: Page) -> str:
    """Return the text alone: without the names at the carets of others."""
    found: str = await text(page).evaluate("one => one.editor.getText()")
    return found


async def reads(page: Page, wanted: str) -> None:
    """Wait until the text is this, or holds it."""
    await page.wait_for_function(
        "wanted => document.querySelector('.cw-prose')?.editor?.getText().includes(wanted)", arg=wanted
    )


async def is_saved(page: Page) -> None:
    await expect(page.locator(".cw-save")).to_have_text("All changes saved")


async def mark(page: Page, wanted: str, *, caret: bool = False) -> None:
    """Mark words of the text once they are there, as somebody with a mouse does; or put the caret in front of them."""
    await page.wait_for_function(
        """([wanted, caret]) => {
          const editor = document.querySelector('.cw-prose')?.editor;
          let isThere = false;
          editor?.state.doc.descendants((node, at) => {
            const from = node.isTextblock ? node.textContent.indexOf(wanted) : -1;
            if (from < 0) return;
            isThere = true;
            editor.view.focus();
            const to = caret ? from : from + wanted.length;
            editor.commands.setTextSelection({ from: at + 1 + from, to: at + 1 + to });
          });
          return isThere;
        }""",
        arg=[wanted, caret],
    )


async def stands_at(page: Page, wanted: str) -> None:
    """Wait until these words are marked for a note; a caret may stand between them."""
    await page.wait_for_function(
        """wanted => [...document.querySelectorAll('mark[data-kind=commenting]')]
          .map((one) => one.textContent).join('') === wanted""",
        arg=wanted,
    )


async def come_together(comes: Comes, title: str) -> tuple[Person, Person]:
    """Ada makes a document, Ben sees it come into his list; both have it open, with one paragraph in it."""
    ada, ben = await comes("ada"), await comes("ben")
    await ben.page.get_by_role("link", name="Documents").click()
    await expect(ben.page.locator(".cw-document-row").first).to_be_visible()
    await ada.page.get_by_role("link", name="Documents").click()
    await ada.page.get_by_role("button", name="New document").click()
    await ada.page.get_by_label("Title").fill(title)
    await ada.page.get_by_role("button", name="Make it").click()
    await expect(ada.page.get_by_role("heading", level=2, name=title)).to_be_visible()
    await text(ada.page).click()
    await ada.page.keyboard.type(FIRST)
    await is_saved(ada.page)
    await expect(ben.page.get_by_role("button", name="New document")).to_have_count(0)
    await ben.page.get_by_role("link", name=title).click()
    await reads(ben.page, FIRST)
    return ada, ben


async def test_two_type_at_the_same_place_and_read_the_same(comes: Comes) -> None:
    ada, ben = await come_together(comes, "Typing")
    for person in (ada, ben):
        await text(person.page).click()
        await person.page.keyboard.press("Control+End")
    await asyncio.gather(
        ada.page.keyboard.type(" Doubling it takes 😀 four times.", delay=5),
        ben.page.keyboard.type(" 漢字 sort by code point 🙂.", delay=5),
    )
    typed = FIRST + " Doubling it takes 😀 four times." + " 漢字 sort by code point 🙂."
    for person in (ada, ben):
        # One's own is saved; that of the other may still be on its way.
        await is_saved(person.page)
        await person.page.wait_for_function(
            "wanted => document.querySelector('.cw-prose')?.editor?.getText().length >= wanted",
            arg=len(typed.encode("utf-16-le")) // 2,
        )
    both = await words(ada.page)
    assert await words(ben.page) == both
    assert sorted(both) == sorted(typed)
    # Each sees the other's caret, by name; nobody hears it read out.
    caret = ada.page.locator(".cw-caret")
    await expect(caret).to_have_text("Ben Okafor")
    await expect(caret).to_have_attribute("aria-hidden", "true")
    await expect(ada.page.get_by_role("button", name="2 people here")).to_be_visible()
    # One emoji is replaced by its neighbour, which shares its first half.
    await mark(ada.page, "😀")
    await ada.page.keyboard.insert_text("😁")
    await reads(ben.page, "😁")
    # Only one's own is undone.
    await ben.page.keyboard.type(" Mine!")
    await reads(ada.page, " Mine!")
    await ada.page.get_by_role("button", name="Undo").click()
    await reads(ben.page, "😀")
    assert " Mine!" in await words(ben.page)
    # Too much at once is refused with words, and nobody loses the connection.
    await text(ada.page).evaluate(
        """one => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", "x".repeat(10_000_000));
          one.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }"""
    )
    await expect(ada.page.get_by_text("That is 10 MB: too much to paste at once.")).to_be_visible()
    await ada.is_connected()
    # What is written without a network is kept on the device, also when the page is left, and merged later.
    ada.network.go_down()
    await expect(ada.page.locator(".cw-save")).to_contain_text("Offline")
    await mark(ada.page, "The time")
    await ada.page.keyboard.type("Our time")
    await expect(ada.page.locator(".cw-save")).to_have_text("Offline. Your changes are kept on this device")
    # On a phone, too, one reads to the end whether they are kept or lost.
    wide = ada.page.viewport_size
    assert wide is not None
    await ada.page.set_viewport_size({"width": 390, "height": 800})
    await comes_to(
        ada.page, True, "(one => one.scrollWidth <= one.clientWidth)(document.querySelector('.cw-save'))"
    )
    await ada.page.set_viewport_size(wide)
    address = ada.page.url
    asked: list[str] = []

    async def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    ada.page.once("dialog", leave)
    await ada.page.goto("about:blank")
    assert asked == ["beforeunload"]
    await mark(ben.page, "the length")
    await ben.page.keyboard.type("its length")
    ada.network.come_up()
    await ada.page.goto(address)
    for person in (ada, ben):
        await reads(person.page, "Our time grows with the square of its length.")
        await is_saved(person.page)
    assert await words(ada.page) == await words(ben.page)


async def test_a_note_keeps_its_place_while_the_other_deletes_around_it(comes: Comes) -> None:
    ada, ben = await come_together(comes, "Notes that stay")
    await mark(ben.page, "the square of")
    # By keyboard alone.
    await ben.page.keyboard.press("Control+Alt+m")
    await expect(notes(ben.page).get_by_role("textbox", name="Note")).to_be_focused()
    await ben.page.keyboard.type("Is that so? @Ada Lovelace ")
    await ben.page.keyboard.press("Control+Enter")
    for person in (ada, ben):
        await stands_at(person.page, "the square of")
    await expect(note(ada.page, "Comment by Ben Okafor")).to_contain_text("Is that so?")
    # A click on it opens the note, and puts the caret where one has clicked.
    await ada.page.locator("mark[data-kind=commenting]").click()
    await expect(note(ada.page, "Comment by Ben Okafor")).to_have_attribute("aria-current", "true")
    await ada.page.wait_for_function(
        """([first, last]) => {
          const at = document.querySelector('.cw-prose').editor.state.selection.$from.parentOffset;
          return first < at && at < last;
        }""",
        arg=[FIRST.index("the square"), FIRST.index("the length")],
    )
    # She is told of it, and led to it.
    await ada.page.get_by_role("link", name="Notifications").click()
    await ada.page.get_by_role("main").get_by_role("link").filter(has_text="Notes that stay").first.click()
    await expect(note(ada.page, "Comment by Ben Okafor")).to_have_attribute("aria-current", "true")
    await mark(ada.page, "The time grows with ")
    await ada.page.keyboard.press("Delete")
    await mark(ada.page, " the length.")
    await ada.page.keyboard.press("Delete")
    for person in (ada, ben):
        await stands_at(person.page, "the square of")
    await mark(ada.page, "square", caret=True)
    await ada.page.keyboard.press("Enter")
    await expect(text(ben.page).locator("p")).to_have_count(2)
    for person in (ada, ben):
        await stands_at(person.page, "the square of")
    # Now the words themselves: the note says so, and is attached to others.
    await ada.page.keyboard.press("Control+a")
    await ada.page.keyboard.type("Something else altogether.")
    lost = "These words are not in the text any more."
    for person in (ada, ben):
        await expect(note(person.page, "Comment by Ben Okafor")).to_contain_text(lost)
    await reads(ben.page, "Something else altogether.")
    await mark(ben.page, "Something else")
    await notes(ben.page).get_by_role("button", name="Attach to what is marked").click()
    for person in (ada, ben):
        await stands_at(person.page, "Something else")
    await expect(note(ada.page, "Comment by Ben Okafor")).not_to_contain_text(lost)
    # A reply and the end of it reach both.
    thread = note(ada.page, "Comment by Ben Okafor")
    await thread.get_by_role("button", name="Reply").click()
    await thread.get_by_role("textbox", name="Reply to Ben Okafor").fill("It was.")
    await thread.get_by_role("button", name="Reply").click()
    await expect(note(ben.page, "Comment by Ben Okafor")).to_contain_text("It was.")
    await thread.get_by_role("button", name="Resolve").click()
    await expect(notes(ben.page)).to_contain_text("The one note is filtered out.")
    await stands_at(ada.page, "")


def heard(page: Page) -> list[str]:
    """Return what the page is sent from now on, as it comes: text, and what is readable of bytes."""
    frames: list[str] = []

    def take(frame: str | bytes) -> None:
        frames.append(frame if isinstance(frame, str) else frame.decode("utf-8", "replace"))

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", take)

    page.on("websocket", listen)
    return frames


async def over_http(server: DemoServer, person: Person, path: str) -> httpx.Response:
    """Ask with their own token."""
    name, role = PEOPLE[person.user_id]
    token, _ = ISSUER.issue(person.user_id, name, courses={COURSE: [role]})
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
        return await http.get(path, headers={"Authorization": f"Bearer {token}"})


async def test_what_staff_note_reaches_no_student(comes: Comes, server: DemoServer) -> None:
    ada, ben = await come_together(comes, "Notes of the staff")
    frames = heard(ben.page)
    await ben.page.reload()
    await reads(ben.page, FIRST)
    await expect(ben.page.get_by_role("button", name="Assess")).to_have_count(0)
    secret = "Copied from Cleo"
    for tools, kind, body, audience in (
        ("Formatting and notes", "Assess", secret, None),
        ("Marked text", "Comment", "For all of you", "Everybody here"),
    ):
        await mark(ada.page, "grows")
        await ada.page.get_by_role("toolbar", name=tools).get_by_role("button", name=kind).click()
        await notes(ada.page).get_by_role("textbox", name="Note").fill(body)
        if audience is not None:
            await notes(ada.page).get_by_label("For").select_option(audience)
        await notes(ada.page).get_by_role("button", name="Save").click()
        await expect(notes(ada.page).get_by_role("article").get_by_text(body)).to_be_visible()
    await expect(note(ada.page, "Assessment by Ada Lovelace")).to_contain_text("Staff only")
    await expect(note(ben.page, "Comment by Ada Lovelace")).to_contain_text("For all of you")
    document_id = ada.page.url.rpartition("/")[2]
    listed = f"/v1/documents/{document_id}/annotations"
    assert secret in (await over_http(server, ada, listed)).text
    told = await over_http(server, ben, listed)
    assert (told.status_code, secret in told.text, "For all of you" in told.text) == (200, False, True)
    for audience, whom in (("", 200), (":staff", 404)):
        channel = f"/v1/collaboration/channels/document:{document_id}{audience}/events"
        epoch = (await over_http(server, ada, channel)).json()["epoch"]
        past = f"{channel}?epoch={epoch}&offset=0"
        assert (secret in (await over_http(server, ada, past)).text) == (audience == ":staff")
        answer = await over_http(server, ben, past)
        assert (answer.status_code, secret in answer.text) == (whom, False)
    await ben.page.reload()
    await expect(note(ben.page, "Comment by Ada Lovelace")).to_be_visible()
    assert secret not in await ben.page.content()
    assert any("For all of you" in frame for frame in frames), "nothing was heard"
    assert [frame for frame in frames if secret in frame or ":staff" in frame] == []


async def test_a_list_shows_the_threads_that_are_open_as_they_come(comes: Comes, server: DemoServer) -> None:
    """[DOC7] Without being loaded again; a note for the staff counts for them alone."""
    ada, ben = await comes("ada"), await comes("ben")
    made = await server.post(
        "/v1/documents", {"course_id": COURSE, "title": "Counted", "html": "<p>Heaps</p>"}
    )
    document_id = made["document"]["id"]
    rows = []
    for person in (ada, ben):
        await person.page.get_by_role("link", name="Documents").click()
        rows.append(person.page.locator(".cw-document-row", has_text="Counted"))
        await expect(rows[-1]).to_be_visible()
    note_ = {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "type": "Annotation",
        "motivation": "questioning",
        "creator": {"id": "urn:coursewire:user:ada", "type": "Person"},
        "body": [{"type": "TextualBody", "value": "Which end is the root?"}],
        "target": {"source": document_id, "selector": {"type": "TextQuoteSelector", "exact": "Heaps"}},
    }
    for_staff = {"audience": {"type": "schema:Audience", "schema:audienceType": "staff"}}
    for audience in (for_staff, {}):
        await server.post(f"/v1/documents/{document_id}/annotations", {**note_, **audience})
    for row, words_ in zip(rows, ("2 open notes", "1 open notes"), strict=True):
        await expect(row).to_contain_text(words_)


async def test_documents_fit_and_can_be_read(comes: Comes, tmp_path: Path) -> None:
    """On a phone, a tablet and a desk, light and dark, with what can be opened beside the text."""
    ada = await comes("ada", viewport={"width": 1_440, "height": 900})
    page = ada.page

    async def look(name: str) -> None:
        await comes_to(page, [], WIDE)
        themes: tuple[Literal["dark"], Literal["light"]] = ("dark", "light")
        for theme in themes:
            await page.emulate_media(color_scheme=theme)
            # Colours are on their way for a moment.
            await comes_to(page, [], ON_ITS_WAY)
            await comes_to(page, [], FAINT)
            await page.screenshot(path=tmp_path / f"{name}-{theme}.png")

    await page.get_by_role("link", name="Documents").click()
    await page.get_by_role("button", name="New document").click()
    await page.get_by_label("Title").fill("A report with a long title " * 6)
    await page.get_by_role("radio", name=re.compile("^Lab report")).click()
    await look("new")
    await page.get_by_role("button", name="Make it").click()
    await expect(text(page)).to_contain_text("Lab report")
    await mark(page, "Lab report")
    await page.get_by_role("button", name="Question").click()
    await notes(page).get_by_role("textbox", name="Note").fill("Why " + "so-long-a-word-" * 20)
    for width, height in ((1_440, 900), (820, 1_180), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        await look(f"writing-{width}")
    await notes(page).get_by_role("button", name="Save").click()
    await expect(note(page, "Question by Ada Lovelace")).to_be_visible()
    await look("notes")
    await page.get_by_role("button", name="Close the notes").click()
    await look("text")
    await page.get_by_role("button", name="Versions").click()
    await page.get_by_label("Name this version").fill("First draft")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="First draft").click()
    await page.get_by_role("radio", name="What changed").click()
    await expect(page.get_by_text("Nothing has changed between the two.")).to_be_visible()
    await look("version")
    nameless: list[Any] = await page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, textarea")].filter((element) =>
          !(element.textContent.trim() || element.getAttribute("aria-label") || element.labels?.length))
          .map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
