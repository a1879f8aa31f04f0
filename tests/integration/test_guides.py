"""The examples of docs/guides/python.md and of the README, as they stand there, against the real server."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus

from coursewire.client import ChatClient, CollaborationClient, Meta, NotificationsClient, ServiceClient
from coursewire.namespaces.chat import contract, store
from coursewire.namespaces.collaboration.contract import Annotation
from coursewire.namespaces.notifications.contract import Audience

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guides/python.md"
EXAMPLES = {
    name: source
    for page in (GUIDE, ROOT / "README.md")
    for name, source in re.findall(
        r"<!-- runs as: (\w+) -->\n```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL
    )
}


class Printed:
    """What an example prints, to wait for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, *values: object) -> None:
        self.lines.append(" ".join(map(str, values)).strip())
        self._more.set()

    async def has(self, *lines: str) -> None:
        async with asyncio.timeout(30):
            while not set(lines) <= set(self.lines):
                self._more.clear()
                await self._more.wait()


def compiled(name: str) -> Any:
    return compile(EXAMPLES[name], f"{GUIDE.name}: {name}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def run(name: str, **names: Any) -> dict[str, Any]:
    """Run an example to its end, and return what it has named."""
    scope = {"print": Printed(), **names}
    running = eval(compiled(name), scope)  # noqa: S307 - our own guide
    if running is not None:
        await asyncio.wait_for(running, 30)
    return scope


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def lms(site: Campus) -> AsyncIterator[ServiceClient]:
    async with ServiceClient(site.url, service_token(site)) as lms:
        yield lms


def service_token(site: Campus) -> str:
    return site.token("lms", roles=["service"])


async def grade(lms: ServiceClient, title: str) -> None:
    started = await lms.notify(Audience(users=["ben"]), "grade", title, course_id=COURSE)
    async with asyncio.timeout(30):
        assert [step.state async for step in lms.follow(started.delivery_id, every=0.02)][-1] == "finished"


def test_every_example_that_says_it_runs_is_run() -> None:
    source = Path(__file__).read_text("utf-8")
    assert set(EXAMPLES) == {
        *("restart", "conversation", "inbox", "marks", "progress"),
        *("backend", "reporting", "script", "chat"),
        *("document", "helper", "pen", "readme"),
    }
    assert [name for name in EXAMPLES if source.count(f'"{name}"') != 2] == []


async def test_a_restart(site: Campus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with ChatClient(site.url, site.token("ada")) as ada:
        room = await ada.open_room("course", course_id=COURSE, title="General")
        await ada.send(room.id, "before")
        for missed, live in (([], "one"), (["two", "three"], "four"), ([], "five")):
            printed = Printed()
            async with ChatClient(site.url, site.token("ben")) as chat:
                for text in missed:
                    await ada.send(room.id, text)
                shown = lambda _, text, printed=printed: printed(text)  # noqa: E731 - in place of `print`
                await run("restart", print=shown, chat=chat, room=room, contract=contract, Meta=Meta)
                await ada.send(room.id, live)
                await printed.has(live)
            assert printed.lines == [*missed, live]


async def test_a_conversation(site: Campus) -> None:
    async with ChatClient(site.url, site.token("ada")) as chat:
        room = await chat.open_room("course", course_id=COURSE, title="General")
        await chat.send(room.id, "Read about induction for Tuesday.")
        await site.node.storage.write(partial(store.index_messages, most=100))
        printed = (await run("conversation", chat=chat, room=room))["print"]
        assert printed.lines[0] == "Ada Yes, with n + 1"
        assert any(line.startswith("General") and "induction" in line for line in printed.lines[1:])
        assert [pinned.mentions for pinned in await chat.pins(room.id)] == [["ben"]]


async def test_an_inbox(site: Campus, lms: ServiceClient) -> None:
    await grade(lms, "Essay 1: 1.7")
    printed = Printed()
    names = {"URL": site.url, "fresh_token": lambda: site.token("ben")}
    watching = asyncio.create_task(run("inbox", print=printed, **names))
    await printed.has("normal Essay 1: 1.7")
    await grade(lms, "Essay 2: 1.3")
    await printed.has("normal Essay 2: 1.3")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_marks_and_wishes(site: Campus, lms: ServiceClient) -> None:
    for title in ("Essay 1: 1.7", "Essay 2: 1.3"):
        await grade(lms, title)
    async with NotificationsClient(site.url, site.token("ben")) as inbox:
        assert (await run("marks", inbox=inbox))["print"].lines == ["2 unread"]
        assert [item.title async for item in inbox.items(state="archived")] == ["Essay 1: 1.7"]
        assert [item.title async for item in inbox.items(state="snoozed")] == ["Essay 2: 1.3"]
        assert (await inbox.preferences()).courses == {COURSE: "mentions"}


async def test_a_backend(site: Campus) -> None:
    printed = (await run("backend", URL=site.url, service_token=service_token(site)))["print"]
    assert printed.lines[-1] == "2 of 2"


async def test_jobs_and_figures(site: Campus, lms: ServiceClient) -> None:
    printed = Printed()
    job = await lms.create_job("essay-grading", "Essays", owner="ada", course=COURSE, total=4)
    names = {"URL": site.url, "fresh_token": lambda: site.token("ada"), "job_id": job.id}
    watching = asyncio.create_task(run("progress", print=printed, **names))
    await printed.has("queued 0.0 None")
    await lms.update_job(job.id, state="succeeded", done=4)
    await asyncio.wait_for(watching, 30)
    assert "succeeded 100.0 None" in printed.lines
    assert printed.lines[-1] == "0 learners in the last hour"


async def test_work_that_is_reported_and_activity(site: Campus, lms: ServiceClient) -> None:
    printed: list[str] = []
    activity = {
        "id": "submission-1",
        "user_id": "ben",
        "course_id": COURSE,
        "verb": "submitted",
        "object": {"id": "essay-1", "type": "assignment"},
        "at": "2020-01-01T00:00:00.000Z",
    }
    names = {"essays": ["a", "bb"], "scores": [], "grade": len, "activity": [activity]}
    scope: dict[str, Any] = {"URL": site.url, "service_token": service_token(site), **names}
    scope["print"] = lambda *values: printed.append(" ".join(map(str, values)))
    await asyncio.wait_for(asyncio.to_thread(exec, compiled("reporting"), scope), 30)
    assert printed == ["0 new, 0 known, ['is more than 400 days ago']"]
    job = (await lms.update_job(scope["job"].id, state="succeeded")).job
    assert (job.state, job.done, job.result) == ("succeeded", 2, {"mean": 1.5})


async def test_scripts(site: Campus, lms: ServiceClient) -> None:
    await grade(lms, "Essay 1: 1.7")
    printed = Printed()
    names = {"URL": site.url, "token": site.token("ben"), "service_token": service_token(site)}

    def scripts() -> None:
        for name in ("script", "chat"):
            exec(compiled(name), {"print": printed.lines.append, **names})  # noqa: S102 - our own guide

    await asyncio.wait_for(asyncio.to_thread(scripts), 30)
    assert printed.lines == ["Essay 1: 1.7"]
    (room,) = await lms.rooms(COURSE)
    assert [message.text for message in (await lms.history(room.id)).items] == [
        "Welcome!",
        "The grades are out.",
    ]


async def test_documents(site: Campus, lms: ServiceClient) -> None:
    made = await lms.create_document(COURSE, "Sums", html="<p>Add 1 to n.</p>")
    names = {"URL": site.url, "document_id": made.id, "fresh_token": lambda: site.token("ben")}
    printed = (await run("document", **names))["print"]
    assert printed.lines == ["Add 1 to n.\nThe total is n(n+1)/2."]
    printed = Printed()
    names["token"] = site.token("ben")
    await asyncio.to_thread(exec, compiled("pen"), {"print": printed, **names})
    text = "Reviewed. Add 1 to n.\nThe total is n(n+1)/2."
    assert printed.lines == [f"{len(text)} characters, 2 notes", "version 1"]
    assert (await lms.document(made.id)).text.strip() == text


async def test_the_document_of_the_readme(site: Campus, lms: ServiceClient) -> None:
    await lms.create_document(COURSE, "Study guide", document_id="study-guide", html="<p>Lists</p>")
    printed = Printed()
    names = {"print": printed, "URL": site.url, "token": site.token("ben")}
    await asyncio.to_thread(exec, compiled("readme"), names)
    assert printed.lines == ["Lists\nHeaps: a tree in a list."]
    [note] = [one async for one in lms.annotations("study-guide")]
    assert note.motivation == "questioning"


async def test_a_helper_beside_a_document(site: Campus, lms: ServiceClient) -> None:
    made = await lms.create_document(COURSE, "Sums", html="<p>Add 1 to n.</p>")
    names = {"URL": site.url, "document_id": made.id, "fresh_token": lambda: site.token("ada")}
    answered = asyncio.Event()

    def look(news: Any) -> None:
        if isinstance(news, Annotation) and (news.author_id, news.body) == ("ada", "See chapter 3."):
            answered.set()

    async with (
        CollaborationClient(site.url, site.token("ben")) as ben,
        ben.open_document(made.id) as document,
    ):
        arrived = asyncio.Event()
        document.on_change(lambda _: arrived.set() if "ada" in document.participants else None)
        document.on_change(look)
        helping = asyncio.create_task(run("helper", **names))
        await asyncio.wait_for(arrived.wait(), 30)
        await document.annotate("Add 1", "Why?", motivation="questioning")
        await asyncio.wait_for(answered.wait(), 30)
        helping.cancel()
        await asyncio.gather(helping, return_exceptions=True)
