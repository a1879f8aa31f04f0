"""The Python client of documents when the server or the network is away, and beside an editor that is Yjs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chat_campus import Campus, campus
from tests.integration.client_states import States
from tests.integration.documents_campus import client, make_document, reads, until
from tests.integration.tcp_proxy import Proxy
from tests.property.writers import Edit, Node, YjsDoc

from coursewire.client import CollaborationClient
from coursewire.errors import Conflict, Unavailable
from coursewire.namespaces.collaboration import contract as collaboration


@pytest.fixture
async def site() -> AsyncIterator[tuple[Campus, Proxy]]:
    async with campus() as site, Proxy(int(site.url.rpartition(":")[2])) as proxy:
        yield site, proxy


async def test_cut_again_and_again(site: tuple[Campus, Proxy]) -> None:
    """[DOC11] [SUB2] The link breaks while both write: both read the same in the end, and nothing is there twice."""
    server, proxy = site
    document_id = await make_document(server)
    async with (
        client(server, "ada") as ada,
        client(server, "ben", proxy.url) as ben,
        ada.open_document(document_id) as hers,
        ben.open_document(document_id) as his,
    ):
        states = States(ben)
        for cycle in range(4):
            for n in range(5):
                hers.text += f"a{cycle}.{n} "
                his.text.insert(0, f"b{cycle}.{n} ")
            await asyncio.sleep(0)
            proxy.cut()
            await states.until("reconnecting")
            his.text.insert(0, f"b{cycle}.offline ")
            await hers.annotate(f"a{cycle}.0", f"note {cycle}")
            await states.until("connected")
        await his.saved()
        await hers.saved()
        words = [f"a{cycle}.{n}" for cycle in range(4) for n in range(5)]
        words += [f"b{cycle}.{n}" for cycle in range(4) for n in [*range(5), "offline"]]
        await until(hers, lambda: sorted(str(hers.text).split()) == sorted(words))
        await until(his, lambda: str(his.text) == str(hers.text))
        await until(his, lambda: len(his.annotations) == 4)
        await until(hers, lambda: "ben" in hers.participants)


@asynccontextmanager
async def apart(site: tuple[Campus, Proxy]) -> AsyncIterator[tuple[Any, Any, Callable[[], None]]]:
    """A document that says "start", in which two write: ada with a network, ben without, until it is asked for."""
    server, proxy = site
    document_id = await make_document(server)
    async with (
        client(server, "ada") as ada,
        client(server, "ben", proxy.url) as ben,
        ada.open_document(document_id) as hers,
        ben.open_document(document_id) as his,
    ):

        def back() -> None:
            proxy.come_up()
            ben.online()

        hers.text += "start"
        await reads(his, "start")
        states = States(ben)
        proxy.go_down()
        await states.until("reconnecting")
        yield hers, his, back


async def test_edits_made_offline_are_saved_when_the_network_is_back(site: tuple[Campus, Proxy]) -> None:
    async with apart(site) as (hers, his, back):
        for n in range(300):
            his.text += f" {n}"
        hers.text.insert(0, "meanwhile ")
        assert not his.is_saved
        with pytest.raises(Unavailable):
            await his.saved(0.01)
        back()
        await his.saved()
        whole = "meanwhile start" + "".join(f" {n}" for n in range(300))
        await reads(hers, whole)
        await reads(his, whole)


async def test_what_was_written_offline_goes_in_parts_when_it_is_too_much_at_once(
    site: tuple[Campus, Proxy],
) -> None:
    """[DOC4] [DOC11] 400 lines put in front of the first one, where somebody else has put 2,000 meanwhile.

    Every one of the 400 has to be compared with every one of the 2,000: the server takes less than that at once.
    """
    async with apart(site) as (hers, his, back):
        for n in range(400):
            his.text.insert(0, f"b{n} ")
        with hers.doc.transaction():
            for n in range(2_000):
                hers.text.insert(0, f"a{n} ")
        await hers.saved()
        back()
        await his.saved()
        await until(hers, lambda: str(hers.text) == str(his.text))
        words = [f"a{n}" for n in range(2_000)] + [f"b{n}" for n in range(400)] + ["start"]
        assert sorted(str(his.text).split()) == sorted(words)
        assert his.unsaved is None


async def test_who_leaves_while_offline_is_told_and_has_a_copy(
    site: tuple[Campus, Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = site
    document_id = await make_document(server)
    monkeypatch.setattr("coursewire.client.document.SAVE_S", 0.01)
    async with client(server, "ada") as ada, ada.open_document(document_id) as hers:
        async with client(server, "ben", proxy.url) as ben:
            his = ben.open_document(document_id)
            with pytest.raises(Unavailable):
                await write_offline(his, proxy, States(ben))
            assert his.unsaved == "only here"
        await until(hers, lambda: "ben" not in hers.participants)
        assert str(hers.text) == ""


async def write_offline(document: Any, proxy: Proxy, states: States) -> None:
    async with document:
        proxy.go_down()
        await states.until("reconnecting")
        document.text += "only here"


async def test_the_server_dies_and_another_takes_its_place(tmp_path: Path) -> None:
    """[DOC1] [DOC11] What was acknowledged is there, what was not is sent again, nothing is there twice."""
    database = f"sqlite:///{tmp_path / 'campus.db'}"
    async with Proxy(0) as proxy, AsyncExitStack() as stack:
        async with campus(database_url=database) as first:
            proxy.target = int(first.url.rpartition(":")[2])
            document_id = await make_document(first)
            ada = await stack.enter_async_context(client(first, "ada", proxy.url))
            ben = await stack.enter_async_context(client(first, "ben", proxy.url))
            hers = await stack.enter_async_context(ada.open_document(document_id))
            his = await stack.enter_async_context(ben.open_document(document_id))
            hers.text += "acknowledged "
            await hers.saved()
            states = States(ada)
            hers.text += "in flight "
            await asyncio.sleep(0)
            proxy.go_down()
            await states.until("reconnecting")
        hers.text += "while away"
        his.text.insert(0, "his ")
        async with campus(database_url=database) as second:
            proxy.target = int(second.url.rpartition(":")[2])
            proxy.come_up()
            ada.online()
            ben.online()
            await hers.saved()
            await his.saved()
            whole = sorted(["acknowledged", "in", "flight", "while", "away", "his"])
            await until(hers, lambda: sorted(str(hers.text).split()) == whole)
            await until(his, lambda: str(his.text) == str(hers.text))
            await stack.aclose()


async def test_a_document_that_begins_anew(site: tuple[Campus, Proxy]) -> None:
    """[DOC8] [DOC11] Who was away gets the new life, and a copy of what they had not saved; nothing is merged."""
    server, proxy = site
    document_id = await make_document(server)
    async with (
        client(server, "ada") as ada,
        client(server, "ben", proxy.url) as ben,
        ada.open_document(document_id) as hers,
        ben.open_document(document_id) as his,
    ):
        hers.text += "password"
        await hers.saved()
        hers.text.replace("password", "word")
        await hers.saved()
        await reads(his, "word")
        states = States(ben)
        proxy.go_down()
        await states.until("reconnecting")
        his.text += " unsaved"
        reply = await server.lms.delete(f"/v1/documents/{document_id}/past")
        assert reply.status_code == 200, reply.text
        async with ada.open_document(document_id) as again:
            again.text += " anew"
        await reads(hers, "word anew")
        proxy.come_up()
        ben.online()
        with pytest.raises(Conflict):
            await his.saved()
        assert his.unsaved == "word unsaved"
        await reads(his, "word anew")
        his.text += " together"
        await his.saved()
        await reads(hers, "word anew together")


class Editor:
    """Somebody whose document is Yjs in Node, as a browser's is."""

    def __init__(self, client: CollaborationClient, document_id: str, doc: YjsDoc) -> None:
        self._client = client
        self._id = document_id
        self.doc = doc
        self._sequence = 0
        self._epoch = ""
        client.on(collaboration.DocumentUpdated, lambda data: doc.apply_update(data.update))

    async def open(self) -> None:
        """Open the document."""
        opened = await self._client.run(
            collaboration.OpenDocument,
            collaboration.DocumentOpened,
            document_id=self._id,
            client_id=self.doc.client_id,
            state_vector=b"",
        )
        self.doc.apply_update(opened.update)
        self._epoch = opened.epoch

    async def edit(self, edit: Edit) -> None:
        """Edit, and wait until it is saved."""
        written: list[bytes] = []
        self.doc.observe(lambda change: written.append(change.update))
        self.doc.edit(edit)
        for update in written[:1]:
            self._sequence += 1
            await self._client.run(
                collaboration.UpdateDocument,
                collaboration.UpdateSaved,
                document_id=self._id,
                epoch=self._epoch,
                sequence=self._sequence,
                update=update,
            )


async def test_an_editor_and_a_program_count_characters_alike(site: tuple[Campus, Proxy]) -> None:
    """UTF-16 there, UTF-8 below, characters here: in a text of CJK and emoji both write where they mean to."""
    server, _ = site
    document_id = await make_document(server)
    node = Node()
    try:
        async with (
            client(server, "ada") as ada,
            client(server, "ben") as ben,
            ada.open_document(document_id) as hers,
        ):
            hers.text += "字😀é👩‍🎓漢字"
            await hers.saved()
            editor = Editor(ben, document_id, node.new(4_711))
            await editor.open()
            assert editor.doc.read() == [str(hers.text)]
            hers.text.insert(2, "甲")
            await hers.saved()
            await editor.edit(Edit("write", 0, 1, 1, "😁乙"))
            await reads(hers, "字😀甲é👩‍🎓漢字😁乙")
            hers.text.delete(1, 1)
            hers.text.replace("😁", "😂\n丙")
            await hers.saved()
            await editor.edit(Edit("write", 1, 0, 0, "👍"))
            await reads(hers, "字甲é👩‍🎓漢字😂\n👍丙乙")
            assert editor.doc.read() == str(hers.text).split("\n")
    finally:
        node.close()
