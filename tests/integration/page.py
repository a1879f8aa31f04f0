"""Pages without a browser: the services of `web/`, run by Node and driven over stdin and stdout (`page.mjs`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]
WEB = Path(__file__).parents[2] / "web"
PATIENCE_S = 30.0
MOST_BYTES_A_LINE = 1 << 22


class Page:
    """Somebody's page: what it shows of its documents, and what they do in it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._changed = asyncio.Condition()
        self.shown: Json = {"documents": {}, "copies": [], "state": "idle"}
        self.seen: list[str] = []
        """The save states of documents that were there, in the order in which they were shown."""
        self.phases: list[str] = []
        """The phases of documents, in the order in which they were shown."""
        self.wrong: list[Json] = []
        """What has failed, or was reported."""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._changed:
                said: Json = json.loads(line)
                if "documents" in said:
                    self.shown = said
                    documents = said["documents"].values()
                    self.phases += [one["phase"] for one in documents]
                    self.seen += [one["saveState"] for one in documents if one["phase"] == "ready"]
                else:
                    self.wrong.append(said)
                self._changed.notify_all()

    async def do(self, what: str, **how: Any) -> None:
        """Have something done; what comes of it is shown."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **how}).encode() + b"\n")
        await self._process.stdin.drain()

    def document(self, document_id: str = "7") -> Json:
        """Return what is shown of a document; nothing while it is not open."""
        found: Json = self.shown["documents"].get(document_id, {})
        return found

    async def shows(self, what: Callable[[Json], Any], document_id: str = "7") -> Json:
        """Wait until a document is shown so."""
        return await self._until(lambda: self.document(document_id), what)

    async def restart(self) -> None:
        """Load the page again, and wait until it has begun to show its document anew, if only for a moment."""
        before = len(self.phases)
        await self.do("restart")
        await self.until(lambda _: "loading" in self.phases[before:])

    async def until(self, what: Callable[[Json], Any]) -> Json:
        """Wait until the whole page is shown so."""
        return await self._until(lambda: self.shown, what)

    async def _until(self, now: Callable[[], Json], what: Callable[[Json], Any]) -> Json:
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                while not (found := now()) or not what(found):
                    await self._changed.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"it shows {now()}, and of what went wrong {self.wrong}") from None

    async def leave(self) -> None:
        """Close the page."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading


@asynccontextmanager
async def page(url: str, user_id: str, token: str, document_id: str | None = "7") -> AsyncIterator[Page]:
    """Open a page; with a document, and somebody who is signed in."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(Path(__file__).with_name("page.mjs")),
        str(WEB),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MOST_BYTES_A_LINE,
    )
    opened = Page(process)
    try:
        await opened.do("connect", url=url, user=user_id, token=token)
        if document_id is not None:
            await opened.do("open", id=document_id)
        yield opened
    finally:
        await opened.leave()
