"""`coursewire notify` and `coursewire notifications`: post one and see how far it gets; watch an inbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from coursewire.client.failures import invalid
from coursewire.client.notifications import InboxGap, NotificationsClient
from coursewire.client.outputs import State
from coursewire.client.rendering import STATES
from coursewire.client.service import ServiceClient
from coursewire.client.token import Token
from coursewire.namespaces.notifications import contract as notifications
from coursewire.vocabulary import milliseconds

STYLES: Mapping[notifications.Priority, str] = {
    "low": "dim",
    "normal": "",
    "high": "bold yellow",
    "urgent": "bold red",
}


def audience(
    *, users: Sequence[str], course: str | None, roles: Sequence[str], everyone: bool
) -> notifications.Audience:
    """Return who is meant. Raises Invalid."""
    given: dict[str, Any] = {}
    if users:
        given["users"] = list(users)
    if course is not None:
        given["course_id"] = course
    if roles:
        given["roles"] = list(roles)
    if everyone:
        given["everyone"] = True
    try:
        return notifications.Audience.model_validate(given)
    except ValidationError as error:
        raise invalid(error) from error


async def post(
    lms: ServiceClient,
    to: notifications.Audience,
    fields: Mapping[str, Any],
    console: Console,
    *,
    every: float = 0.5,
) -> None:
    """Post a notification and show its progress until it has reached everybody. Left early, it goes on."""
    started = await lms.notify(to, **fields)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("reached", total=started.recipients)
        async with aclosing(lms.follow(started.delivery_id, every=every)) as steps:
            async for step in steps:
                progress.update(bar, completed=step.reached, total=step.recipients)
    console.print(f"delivery {started.delivery_id} is finished", style="dim", highlight=False)


def run_post(url: str, token: Token, to: notifications.Audience, fields: Mapping[str, Any]) -> None:
    """Post a notification from the command line. Raises what the server refuses it with."""

    async def main() -> None:
        async with ServiceClient(url, token) as lms:
            await post(lms, to, fields, Console())

    asyncio.run(main())


async def watch(inbox: NotificationsClient, history: int, console: Console) -> None:
    """Print what is in an inbox, then each item as it comes, and the counts. Raises what it is refused with."""

    def count(counts: notifications.Counts) -> None:
        console.print(Text(f"{counts.unread} unread, {counts.unseen} unseen", style="dim"))

    def gap(missed: InboxGap) -> None:
        console.print(Text(f"{len(missed.items)} came while this was away for long", style="dim"))

    def show(state: State) -> None:
        if state not in ("recovering", "closed"):
            console.print(Text(STATES[state][1], style="dim"))

    inbox.on(notifications.CountsChanged, count)
    inbox.on("gap", gap)
    inbox.on_state(show)
    async with inbox:
        await inbox.connected()
        await _print_items(inbox, history, console)


async def _print_items(inbox: NotificationsClient, history: int, console: Console) -> None:
    async with aclosing(inbox.arriving(history=history)) as items:
        async for item in items:
            console.print(line(item), soft_wrap=True)


def run_watch(url: str, token: Token, history: int) -> None:
    """Watch an inbox until interrupted."""
    asyncio.run(watch(NotificationsClient(url, token, patience=None), history, Console()))


def line(item: notifications.Notification) -> Text:
    """Return an item as a line or two. Its text is never read as markup."""
    moved = time.localtime(milliseconds(item.moved_at) / 1000)
    text = Text(f"{time.strftime('%Y-%m-%d %H:%M', moved)}  ", style="dim")
    text.append(f"{item.category}  ", style="cyan")
    text.append(item.title, style=STYLES[item.priority] if item.read_at is None else "dim")
    if item.group_count > 1:
        text.append(f" ({item.group_count})", style="dim")
    if item.actor is not None:
        text.append(f"  by {item.actor.name}", style="dim")
    if item.body:
        text.append(f"\n    {item.body}")
    if item.action is not None:
        text.append(f"\n    {item.action.label}: {item.action.url}", style="dim")
    return text
