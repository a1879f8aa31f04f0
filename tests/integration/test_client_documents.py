"""The Python client of documents and the real server: together, beside the text, refused, left, from a script."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
import pytest_asyncio
from pycrdt import Text, XmlElement, XmlFragment, XmlText
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.documents_campus import client, make_document, reads, until

from coursewire.client.document import Document
from coursewire.client.sync import CollaborationClient as BlockingClient
from coursewire.errors import Forbidden, Invalid, NotFound
from coursewire.namespaces.collaboration.contract import (
    Annotation,
    Awareness,
    AwarenessChanged,
    ChangedDocument,
    DocumentChanged,
)
from coursewire.namespaces.collaboration.encoding.awareness import Entry, read_awareness

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def test_two_write_at_the_same_place(site: Campus) -> None:
    """[DOC11] Both insert at the start, again and again, at once: both read the same, and nothing is missing."""
    document_id = await make_document(site)
    async with (
        client(site, "ada") as ada,
        client(site, "ben") as ben,
        ada.open_document(document_id) as hers,
        ben.open_document(document_id) as his,
    ):
        for n in range(20):
            hers.text.insert(0, f"字{n} ")
            his.text.insert(0, f"😀{n} ")
            await asyncio.sleep(0)
        await hers.saved()
        await his.saved()
        whole = sorted([f"字{n}" for n in range(20)] + [f"😀{n}" for n in range(20)])
        await until(hers, lambda: sorted(str(hers.text).split()) == whole)
        await until(his, lambda: str(his.text) == str(hers.text))
        await until(hers, lambda: set(hers.participants) == {"ada", "ben"})
        assert hers.is_saved


async def test_one_sees_who_comes_and_goes(site: Campus) -> None:
    document_id = await make_document(site)
    async with client(site, "ada") as ada, client(site, "ben") as ben, ada.open_document(document_id) as hers:
        async with ben.open_document(document_id):
            await until(hers, lambda: "ben" in hers.participants)
            assert hers.participants["ben"].mode == "edit"
        await until(hers, lambda: "ben" not in hers.participants)


async def test_where_a_program_writes_is_seen_as_its_caret(site: Campus) -> None:
    """[DOC9] Under the name and in the colour that the server knows, like everybody's."""
    document_id = await make_document(site)
    async with client(site, "ada") as ada, client(site, "ben") as ben, ada.open_document(document_id) as hers:
        carets: asyncio.Queue[Entry] = asyncio.Queue()

        @ada.on(AwarenessChanged)
        def heard(news: Awareness) -> None:
            for entry in read_awareness(news.awareness):
                carets.put_nowait(entry)

        async with ben.open_document(document_id) as his:
            await until(hers, lambda: "ben" in hers.participants)
            his.text += "Because n falls."
            shown = await carets.get()
            assert shown.client_id == his.doc.client_id
            assert shown.state is not None
            ben_himself = hers.participants["ben"]
            assert shown.state["user"] == {
                "id": "ben",
                "name": ben_himself.name,
                "color": ben_himself.colour,
            }
            assert shown.state["cursor"]["head"]["item"]["client"] == his.doc.client_id
        assert (await carets.get()).state is None


async def test_notes_of_a_group_come_and_go_with_it(site: Campus) -> None:
    """[FAN4] [ANN1] In a document that is open, for learners and for staff, and not by opening it again."""
    document_id = await make_document(site)
    group = f"/v1/courses/{COURSE}/groups/red"

    async def put(*user_ids: str) -> None:
        reply = await site.lms.put(group, json={"user_ids": user_ids})
        assert reply.status_code == 200, reply.text

    await put("cleo")
    async with (
        client(site, "ada") as ada,
        client(site, "ben") as ben,
        client(site, "cleo") as cleo,
        ada.open_document(document_id) as hers,
        ben.open_document(document_id) as his,
        cleo.open_document(document_id) as theirs,
    ):
        hers.text += "By induction."
        await until(theirs, lambda: "induction" in str(theirs.text))
        await until(his, lambda: "induction" in str(his.text))
        opened = his.about
        await theirs.annotate("induction", "why?", visibility="group:red")
        await until(hers, lambda: len(hers.annotations) == 1)
        assert not his.annotations
        await put("cleo", "ben")
        await until(his, lambda: [one.body for one in his.annotations.values()] == ["why?"])
        await theirs.annotate("By", "how?", visibility="group:red")
        await until(his, lambda: [one.body for one in his.annotations.values()] == ["why?", "how?"])
        await put("ben")
        await until(theirs, lambda: not theirs.annotations)
        assert his.about is opened
        await site.enrol({"ada": "learner"})
        await until(hers, lambda: not hers.annotations)
        await site.enrol({"ada": "instructor"})
        await until(hers, lambda: len(hers.annotations) == 2)


async def test_another_title_shows_where_the_document_is_open_and_in_lists(site: Campus) -> None:
    """Over HTTP: in a document that is open it is told once, and to whoever keeps a list of them."""
    document_id = await make_document(site)
    listed: asyncio.Queue[str] = asyncio.Queue()
    async with client(site, "ada") as ada, client(site, "ben") as ben, ada.open_document(document_id) as hers:
        told: list[Any] = []
        hers.on_change(told.append)
        ben.on(DocumentChanged, lambda changed: listed.put_nowait(changed.title))
        reply = await site.lms.patch(f"/v1/documents/{document_id}", json={"title": "Results"})
        assert reply.status_code == 200, reply.text
        assert await listed.get() == "Results"
        await until(hers, lambda: hers.about is not None and hers.about.title == "Results")
        hers.text += "All of them."
        await hers.saved()
        await ada.documents_page(COURSE)
        assert [one.title for one in told if isinstance(one, ChangedDocument)] == ["Results"]


async def test_a_bot_answers_questions(site: Campus) -> None:
    """It hears of a question as it is asked, and replies; staff's words are not for learners; deleted is gone."""
    document_id = await make_document(site)
    async with (
        client(site, "ada") as ada,
        client(site, "ben") as ben,
        ada.open_document(document_id) as hers,
        ben.open_document(document_id) as his,
    ):
        hers.text += "Induction begins\nwith n = 0."
        await reads(his, "Induction begins\nwith n = 0.")

        async def answer() -> None:
            async with aclosing(hers.changes()) as changes:
                async for news in changes:
                    if isinstance(news, Annotation) and news.motivation == "questioning":
                        await ada.reply(news, "Because 0 is the first.")
                        return

        answering = asyncio.create_task(answer())
        asked = await his.annotate("n = 0", "Why 0?", motivation="questioning")
        assert asked.target is not None
        assert asked.target.quote.prefix == "Induction begins\nwith "
        await asyncio.wait_for(answering, 30)
        await until(his, lambda: [one.body for one in his.annotations.values()][1:] != [])
        assert [one.parent_id for one in his.annotations.values()] == [None, asked.id]
        await hers.annotate("Induction", "Look at this", visibility="staff")
        await ada.resolve(asked)
        await until(his, lambda: his.annotations[asked.id].resolved_by == "ada")
        await ben.delete_annotation(asked.id)
        await until(hers, lambda: "Why 0?" not in {one.body for one in hers.annotations.values()})
        assert {one.body for one in hers.annotations.values()} >= {"Look at this"}
        assert "Look at this" not in {one.body for one in his.annotations.values()}
        with pytest.raises(ValueError, match="substring"):
            await his.annotate("not there", "?")


async def test_all_annotations_come_with_a_document(site: Campus) -> None:
    """More than fit into the answer of `document.open`; asking for pages of them subscribes to nothing."""
    document_id = await make_document(site)
    async with client(site, "ada") as ada:
        async with ada.open_document(document_id) as hers:
            hers.text += "word"
            await asyncio.gather(*(hers.annotate("word", f"note {n}") for n in range(230)))
        async with ada.open_document(document_id) as hers:
            assert {one.body for one in hers.annotations.values()} == {f"note {n}" for n in range(230)}
        assert len([one async for one in ada.annotations(document_id)]) == 230
        assert [one.title async for one in ada.documents(COURSE) if one.id == document_id] == ["Notes"]


async def test_what_is_left_can_be_opened_again_at_once(site: Campus) -> None:
    """Leaving does not end the visit that follows; of two visits at once each can be left."""
    document_id = await make_document(site)
    async with client(site, "ada") as ada, client(site, "ben") as ben, ben.open_document(document_id) as his:
        async with ada.open_document(document_id):
            pass
        async with ada.open_document(document_id) as hers:
            his.text += "one"
            await reads(hers, "one")
            async with ada.open_document(document_id) as again:
                again.text += " two"
                await reads(hers, "one two")
            his.text += " three"
            await reads(hers, "one two three")
            await until(his, lambda: "ada" in his.participants)
        await until(his, lambda: "ada" not in his.participants)
        entering = asyncio.create_task(ada.open_document(document_id).__aenter__())
        await asyncio.sleep(0)
        entering.cancel()
        async with ada.open_document(document_id) as hers:
            his.text += " four"
            await reads(hers, "one two three four")
            await until(his, lambda: "ada" in his.participants)
        await until(his, lambda: "ada" not in his.participants)


async def test_who_may_only_comment_cannot_write(site: Campus) -> None:
    """[DOC7] [FAN4] A right that ends within a visit: no edit is lost unseen, the document stays open to read."""
    await site.enrol({"dan": "learner"})
    document_id = await make_document(site)
    async with client(site, "dan") as dan, client(site, "ada") as ada, ada.open_document(document_id) as hers:
        async with dan.open_document(document_id) as his:
            his.text += "while he may. "
            await his.saved()
            await site.enrol({"dan": "mentor"})
            with pytest.raises(Forbidden):
                await write_too_late(his)
            await until(his, lambda: his.mode == "comment")
            await reads(hers, "while he may. ")
            hers.text += "hers"
            await reads(his, "while he may. hers")
            with pytest.raises(Forbidden):
                his.text += "much too late"
            await his.annotate("hers", "nice")
            assert his.unsaved in {None, "while he may. too late"}
            watching = asyncio.create_task(watch(his))
            await asyncio.sleep(0)
            reply = await site.lms.delete(f"/v1/courses/{COURSE}/members/dan")
            assert reply.status_code == 200
            with pytest.raises((Forbidden, NotFound)):
                await asyncio.wait_for(watching, 30)
        with pytest.raises(NotFound):
            async with dan.open_document(document_id):
                pass


async def write_too_late(document: Document) -> None:
    """Write: the server refuses it, or has already said that one may not."""
    document.text += "too late"
    await document.saved()
    document.text += "much too late"


async def watch(document: Document) -> None:
    """Go through the news to their end."""
    async with aclosing(document.changes()) as changes:
        async for _ in changes:
            pass


async def test_an_edit_that_no_editor_makes_is_refused_and_kept_as_a_copy(site: Campus) -> None:
    """[DOC11] Who waits for it to be saved is told, once; the document goes on with what the server has."""
    document_id = await make_document(site)
    async with client(site, "ada") as ada, ada.open_document(document_id) as hers:
        hers.text += "sound"
        await hers.saved()
        notes = hers.doc.get("notes", type=Text)
        notes += "beside the fragment that the editor keeps a document in"
        hers.text += " words"
        assert not hers.is_saved
        with pytest.raises(Invalid):
            await hers.saved()
        assert hers.unsaved == "sound words"
        await hers.saved()
        assert str(hers.text) == "sound"
        hers.text += " again"
        await hers.saved()
    async with client(site, "ben") as ben, ben.open_document(document_id) as his:
        assert str(his.text) == "sound again"


async def test_a_text_larger_than_one_update_goes_in_several(site: Campus) -> None:
    document_id = await make_document(site)
    text = "\n".join("字" * 300 for _ in range(700))
    async with (
        client(site, "ada") as ada,
        client(site, "ben") as ben,
        ben.open_document(document_id) as his,
        ada.open_document(document_id) as hers,
    ):
        hers.text += text
        await hers.saved()
        await until(his, lambda: len(his.doc.get_update()) > 600_000)
        assert str(his.text) == text


async def test_a_program_puts_something_behind_each_of_a_thousand_paragraphs(site: Campus) -> None:
    """[DOC11] In one transaction, twice: it was refused as too large, for each counted as much as there was."""
    document_id = await make_document(site)
    async with client(site, "ada") as ada, ada.open_document(document_id) as hers:
        hers.text += "\n".join(f"line {number}" for number in range(1_000))
        await hers.saved()
    async with client(site, "ben") as ben, ben.open_document(document_id) as his:
        children = his.doc.get("default", type=XmlFragment).children
        for turn in range(2):
            with his.doc.transaction():
                for place in reversed(range(0, len(children), turn + 1)):
                    remark = XmlElement("paragraph", None, [XmlText(f"remark {turn}")])
                    children.insert(place + 1, remark)
            await his.saved()
        written = str(his.text)
    lines = [f"line {number}\nremark 1\nremark 0" for number in range(1_000)]
    assert written == "\n".join(lines)
    async with client(site, "ada") as ada, ada.open_document(document_id) as hers:
        assert str(hers.text) == written


async def write_and_fail(document: Document) -> None:
    """Write, and raise something within the block."""
    async with document:
        document.text += "before"
        raise ZeroDivisionError


async def test_a_file_like_end(site: Campus) -> None:
    """[DOC11] What was written before a block failed is saved all the same, and the failure is what one sees."""
    document_id = await make_document(site)
    async with client(site, "ada") as ada:
        with pytest.raises(ZeroDivisionError):
            await write_and_fail(ada.open_document(document_id))
        async with ada.open_document(document_id) as hers:
            assert str(hers.text) == "before"


def noted(news: queue.Queue[Any]) -> str:
    """Return the next annotation that a script is told of."""
    while not isinstance(one := news.get(timeout=30), Annotation):
        pass
    return one.body


async def test_a_script_without_an_event_loop(site: Campus) -> None:
    def script() -> list[str]:
        with BlockingClient(site.url, site.token("ada")) as ada:
            made = ada.create_document(COURSE, "From a script")
            with ada.open_document(made.id) as document:
                document.text += "Hello world"
                document.text.replace("world", "Ben")
                document.saved()
                news: queue.Queue[Any] = queue.Queue(100)
                document.on_change(news.put)
                note = document.annotate("Ben", "who?")
                ada.reply(note, "the learner")
                told = [noted(news), noted(news)]
                version = ada.save_version(made.id, "First")
                document.text += " and Cleo"
                document.saved()
                assert [one.title for one in ada.versions(made.id)] == ["First"]
                runs = ada.compare(version.id).runs
                assert [(run.text.strip(), run.user_id) for run in runs if run.change == "added"] == [
                    ("and Cleo", "ada")
                ]
                ada.restore_version(version.id)
                while str(document.text) != "Hello Ben":
                    news.get(timeout=30)
                assert set(document.participants) == {"ada"}
                return [*told, ada.version(version.id).text.strip(), str(document.text[:5])]

    assert await asyncio.to_thread(script) == ["who?", "the learner", "Hello Ben", "Hello"]
