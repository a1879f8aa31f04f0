"""A private campus for each test, and people in browsers who come to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect
from tests.browser.demo_server import DemoServer
from tests.browser.evidence import FAILED, Evidence
from tests.browser.pages import build_pages, find_chromium
from tests.browser.person import Person
from tests.integration.tcp_proxy import Proxy

PATIENCE_MS = 30_000
"""The most that any one state is waited for."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Comes = Callable[..., Awaitable[Person]]
"""`await comes("ada", **context_options)`: a person with a fresh browser profile, signed in."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures know that their test has failed."""
    del call
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; each person has a context, so a profile, of their own."""
    executable = find_chromium()
    build_pages()
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest.fixture
def settings() -> dict[str, str]:
    """The server's settings; a test or a module may have others."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def server(browser: Browser, tmp_path: Path, settings: dict[str, str]) -> AsyncIterator[DemoServer]:
    """A campus as `coursewire demo` serves it, on a free port and a file of its own."""
    del browser  # its fixture has built the pages that this serves
    async with DemoServer(tmp_path, settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def comes(
    browser: Browser, server: DemoServer, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Comes]:
    """Let people come. No script of any of their pages may have failed by the end."""
    failures: list[str] = []
    people: list[Person] = []
    evidence = Evidence(tmp_path / "evidence", server.log)
    async with AsyncExitStack() as stack:

        async def come(user_id: str, *, signed_in: bool = True, **options: Any) -> Person:
            network = await stack.enter_async_context(Proxy(server.port))
            context = await browser.new_context(**{"locale": "en-GB", **options})
            stack.push_async_callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            page = await context.new_page()
            page.on("pageerror", lambda error: failures.append(f"{user_id}: {error}"))
            evidence.watch(page)
            person = Person(user_id, context, page, network)
            people.append(person)
            if signed_in:
                await person.sign_in()
            return person

        yield come
        if failures or FAILED in request.node.stash:
            # pytest shows with a failure what was said while its fixtures went.
            request.node.add_report_section("teardown", "browser", await evidence.write(people))
    assert failures == []
