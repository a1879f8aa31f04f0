"""Who sees which annotation by which way: every role, every audience, every way of reading, in one table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from tests.integration import desk
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.desk import Client

from coursewire.vocabulary import new_id

Json = dict[str, Any]
AUDIENCES = {
    # what is written, for whom, by whom: each with a word that stands nowhere else, and a reply with another
    "all": ("course", "ada"),
    "staff": ("staff", "ada"),
    "red": ("group:red", "ben"),
    "blue": ("group:blue", "dan"),
    "ada": ("private", "ada"),
    "ben": ("private", "ben"),
}
SEES = {
    "ada": {"all", "staff", "red", "blue", "ada"},
    "tom": {"all", "staff", "red", "blue"},
    "ben": {"all", "red", "ben"},
    "cleo": {"all", "red"},
    "dan": {"all", "blue"},
    "mia": {"all"},
    "eve": set[str](),  # she teaches another course
    "lms": {"all", "staff", "red", "blue"},
    "root": {"all", "staff", "red", "blue"},
}
CLAIMS: Json = {"lms": {"roles": ["service"]}, "root": {"roles": ["administrator"]}}
CHANNELS = (
    "document:7", "document:7:staff", "document:7:group:red", "document:7:group:blue", "document:7:group:none",
    "document:7:", "document:7:private", "document:7:course", "document:7:group:", "document:7:staff:x",
    "user:ada", "user:ben",
)  # fmt: skip
MENTIONS = " ".join(f"@{who}" for who in (*SEES, "staff", "room"))


def word(audience: str, *, reply: bool = False) -> str:
    return f"zq{audience}{'reply' if reply else 'first'}qz"


WORDS = {word(audience, reply=reply): audience for audience in AUDIENCES for reply in (False, True)}


def words_of(audiences: set[str]) -> set[str]:
    return {found for found, audience in WORDS.items() if audience in audiences}


@dataclass
class Reading:
    """One who reads, with what there is to read."""

    site: Campus
    who: str
    ids: dict[str, str] = field(default_factory=dict)
    """Word -> the id of the annotation that has it."""
    live: Client | None = None

    @property
    def claims(self) -> Json:
        found: Json = CLAIMS.get(self.who, {})
        return found

    @property
    def hidden(self) -> dict[str, str]:
        return {found: one for found, one in self.ids.items() if WORDS[found] not in SEES[self.who]}

    async def visit(self, stack: AsyncExitStack, **options: Any) -> Client:
        client = await desk.visit(self.site, self.who, **options, **self.claims)
        stack.push_async_callback(client.vanish)
        return client


@pytest.fixture
async def readings() -> AsyncIterator[list[Reading]]:
    """Everybody listens to whatever they can; then everything is written."""
    async with campus() as site, AsyncExitStack() as stack:
        await desk.furnish(site)
        everybody = [Reading(site, who) for who in SEES]
        for one in everybody:
            one.live = await one.visit(stack)
            for channel in CHANNELS:
                if not channel.startswith("user:"):
                    await one.live.answer("subscribe", channel=channel)
        ids: dict[str, str] = {}
        authors = {one.who: one.live for one in everybody if one.live is not None}
        for audience, (visibility, author) in AUDIENCES.items():
            first = await _write(authors[author], audience, visibility=visibility)
            ids[word(audience)] = first
            ids[word(audience, reply=True)] = await _write(authors[author], audience, parent_id=first)
        for one in everybody:
            one.ids = ids
            assert one.live is not None
            await one.live.ask("ping", sent_at=0)
        yield everybody


async def _write(author: Client, audience: str, **fields: Any) -> str:
    found = word(audience, reply="parent_id" in fields)
    if "parent_id" not in fields:
        target = {"quote": {"exact": f"quoted {found}"}}
        fields |= {"target": target, "motivation": "questioning"}
    body = f"{found} {MENTIONS}"
    given = {"key": new_id(), "document_id": "7", "body": body, "tags": [found], **fields}
    return str((await author.ask("annotation.create", **given))["annotation"]["id"])


# The ways of reading: each returns all that it was given


async def live(one: Reading, _: AsyncExitStack) -> Any:
    assert one.live is not None
    return one.live.events


async def subscribed_later(one: Reading, stack: AsyncExitStack) -> Any:
    client = await one.visit(stack)
    answers = [await client.answer("subscribe", channel=channel) for channel in CHANNELS]
    epochs = [answer["data"]["epoch"] for answer in answers if answer["ok"]]
    since = {"epoch": epochs[0], "offset": 0} if epochs else {"epoch": "x", "offset": 0}
    again = [await client.answer("unsubscribe", channel=channel) for channel in CHANNELS]
    replayed = [await client.answer("subscribe", channel=channel, since=since) for channel in CHANNELS]
    return [answers, again, replayed, client.events]


async def resumed(one: Reading, stack: AsyncExitStack) -> Any:
    first = await one.visit(stack)
    answer = await first.answer("subscribe", channel=f"user:{one.who}")
    epoch = answer["data"]["epoch"]
    resume = {channel: {"epoch": epoch, "offset": 0} for channel in (*CHANNELS, f"user:{one.who}")}
    client = await one.visit(stack, resume=resume)
    return client.events


async def opened(one: Reading, stack: AsyncExitStack) -> Any:
    client = await one.visit(stack)
    payload = {"document_id": "7", "client_id": 1_000 + list(SEES).index(one.who)}
    answer = await client.send("document.open", payload, b"")
    if one.who == "eve":
        assert answer["error"]["code"] == "not_found"
    annotations = answer["data"]["annotations"] if answer["ok"] else []
    return [
        annotations,
        list(answer.get("data", {}).get("positions", [])),
        answer.get("error"),
        client.events,
    ]


async def listed(one: Reading, stack: AsyncExitStack) -> Any:
    client = await one.visit(stack)
    return await client.answer("annotation.list", document_id="7")


async def listed_by_thread_and_tag(one: Reading, stack: AsyncExitStack) -> Any:
    client = await one.visit(stack)
    wanted = [
        filters
        for some_word, annotation_id in one.ids.items()
        for filters in ({"parent_id": annotation_id}, {"tag": some_word}, {"cursor": annotation_id})
    ]
    return [await client.answer("annotation.list", document_id="7", **filters) for filters in wanted]


async def http_events(one: Reading, _: AsyncExitStack) -> Any:
    found = []
    async with one.site.http(one.who, **one.claims) as http:
        for channel in (*CHANNELS, f"user:{one.who}"):
            url = f"/v1/collaboration/channels/{channel}/events"
            begin = (await http.get(url)).json()
            params: dict[str, str | int] = {"epoch": str(begin.get("epoch", "x")), "offset": 0}
            found.append((await http.get(url, params=params)).json())
    return found


async def http_annotations(one: Reading, _: AsyncExitStack) -> Any:
    async with one.site.http(one.who, **one.claims) as http:
        url = "/v1/documents/7/annotations"
        asked = [url, *(f"{url}/{annotation_id}" for annotation_id in one.ids.values())]
        return [(await http.get(one_url)).json() for one_url in asked]


async def inbox(one: Reading, stack: AsyncExitStack) -> Any:
    client = await one.visit(stack, path="/notifications")
    channel = f"user:{one.who}"
    epoch = (await client.ask("subscribe", channel=channel))["epoch"]
    await client.ask("unsubscribe", channel=channel)
    await client.ask("subscribe", channel=channel, since={"epoch": epoch, "offset": 0})
    return [await client.ask("notification.list"), client.events]


async def errors(one: Reading, stack: AsyncExitStack) -> Any:
    """Ask for what is hidden by its id, by every command: it is as if it were not there."""
    client = await one.visit(stack)
    everything: list[Json] = []
    async with one.site.http(one.who, **one.claims) as http:
        nothing = await _asked(client, http, new_id())
        for annotation_id in one.hidden.values():
            found = await _asked(client, http, annotation_id)
            assert found == nothing, one.who
            everything += found
    return everything


async def _asked(client: Client, http: Any, annotation_id: str) -> list[Json]:
    by_id = {"annotation_id": annotation_id, "base_revision": 1}
    commands: list[tuple[str, Json]] = [
        ("annotation.update", {**by_id, "body": "x"}),
        ("annotation.update", {**by_id, "base_revision": 99, "tags": ["x"]}),
        ("annotation.delete", {"annotation_id": annotation_id}),
        ("annotation.resolve", by_id),
        ("annotation.reanchor", by_id),
        ("annotation.create", {"document_id": "7", "parent_id": annotation_id, "body": "x"}),
    ]
    answers = [await client.answer(command, key=new_id(), **payload) for command, payload in commands]
    for answer in answers:
        assert answer["error"]["code"] == "not_found", answer
    reply = {"target": f"/v1/documents/7/annotations/{annotation_id}", "bodyValue": "x"}
    posted = await http.post("/v1/documents/7/annotations", json=reply)
    read = await http.get(f"/v1/documents/7/annotations/{annotation_id}")
    for refused in (posted, read):
        assert refused.status_code in {404, 422}, (
            refused.text
        )  # the LMS names nobody in whose name it replies
        answers.append({name: value for name, value in refused.json().items() if name != "instance"})
    return answers


WAYS: dict[str, Callable[[Reading, AsyncExitStack], Awaitable[Any]]] = {
    "live": live,
    "subscribed later": subscribed_later,
    "resumed": resumed,
    "opened": opened,
    "listed": listed,
    "listed by thread and tag": listed_by_thread_and_tag,
    "events over HTTP": http_events,
    "annotations over HTTP": http_annotations,
    "inbox": inbox,
    "errors": errors,
}
TOLD = {
    # Of what others wrote, and they may see: who is called in it. Neither the LMS nor a stranger has an inbox of it.
    "ada": {"red", "blue"},
    "tom": {"all", "staff", "red", "blue"},
    "ben": {"all"},
    "cleo": {"all", "red"},
    "dan": {"all"},
    "mia": {"all"},
}
EXPECTED: dict[str, Callable[[str], set[str]]] = {
    **dict.fromkeys(WAYS, lambda who: words_of(SEES[who])),
    "inbox": lambda who: words_of(TOLD.get(who, set())),
    "errors": lambda _: set(),
}


async def test_everybody_sees_by_every_way_what_is_for_them_and_nothing_else(readings: list[Reading]) -> None:
    """[ANN1] [SUB1] Every role x every audience x every way of reading."""
    wrong: Json = {}
    for one in readings:
        for way, read in WAYS.items():
            async with AsyncExitStack() as stack:
                told = orjson.dumps(await read(one, stack), default=repr).decode()
            seen = {found for found in WORDS if found in told}
            expected = EXPECTED[way](one.who)
            if seen != expected:
                wrong[f"{one.who}, {way}"] = {"leaked": seen - expected, "missing": expected - seen}
        # A number can tell as well.
        async with AsyncExitStack() as stack:
            answer = await (await one.visit(stack)).answer("document.list", course_id=COURSE)
            counts = {
                item["id"]: item["open_annotations"] for item in answer.get("data", {"items": []})["items"]
            }
            if counts != ({"7": len(SEES[one.who]), "page": 0} if SEES[one.who] else {}):
                wrong[f"{one.who}, counts"] = counts
    assert wrong == {}
