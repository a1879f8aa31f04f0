"""Somebody at a browser: what they do with the campus, and what they see of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import BrowserContext, Locator, Page, expect
from tests.integration.tcp_proxy import Proxy

NAMESPACES = 2
"""How many the campus uses, from its first page on; each has a session and a token of its own (SES1)."""

# What `coursewire demo` has put into the room that all three share.
SEEDED = [
    "Hello everybody. Questions about the course go here, any time.",
    "Thanks! Is the lecture of Tuesday recorded?",
    "Yes, it will be on the course page tomorrow morning.",
    "Found it already 🎉",
]


@dataclass(slots=True)
class Person:
    """One person in one browser context, behind a network of their own."""

    user_id: str
    context: BrowserContext
    page: Page
    network: Proxy

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def texts(self) -> Locator:
        """The words of the messages on screen, in their order."""
        return self.log.locator(".cw-text")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message ")

    @property
    def connection(self) -> Locator:
        return self.page.get_by_role("button", name="Connection:")

    def room(self, name: str) -> Locator:
        return self.page.get_by_role("navigation", name="Conversations").get_by_role(
            "button", name=re.compile(rf"\b{name}\b")
        )

    def bubble(self, text: str) -> Locator:
        return self.log.locator(".cw-bubble").filter(has_text=text)

    def status(self, text: str) -> Locator:
        """How far one of their own messages has got."""
        return self.bubble(text).get_by_role("img")

    async def sign_in(self) -> None:
        """Follow the link of the demo."""
        await self.page.goto(f"{self.network.url}/#as={self.user_id}")
        await self.is_connected()

    async def open(self, name: str) -> None:
        await self.room(name).click()
        await expect(self.page.get_by_role("heading", level=2, name=name)).to_be_visible()
        await expect(self.texts.first).to_be_visible()

    async def has_read(self, name: str) -> None:
        """Open a conversation and wait until the server has it as read: who leaves it sooner may not have."""
        await self.open(name)
        await expect(self.room(name)).not_to_contain_text("unread")

    async def room_id(self) -> str:
        """The id of the open room, from the address."""
        await expect(self.page).to_have_url(re.compile("#/chat/.+"))
        return self.page.url.rpartition("/")[2]

    async def write(self, *texts: str) -> None:
        for text in texts:
            await self.composer.fill(text)
            await self.composer.press("Enter")
            await expect(self.composer).to_have_value("")

    async def sees(self, *texts: str) -> None:
        """Wait until exactly these messages are on screen, in this order."""
        await expect(self.texts).to_have_text(list(texts))

    async def is_connected(self) -> None:
        await self.connection_is("Connected")

    async def connection_is(self, words: str) -> None:
        await expect(self.connection).to_have_accessible_name(f"Connection: {words}")

    async def loses_the_network(self) -> None:
        self.network.go_down()
        await self.connection_is("Reconnecting…")

    async def gets_the_network_back(self) -> None:
        self.network.come_up()
        await self.is_connected()
