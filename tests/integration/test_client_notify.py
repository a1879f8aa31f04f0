"""The operator's commands against the real server: a notification with its progress, and an inbox to watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from rich.console import Console
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.screen import Screen
from typer.testing import CliRunner

from coursewire.cli import app
from coursewire.client import NotificationsClient, ServiceClient
from coursewire.client.terminal_notify import audience, line, post, watch
from coursewire.errors import AuthInvalid
from coursewire.namespaces.notifications.contract import Notification

CLASS = audience(users=[], course=COURSE, roles=[], everyone=False)


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def notify(site: Campus, *options: str) -> Any:
    token = site.token("lms", roles=["service"])
    command = ["notify", "--url", site.url, "--token", token, *options]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


async def test_a_notification_is_posted_and_its_progress_shown(site: Campus) -> None:
    options = ["--course", COURSE, "--priority", "high", "--key", "library"]
    for _ in range(2):
        result = await notify(site, "The library closes at 18:00", "Take *everything* with you.", *options)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "3/3" in result.stdout
        assert "is finished" in result.stdout
    async with NotificationsClient(site.url, site.token("ben")) as ben:
        (item,) = (await ben.page()).items
    assert (item.title, item.priority, item.category) == ("The library closes at 18:00", "high", "system")


async def test_what_the_server_refuses_is_one_line(site: Campus) -> None:
    for options in (["--course", "nowhere"], ["--user", "ben", "--link", "javascript:alert(1)"]):
        result = await notify(site, "Hello", *options)
        assert result.exit_code == 1, result.stdout
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith("coursewire: ")


async def test_an_inbox_is_watched(site: Campus) -> None:
    screen = Screen()
    console = Console(file=screen, width=100, color_system=None)
    async with ServiceClient(site.url, site.token("lms", roles=["service"])) as lms:
        quiet = Console(file=Screen(), width=80)
        fields = {"category": "grade", "title": "Essay [1]", "body": "*Well* done"}
        await post(lms, CLASS, fields, quiet, every=0.02)
        watching = asyncio.create_task(
            watch(NotificationsClient(site.url, site.token("ben"), patience=None), 20, console)
        )
        await screen.shows("● connected", "grade  Essay [1]", "*Well* done", "1 unread, 1 unseen")
        await post(lms, CLASS, {"category": "grade", "title": "Essay 2"}, quiet, every=0.02)
        await screen.shows("grade  Essay 2", "2 unread, 2 unseen")
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    with pytest.raises(AuthInvalid):
        await watch(NotificationsClient(site.url, "forged", patience=None), 20, console)


def test_a_line_shows_what_an_item_has() -> None:
    at = "2026-11-22T18:00:00.000Z"
    item = Notification.model_validate(
        {
            "id": "n1",
            "content_id": "c1",
            "category": "discussion",
            "priority": "urgent",
            "title": "3 replies",
            "body": "[red]to your question",
            "html": "",
            "actor": {"user_id": "ada", "name": "Ada"},
            "action": {"label": "Open", "url": "/rooms/1"},
            "group_count": 3,
            "mandatory": False,
            "toast": False,
            "created_at": at,
            "moved_at": at,
        }
    )
    first, *below = line(item).plain.splitlines()
    assert first.partition("  ")[2] == "discussion  3 replies (3)  by Ada"
    assert below == [
        "    [red]to your question",
        "    Open: /rooms/1",
    ]
