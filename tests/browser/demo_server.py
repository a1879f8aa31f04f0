"""`coursewire demo` as a process of its own, which can be killed and started again where it was."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from tests.ports import free_port

from coursewire.identity.tokens import Issuer

START_S = 180
"""For a process that hangs alone, as in `tests/fault/server_process.py`."""
PATIENCE_S = 30
SECRET = "a-secret-for-the-browser-tests-of-the-campus"
ISSUER = Issuer(SECRET)
_SERVING = re.compile(rb"serving on http://127\.0\.0\.1:\d+")


class DemoServer:
    """A campus in a file, and the process that serves it."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, *, still: bool = True
    ) -> None:
        self._folder = folder
        self._still = still
        """Only what the test does happens."""
        self._settings = settings or {}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What all its processes have logged."""
        return self._folder / "server.log"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def start(self) -> None:
        """Start, and return when the port answers."""
        self._process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("coursewire"),
            *("demo", "--port", str(self.port), *(["--still"] if self._still else [])),
            cwd=self._folder,
            env=self._environment(),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(self._process, started))
        async with asyncio.timeout(START_S):
            await started

    async def kill(self) -> None:
        """End it as `kill -9` does: nothing is said, nothing is saved."""
        if self._process is None or self._reading is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading
        self._process = None

    async def messages(self, room: str) -> list[str]:
        """Return the texts of a room as the server has them, by number; asked from outside, by HTTP."""
        token, _ = ISSUER.issue("lms", "LMS", roles=["service"])
        return [message["text"] for message in await self._items(f"/v1/rooms/{room}/messages", token)]

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do something as the LMS does, by HTTP; return the answer."""
        token, _ = ISSUER.issue("lms", "LMS", roles=["service"])
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            answer = await http.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
            answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def metrics(self) -> dict[str, float]:
        """Return the figures of `/metrics`, by name and labels."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            text = (await http.get("/metrics")).text
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    async def until(self, figure: str, value: float) -> None:
        """Ask `/metrics` until a figure has this value. It tells no events, so each answer is one turn."""
        seen: float | None = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while seen != value:
                    seen = (await self.metrics()).get(figure)
        except TimeoutError:
            raise AssertionError(f"{figure} is {seen}, not {value}, after {PATIENCE_S} s") from None

    async def _items(self, path: str, token: str) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            answer = await http.get(path, params={"limit": 100}, headers={"Authorization": f"Bearer {token}"})
            answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        assert [item["number"] for item in items] == sorted({item["number"] for item in items})
        return items

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COURSEWIRE_")}
        return {
            **kept,
            "COURSEWIRE_DATABASE_URL": f"sqlite:///{self._folder / 'campus.db'}",
            "COURSEWIRE_JWT_SECRET": SECRET,
            "COURSEWIRE_DEMO_LOGIN": "on",
            # A page on a busy machine is given up only where that is what is tested.
            "COURSEWIRE_PING_TIMEOUT_MS": "60000",
            **self._settings,
        }

    async def _read(self, process: asyncio.subprocess.Process, started: asyncio.Future[None]) -> None:
        """Read what it logs to the end, so that it never waits for us; keep it beside the database."""
        assert process.stderr is not None
        with self.log.open("ab", buffering=0) as kept:
            async for line in process.stderr:
                kept.write(line)
                if _SERVING.search(line) and not started.done():
                    started.set_result(None)
        if not started.done():
            log = self.log.read_text(errors="replace")
            started.set_exception(RuntimeError(f"the server ended before it served:\n{log[-2_000:]}"))
