"""Takes the pictures of the README, docs/images/*.png: `python -m tests.browser.screenshots`."""

from __future__ import annotations

import asyncio
import re
import tempfile
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright, expect
from tests.browser.conftest import ARGUMENTS
from tests.browser.demo_server import DemoServer
from tests.browser.lesson import COURSE, Lesson
from tests.browser.pages import ROOT, build_pages, find_chromium
from tests.browser.person import Person
from tests.integration.tcp_proxy import Proxy

from coursewire.demo.documents import NOTES

IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1_440, "height": 900}
ROOM = "Problem set 1"
TALK = (
    ("ben", "Tried it: [3, 1, 2] becomes [1, 2, 3], but my indices come out as 0, 1, 2. Is that not wrong?"),
    ("ada", "It is. You sorted the list in place, so the old positions are gone. Keep a copy first."),
    ("ada", "`sorted(range(len(xs)), key=xs.__getitem__)` gives you **both**."),
    ("cleo", "Oh, that is neat. So for [3, 1, 2] we get 1, 2, 0."),
    ("ben", "Same here now. Thank you both!"),
    ("ada", "Very good. More about it: https://docs.python.org/3/howto/sorting.html"),
)


SEEDED = 3
"""News that the demo has for Ben from the start: of the chat, and a reply to his question in the lecture notes."""
NEWS: tuple[dict[str, Any], ...] = (
    {
        "category": "milestone",
        "priority": "low",
        "title": "Halfway through the course",
        "body": "You have finished 6 of 12 units.",
    },
    {
        "category": "system",
        "title": "Maintenance on Sunday, 02:00 to 03:00",
        "body": "The campus is read-only meanwhile. What you write is kept, and sent afterwards.",
    },
    {
        "category": "assignment",
        "title": "Problem set 2 is open",
        "body": "Sorting and searching; **hand in by Friday, 18:00**. Pairs are welcome.",
        "action": {"label": "Open the assignment", "url": "/courses/cs101/ps2"},
    },
    {
        "category": "collaboration",
        "title": "A change was suggested in your lab report",
        "body": "Another title for section 2.",
        "group_key": "lab",
    },
    {
        "category": "collaboration",
        "title": "Changes were suggested in your lab report",
        "body": "The last one is about the figure on page 3.",
        "group_key": "lab",
    },
    {
        "category": "grade",
        "priority": "high",
        "title": "Problem set 1 was graded",
        "body": "17 of 20 points. Ada left two comments in your text.",
        "action": {"label": "See the grade", "url": "/courses/cs101/ps1"},
    },
)


async def come(stack: AsyncExitStack, scheme: str, *user_ids: str) -> tuple[DemoServer, dict[str, Person]]:
    """Start a campus, and let people come to it, each to a window of their own."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    server = await stack.enter_async_context(DemoServer(Path(folder)))
    playwright = await stack.enter_async_context(async_playwright())
    browser = await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
    stack.push_async_callback(browser.close)
    people = {}
    for user_id in user_ids:
        network = await stack.enter_async_context(Proxy(server.port))
        context = await browser.new_context(viewport=SIZE, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
        people[user_id] = Person(user_id, context, await context.new_page(), network)
        await people[user_id].sign_in()
    return server, people


async def take_chat(scheme: str, name: str) -> None:
    """Let three people talk, and take the teacher's window as one of them writes on."""
    async with AsyncExitStack() as stack:
        _, people = await come(stack, scheme, "ada", "ben", "cleo")
        for person in people.values():
            await person.open(ROOM)
        ada, ben, cleo = people["ada"], people["ben"], people["cleo"]
        for user_id, text in TALK:
            await people[user_id].write(text)
            await expect(ada.texts.last).to_have_text(text.replace("`", "").replace("**", ""))
        last = ada.page.get_by_role("article").filter(has_text="sorted(range")
        for person, emoji in ((ben, "👍"), (cleo, "👍"), (cleo, "🎉")):
            said = person.page.get_by_role("article").filter(has_text="sorted(range")
            await said.get_by_role("button", name="Message actions").click()
            await person.page.get_by_role("menuitem", name=f"React with {emoji}").click()
        await expect(last.get_by_role("button", name="🎉 1")).to_be_visible()
        await ben.open("General")
        await ben.write("The recording of Tuesday is on the course page now.")
        await cleo.composer.press_sequentially("One more question:")
        await expect(ada.page.get_by_text("Cleo is typing", exact=True)).to_be_visible()
        await expect(ada.room("General")).to_contain_text("unread")
        await expect(ada.status(TALK[-1][1])).to_have_accessible_name("Read by 2 of 2")
        await ada.composer.focus()
        await ada.page.mouse.move(0, 0)
        await ada.page.screenshot(path=IMAGES / name, animations="disabled", caret="initial")


async def take_inbox(scheme: str, name: str) -> None:
    """Let the LMS and a teacher tell a student what there is, and take the inbox as one more pops up."""
    async with AsyncExitStack() as stack:
        server, people = await come(stack, scheme, "ada", "ben")
        ada, ben = people["ada"], people["ben"]
        for news in NEWS:
            await server.post("/v1/notifications", {"audience": {"course_id": "cs101"}, **news})
        rows = ben.page.get_by_role("main").locator(".cw-news")
        await ben.page.goto(f"{ben.network.url}/#/notifications")
        for title in ("Halfway through the course", "Maintenance on Sunday"):
            row = rows.filter(has_text=title)
            await row.hover()
            await row.get_by_role("button", name="Mark as read").click()
        await ada.open("Announcements")
        # What came before has been seen to pop up; the picture is of the one that comes now.
        await ben.page.reload()
        await expect(rows).to_have_count(len(NEWS) - 1 + SEEDED)
        await ada.write("The exam is on the 14th of December, at 10:00 in the great hall. Bring a pen.")
        toast = ben.page.get_by_role("region", name="New notifications").locator(".cw-toast")
        await expect(toast).to_be_visible()
        await expect(rows).to_have_count(len(NEWS) + SEEDED)
        await rows.nth(1).hover()
        await expect(rows.nth(1).get_by_role("button").first).to_have_css("opacity", "1")
        await toast.evaluate(
            "card => Promise.all(card.parentElement.getAnimations().map(one => one.finished))"
        )
        await ben.page.screenshot(path=IMAGES / name, animations="disabled", caret="initial")


RULES: tuple[dict[str, Any], ...] = (
    {"id": "first", "kind": "first_submission", "title": "First work handed in"},
    {"id": "ten", "kind": "completions", "threshold": 5, "title": "Five things completed"},
    {"id": "average", "kind": "average_score", "threshold": 0.7, "title": "Class average above 70%"},
)


async def take_analytics(scheme: str, name: str) -> None:
    """Let a class work for an hour and three jobs run, and take the teacher's window as they move."""
    async with AsyncExitStack() as stack:
        server, people = await come(stack, scheme, "ada")
        lesson = await stack.enter_async_context(Lesson(server))
        page = people["ada"].page
        users = [*await lesson.enrol(20), "ben", "cleo"]
        await lesson.call("PUT", f"/v1/courses/{COURSE}/milestones", {"rules": RULES})
        await lesson.works(users, timedelta(minutes=59), 1_500)
        # The lines in the tiles begin with the page: not with the hour that has just been told.
        await page.goto(f"{people['ada'].network.url}/#/analytics")
        await expect(page.locator(".cw-tile-value").nth(1)).to_have_text("22")
        await expect(page.locator(".cw-tile-value").nth(2)).to_have_text(re.compile(r"^2\d\.\d$"))
        moved = asyncio.Event()

        def hear(frame: str | bytes) -> None:
            if "metrics.updated" in str(frame):
                moved.set()

        page.on("websocket", lambda socket: socket.on("framereceived", hear))
        await page.reload()
        # Somebody else's jobs: nothing pops up over the picture.
        grading = await lesson.job(title="Grading: Problem set 1", owner_id="cleo", total=300)
        failing = await lesson.job(
            title="Similarity of the lab reports", owner_id="cleo", kind="similarity", total=60
        )
        summing = await lesson.job(title="Summaries of lecture 3", owner_id="cleo", kind="summary", total=24)
        await lesson.job(
            title="Feedback on Quiz 1", owner_id="cleo", kind="feedback", total=20, state="queued"
        )
        for step in range(1, 19):
            await lesson.moves(grading, done=step * 8, stage={"label": "Scoring", "index": 2, "count": 3})
            await lesson.moves(summing, done=step, stage={"label": "Reading"})
            await lesson.moves(failing, done=step)
            moved.clear()
            await lesson.works(users, timedelta(minutes=3), 1 + step % 4)
            await moved.wait()
        await lesson.moves(
            failing, state="failed", error="TimeoutError: the model did not answer within 60 s"
        )
        await lesson.moves(summing, done=24)
        await lesson.moves(summing, state="succeeded", result={"pages": 24})
        await expect(page.locator(".cw-live")).to_have_text("Live")
        await expect(page.locator(".cw-spark")).to_have_count(2)
        await page.screenshot(path=IMAGES / name, animations="disabled")


async def take_documents(scheme: str, name: str) -> None:
    """Let three people write in the notes of a lecture, and take the teacher's window with a question open."""
    async with AsyncExitStack() as stack:
        _, people = await come(stack, scheme, "ada", "ben", "cleo")
        for person in people.values():
            await person.page.goto(f"{person.network.url}/#/documents/{NOTES}")
            await expect(person.page.locator(".cw-prose")).to_contain_text("Is it stable?")
        ada, ben, cleo = (people[user_id].page for user_id in ("ada", "ben", "cleo"))
        await ben.get_by_text("Is it stable?").click()
        await ben.keyboard.press("End")
        await ben.keyboard.press("Enter")
        await ben.keyboard.type("Equal elements stay in order: it is, I think")
        await cleo.get_by_text("it stands in reverse.").click()
        await cleo.keyboard.press("End")
        for _ in "it stands in reverse.":
            await cleo.keyboard.press("Shift+ArrowLeft")
        await expect(ada.locator(".cw-caret")).to_have_count(2)
        await expect(ada.locator(".cw-caret-selection")).to_have_text("it stands in reverse.")
        await expect(ada.locator(".cw-prose")).to_contain_text("it is, I think")
        await ada.locator("mark[data-kind=questioning]").first.click()
        await expect(ada.locator(".cw-note[data-active]")).to_contain_text("Among themselves.")
        await ada.mouse.move(0, 0)
        await ada.screenshot(path=IMAGES / name, animations="disabled", caret="initial")


async def main() -> None:
    """Take all of them."""
    build_pages()
    IMAGES.mkdir(parents=True, exist_ok=True)
    for scheme, ending in (("light", ""), ("dark", "-dark")):
        await take_chat(scheme, f"chat{ending}.png")
        await take_inbox(scheme, f"notifications{ending}.png")
        await take_analytics(scheme, f"analytics{ending}.png")
        await take_documents(scheme, f"documents{ending}.png")


if __name__ == "__main__":
    asyncio.run(main())
