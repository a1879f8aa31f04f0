"""`coursewire serve` in a process of its own, on a database file, to be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import free_port

SECRET = "a-secret-for-tests-that-is-long-enough"
START_S = 180
"""For a process that hangs alone: a start is two seconds of a processor, which took more than 30 s at a load of 15."""
WHOLE_S = 4 * START_S
"""For a test that hangs alone, in which servers are started again and again."""


class ServerProcess:
    """A server that can be killed and started again on the same port and the same file."""

    def __init__(self, folder: Path, *, first: str = "", **settings: str) -> None:
        """`settings` are further ones, by name: `smtp_url="smtp://..."`. `first`: Python that it runs first."""
        self._first = first
        self._settings = {f"COURSEWIRE_{name.upper()}": value for name, value in settings.items()}
        self.port = free_port()
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[bytes] | None = None
        self.said = b""
        """What it had written when it began to serve, and when it was killed."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def start(self) -> None:
        """Start it and wait until it serves."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COURSEWIRE_")}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            f"{self._first}\nfrom coursewire.cli import app; app()",
            "serve",
            "--port",
            str(self.port),
            cwd=self._folder,
            env={
                **kept,
                "COURSEWIRE_DATABASE_URL": f"sqlite:///{self._folder / 'campus.db'}",
                "COURSEWIRE_JWT_SECRET": SECRET,
                "COURSEWIRE_RATE_LIMITS": "off",
                **self._settings,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        said = b""
        async with asyncio.timeout(START_S):
            while b"serving on" not in said:
                line = await self._process.stdout.readline()
                assert line, f"it ended: {said.decode()}"
                said += line
        self.said += said
        # Read on, so that it never waits for us to.
        self._output = asyncio.create_task(self._process.stdout.read())

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait until it has ended by itself, and return what it has ended with."""
        assert self._process is not None
        async with asyncio.timeout(START_S):
            return await self._process.wait()

    async def kill(self) -> None:
        """Kill it with SIGKILL: it gets no chance to write anything."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        if self._output is not None:
            self.said += await self._output
            self._output = None
