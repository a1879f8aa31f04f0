"""Measures how long the end of a job takes from its report until it is painted: `python -m bench.paint`.

Ends are logged events, sent at once. Progress is conflated to 4/s by its contract: up to 250 ms later by design.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import async_playwright, expect
from tests.browser.conftest import ARGUMENTS
from tests.browser.demo_server import DemoServer
from tests.browser.lesson import Lesson
from tests.browser.pages import build_pages, find_chromium
from tests.browser.person import Person
from tests.integration.tcp_proxy import Proxy

JOBS = 20
PER_SECOND = 20
"""Jobs that end each second; each has begun half a second before, which is told as well."""
SECONDS = 30
WARM_UP = PER_SECOND * 2

# When a frame with the new value has been painted: a task that was posted in the frame runs after it.
WATCH = """
window.painted = {};
new MutationObserver((changes) => {
  const over = changes.filter(({ target }) => target.role === "progressbar" && target.dataset.job === "succeeded");
  const values = new Set(over.map(({ target }) => target.ariaLabel));
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      for (const value of values) (window.painted[value] ??= []).push(performance.timeOrigin + performance.now());
    };
    port2.postMessage(null);
  });
}).observe(document, { subtree: true, attributeFilter: ["data-job"] });
"""


async def report(lesson: Lesson, jobs: list[str]) -> tuple[list[float], list[float]]:
    """End one job after the other, again and again; return when each was reported, and answered, in ms since 1970."""
    count = WARM_UP + PER_SECOND * SECONDS
    sent, answered = [0.0] * count, [0.0] * count
    begin = time.monotonic()

    async def end(number: int) -> None:
        job = jobs[number % JOBS]
        await lesson.moves(job, state="running", done=10)
        await asyncio.sleep(0.5)
        sent[number] = time.time() * 1_000
        await lesson.moves(job, state="succeeded", done=100)
        answered[number] = time.time() * 1_000

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + number / PER_SECOND - time.monotonic()))
            group.create_task(end(number))
    return sent, answered


def line(name: str, took: list[float]) -> str:
    """Return the percentiles of what it took, in ms, as a line to print."""
    cuts = statistics.quantiles(took, n=100)
    figures = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(took)}
    return f"{name:<28}" + "".join(f"{figure} {value:7.1f} ms   " for figure, value in figures.items())


async def main() -> None:
    """Let a teacher look at 20 jobs while they move, and print what it took."""
    build_pages()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = await stack.enter_async_context(DemoServer(Path(folder)))
        lesson = await stack.enter_async_context(Lesson(server))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        stack.push_async_callback(browser.close)
        # Somebody else's: nothing pops up meanwhile.
        jobs = [
            await lesson.job(title=f"Job {index}", owner_id="cleo", total=100, state="queued")
            for index in range(JOBS)
        ]
        page = await browser.new_page(viewport={"width": 1_440, "height": 900})
        network = await stack.enter_async_context(Proxy(server.port))
        ada = Person("ada", page.context, page, network)
        await ada.sign_in()
        await page.get_by_role("link", name="Analytics").click()
        await page.get_by_role("button", name="Show more jobs").click()
        await expect(page.get_by_role("progressbar")).to_have_count(JOBS)
        await page.evaluate(WATCH)
        sent, answered = await report(lesson, jobs)
        await page.wait_for_timeout(1_000)
        painted: dict[str, list[float]] = await page.evaluate("window.painted")
    # The first paint after each report; the next report of the same job comes a second later.
    found = [
        next((at for at in painted[f"Job {number % JOBS}"] if was <= at < was + 1_000), None)
        for number, was in enumerate(sent)
    ]
    seen = [
        (at, sent[number], answered[number])
        for number, at in enumerate(found)
        if at is not None and number >= WARM_UP
    ]
    lines = [
        f"{len(seen)} of {len(sent) - WARM_UP} ends painted, {PER_SECOND}/s, {JOBS} jobs on the page",
        line("report sent -> painted", [at - was for at, was, _ in seen]),
        line("report answered -> painted", [at - was for at, _, was in seen]),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
