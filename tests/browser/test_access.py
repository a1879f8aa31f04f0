"""The campus for everybody: by keyboard alone, by role and name, on every width, in light and dark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error, Locator, Page, expect
from tests.browser.conftest import Comes
from tests.browser.person import SEEDED

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

WIDTHS = {390: 844, 820: 1_180, 1_440: 900}
PHONE = min(WIDTHS)
LONG = "https://example.org/" + "a-very-long-path-without-a-break" * 12


async def press_until(page: Page, key: str, role: str, name: str) -> None:
    """Press a key until something of this role and name has the focus; fail after a full round."""
    wanted = page.get_by_role(role, name=name)  # type: ignore[arg-type]  # a literal of Playwright's
    for _ in range(40):
        if await wanted.evaluate_all("found => found.includes(document.activeElement)"):
            return
        before = await page.evaluate_handle("document.activeElement")
        await page.keyboard.press(key)
        # A menu moves the focus a turn later: who looks at once presses once too often.
        await page.wait_for_function("before => document.activeElement !== before", arg=before)
    pytest.fail(f"{key} never reaches {role} {name!r}")


async def comes_to(page: Page, wanted: Any, script: str, arg: Any = None) -> None:
    """Wait until a script finds this: what has just been drawn, or has another size, takes its place a turn later."""
    told = json.dumps(json.dumps(wanted, separators=(",", ":"), ensure_ascii=False))
    asking = f"""(arg) => {{
      const found = {script};
      return JSON.stringify(typeof found === "function" ? found(arg) : found) === {told};
    }}"""
    try:
        await page.wait_for_function(asking, arg=arg)
    except Error:
        assert await page.evaluate(script, arg) == wanted


async def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    await comes_to(
        page, True, "document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth"
    )
    await comes_to(page, [], TOO_WIDE)


async def test_one_signs_in_reaches_a_room_and_writes_by_keyboard_alone(comes: Comes) -> None:
    ada = await comes("ada", signed_in=False)
    page = ada.page
    await page.goto(ada.network.url)
    await expect(page.get_by_role("button", name="Ada Lovelace")).to_be_visible()
    await press_until(page, "Tab", "button", "Ada Lovelace")
    await page.keyboard.press("Enter")
    await ada.is_connected()
    await expect(ada.room("General")).to_be_visible()
    await press_until(page, "Tab", "button", "General")
    await page.keyboard.press("Enter")
    await ada.sees(*SEEDED)
    await expect(ada.composer).to_be_focused()
    await page.keyboard.type("Written by hand.")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("Two lines.")
    await page.keyboard.press("Enter")
    await ada.sees(*SEEDED, "Written by hand.\nTwo lines.")
    await expect(ada.composer).to_be_focused()
    # What is on its way has no actions yet.
    await expect(ada.status("Written by hand.")).to_have_accessible_name("Sent")
    # Back over the actions of the message: its menu opens, answers to the arrows, and gives the focus back.
    await press_until(page, "Shift+Tab", "button", "Message actions")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await press_until(page, "ArrowDown", "menuitem", "Edit")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Edit message")).to_be_focused()
    await page.keyboard.type(" Edited.")
    await page.keyboard.press("Enter")
    await ada.sees(*SEEDED, "Written by hand.\nTwo lines. Edited.")


async def test_what_is_closed_gives_the_focus_back(comes: Comes) -> None:
    """WCAG 2.2, 2.4.3: who closes something by keyboard goes on where they were, not at the top of the page."""
    ada = await comes("ada")
    await ada.open("General")
    page = ada.page

    async def closes(opener: Locator, inside: Locator) -> None:
        await expect(inside).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(opener).to_be_focused()

    def button(name: str) -> Locator:
        return page.get_by_role("button", name=name, exact=True)

    await button("New conversation").press("Enter")
    await closes(button("New conversation"), page.get_by_role("searchbox", name="Find people"))
    await button("Formatting and keys").press("Enter")
    await closes(button("Formatting and keys"), button("Close"))
    menu = (
        page.get_by_role("article").filter(has_text=SEEDED[0]).get_by_role("button", name="Message actions")
    )
    await menu.press("Enter")
    await press_until(page, "ArrowDown", "menuitem", "Delete")
    await page.keyboard.press("Enter")
    await closes(menu, button("Keep it"))
    await page.get_by_role("link", name="Documents").click()
    await button("New document").press("Enter")
    await closes(button("New document"), page.get_by_role("textbox", name="Title"))
    await page.get_by_role("link", name="Lecture notes").press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    versions = button("Versions")
    await versions.press("Enter")
    await button("Close the versions").press("Enter")
    await expect(versions).to_be_focused()
    await button("Back to all documents").press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()


async def test_what_one_uses_has_a_role_and_a_name(comes: Comes) -> None:
    ada = await comes("ada")
    await ada.open("General")
    page = ada.page
    for role, name in (
        ("banner", None),
        ("main", None),
        ("navigation", "Pages"),
        ("navigation", "Conversations"),
        ("searchbox", "Find a conversation"),
        ("button", "New conversation"),
        ("log", "Messages in General"),
        ("textbox", "Message General"),
        ("button", "Send message"),
        ("button", "Connection: Connected"),
        ("button", "Members of this conversation, 3"),
    ):
        await expect(page.get_by_role(role, name=name)).to_have_count(1)  # type: ignore[arg-type]
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, textarea, img")].filter((element) =>
          !(element.textContent.trim() || element.getAttribute("aria-label") || element.getAttribute("alt")
            || element.labels?.length)).map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    assert await page.evaluate("document.documentElement.lang") == "en"
    assert await page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
async def test_it_fits_and_can_be_read(comes: Comes, tmp_path: Path, width: int, theme: str) -> None:
    """On a phone, a tablet and a desk; no sideways scrolling, and text that stands out from its ground."""
    size = {"width": width, "height": WIDTHS[width]}
    is_phone = width == PHONE
    ada = await comes(
        "ada", signed_in=False, viewport=size, color_scheme=theme, is_mobile=is_phone, has_touch=is_phone
    )
    page = ada.page
    shots = tmp_path / f"{width}-{theme}"

    async def look(name: str) -> None:
        await fits(page)
        await page.screenshot(path=shots / f"{name}.png")
        await comes_to(page, [], FAINT)

    await page.goto(ada.network.url)
    await expect(page.get_by_role("button", name="Ada Lovelace")).to_be_visible()
    await look("sign-in")
    await page.get_by_role("button", name="Ada Lovelace").click()
    await expect(ada.room("General")).to_be_visible()
    await ada.is_connected()
    await look("rooms")
    await ada.open("General")
    await ada.write(LONG, "word" * 80, "Short.")
    await expect(ada.status("Short.")).to_be_visible()
    await look("conversation")
    await expect(ada.composer).to_be_in_viewport(ratio=1)
    if is_phone:
        await page.get_by_role("button", name="Back to all conversations").click()
    await ada.connection.click()
    await expect(page.get_by_role("dialog", name="Connection details")).to_be_visible()
    await look("connection")


async def test_letters_of_twice_the_size_make_no_page_wider_than_a_phone(comes: Comes) -> None:
    """WCAG 2.2, 1.4.4: nothing is lost, and nobody has to scroll sideways."""
    ben = await comes("ben", viewport={"width": PHONE, "height": WIDTHS[PHONE]})
    await ben.page.add_style_tag(content="html { font-size: 200% }")
    for page in ("Chat", "Notifications", "Documents", "Analytics"):
        await ben.page.get_by_role("navigation", name="Pages").get_by_role("link", name=page).click()
        await expect(ben.page.get_by_role("heading", level=2, name=page)).to_be_visible()
        if page == "Documents":
            await expect(ben.page.get_by_role("link", name="Lecture notes")).to_be_visible()
        await comes_to(ben.page, PHONE, "document.scrollingElement.scrollWidth")
        await comes_to(ben.page, [], BEYOND, PHONE)
    await ben.page.get_by_role("link", name="Notifications").click()
    # Each can be pressed: nothing lies over it, and the list has a place.
    await ben.page.get_by_role("button", name="Mark all as read").click(trial=True)
    await ben.page.get_by_role("listitem").first.get_by_role("link").first.click(trial=True)


BEYOND = """(width) => [...document.querySelectorAll("a, button, select, input, time, nav span")].filter((one) => {
  const { left, right } = one.getBoundingClientRect();
  // Rows of many are swiped.
  return right > left && getComputedStyle(one).clipPath === "none" && !one.closest(".cw-filter-row, .cw-table-frame")
    && (right > width + 1 || (one.matches("nav a > span") && one.scrollWidth > one.clientWidth + 1));
}).map((one) => one.outerHTML.slice(0, 120))"""


TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter((element) => {
  const box = element.getBoundingClientRect();
  const hidden = getComputedStyle(element).position === "absolute";
  return box.width > 0 && box.right > window.innerWidth + 1 && !hidden;
}).map((element) => element.className)"""

# WCAG 2.2, 1.4.3: 4.5 to 1, or 3 to 1 for large text. Grounds that are pictures or see-through are left out.
FAINT = """() => {
  const parse = (color) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none" || Number(style.opacity) < 1) return null;
      const [r, g, b, a] = parse(style.backgroundColor);
      if (a === 255) return [r, g, b];
      if (a > 0) return null;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (!words || box.width < 2 || box.height < 2 || style.visibility === "hidden") continue;
    if (element.closest(":disabled")) continue;
    const behind = ground(element);
    const [r, g, b, a] = parse(style.color);
    if (!behind || a < 255) continue;
    const [high, low] = [light([r, g, b]), light(behind)].sort((x, y) => y - x);
    const ratio = (high + 0.05) / (low + 0.05);
    const large = Number.parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) {
      faint.push(`${ratio.toFixed(2)} ${element.className}: ${element.textContent.slice(0, 30)}`);
    }
  }
  return faint;
}"""
