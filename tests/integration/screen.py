"""What a terminal shows."""

from __future__ import annotations

import asyncio
import io


class Screen(io.StringIO):
    """What was printed, to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self._written = asyncio.Event()

    def write(self, text: str) -> int:
        self._written.set()
        return super().write(text)

    async def shows(self, *texts: str) -> str:
        async with asyncio.timeout(30):
            while not all(text in self.getvalue() for text in texts):
                self._written.clear()
                await self._written.wait()
        return self.getvalue()
