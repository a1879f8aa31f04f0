"""Documents over HTTP by the LMS's client, against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.documents_campus import client, reads

from coursewire.client import ServiceClient
from coursewire.client.sync import ServiceClient as BlockingService
from coursewire.errors import Forbidden, Invalid, NotFound


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def lms(site: Campus) -> AsyncIterator[ServiceClient]:
    async with ServiceClient(site.url, site.token("lms", roles=["service"])) as lms:
        yield lms


async def test_a_document_from_html_is_written_in_and_read(site: Campus, lms: ServiceClient) -> None:
    html = "<h2>Plan</h2><p>First <b>draft</b></p><script>alert(1)</script>"
    made = await lms.create_document(COURSE, "Plan", document_id="plan-1", html=html)
    assert (await lms.create_document(COURSE, "Plan", document_id="plan-1", html=html)).id == made.id
    async with client(site, "ben") as ben, ben.open_document("plan-1") as his:
        assert str(his.text) == "Plan\nFirst draft"
        his.text.replace("First", "Second")
        await his.saved()
        now = await lms.document("plan-1")
        assert now.html == "<h2>Plan</h2><p>Second <strong>draft</strong></p>"
        assert now.text.rstrip("\n") == str(his.text)
        assert now.epoch == his.epoch
        settings = await lms.change_document("plan-1", title="The plan", access={"learner": "comment"})
        assert (settings.document.title, settings.access) == ("The plan", {"learner": "comment"})
        begun = await lms.forget_past("plan-1")
        assert begun.epoch != now.epoch
        await reads(his, "Plan\nSecond draft")
    await lms.delete_document("plan-1")
    with pytest.raises(NotFound):
        await lms.document("plan-1")
    with pytest.raises(Invalid) as refused:
        await lms.create_document(COURSE, "")
    assert refused.value.field == "title"


async def test_annotations_go_out_and_come_in_as_json_ld(site: Campus, lms: ServiceClient) -> None:
    first = await lms.create_document(COURSE, "First", html="<p>Sum over n</p>")
    second = await lms.create_document(COURSE, "Second", html="<p>Sum over n</p>")
    async with client(site, "ben") as ben, ben.open_document(first.id) as his:
        note = await his.annotate("over", "why over?", motivation="questioning", tags=["sums"])
        await ben.reply(note, "over is a word")
    [asked, replied] = [one async for one in lms.annotations(first.id)]
    assert (asked.creator is not None, replied.target) == (True, asked.id)
    linked = json.loads(asked.model_dump_json(exclude_none=True))
    assert linked["@context"] == "http://www.w3.org/ns/anno.jsonld"
    linked["target"]["source"] = linked["target"]["source"].replace(first.id, second.id)
    taken = await lms.annotate(second.id, linked, key="import-1")
    assert (await lms.annotate(second.id, linked, key="import-1")).id == taken.id
    async with client(site, "ada") as ada, ada.open_document(second.id) as hers:
        [one] = hers.annotations.values()
        assert (one.author_id, one.body, one.motivation, one.tags) == (
            "ben",
            "why over?",
            "questioning",
            ["sums"],
        )
    with pytest.raises(Invalid):
        await lms.annotate(second.id, {"type": "Annotation"})


async def test_a_page_is_annotated_and_not_written_in(site: Campus, lms: ServiceClient) -> None:
    page = await lms.create_document(COURSE, "Reading", kind="page", url="/readings/1")
    async with client(site, "ben") as ben, ben.open_document(page.id) as his:
        assert his.mode == "comment"
        note = await his.annotate("words of the page", "why?")
        assert his.annotations == {note.id: note}
        with pytest.raises(Forbidden):
            his.text += "words"


async def test_a_script_makes_and_reads(site: Campus) -> None:
    def script() -> tuple[str, int]:
        with BlockingService(site.url, site.token("lms", roles=["service"])) as lms:
            made = lms.create_document(COURSE, "By a script", html="<p>words</p>")
            return lms.document(made.id).text.strip(), len(list(lms.annotations(made.id)))

    assert await asyncio.to_thread(script) == ("words", 0)
