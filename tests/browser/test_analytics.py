"""Analytics in real browsers: bars and tiles move, a cancel reaches the worker, a student is sent no staff data."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, Page, WebSocket, expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import DemoServer
from tests.browser.lesson import COURSE, Lesson
from tests.browser.person import Person
from tests.browser.test_access import comes_to
from tests.browser.test_notifications import holds, toasts

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]


def bar(page: Page, title: str | re.Pattern[str]) -> Locator:
    """Return the progress bar of a job in the list."""
    return page.get_by_role("progressbar", name=title)


def figure(page: Page, label: str, whose: str = "The course now") -> Locator:
    """Return the value of a tile."""
    tiles = page.locator(f'dl[aria-label="{whose}"]')
    return tiles.locator(".cw-tile").filter(has=page.get_by_text(label, exact=True)).locator(".cw-tile-value")


def live(page: Page) -> Locator:
    """Return what says whether the figures are live."""
    return page.locator(".cw-live")


async def opens_analytics(person: Person) -> None:
    await person.page.get_by_role("link", name="Analytics").click()
    await expect(person.page.get_by_role("heading", level=2, name="Analytics")).to_be_visible()
    await expect(live(person.page)).to_have_text("Live")


async def test_a_job_that_is_reported_moves_its_bar_and_ends(comes: Comes, server: DemoServer) -> None:
    ada = await comes("ada")
    await opens_analytics(ada)
    await expect(ada.page.get_by_text("There are no jobs.")).to_be_visible()
    async with Lesson(server) as lesson:
        job = await lesson.job(title="Grading: Essay 1", total=120)
        mine = bar(ada.page, "Grading: Essay 1")
        await expect(mine).to_have_attribute("aria-valuenow", "0")
        await lesson.moves(job, done=30, stage={"label": "Scoring", "index": 2, "count": 3})
        await expect(mine).to_have_attribute("aria-valuenow", "25")
        await expect(mine).to_have_attribute(
            "aria-valuetext", re.compile(r"^Running, 25%, Scoring \(2 of 3\)")
        )
        await lesson.moves(job, done=120)
        await expect(mine).to_have_attribute("aria-valuenow", "100")
        await ada.page.evaluate("window.same = true")
        await lesson.moves(job, state="succeeded", result={"mean_score": 0.71})
    toast = toasts(ada.page).filter(has_text="Grading: Essay 1 is done")
    await holds(toast)
    await expect(mine).to_have_attribute("aria-valuetext", "Done, 100%")
    # Her notification leads to the job by itself, without a reload; Escape leads back.
    await toast.get_by_role("link").click()
    panel = ada.page.get_by_role("dialog", name="Grading: Essay 1")
    await expect(panel.get_by_text("mean score")).to_be_visible()
    await expect(ada.page).to_have_url(re.compile(f"#/analytics/jobs/{job}$"))
    assert await ada.page.evaluate("window.same") is True
    await ada.page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await expect(ada.page).to_have_url(re.compile("#/analytics$"))


async def test_a_cancel_in_the_page_is_told_to_the_worker(comes: Comes, server: DemoServer) -> None:
    ada = await comes("ada")
    await opens_analytics(ada)
    async with Lesson(server) as lesson:
        job = await lesson.job(title="Grading: Essay 2", total=40)
        await lesson.moves(job, done=10)
        assert (await lesson.moves(job))["cancel_requested"] is False
        await expect(bar(ada.page, "Grading: Essay 2")).to_have_attribute("aria-valuenow", "25")
        # By keyboard alone.
        await ada.page.get_by_role("button", name="Cancel Grading: Essay 2").press("Enter")
        question = ada.page.get_by_role("alertdialog", name="Cancel “Grading: Essay 2”?")
        await expect(question.get_by_role("button", name="Let it run")).to_be_focused()
        await question.get_by_role("button", name="Cancel the job").press("Enter")
        await expect(ada.page.get_by_role("button", name="Cancelling… Grading: Essay 2")).to_be_focused()
        async with asyncio.timeout(30):
            # A worker asks with each report; here it reports nothing else meanwhile.
            while not (await lesson.moves(job))["cancel_requested"]:
                pass
        await lesson.moves(job, state="cancelled")
    await expect(bar(ada.page, "Grading: Essay 2")).to_have_attribute("aria-valuetext", "Cancelled, 25%")
    await expect(ada.page.get_by_role("button", name=re.compile("Grading: Essay 2"))).to_have_count(0)


async def test_a_teacher_sees_the_figures_move_as_the_class_works(comes: Comes, server: DemoServer) -> None:
    ada = await comes("ada")
    await opens_analytics(ada)
    page = ada.page
    await expect(figure(page, "Active now")).to_have_text("0")
    async with Lesson(server) as lesson:
        await lesson.happens(
            {"user": "ben", "verb": "submitted", "score": 0.8}, {"user": "cleo", "duration_ms": 90_000}
        )
        await expect(figure(page, "Active now")).to_have_text("2")
        await expect(figure(page, "Average score")).to_have_text("80%")
        await expect(figure(page, "Time on task")).to_have_text("2 min")
        await expect(figure(page, "Submission")).to_have_text("50%")
        busiest = page.get_by_role("region", name="The busiest things")
        await expect(busiest.get_by_role("row", name=re.compile("Quiz 1"))).to_contain_text("2")
        chart = page.get_by_role("img", name=re.compile("^Events per minute: latest"))
        await expect(chart.locator("canvas")).to_be_visible()
        # The same numbers for whoever reads them.
        await page.get_by_role("tab", name="Table").press("Enter")
        table = page.get_by_role("region", name="Events per minute")
        # Not the newest row: a minute may have begun since.
        worked = table.get_by_role("row").filter(has_text=re.compile(r":\d\d.*[12]$"))
        await expect(worked.first).to_be_visible()
        await page.get_by_role("radio", name="5 min").press("Enter")
        await expect(page.get_by_role("region", name="Events per 10 seconds")).to_be_visible()
        await lesson.happens(*({"user": "ben"} for _ in range(10)))
        await expect(figure(page, "Events / min")).to_have_text("2.4")
    # An address from a mail or a notification leads here as well.
    await page.goto(f"{ada.network.url}/analytics?course={COURSE}")
    await expect(page).to_have_url(re.compile(rf"/#/analytics\?course={COURSE}$"))
    await expect(figure(page, "Active now")).to_have_text("2")


def heard(page: Page) -> list[str]:
    """Return what the page is sent from now on, as it comes."""
    frames: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: frames.append(str(frame)))

    page.on("websocket", listen)
    return frames


async def test_a_student_sees_and_is_sent_nothing_of_the_staffs(comes: Comes, server: DemoServer) -> None:
    ada, ben = await comes("ada"), await comes("ben", signed_in=False)
    frames = heard(ben.page)
    await ben.sign_in()
    async with Lesson(server) as lesson:
        secret = await lesson.job(title="Plagiarism of Cleo", total=10)
        own = await lesson.job(title="Feedback for Ben", owner_id="ben", total=10)
        await lesson.happens({"user": "cleo", "verb": "submitted", "score": 0.21}, {"user": "ben"})
        await opens_analytics(ada)
        await opens_analytics(ben)
        await expect(bar(ben.page, "Feedback for Ben")).to_be_visible()
        await expect(bar(ada.page, "Plagiarism of Cleo")).to_be_visible()
        # Two are active: their figures would tell of each other.
        await expect(
            ben.page.get_by_text("The figures of the class are shown when at least 5 learners are active.")
        ).to_be_visible()
        await expect(figure(ben.page, "Submitted", "You")).to_have_text("0")
        users = await lesson.enrol(6)
        await lesson.works(users, timedelta(minutes=3), 60)
        await lesson.moves(secret, done=5)
        await lesson.moves(own, done=5)
        await expect(figure(ben.page, "Active learners", "The class")).to_be_visible()
        await expect(bar(ben.page, "Feedback for Ben")).to_have_attribute("aria-valuenow", "50")
        await expect(bar(ada.page, "Plagiarism of Cleo")).to_have_attribute("aria-valuenow", "50")
    words = await ben.page.locator("body").inner_text()
    for staffs in ("Plagiarism", "At risk", "Needs a look"):
        assert staffs not in words
    for link in (f"#/analytics/jobs/{secret}", f"#/analytics/jobs/{secret}?course={COURSE}"):
        await ben.page.goto(f"{ben.network.url}/{link}")
        await expect(ben.page.get_by_role("dialog").get_by_role("alert")).to_contain_text("not here any more")
    sent = [frame for frame in frames if "metrics.updated" in frame or "Feedback for Ben" in frame]
    assert sent, "nothing was heard: the test listens to nobody"
    for frame in frames:
        for staffs in ("Plagiarism", '"at_risk"', '"scope":"course"'):
            assert staffs not in frame


async def test_what_is_old_says_so_until_the_server_is_back(comes: Comes, server: DemoServer) -> None:
    ada = await comes("ada")
    await opens_analytics(ada)
    async with Lesson(server) as lesson:
        job = await lesson.job(title="Grading: Essay 3", total=10)
        await lesson.happens({"user": "ben"})
    await expect(figure(ada.page, "Active now")).to_have_text("1")
    await expect(bar(ada.page, "Grading: Essay 3")).to_be_visible()
    await server.kill()
    await expect(live(ada.page)).to_have_text(re.compile(r"^As of \d+:\d\d, not live$"))
    # What was known stays in view.
    await expect(figure(ada.page, "Active now")).to_have_text("1")
    await expect(bar(ada.page, "Grading: Essay 3")).to_be_visible()
    await server.start()
    await expect(live(ada.page)).to_have_text("Live")
    async with Lesson(server, first=1_000) as lesson:
        await lesson.moves(job, done=5)
        await lesson.happens({"user": "cleo"})
    await expect(bar(ada.page, "Grading: Essay 3")).to_have_attribute("aria-valuenow", "50")
    await expect(figure(ada.page, "Active now")).to_have_text("2")


async def test_nothing_is_wider_than_a_phone(comes: Comes, server: DemoServer) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
    ada = await comes("ada", **phone)
    async with Lesson(server) as lesson:
        await lesson.job(title="Grading: " + "a-very-long-name-of-an-assignment-" * 5, total=10)
        await lesson.happens({"user": "ben", "thing": ("x" * 200, "page", "A reading " * 9)})
    await opens_analytics(ada)
    await expect(ada.page.get_by_role("region", name="The busiest things")).to_be_visible()
    await expect(bar(ada.page, re.compile("^Grading"))).to_be_visible()
    width = "document.querySelector('.cw-analytics').scrollWidth - document.querySelector('.cw-analytics').clientWidth"
    await comes_to(ada.page, 0, width)
    await comes_to(ada.page, 390, "document.documentElement.scrollWidth")
    # Nor longer: the page scrolls within its frame, never to what is empty below.
    await comes_to(ada.page, 844, "document.documentElement.scrollHeight")
