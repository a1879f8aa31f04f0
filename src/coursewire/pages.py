"""The campus pages that `npm run build` has made, served at `/`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from coursewire.vocabulary import ID_PATTERN

PLACES = re.compile(rf"/(chat|notifications|analytics(/jobs/{ID_PATTERN[1:-1]})?)")
"""Where notifications and mails lead: addresses of the application, which reads them from its `index.html`."""

BUILT = Path(__file__).parents[2] / "web" / "dist"
"""In a checkout. An installed package has no pages: the LMS has its own."""


class Pages:
    """Static files, and `index.html` for the application's own addresses."""

    def __init__(self, directory: Path = BUILT) -> None:
        self._directory = directory
        self._files = StaticFiles(directory=directory, html=True) if directory.is_dir() else None

    def has(self, scope: Scope) -> bool:
        """Whether a request is for a page or one of its files."""
        if self._files is None or scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return False
        path: str = scope["path"]
        return path == "/" or PLACES.fullmatch(path) is not None or self._is_file(path.lstrip("/"))

    def _is_file(self, name: str) -> bool:
        """Whether there is such a file; what lies elsewhere, and what no disk could hold, is for the API to refuse."""
        return ".." not in name.split("/") and os.path.isfile(self._directory / name)  # noqa: PTH113  # Path's raises

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file. Names in `/assets/` carry a digest, so they may be kept for ever."""
        assert self._files is not None  # noqa: S101 - `has` comes first

        async def send_with_age(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                kept = (
                    b"public, max-age=31536000, immutable"
                    if scope["path"].startswith("/assets/")
                    else b"no-cache"
                )
                message["headers"] = [*message["headers"], (b"cache-control", kept)]  # type: ignore[misc]
            await send(message)

        if PLACES.fullmatch(scope["path"]):
            scope = {**scope, "path": "/"}
        await self._files(scope, receive, send_with_age)  # type: ignore[arg-type]
