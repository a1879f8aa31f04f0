"""The campus where it is not drawn as designed: on paper, and in the colours that the system chooses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import DemoServer
from tests.browser.person import SEEDED
from tests.browser.test_access import comes_to
from tests.browser.test_chat_complete import say

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

SHEET = ViewportSize(width=718, height=1_046)
"""A4 within margins of 1 cm, in CSS pixels."""
WINDOW = ViewportSize(width=1_440, height=900)
PAGES = ("Chat", "Notifications", "Documents", "Analytics")
CONTENT = {
    "Chat": "[role=log] .cw-text",
    "Notifications": "main .cw-news",
    "Documents": ".cw-document-row",
    "Analytics": ".cw-live[data-live=yes]",
}
"""What shows that a page has loaded what it shows."""
MANY = 60
NOTES = re.compile("Lecture notes")
STOPS = 60
"""More than any page has."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoServer]:
    """One campus for all of these, which only look; what is written comes last."""
    del browser  # its fixture has built the pages that this serves
    async with DemoServer(tmp_path_factory.mktemp("campus")) as running:
        yield running


async def go(page: Page, name: str) -> None:
    await page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
    await expect(page.get_by_role("heading", level=2, name=name)).to_be_visible()
    # What comes later takes the place of what one has already looked at.
    await expect(page.locator(CONTENT[name]).first).to_be_visible()


@pytest.mark.parametrize("name", PAGES)
async def test_nothing_is_cut_off_on_paper(comes: Comes, name: str) -> None:
    """What scrolls in a window is whole on paper, dark letters on white, without the navigation."""
    ada = await comes("ada", viewport=WINDOW, color_scheme="dark")
    page = ada.page
    await go(page, name)
    await ada.is_connected()
    if name == "Documents":
        await page.get_by_role("link", name=NOTES).click()
        await expect(page.get_by_role("heading", name="The idea")).to_be_visible()
        await expect(page.get_by_role("region", name="Notes", exact=True)).to_be_visible()
    await page.emulate_media(media="print")
    await page.set_viewport_size(SHEET)
    await comes_to(page, [], CUT)
    await expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
    await comes_to(page, DARK, "matchMedia('print').matches && getComputedStyle(document.body).color")
    if name == "Documents":
        text = await page.locator(".cw-prose").bounding_box()
        notes = await page.get_by_role("region", name="Notes", exact=True).bounding_box()
        assert text is not None
        assert notes is not None
        assert notes["y"] >= text["y"] + text["height"]


@pytest.mark.parametrize("name", PAGES)
async def test_the_focus_is_seen_in_the_colours_of_the_system(comes: Comes, name: str) -> None:
    """Forced colours take shadows away, and rings are shadows; WCAG 2.2, 2.4.7."""
    ada = await comes("ada", viewport=WINDOW, forced_colors="active")
    page = ada.page
    await go(page, name)
    await ada.is_connected()
    unseen: list[str] = []
    first = None
    for _ in range(STOPS):
        await page.keyboard.press("Tab")
        one = await page.evaluate_handle("document.activeElement")
        if first is not None and await one.evaluate("(one, first) => one === first", first):
            break
        first = first or one
        unseen += await one.evaluate(
            """(one) => one === document.body || getComputedStyle(one).outlineStyle !== "none" ? [] :
              [one.outerHTML.slice(0, 120)]"""
        )
    else:
        pytest.fail(f"{STOPS} stops do not lead around the page")
    assert unseen == []


async def test_marked_words_are_read_in_the_colours_of_the_system(comes: Comes) -> None:
    ada = await comes("ada", viewport=WINDOW, forced_colors="active", color_scheme="dark")
    page = ada.page
    await go(page, "Documents")
    await page.get_by_role("link", name=NOTES).click()
    mark = page.locator(".cw-mark").first
    await expect(mark).to_be_visible()
    ground, letters = await mark.evaluate(
        "(one) => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color]"
    )
    # Those of the system, and nothing shines through.
    assert [ground, letters] == await page.evaluate(
        """() => ["Mark", "MarkText"].map((name) => {
          const probe = document.body.appendChild(document.createElement("i"));
          probe.style.color = name;
          const { color } = getComputedStyle(probe);
          probe.remove();
          return color;
        })"""
    )


async def test_all_that_is_loaded_of_a_conversation_is_printed(comes: Comes, server: DemoServer) -> None:
    """Of a long one only some thirty messages are in the page at a time."""
    ada = await comes("ada", viewport=WINDOW)
    await ada.open("General")
    room = await ada.room_id()
    said = [f"Number {number}." for number in range(MANY)]
    await say(server, room, *said)
    await expect(ada.bubble(said[-1])).to_be_visible()
    await expect(ada.texts.filter(has_text=SEEDED[0])).to_have_count(0)
    # After the pages' own, which was there before.
    await ada.page.evaluate(
        """() => addEventListener("beforeprint", () => {
          globalThis.printed = [...document.querySelectorAll("[role=log] .cw-text")].map((one) => one.textContent);
        })"""
    )
    await ada.page.pdf(format="A4", margin={"left": "1cm", "right": "1cm"})
    assert await ada.page.evaluate("printed") == [*SEEDED, *said]
    # Afterwards it is as it was.
    await expect(ada.texts.filter(has_text=SEEDED[0])).to_have_count(0)
    await expect(ada.bubble(said[-1])).to_be_in_viewport()


DARK = "rgb(28, 26, 23)"
CUT = """() => [...document.querySelectorAll("main *, main")].filter((one) => {
  const { overflowY, overflowX, textOverflow, clipPath } = getComputedStyle(one);
  // A line that ends in dots, and what only screen readers get, is cut on purpose.
  if (textOverflow === "ellipsis" || clipPath !== "none" || one.closest("svg, .cw-chart-canvas")) return false;
  return (overflowY !== "visible" && one.scrollHeight > one.clientHeight + 1)
    || (overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1);
}).map((one) => one.className)"""
