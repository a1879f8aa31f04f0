"""What people write is text: nothing of it runs, and all of it is shown as it was written."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Comes
from tests.browser.demo_server import ISSUER
from tests.browser.person import SEEDED

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

RUNS = "window.ran = (window.ran ?? 0) + 1"
HOSTILE = [
    f"<script>{RUNS}</script>",
    f'<img src="x" onerror="{RUNS}">',
    f'<svg onload="{RUNS}"></svg><iframe srcdoc="<script>parent.{RUNS}</script>"></iframe>',
    f"javascript:{RUNS}",
    f"[click](javascript:{RUNS}) <a href='javascript:{RUNS}'>me</a>",
    f"data:text/html,<script>{RUNS}</script>",
    f'https://example.org/"onmouseover="{RUNS}',
    "https://example.org/?a=1&b=<b>2</b>, &lt;i&gt; and &amp;amp;",
    "{{constructor.constructor('window.ran=1')()}} ${window.ran=1}",
    "\u202etxt.exe \u202d",
]


async def test_hostile_messages_are_shown_as_written_and_nothing_runs(comes: Comes) -> None:
    ada, ben = await comes("ada"), await comes("ben")
    await ada.open("General")
    await ben.open("General")
    images = await ben.log.locator("img, iframe, script, svg [onload]").count()
    for text in HOSTILE:
        await ada.write(text)
    for person in (ada, ben):
        await person.sees(*SEEDED, *HOSTILE)
        # What is on its way has no links yet.
        await expect(person.log.locator("[data-status=sending]")).to_have_count(0)
        assert await person.texts.nth(len(SEEDED)).text_content() == HOSTILE[0]
        assert await person.log.locator("img, iframe, script, svg [onload]").count() == images == 0
        links = person.log.get_by_role("link")
        hrefs = [await link.get_attribute("href") or "" for link in await links.all()]
        assert hrefs
        assert all(href.startswith("https://example.org/") for href in hrefs)
        for link in await links.all():
            await link.hover()
            assert await link.get_attribute("onmouseover") is None
            assert "noopener" in (await link.get_attribute("rel") or "")
        # Also where else they show: the list of rooms after a reload.
        await person.page.reload()
        await person.sees(*SEEDED, *HOSTILE)
        assert await person.page.evaluate("window.ran") is None


async def test_a_hostile_name_is_only_a_name(comes: Comes) -> None:
    name = f'<img src=x onerror="{RUNS}">'
    token, _ = ISSUER.issue("mallory", name, courses={"cs101": ["learner"]})
    ben, mallory = await comes("ben"), await comes("mallory", signed_in=False)
    await mallory.page.route(
        "**/demo/tokens", lambda route: route.fulfill(json={"token": token, "expires_at": ""})
    )
    await mallory.sign_in()
    await mallory.open("General")
    await ben.open("General")
    # It is seen while she types: once she pauses, it goes by itself.
    await asyncio.gather(
        expect(ben.page.get_by_text("is typing", exact=False).first).to_be_visible(),
        mallory.composer.press_sequentially("Hi"),
    )
    await mallory.composer.press("Enter")
    await ben.sees(*SEEDED, "Hi")
    await expect(ben.log.locator(".cw-author").last).to_have_text(name)
    await ben.page.get_by_role("button", name="Members of this conversation").click()
    await expect(ben.page.get_by_role("dialog", name="Members")).to_contain_text(name)
    for person in (ben, mallory):
        assert await person.page.evaluate("window.ran") is None
