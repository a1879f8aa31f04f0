"""Takes the pictures of the README, docs/images/chat*.png: `python -m tests.browser.screenshots`."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import async_playwright, expect
from tests.browser.conftest import ARGUMENTS
from tests.browser.demo_server import DemoServer
from tests.browser.pages import ROOT, build_pages, find_chromium
from tests.browser.person import Person
from tests.integration.tcp_proxy import Proxy

IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1_440, "height": 900}
ROOM = "Problem set 1"
TALK = (
    ("ben", "Tried it: [3, 1, 2] becomes [1, 2, 3], but my indices come out as 0, 1, 2. Is that not wrong?"),
    ("ada", "It is. You sorted the list in place, so the old positions are gone. Keep a copy first."),
    ("ada", "sorted(range(len(xs)), key=xs.__getitem__) gives you both."),
    ("cleo", "Oh, that is neat. So for [3, 1, 2] we get 1, 2, 0."),
    ("ben", "Same here now. Thank you both!"),
    ("ada", "Very good. More about it: https://docs.python.org/3/howto/sorting.html"),
)


async def take(scheme: str, name: str) -> None:
    """Let three people talk, and take the teacher's window as one of them writes on."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = await stack.enter_async_context(DemoServer(Path(folder)))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        stack.push_async_callback(browser.close)
        people = {}
        for user_id in ("ada", "ben", "cleo"):
            network = await stack.enter_async_context(Proxy(server.port))
            context = await browser.new_context(viewport=SIZE, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
            person = Person(user_id, context, await context.new_page(), network)
            people[user_id] = person
            await person.sign_in()
            await person.open(ROOM)
        ada, ben, cleo = people["ada"], people["ben"], people["cleo"]
        for user_id, text in TALK:
            await people[user_id].write(text)
            await expect(ada.texts.last).to_have_text(text)
        await ben.open("General")
        await ben.write("The recording of Tuesday is on the course page now.")
        await cleo.composer.press_sequentially("One more question:")
        await expect(ada.page.get_by_text("Cleo is typing", exact=True)).to_be_visible()
        await expect(ada.room("General")).to_contain_text("unread")
        await expect(ada.status(TALK[-1][1])).to_have_accessible_name("Read by 2 of 2")
        await ada.composer.focus()
        await ada.page.mouse.move(0, 0)
        await ada.page.screenshot(path=IMAGES / name, animations="disabled", caret="initial")


async def main() -> None:
    """Take both."""
    build_pages()
    IMAGES.mkdir(parents=True, exist_ok=True)
    await take("light", "chat.png")
    await take("dark", "chat-dark.png")


if __name__ == "__main__":
    asyncio.run(main())
