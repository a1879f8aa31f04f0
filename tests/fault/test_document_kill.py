"""A document whose server is killed while people write in it keeps every edit that was acknowledged."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from pycrdt import Doc, XmlElement, XmlFragment, XmlText
from tests.fault.plain_client import Json, PlainClient
from tests.fault.server_process import SECRET, ServerProcess

from coursewire.identity.tokens import Issuer
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.vocabulary import new_id

PATH = "/collaboration"
WORDS = 60
TOGETHER = 8
"""Words of one writer that are on their way at a time."""


def token(user: str, **claims: Any) -> str:
    return Issuer(SECRET).issue(user, user.title(), **claims)[0]


class Writer:
    """Writes its words, each an update, in order, until all are acknowledged; an editor that outlives the server."""

    def __init__(self, user: str, document_id: str) -> None:
        self.user = user
        self.document_id = document_id
        self.doc: Doc[Any] = Doc()
        self.words = [f"{user}{number}😀 " for number in range(WORDS)]
        self.acknowledged: list[str] = []
        self.epoch = ""
        self.progress = asyncio.Event()
        """Set at each acknowledgement, and at the end."""

    async def work(self, port: int) -> None:
        """Write what is not acknowledged yet, until that is all or the server is gone."""
        async with await PlainClient.open(port, token(self.user), namespace=PATH) as client:
            await client.ready()
            opened = await self.open(client)
            if client.gone:
                return
            # What the server has not got of the last life goes first: an edit that it has changes nothing.
            waiting = [self.doc.get_update(opened["state_vector"])]
            said: dict[int, str] = {}
            left = [word for word in self.words if word not in text_of(self.doc)]
            unsure = [word for word in self.words if word not in left and word not in self.acknowledged]
            ack = await self._say(client, waiting[0])
            await client.until(lambda: ack in client.answers)
            if ack in client.answers:
                self._acknowledge(client.answers[ack], *unsure)
            while (left or said) and not client.gone:
                while left and len(said) < TOGETHER:
                    word = left.pop(0)
                    said[await self._say(client, self._write(word))] = word
                await client.until(lambda: any(ack in client.answers for ack in said))
                for ack in [ack for ack in said if ack in client.answers]:
                    self._acknowledge(client.answers[ack], said.pop(ack))

    async def open(self, client: PlainClient) -> Json:
        ack = await client.say(
            "document.open", self.doc.get_state(), document_id=self.document_id, client_id=self.doc.client_id
        )
        await client.until(lambda: ack in client.answers)
        if ack not in client.answers:
            return {}
        assert client.answers[ack]["ok"], client.answers[ack]
        opened: Json = client.answers[ack]["data"]
        assert self.epoch in {"", opened["epoch"]}
        self.epoch = opened["epoch"]
        self.doc.apply_update(opened["update"])
        return opened

    async def write(self, client: PlainClient, word: str) -> None:
        """Write something more, and wait until it is saved."""
        ack = await self._say(client, self._write(word))
        await client.until(lambda: ack in client.answers)
        self._acknowledge(client.answers[ack], word)

    async def _say(self, client: PlainClient, update: bytes) -> int:
        return await client.say(
            "document.update", update, document_id=self.document_id, epoch=self.epoch, sequence=1
        )

    def _write(self, word: str) -> bytes:
        before = self.doc.get_state()
        root = self.doc.get("default", type=XmlFragment)
        with self.doc.transaction():
            paragraph = next(child for child in root.children if isinstance(child, XmlElement))
            paragraph.children.append(XmlText(word))
        return self.doc.get_update(before)

    def _acknowledge(self, answer: Json, *words: str) -> None:
        assert answer["ok"], answer
        self.acknowledged += words
        self.progress.set()


async def test_kill_9_loses_no_edit_that_was_acknowledged(tmp_path: Path) -> None:
    """[SES4] [DOC1] Twice, in the middle of acknowledgements; and nothing is there twice."""
    async with ServerProcess(tmp_path) as server:
        headers = {"Authorization": f"Bearer {token('lms', roles=['service'])}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as lms:
            await lms.put("/v1/courses/math", json={"title": "Mathematics"})
            members = [
                {"user_id": user, "name": user, "roles": ["instructor"]} for user in ("ada", "ben", "eve")
            ]
            assert (await lms.put("/v1/courses/math/members", json={"members": members})).status_code == 200
        async with await PlainClient.open(server.port, token("ada"), namespace=PATH) as ada:
            await ada.ready()
            made = await ada.ask("document.create", key=new_id(), course_id="math", title="Proofs")
            document_id = made["document"]["id"]
        writers = [Writer(user, document_id) for user in ("ada", "ben")]
        for killed_after in (WORDS // 2, WORDS, None):
            working = [asyncio.create_task(writer.work(server.port)) for writer in writers]
            if killed_after is not None:
                await _until_acknowledged(writers, killed_after)
                await server.kill()
            await asyncio.gather(*working)
            if killed_after is not None:
                await server.start()
        reader = Writer("eve", document_id)
        async with await PlainClient.open(server.port, token("eve"), namespace=PATH) as client:
            await client.ready()
            await reader.open(client)
        text = text_of(reader.doc)
        for writer in writers:
            assert sorted(writer.acknowledged) == sorted(writer.words)
            assert [text.count(word) for word in writer.words] == [1] * WORDS
            assert len(text) == sum(len(word) for writer in writers for word in writer.words) + 1


async def _until_acknowledged(writers: list[Writer], enough: int) -> None:
    while sum(len(writer.acknowledged) for writer in writers) < enough:
        for writer in writers:
            writer.progress.clear()
        waits = [asyncio.ensure_future(writer.progress.wait()) for writer in writers]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        for wait in waits:
            wait.cancel()
