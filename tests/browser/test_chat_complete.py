"""All of the chat in real browsers: reactions, threads, mentions, search, anonymous posting, very long rooms."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, WebSocket, expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import ISSUER, DemoServer
from tests.browser.person import SEEDED, Person
from tests.unit.text.hostile import HOSTILE

from coursewire.client import ChatClient

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

MANY = 10_000
HEARD = 1_000
AT_ONCE = 100
MOST_NODES = 900
"""Elements of the list: about thirty messages, however many there are."""
LINKS = "links => links.map((link) => [link.getAttribute('href') ?? '', link.getAttribute('rel') ?? ''])"
# A message is pointed at for 2.6 s.
WATCH = """() => {
  globalThis.pointed = [];
  new MutationObserver(() => {
    const id = document.querySelector("[data-pointed] [data-message-id]")?.dataset.messageId;
    if (id !== undefined && !pointed.includes(id)) pointed.push(id);
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-pointed"] });
}"""
TO_TOP = "document.querySelector('.cw-scroll').scrollTop = 0"


def message(person: Person, text: str) -> Locator:
    """Return a message with all that belongs to it: tools, reactions, its thread."""
    return person.page.get_by_role("article").filter(has_text=text)


async def choose(person: Person, text: str, item: str) -> None:
    """Choose from the menu of a message."""
    await message(person, text).first.get_by_role("button", name="Message actions").click()
    await person.page.get_by_role("menuitem", name=item).click()


async def say(
    server: DemoServer, room: str, *texts: str, user_id: str = "ada", name: str = "Ada Lovelace"
) -> list[str]:
    """Let somebody say very much, from elsewhere; return the ids of the messages."""
    token, _ = ISSUER.issue(user_id, name, courses={"cs101": ["instructor"]})
    ids: list[str] = []
    async with ChatClient(server.url, token) as chat:
        for start in range(0, len(texts), AT_ONCE):
            sent = await asyncio.gather(*(chat.send(room, text) for text in texts[start : start + AT_ONCE]))
            ids += [message.id for message in sent]
    return ids


async def test_a_reaction_is_seen_by_the_other_and_taken_back(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    for person in (ada, ben):
        await person.open("General")
    await choose(ada, SEEDED[1], "React with 👍")
    theirs = message(ben, SEEDED[1]).get_by_role("button", name="👍 1: Ada Lovelace")
    await expect(theirs).to_have_attribute("aria-pressed", "false")
    await theirs.click()
    ours = message(ada, SEEDED[1]).get_by_role("button", name="👍 2: You and Ben Okafor")
    await expect(ours).to_have_attribute("aria-pressed", "true")
    await ours.click()
    await expect(message(ben, SEEDED[1]).get_by_role("button", name="👍 1: You")).to_be_visible()
    # Any other emoji, found by its name.
    await message(ben, SEEDED[1]).get_by_role("button", name="Add a reaction").click()
    await ben.page.get_by_role("button", name="All emoji").click()
    await ben.page.get_by_role("searchbox", name="Find an emoji").fill("otter")
    await ben.page.keyboard.press("ArrowDown")
    await ben.page.keyboard.press("Enter")
    await expect(message(ada, SEEDED[1]).get_by_role("button", name="🦦 1: Ben Okafor")).to_be_visible()


async def test_a_reply_quotes_and_a_thread_stands_apart(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    for person in (ada, ben):
        await person.open("General")
    await choose(ben, SEEDED[2], "Reply")
    await ben.write("At what time?")
    quote = message(ada, "At what time?").get_by_role("button", name=f"In reply to Ada Lovelace: {SEEDED[2]}")
    await expect(quote).to_be_visible()

    await choose(ada, "At what time?", "Answer in a thread")
    answer = ada.page.get_by_role("textbox", name="Answer in this thread")
    await expect(answer).to_be_focused()
    await answer.fill("Before *ten*.")
    await answer.press("Enter")
    await message(ben, "At what time?").get_by_role("button", name="1 answer").click()
    thread = ben.page.get_by_role("complementary", name="Thread")
    await expect(thread.get_by_role("log").locator(".cw-text")).to_have_text(["Before ten."])
    # An answer in a thread is no message of the room.
    await expect(
        ben.page.get_by_role("log", name="Messages in General").locator(".cw-text").last
    ).to_have_text("At what time?")
    await ben.page.get_by_role("textbox", name="Answer in this thread").press("Escape")
    await expect(thread).to_be_hidden()
    # Nor is it one of the room's history, when that is read anew.
    await ben.page.reload()
    await expect(message(ben, "At what time?").get_by_role("button", name="1 answer")).to_be_visible()
    await expect(ben.texts.last).to_have_text("At what time?")


async def test_somebody_is_mentioned_by_keyboard_alone(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    await ben.has_read("General")
    await ben.open("Announcements")
    await ada.open("General")
    await ada.composer.press_sequentially("Please look, @o")
    options = ada.page.get_by_role("listbox", name="People to mention").get_by_role("option")
    await expect(options).to_have_text([re.compile("Ben Okafor")])
    await expect(ada.composer).to_have_attribute("aria-activedescendant", re.compile("."))
    await ada.page.keyboard.press("Escape")
    await expect(options).to_have_count(0)
    await ada.composer.fill("")
    await ada.composer.press_sequentially("@")
    await expect(options.first).to_be_visible()
    await ada.page.keyboard.press("ArrowDown")
    await ada.page.keyboard.press("ArrowUp")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await ada.page.keyboard.type("ben")
    await ada.page.keyboard.press("Tab")
    await expect(ada.composer).to_have_value("@Ben Okafor ")
    await ada.page.keyboard.type("is it yours?")
    await ada.page.keyboard.press("Enter")
    await expect(message(ada, "is it yours?").locator(".mention")).to_have_text("@Ben Okafor")
    await expect(ben.room("General")).to_contain_text("@")
    await expect(ben.room("General")).to_contain_text("1 unread")


async def test_what_is_pinned_or_found_leads_to_its_place_in_the_history(
    comes: Comes, server: DemoServer
) -> None:
    ben = await comes("ben")
    await ben.open("General")
    room = await ben.room_id()
    await say(server, room, *(f"Line {number} of a long day" for number in range(150)))
    await expect(ben.texts.last).to_have_text("Line 149 of a long day")
    ada = await comes("ada")
    await ada.open("Announcements")
    await ada.page.keyboard.press("Control+k")
    await (
        ada.page.get_by_role("button", name="All conversations", exact=True)
        .or_(ada.page.get_by_role("radio", name="All conversations"))
        .click()
    )
    await ada.page.get_by_role("searchbox", name="Find messages").fill("recorded tuesday")
    found = ada.page.get_by_role("complementary", name="Search").get_by_role("button", name="in General")
    await expect(found.locator("mark")).to_have_text(["Tuesday", "recorded"])
    await found.click()
    await expect(ada.page.get_by_role("heading", level=2, name="General")).to_be_visible()
    await expect(message(ada, SEEDED[1])).to_be_in_viewport()
    await expect(message(ada, SEEDED[1])).to_be_focused()
    await choose(ada, SEEDED[1], "Pin")
    # Back to the present, and by the pin into the past again.
    await ada.page.get_by_role("button", name="Jump to the newest").click()
    await expect(ada.bubble("Line 149 of a long day")).to_be_in_viewport()
    await ben.page.get_by_role("button", name="Pinned messages, 1").click()
    await ben.page.get_by_role("dialog", name="Pinned messages").get_by_role("button").click()
    await expect(message(ben, SEEDED[1])).to_be_in_viewport()


async def test_a_link_opens_the_room_at_its_message(comes: Comes, server: DemoServer) -> None:
    ben = await comes("ben")
    await ben.open("General")
    room = await ben.room_id()
    wanted = await ben.bubble(SEEDED[0]).get_attribute("data-message-id")
    await say(server, room, *(f"Later {number}" for number in range(120)))
    cleo = await comes("cleo", viewport={"width": 390, "height": 844})
    await cleo.page.evaluate(WATCH)
    await cleo.page.goto(f"{cleo.network.url}/#/chat/{room}?message={wanted}")
    await expect(message(cleo, SEEDED[0])).to_be_in_viewport()
    await expect(message(cleo, SEEDED[0])).to_be_focused()
    await cleo.page.wait_for_function("pointed.length > 0")
    assert await cleo.page.evaluate("pointed") == [wanted]
    # What is not there is said, not waited for.
    await cleo.page.goto(f"{cleo.network.url}/#/chat/{room}?message={room}")
    await expect(cleo.page.get_by_text("This message is not here any more")).to_be_visible()


def frames_of(page: Page) -> list[str]:
    """Collect what a page is told, as it comes."""
    told: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: told.append(str(frame)))

    page.on("websocket", listen)
    return told


async def test_an_anonymous_question_has_no_author_for_peers_and_one_for_staff_who_ask(comes: Comes) -> None:
    ben, cleo = await comes("ben"), await comes("cleo", signed_in=False)
    told = frames_of(cleo.page)
    await cleo.sign_in()
    ada = await comes("ada")
    for person in (ada, ben, cleo):
        await person.open("General")
    before = len(told)
    await ben.page.get_by_role("switch", name="Post anonymously").click()
    await ben.composer.press_sequentially("What is an index?")
    await ben.composer.press("Enter")
    asked = message(cleo, "What is an index?")
    await expect(asked).to_contain_text("Anonymous")
    assert "Ben" not in await asked.inner_html()
    assert "ben" not in await asked.inner_html()
    frames = [frame for frame in told[before:] if "What is an index?" in frame]
    assert frames
    assert all('"ben"' not in frame and "Ben Okafor" not in frame for frame in frames)
    # Nor did anybody hear that Ben types.
    assert not [frame for frame in told[before:] if "typing.changed" in frame and "ben" in frame]
    await expect(message(ben, "What is an index?")).to_contain_text("You, anonymously")
    await expect(message(ben, "What is an index?")).to_have_count(1)

    await choose(ada, "What is an index?", "Reveal author…")
    question = ada.page.get_by_role("alertdialog", name="Reveal the author?")
    await expect(question).to_contain_text("logged")
    await question.get_by_role("button", name="Reveal, and log it").click()
    await expect(ada.page.get_by_role("dialog", name="Who wrote it")).to_contain_text("Ben Okafor")
    await ada.page.keyboard.press("Escape")
    await ada.page.get_by_role("button", name="More about this conversation").click()
    await ada.page.get_by_role("menuitem", name="Reports and log").click()
    await ada.page.get_by_role("tab", name="What staff did").click()
    await expect(ada.page.get_by_role("tabpanel")).to_contain_text(
        "Ada Lovelace asked who wrote an anonymous message"
    )


async def test_what_is_reported_can_be_hidden_and_a_room_locked(comes: Comes) -> None:
    ada, ben, cleo = await comes("ada"), await comes("ben"), await comes("cleo")
    for person in (ada, ben, cleo):
        await person.open("General")
    await ben.write("Buy my answers!")
    await choose(cleo, "Buy my answers!", "Report…")
    form = cleo.page.get_by_role("dialog", name="Report this message")
    await form.get_by_role("radio", name="It helps to cheat").click()
    await form.get_by_role("button", name="Report").click()
    await cleo.page.get_by_role("dialog", name="Thank you").get_by_role("button", name="Close").click()

    await ada.page.get_by_role("button", name="Reports", exact=True).click()
    reports = ada.page.get_by_role("complementary", name="Reports")
    await expect(reports.get_by_role("listitem")).to_contain_text(["Helps to cheat"])
    await reports.get_by_role("button", name="Hide message").click()
    await expect(reports.get_by_role("listitem")).to_have_count(0)
    for person in (ada, ben, cleo):
        await expect(person.texts.last).to_have_text("Message hidden by the staff")
    assert "Buy my answers" not in await cleo.log.inner_html()
    await ada.page.get_by_role("button", name="Close Reports").click()
    await choose(ada, "Message hidden by the staff", "Show again")
    await expect(cleo.texts.last).to_have_text("Buy my answers!")

    await ada.page.get_by_role("button", name="More about this conversation").click()
    await ada.page.get_by_role("menuitem", name="Lock").click()
    for person in (ben, cleo):
        await expect(person.page.get_by_text("The staff has locked this conversation.")).to_be_visible()
        await expect(person.composer).to_have_count(0)
    await expect(ada.composer).to_be_visible()
    await ada.page.get_by_role("button", name="More about this conversation").click()
    await ada.page.get_by_role("menuitem", name="Unlock").click()
    await expect(ben.composer).to_be_visible()


async def test_two_edits_of_one_message_are_shown_side_by_side(comes: Comes) -> None:
    """An edit over an old version gets `conflict`: both texts show, and one of them is chosen."""
    desk, phone = await comes("ben"), await comes("ben")
    for person in (desk, phone):
        await person.open("General")
    await choose(desk, SEEDED[1], "Edit")
    editor = desk.page.get_by_role("textbox", name="Edit message")
    await editor.fill("Written at the desk")
    await choose(phone, SEEDED[1], "Edit")
    await phone.page.get_by_role("textbox", name="Edit message").fill("Written on the phone")
    await phone.page.keyboard.press("Enter")
    await expect(phone.bubble("Written on the phone")).to_be_visible()
    await desk.room("General").get_by_text("Found it already").wait_for()
    await editor.press("Enter")
    conflict = desk.page.get_by_role("alert", name="Changed in the meantime")
    await expect(conflict).to_contain_text("Written on the phone")
    await desk.page.get_by_role("button", name="Save mine").click()
    await expect(phone.bubble("Written at the desk")).to_be_visible()


async def test_messages_are_walked_and_used_by_keyboard_alone(comes: Comes) -> None:
    ben = await comes("ben")
    await ben.open("General")
    page = ben.page
    await message(ben, SEEDED[3]).focus()
    await page.keyboard.press("ArrowUp")
    await expect(message(ben, SEEDED[2])).to_be_focused()
    await page.keyboard.press("Home")
    await expect(message(ben, SEEDED[0])).to_be_focused()
    await page.keyboard.press("r")
    await expect(ben.composer).to_be_focused()
    await expect(page.get_by_text("Reply to Ada Lovelace")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Reply to Ada Lovelace")).to_be_hidden()
    await message(ben, SEEDED[1]).focus()
    await page.keyboard.press("e")
    await expect(page.get_by_role("textbox", name="Edit message")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(ben.composer).to_be_focused()
    await message(ben, SEEDED[0]).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menu")).to_be_visible()
    # What is open takes the focus once it is drawn, and gives it back a turn after it has gone, whoever has it by then.
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(message(ben, SEEDED[0]).get_by_role("button", name="Message actions")).to_be_focused()
    await message(ben, SEEDED[0]).focus()
    await page.keyboard.press("+")
    choice = page.get_by_role("dialog", name="Choose an emoji")
    await expect(choice.get_by_role("button", name="React with 👍")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(message(ben, SEEDED[0]).get_by_role("button", name="👍 1: You")).to_be_visible()
    await expect(message(ben, SEEDED[0]).get_by_role("button", name="React", exact=True)).to_be_focused()
    await message(ben, SEEDED[0]).focus()
    await page.keyboard.press("Escape")
    await expect(ben.composer).to_be_focused()
    await message(ben, SEEDED[0]).focus()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Formatting and keys")).to_be_visible()


async def test_the_corpus_of_hostile_texts_runs_nothing(comes: Comes, server: DemoServer) -> None:
    """Every text of the corpus as a message, sanitised by the server, in a real page: no script, no foreign load."""
    ben = await comes("ben")
    loads: list[str] = []
    dialogs: list[str] = []
    ben.page.on("request", lambda request: loads.append(request.url))
    ben.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await ben.open("General")
    room = await ben.room_id()
    elements = "img, iframe, script, object, embed, form, input, style, link, meta, base, svg[onload]"
    # As many at a time as are in the page together: the last one, and eight rows beyond what is in sight.
    for start in range(0, len(HOSTILE), 8):
        ids = await say(server, room, *HOSTILE[start : start + 8])
        last = ben.log.locator("[data-message-id]").last
        await expect(last).to_have_attribute("data-message-id", ids[-1])
        await expect(last).to_be_in_viewport()
        shown = await ben.log.locator("[data-message-id]").evaluate_all(
            "rows => rows.map((row) => row.dataset.messageId)"
        )
        assert set(ids) <= set(shown)
        # In one look: rows leave the page as others come, and whoever asks for their links one by one waits for ever.
        links = await ben.log.get_by_role("link").evaluate_all(LINKS)
        for href, rel in links:
            assert href.lower().startswith(("https://", "http://", "mailto:")), href
            assert "noopener" in rel
        assert await ben.log.locator(f".cw-text :is({elements})").count() == 0
    assert dialogs == []
    assert not [url for url in loads if not url.startswith((ben.network.url, "data:"))]


class TestLongRooms:
    """Rooms with as many messages as a term has."""

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"COURSEWIRE_RATE_LIMITS": "off"}

    async def test_ten_thousand_messages_are_scrolled_with_few_in_the_page(
        self, comes: Comes, server: DemoServer
    ) -> None:
        ada = await comes("ada")
        await ada.open("General")
        room = await ada.room_id()
        texts = [f"Number {number} " + "word " * (number % 40) for number in range(MANY)]
        await ada.page.goto("about:blank")
        await say(server, room, *texts[:-HEARD])
        # Ada hears the last of them as they are said; Ben finds all in the history.
        await ada.page.go_back()
        await ada.is_connected()
        await say(server, room, *texts[-HEARD:])
        await expect(ada.texts.last).to_contain_text(f"Number {MANY - 1} ")
        assert await ada.log.locator("*").count() < MOST_NODES
        ben = await comes("ben")
        await ben.open("General")
        await expect(ben.texts.last).to_contain_text(f"Number {MANY - 1} ")
        page = ben.page
        begins = page.get_by_text("This is where it begins.")
        rows = page.locator("[data-row]")
        while not await begins.count():
            first = await rows.first.get_attribute("data-row")
            await page.evaluate(TO_TOP)
            await page.wait_for_function(
                "first => document.querySelector('[data-row]')?.dataset.row !== first", arg=first
            )
            assert await ben.log.locator("*").count() < MOST_NODES
        assert await page.evaluate("document.querySelector('.cw-scroll').scrollHeight") > MANY * 20
        # The place is kept when something new comes, and the way back is one click.
        await page.evaluate(TO_TOP)
        await expect(ben.bubble(SEEDED[0])).to_be_in_viewport()
        await say(server, room, "The newest of all")
        button = page.get_by_role("button", name="1 new message")
        await expect(button).to_be_visible()
        await expect(ben.bubble(SEEDED[0])).to_be_in_viewport()
        await button.click()
        await expect(ben.bubble("The newest of all")).to_be_in_viewport()
        assert await ben.log.locator("*").count() < MOST_NODES
