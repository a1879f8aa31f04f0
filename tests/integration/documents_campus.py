"""Documents on a campus, and what one sees of them by the Python client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.integration.chat_campus import COURSE, Campus

from coursewire.client import ClientOptions, CollaborationClient, LinkOptions
from coursewire.client.document import Document

OPTIONS = ClientOptions(link=LinkOptions(open_timeout_s=30, upgrade_after_s=0.05))


def client(site: Campus, user_id: str, url: str = "", **claims: Any) -> CollaborationClient:
    """Return somebody's client, over another address than the campus' own if one is given."""
    return CollaborationClient(url or site.url, site.token(user_id, **claims), options=OPTIONS)


async def make_document(site: Campus, title: str = "Notes", **fields: Any) -> str:
    """Make a document as Ada, and return its id."""
    async with client(site, "ada") as ada:
        return (await ada.create_document(COURSE, title, **fields)).id


async def until(document: Document, holds: Callable[[], bool]) -> None:
    """Wait until something holds that the others do."""
    if holds():
        return
    done = asyncio.Event()

    def look(_: Any) -> None:
        if holds():
            done.set()

    document.on_change(look)
    look(None)
    async with asyncio.timeout(30):
        await done.wait()


async def reads(document: Document, text: str) -> None:
    """Wait until a document reads so."""
    try:
        await until(document, lambda: str(document.text) == text)
    except TimeoutError:
        raise AssertionError(f"it reads {str(document.text)!r}, not {text!r}") from None
