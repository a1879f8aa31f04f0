"""What is kept when a browser test fails: what everybody saw, what their consoles said, the end of the server's log."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Error, Page, Request, WebSocket
from tests.browser.person import Person

LINES_KEPT = 2_000
"""The most that is kept of one page's console; the oldest lines go."""
LOG_LINES_SHOWN = 20
SNAPSHOT_MS = 5_000
FAILED = pytest.StashKey[bool]()
"""Set on a test whose call has failed, before its fixtures are torn down."""


class Evidence:
    """Listens to the pages of one test, and writes down what there is once it has failed."""

    def __init__(self, folder: Path, server_log: Path) -> None:
        self._folder = folder
        self._server_log = server_log
        self._lines: dict[Page, deque[str]] = {}
        self._begun = time.monotonic()

    def watch(self, page: Page) -> None:
        """Keep what the console of a page says, and which of its requests fail."""
        lines = self._lines[page] = deque(maxlen=LINES_KEPT)

        def keep(words: str) -> None:
            lines.append(f"{time.monotonic() - self._begun:8.3f} {words}")

        def said(message: ConsoleMessage) -> None:
            keep(f"{message.type}: {message.text}")

        def failed(request: Request) -> None:
            keep(f"request failed: {request.method} {request.url}: {request.failure}")

        def opened(socket: WebSocket) -> None:
            keep(f"WebSocket opened: {socket.url}")
            socket.on("close", lambda _: keep("WebSocket closed"))

        page.on("console", said)
        page.on("websocket", opened)
        page.on("pageerror", lambda error: keep(f"page error: {error}"))
        page.on("requestfailed", failed)
        page.on("framenavigated", lambda frame: keep(f"is at {frame.url}"))

    async def write(self, people: Iterable[Person]) -> str:
        """Write one picture, one outline and one console log for each person; return what to say in the report."""
        self._folder.mkdir(exist_ok=True)
        for number, person in enumerate(people, start=1):
            name = f"{number}-{person.user_id}"
            (self._folder / f"{name}-console.log").write_text("\n".join(self._lines[person.page]) + "\n")
            # A page that cannot be pictured any more must not hide why the test failed.
            with contextlib.suppress(Error):
                await person.page.screenshot(path=self._folder / f"{name}.png", timeout=SNAPSHOT_MS)
            with contextlib.suppress(Error):
                outline = await person.page.locator("body").aria_snapshot(timeout=SNAPSHOT_MS)
                (self._folder / f"{name}-outline.yml").write_text(outline)
        kept = "\n".join(f"  {path.name}" for path in sorted(self._folder.iterdir()))
        log = self._server_log.read_text(errors="replace").splitlines()
        return "\n".join(
            [
                f"kept in {self._folder}:",
                kept,
                f"the server's log, {self._server_log}, ends:",
                *(f"  {line}" for line in log[-LOG_LINES_SHOWN:]),
            ]
        )
