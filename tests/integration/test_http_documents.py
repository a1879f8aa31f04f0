"""Documents over HTTP, beside people who are in them: made, read, changed, begun anew, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from pycrdt import Doc, XmlFragment, XmlText
from sqlalchemy import select
from tests.fault.plain_client import Json, PlainClient
from tests.integration.chat_campus import COURSE, Campus, campus

from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import new_id

PATH = "/collaboration"
HTML = "<h1>Sorting</h1><p>The <strong>invariant</strong> holds<script>alert(1)</script>.</p>"


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def make(site: Campus, **fields: Any) -> Json:
    reply = await site.lms.post("/v1/documents", json={"course_id": COURSE, "title": "Notes", **fields})
    assert reply.status_code == 201, reply.text
    document: Json = reply.json()["document"]
    return document


class Editor:
    """Somebody in a document, over a real socket."""

    def __init__(self, client: PlainClient, document_id: str) -> None:
        self.client = client
        self.document_id = document_id
        self.doc: Doc[Any] = Doc()
        self.epoch = ""

    @classmethod
    async def come(cls, stack: AsyncExitStack, site: Campus, user: str, document_id: str) -> Editor:
        port = int(site.url.rpartition(":")[2])
        client = await PlainClient.open(port, site.token(user), namespace=PATH)
        stack.push_async_callback(client.vanish)
        await client.ready()
        editor = cls(client, document_id)
        await editor.open()
        return editor

    async def open(self) -> Json:
        opened = await self.client.ask(
            "document.open", b"", document_id=self.document_id, client_id=self.doc.client_id
        )
        self.epoch = opened["epoch"]
        self.doc.apply_update(opened["update"])
        return opened

    async def type(self, text: str) -> Json:
        before = self.doc.get_state()
        root = self.doc.get("default", type=XmlFragment)
        root.children[0].children.append(XmlText(text))
        ack = await self.client.say(
            "document.update",
            self.doc.get_update(before),
            document_id=self.document_id,
            epoch=self.epoch,
            sequence=1,
        )
        await self.client.until(lambda: ack in self.client.answers)
        return self.client.answers[ack]


async def test_a_document_is_made_once_and_read_by_its_course(site: Campus) -> None:
    """The same again is the same document; only what the editor knows is kept of the HTML."""
    made = await make(site, id="sorting", html=HTML)
    assert (made["id"], made["kind"], made["mode"]) == ("sorting", "text", "edit")
    assert await make(site, id="sorting", html=HTML) == made
    other = await site.lms.post(
        "/v1/documents", json={"id": "sorting", "course_id": COURSE, "title": "Other"}
    )
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (409, "conflict", "id")
    async with site.http("ben") as ben:
        read = (await ben.get("/v1/documents/sorting")).json()
        assert read["text"] == "Sorting\nThe invariant holds.\n"
        assert read["html"] == "<h1>Sorting</h1><p>The <strong>invariant</strong> holds.</p>"
        page = await ben.get("/v1/documents/sorting/html")
        assert (page.text, page.headers["content-type"]) == (read["html"], "text/html; charset=utf-8")
        assert (await ben.get("/v1/documents/sorting/text")).text == read["text"]
    async with site.http("eve") as eve:
        refused = [await eve.get(f"/v1/documents/{name}") for name in ("sorting", "nowhere")]
        assert [reply.status_code for reply in refused] == [404, 404]
        assert refused[0].json()["detail"] == refused[1].json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"course_id": "nowhere"}, 404, None),
        ({"template": "poem"}, 422, "template"),
        ({"template": "lab-report", "html": "<p>x</p>"}, 422, "html"),
        ({"kind": "page", "html": "<p>x</p>"}, 422, "html"),
        ({"url": "/x"}, 422, "url"),
        ({"id": "7:staff"}, 422, "id"),
        ({"title": ""}, 422, "title"),
        ({"html": "x" * 500_001}, 422, "html"),
    ],
)
async def test_a_body_that_is_wrong_makes_nothing(
    site: Campus, body: Json, status: int, field: str | None
) -> None:
    """[CMD2] An id with a colon would be the channel of another document's staff."""
    before = await site.counts()
    reply = await site.lms.post("/v1/documents", json={"course_id": COURSE, "title": "Notes", **body})
    assert (reply.status_code, reply.json().get("field")) == (status, field), reply.text
    assert await site.counts() == before


async def test_only_the_lms_makes_documents_over_http(site: Campus) -> None:
    async with site.http("ada") as ada:
        reply = await ada.post("/v1/documents", json={"course_id": COURSE, "title": "Notes"})
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


async def test_staff_say_who_may_do_what_and_everybody_in_it_hears(
    site: Campus, stack: AsyncExitStack
) -> None:
    """[FAN4] [DOC7] From the next edit on, without opening the document again."""
    document = await make(site, html=HTML)
    ben = await Editor.come(stack, site, "ben", document["id"])
    assert (await ben.type("!"))["ok"]
    async with site.http("ben") as page:
        refused = await page.patch(f"/v1/documents/{document['id']}", json={"title": "Mine"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    async with site.http("ada") as ada:
        url = f"/v1/documents/{document['id']}"
        settings = (await ada.patch(url, json={"access": {"learner": "view"}})).json()
        assert (settings["access"], settings["document"]["mode"]) == ({"learner": "view"}, "edit")
        await ben.client.until(lambda: ben.client.named("document.mode"))
        told = {"document_id": document["id"], "mode": "view", "reason": "document"}
        assert ben.client.named("document.mode") == [told]
        error = (await ben.type("?"))["error"]
        assert (error["code"], error["details"]) == ("forbidden", {"mode": "view"})
        await ada.patch(url, json={"access": {}, "archived": True, "title": "Old notes"})
        settings = (await ada.patch(url, json={})).json()
        assert (settings["access"], settings["archived"], settings["document"]["mode"]) == ({}, True, "view")
        await ada.patch(url, json={"archived": False})
        await ben.client.until(lambda: len(ben.client.named("document.mode")) == 2)
        assert ben.client.named("document.mode")[1] == {**told, "mode": "edit", "reason": "archived"}
        await ada.patch(url, json={"access": {"learner": "none"}})
        await ben.client.until(lambda: ben.client.named("channel.closed"))
        error = (await ben.type("?"))["error"]
        assert error["details"] == {"reason": "open"}
        wrong = await ada.patch(url, json={"access": {"instructor": "view"}})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "access.instructor.[key]")
    async with site.http("ben") as page:
        assert (await page.get(f"/v1/documents/{document['id']}")).status_code == 404


async def test_the_past_of_a_document_can_be_erased(site: Campus, stack: AsyncExitStack) -> None:
    """[LOG5] [DOC8] Nothing that it said before is in any table; who is in it begins anew; nothing is there twice."""
    document = await make(site, html="<p>Hello</p>")
    ben = await Editor.come(stack, site, "ben", document["id"])
    assert (await ben.type(" SECRET"))["ok"]
    before = ben.doc.get_state()
    paragraph: Any = ben.doc.get("default", type=XmlFragment).children[0]
    del paragraph.children[1]
    ack = await ben.client.say(
        "document.update",
        ben.doc.get_update(before),
        document_id=document["id"],
        epoch=ben.epoch,
        sequence=2,
    )
    await ben.client.until(lambda: ack in ben.client.answers)
    assert await holds(site, b"SECRET")
    async with site.http("ben") as page:
        assert (await page.delete(f"/v1/documents/{document['id']}/past")).status_code == 403
    async with site.http("ada") as ada:
        begun = (await ada.delete(f"/v1/documents/{document['id']}/past")).json()
        assert begun["epoch"] != ben.epoch
        assert (await ada.get(f"/v1/documents/{document['id']}/text")).text == "Hello\n"
    assert not await holds(site, b"SECRET")
    await ben.client.until(lambda: ben.client.named("document.reset"))
    assert ben.client.named("document.reset")[0]["reason"] == "erased"
    error = (await ben.type(" again"))["error"]
    assert error["details"] in ({"reason": "epoch"}, {"reason": "open"})
    cleo = await Editor.come(stack, site, "cleo", document["id"])
    assert (await cleo.type(" world"))["ok"]
    assert text_of(cleo.doc) == "Hello world\n"
    ben.doc = Doc()
    await ben.open()
    assert text_of(ben.doc) == "Hello world\n"
    figures = (await site.lms.get("/metrics")).text
    assert "collaboration_documents_drops_total 1" in figures


async def test_a_deleted_document_leaves_nothing(site: Campus, stack: AsyncExitStack) -> None:
    """[LOG5] [FAN4] Whoever is in it is out, and no table holds a word of it."""
    empty = await site.counts()
    document = await make(site, html="<p>SECRET</p>")
    ben = await Editor.come(stack, site, "ben", document["id"])
    await ben.type("!")
    note = {
        "key": new_id(),
        "document_id": document["id"],
        "motivation": "commenting",
        "visibility": "private",
        "target": {"quote": {"exact": "SECRET"}},
        "body": "my SECRET thought",
    }
    await ben.client.ask("annotation.create", **note)
    async with site.http("ben") as page:
        assert (await page.delete(f"/v1/documents/{document['id']}")).status_code == 403
    assert (await site.lms.delete(f"/v1/documents/{document['id']}")).status_code == 204
    await ben.client.until(lambda: ben.client.named("channel.closed"))
    assert (await ben.type("?"))["error"]["details"] == {"reason": "open"}
    left = await site.counts()
    for table in left:
        if table.startswith("collaboration_"):
            assert left[table] == empty[table], table
    assert not await holds(site, b"SECRET")
    assert (await site.lms.get(f"/v1/documents/{document['id']}")).status_code == 404


async def holds(site: Campus, words: bytes) -> bool:
    """Whether any table holds these bytes, as text or in an update."""

    statements = [Prepared(select(table)) for table in metadata.tables.values()]

    def look(tx: Any) -> bool:
        return any(words in repr(tuple(row)).encode() for one in statements for row in tx.all(one))

    return await site.node.storage.read(look)
