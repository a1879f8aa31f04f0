"""A document in the client, on a server of two answers: what happens while it is opened, and what is given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
from pycrdt import Doc

from coursewire.client.collaboration import CollaborationClient
from coursewire.client.document import Document
from coursewire.client.document_keeping import MEANWHILE
from coursewire.errors import Conflict, Forbidden, Internal, Invalid, NotFound, RateLimited
from coursewire.namespaces.collaboration import contract as collaboration

AT = "2026-11-23T05:00:00.000Z"
ABOUT = collaboration.Document(
    id="7",
    course_id="cs101",
    title="Notes",
    kind="text",
    created_by="ada",
    created_at=AT,
    updated_at=AT,
    mode="edit",
)
LIMITS = collaboration.DocumentLimits(
    document_bytes=1, updates_per_second=1, awareness_bytes=1, annotations=1
)


def note(name: str, revision: int = 1, **fields: Any) -> collaboration.Annotation:
    """Return an annotation."""
    return collaboration.Annotation(
        id=name, document_id="7", motivation="commenting", body=name, html=name, tags=[],
        visibility=fields.pop("visibility", "course"), revision=revision, created_at=AT, **fields,
    )  # fmt: skip


class Server:
    """In place of the client: it answers `document.open` when told to, and takes or refuses updates."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.epoch = "1"
        self.html: str | None = None
        self.notes: list[collaboration.Annotation] = []
        self.opens = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.refuses: Exception | None = None
        self.carets: list[bytes] = []
        self.told = asyncio.Event()
        self.refuses_carets = False
        self.left: list[str] = []
        self.asked = asyncio.Event()
        self.closed: set[str] = set()
        self.heard_from: list[str] = []
        self.telling: list[asyncio.Future[None]] = []

    def hold(self, document: Document) -> None:
        """See CollaborationClient."""

    def release(self, document: Document) -> None:
        """See CollaborationClient."""
        self.left.append(document.id)

    def tell_in_turn(self, tell: Callable[[], Awaitable[None]]) -> None:
        """See CollaborationClient."""
        self.telling.append(asyncio.ensure_future(tell()))

    async def listen(self, channel: str) -> None:
        """See CollaborationClient."""
        if channel in self.closed:
            raise NotFound("there is no such document, or it is not open to you")
        self.heard_from.append(channel)

    async def annotations(self, _: str) -> AsyncIterator[collaboration.Annotation]:
        """See CollaborationClient."""
        self.asked.set()
        found = list(self.notes)
        await self.may_answer.wait()
        for one in found:
            yield one

    async def run(self, command: Any, _answer: Any, **fields: Any) -> Any:
        """Carry a command out."""
        if command is collaboration.UpdateDocument:
            if self.refuses is not None:
                raise self.refuses
            self.doc.apply_update(fields["update"])
            return collaboration.UpdateSaved(sequence=fields["sequence"])
        if command is collaboration.SetAwareness:
            self.carets.append(fields["awareness"])
            self.told.set()
            if self.refuses_carets:
                raise RateLimited("slowly")
            return None
        self.opens += 1
        self.asked.set()
        annotations = list(self.notes)
        await self.may_answer.wait()
        is_known = fields["epoch"] in {None, self.epoch}
        return collaboration.DocumentOpened(
            document=ABOUT,
            epoch=self.epoch,
            mode="edit",
            layout=2 if self.html else 1,
            html=self.html,
            update=b"" if self.html else self.doc.get_update(fields["state_vector"] if is_known else b"\x00"),
            state_vector=b"" if self.html else self.doc.get_state(),
            awareness=b"\x00",
            annotations=annotations,
            positions={},
            participants=[],
            limits=LIMITS,
        )


@pytest.fixture
def server() -> Server:
    """Make a server with an empty document."""
    return Server()


@pytest.fixture
def document(server: Server) -> Document:
    """Make a document that is not open."""
    return Document(cast("CollaborationClient", server), "7", 1)


async def test_news_that_come_before_the_answer_that_is_older_hold(
    server: Server, document: Document
) -> None:
    """[SUB3] An event may overtake the answer of `document.open`: it is not forgotten by it."""
    server.notes = [note("old"), note("gone")]
    server.may_answer.clear()
    entering = asyncio.ensure_future(document.__aenter__())
    await server.asked.wait()
    await document.take(note("new"))
    await document.take(note("gone", 2, state="deleted"))
    server.may_answer.set()
    await entering
    assert set(document.annotations) == {"old", "new"}
    await document.__aexit__(None, None, None)


async def test_more_news_than_are_kept_open_it_again(server: Server, document: Document) -> None:
    server.may_answer.clear()
    entering = asyncio.ensure_future(document.__aenter__())
    await server.asked.wait()
    for number in range(MEANWHILE):
        await document.take(note(f"{number}"))
    assert not document._must_open
    server.notes = [note("last")]
    await document.take(note("last"))
    server.may_answer.set()
    await entering
    assert server.opens == 2
    assert set(document.annotations) == {"last"}
    await document.__aexit__(None, None, None)


async def test_a_session_that_begins_while_it_is_opened_opens_it_once(
    server: Server, document: Document
) -> None:
    server.may_answer.clear()
    entering = asyncio.ensure_future(document.__aenter__())
    await server.asked.wait()
    document.session_began()
    server.may_answer.set()
    await entering
    assert server.opens == 1
    await document.__aexit__(None, None, None)


async def test_an_edit_that_was_taken_back_has_no_bytes_and_is_passed_over(document: Document) -> None:
    async with document:
        await document.take(collaboration.Update(document_id="7", sequence=1, client_id=1, update=b""))
        assert str(document.text) == ""


async def test_what_is_written_after_a_refusal_and_before_the_next_opening_is_not_lost_unseen(
    server: Server, document: Document
) -> None:
    async with document:
        document.text += "taken"
        await document.saved()
        server.refuses = Invalid("must be an edit of this document", field="update")
        document.text += " refused"
        server.may_answer.clear()
        with pytest.raises(Invalid):
            await document.saved()
        assert str(document.text) == "taken refused"
        document.text += " after"
        server.refuses = None
        server.may_answer.set()
        with pytest.raises(Invalid):
            await document.saved()
        assert document.unsaved == "taken refused after"
        assert str(document.text) == "taken"
        document.text += " again"
        await document.saved()
    assert server.left == ["7"]


async def test_where_it_writes_is_told_once_that_is_saved_and_after_every_opening(
    server: Server, document: Document
) -> None:
    """[DOC9] Others can find the place then. Refused, it is let be."""
    async with document:
        for round_ in range(2):
            server.told.clear()
            server.refuses_carets = round_ == 0
            document.text += "here"
            await server.told.wait()
            await document.saved()
            assert server.doc.get_state() == document.doc.get_state()
        server.told.clear()
        document.reopen()
        await server.told.wait()
    assert len(server.carets) == len(set(server.carets)) == 3
    assert (server.opens, document.unsaved) == (2, None)


async def test_unsaved_edits_of_another_life_are_a_copy(server: Server, document: Document) -> None:
    async with document:
        document.text += "old"
        await document.saved()
        document.reopen()
        document.text += " life"
        server.doc, server.epoch = Doc(), "2"
        with pytest.raises(Conflict):
            await document.saved()
        await document.saved()
        assert (document.unsaved, str(document.text), document.epoch) == ("old life", "", "2")


async def test_a_document_that_is_taken_away_ends(server: Server, document: Document) -> None:
    async with document:
        document.text += "saved"
        await document.saved()
        server.refuses = NotFound("there is no such document")
        document.end(Forbidden("the document is closed to you"))
        with pytest.raises(Forbidden):
            document.text += "no more"
        with pytest.raises(Forbidden):
            await anext(document.changes())
        await document.saved()
    assert document.unsaved is None


async def test_a_document_with_elements_that_the_program_does_not_know_is_not_opened(
    server: Server, document: Document
) -> None:
    server.html = "<p>new things</p>"
    with pytest.raises(Invalid) as refused:
        await document.__aenter__()
    assert refused.value.field == "layout"
    assert server.left == ["7"]


async def test_an_answer_that_cannot_be_read_ends_it_with_a_copy(
    server: Server, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuses = TypeError("not what was expected")
    await document.__aenter__()
    document.text += "words"
    with pytest.raises(Internal):
        await document.saved()
    assert document.unsaved == "words"
    assert "cannot be kept up to date" in caplog.text
    with pytest.raises(Internal):
        await document.__aexit__(None, None, None)
    assert server.left == ["7"]


async def test_staffs_words_go_with_the_role(document: Document) -> None:
    async with document:
        await document.take(note("all"))
        await document.take(note("few", visibility="staff"))
        await document.take(note("some", visibility="group:red"))
        document.lose("document:7:staff")
        assert set(document.annotations) == {"all"}


async def test_who_comes_into_a_group_reads_what_was_written_there(
    server: Server, document: Document
) -> None:
    """[ANN1] Without opening the document again; what happens meanwhile is not undone by what is read."""
    server.notes = [note("all")]
    told: asyncio.Queue[str] = asyncio.Queue()
    document.on_change(
        lambda news: told.put_nowait(news.id) if isinstance(news, collaboration.Annotation) else None
    )
    async with document:
        server.notes += [note("some", visibility="group:red"), note("gone", visibility="group:red")]
        server.asked.clear()
        server.may_answer.clear()
        await document.take(
            collaboration.DocumentChannels(document_id="7", channels=["document:7", "document:7:group:red"])
        )
        await server.asked.wait()
        await document.take(note("gone", 2, visibility="group:red", state="deleted"))
        assert set(document.annotations) == {"all"}
        server.may_answer.set()
        assert (await told.get(), await told.get()) == ("gone", "some")
        assert set(document.annotations) == {"all", "some"}
        assert (server.heard_from, server.opens) == (["document:7", "document:7:group:red"], 1)
        await document.take(collaboration.DocumentChannels(document_id="7", channels=["document:7"]))
        assert (set(document.annotations), document.channels) == ({"all"}, ("document:7",))


async def test_a_group_that_one_has_left_already_ends_no_document(server: Server, document: Document) -> None:
    """[FAN4] What may be heard is asked again, and refused; the document goes on."""
    server.closed = {"document:7:group:red"}
    async with document:
        server.asked.clear()
        await document.take(
            collaboration.DocumentChannels(document_id="7", channels=["document:7:group:red"])
        )
        await server.asked.wait()
        document.text += "on"
        await document.saved()
        assert document.channels == ()


async def test_handlers_hear_what_others_do_and_one_that_fails_stops_nobody(document: Document) -> None:
    heard: list[Any] = []

    @document.on_change
    def fail(_: Any) -> None:
        raise ZeroDivisionError

    @document.on_change
    async def hear(news: Any) -> None:
        heard.append(news)

    async with document:
        empty = Doc[Any]().get_update()
        for client_id in (document.doc.client_id, 1):
            await document.take(
                collaboration.Update(document_id="7", sequence=1, client_id=client_id, update=empty)
            )
        await document.take(collaboration.Awareness(document_id="7", awareness=b"\x00"))
        assert [one.client_id for one in heard] == [1]
