"""Kill -9 in the middle of a snapshot or of a restore: the document loads, with all that was acknowledged."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.fault.plain_client import PlainClient
from tests.fault.server_process import ServerProcess
from tests.fault.test_document_kill import PATH, TOGETHER, Writer, token
from tests.unit.collaboration.reading_room import ReadingRoom

from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.rooms import compacting
from coursewire.namespaces.collaboration.service.contents import load_contents
from coursewire.storage import Storage
from coursewire.vocabulary import new_id

COLLABORATION = "coursewire.namespaces.collaboration"
AFTER_EDITS = 7


def dies(module: str, name: str, when: str = "True") -> str:
    """Return Python that lets its process die of SIGKILL behind the first call of a function of which `when` is so."""
    return f"""
import os, signal
import {module} as module
real = module.{name}
def fatal(*arguments):
    result = real(*arguments)
    if {when}:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
module.{name} = fatal
"""


SOON = f"import {COLLABORATION}.rooms.compacting as c; c.AFTER_EDITS, c.REST_S = {AFTER_EDITS}, 0.0"
SNAPSHOTS = {
    "takes the place of edits": dies(f"{COLLABORATION}.store.updates", "forget_updates"),
    "is committed": dies(f"{COLLABORATION}.rooms.replica", "Replica.compacted"),
}
"""The first one is of the second snapshot: the edits before the first are kept until then."""
RESTORES = {
    "is written": dies(f"{COLLABORATION}.service.saving_versions", "log_edit"),
    "is committed": dies("coursewire.app", "Node._publish", when="'\"sequence\":0' in repr(arguments)"),
}


async def in_this_process(folder: Path) -> ReadingRoom:
    """Open a node on the server's file."""
    storage = await Storage.open(f"sqlite:///{folder / 'campus.db'}")
    await storage.migrate()
    return await ReadingRoom.open(storage)


async def make_document(folder: Path) -> str:
    """Make a document, before there is a server."""
    room = await in_this_process(folder)
    document_id = await room.document()
    await room.close()
    return document_id


@pytest.mark.parametrize("moment", SNAPSHOTS)
async def test_kill_9_in_the_middle_of_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """[SES4] [DOC1] [DOC10] There is all of it or nothing, no edit is missing, and the next snapshot is made."""
    document_id = await make_document(tmp_path)
    writer = Writer("ada", document_id)
    async with ServerProcess(tmp_path, first=SOON + SNAPSHOTS[moment]) as server:
        await writer.work(server.port)
        assert await server.ended() == -signal.SIGKILL
    monkeypatch.setattr(compacting, "AFTER_EDITS", AFTER_EDITS)
    room = await in_this_process(tmp_path)
    ada = await room.come("ada")
    await ada.open(document_id)
    told = [word.strip() for word in writer.acknowledged]
    assert [ada.text.count(word) for word in told] == [1] * len(told)
    assert len(told) + TOGETHER >= AFTER_EDITS
    for _ in range(AFTER_EDITS):
        await ada.type("more ")
    await room.rooms.compacting.settle()
    assert room.rooms.counts["compactions"] > 0
    assert (await room.read(lambda tx: text_of(load_contents(tx, document_id).doc))).strip() == ada.text
    await room.close()


@pytest.mark.parametrize("moment", RESTORES)
async def test_kill_9_in_the_middle_of_a_restore(tmp_path: Path, moment: str) -> None:
    """[SES4] [DOC6] [LOG3] It has happened or it has not, and the same command once more makes it happen once."""
    document_id = await make_document(tmp_path)
    writer = Writer("ada", document_id)
    key = new_id()
    async with ServerProcess(tmp_path, first=RESTORES[moment]) as server:
        async with await PlainClient.open(server.port, token("ada"), namespace=PATH) as client:
            await client.ready()
            await writer.open(client)
            await writer.write(client, "good ")
            saved = await client.ask("version.save", key=new_id(), document_id=document_id, title="Good")
            await writer.write(client, "bad ")
            version_id = saved["version"]["id"]
            await client.say("version.restore", key=key, version_id=version_id)
            await client.until(lambda: client.gone)
        assert await server.ended() == -signal.SIGKILL
    room = await in_this_process(tmp_path)
    ada = await room.come("ada")
    await ada.open(document_id)
    is_committed = moment == "is committed"
    assert ada.text == ("good" if is_committed else "good bad")
    answer = await ada.ask("version.restore", key=key, version_id=version_id)
    assert answer["duplicate"] == is_committed
    await ada.reads("good")
    page = await ada.ask("version.list", document_id=document_id)
    assert [version.get("automatic") for version in page["items"]] == ["before_restore", None]
    await room.close()
